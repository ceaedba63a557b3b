"""The fake EasyPost behaves as the real one where it hurts."""

import io
import json
from typing import Any

import pytest
from pypdf import PdfReader

from sandbox.easypost.hooks import sign
from tests.sandbox.easypost.support import HOME, PARCEL, Post, shipment_body
from tests.support.fake_vendors import receiver
from tests.support.waiting import until


@pytest.mark.parametrize(
    ("change", "success", "code"),
    [
        ({"street1": "1 UNDELIVERABLE WAY"}, False, "E.ADDRESS.NOT_FOUND"),
        ({"street1": "1 MISSING UNIT ST", "street2": None}, False, "E.SECONDARY_INFORMATION.MISSING"),
        ({"country": "KP"}, False, "E.COUNTRY.UNSUPPORTED"),
        ({"state": "ZZ"}, False, "E.ADDRESS.NOT_FOUND"),
        ({}, True, None),
    ],
)
async def test_the_verdict_can_be_read_from_the_address(
    post: Post, change: dict[str, Any], success: bool, code: str | None
) -> None:
    body = {"address": HOME | change, "verify": ["delivery"]}
    delivery = (await post.call("POST", "/addresses", body)).json()["verifications"]["delivery"]
    assert delivery["success"] is success
    assert [error["code"] for error in delivery["errors"]] == ([code] if code else [])
    strict = await post.call("POST", "/addresses", {"address": HOME | change, "verify_strict": True})
    assert strict.status_code == (201 if success else 422)


async def test_a_misspelt_street_and_a_foreign_zip_are_corrected(post: Post) -> None:
    body = {"address": HOME | {"street1": "12 Mispelt St", "zip": "10001"}}
    found = (await post.call("POST", "/addresses/create_and_verify", body)).json()["address"]
    assert found["street1"] == "12 MAPLE ST"
    assert found["zip"].startswith("95814-")
    again = await post.call("GET", f"/addresses/{found['id']}/verify")
    assert again.json()["address"]["zip"] == found["zip"]
    german = {"address": HOME | {"country": "DE", "city": "Köln", "zip": "50667"}, "verify": True}
    assert (await post.call("POST", "/addresses", german)).json()["city"] == "Köln"


async def test_a_wrong_key_is_refused(post: Post) -> None:
    answer = await post.client.get("/easypost/v2/trackers", auth=("wrong", ""))
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "APIKEY.INACTIVE")


async def test_rates_differ_by_weight_zone_and_hazard(post: Post) -> None:
    def cheapest(body: dict[str, Any]) -> float:
        return min(float(rate["rate"]) for rate in body["rates"])

    light = (await post.call("POST", "/shipments", shipment_body())).json()
    heavy = (await post.call("POST", "/shipments", shipment_body(parcel=PARCEL | {"weight": 320}))).json()
    far = shipment_body(to_address=HOME | {"state": "NY", "zip": "11201"})
    distant = (await post.call("POST", "/shipments", far)).json()
    hazmat = (await post.call("POST", "/shipments", shipment_body(options={"hazmat": "LIMITED"}))).json()
    assert cheapest(light) < cheapest(distant) < cheapest(heavy)
    assert {rate["carrier"] for rate in light["rates"]} == {"USPS", "UPSDAP", "FedExDefault"}
    assert len(hazmat["rates"]) < len(light["rates"])
    abroad = shipment_body(to_address=HOME | {"country": "JP", "zip": "1000001"})
    assert (await post.call("POST", "/shipments", abroad)).json()["rates"] == []


@pytest.mark.parametrize("change", [{"parcel": {"weight": 0}}, {"to_address": None}, {"parcel": None}])
async def test_a_faulty_shipment_is_refused(post: Post, change: dict[str, Any]) -> None:
    assert (await post.call("POST", "/shipments", shipment_body(**change))).status_code == 422


async def test_postage_is_bought_once_and_the_label_is_a_real_file(post: Post) -> None:
    bought = await post.bought(options={"label_format": "PDF"})
    again = await post.call("POST", f"/shipments/{bought['id']}/buy", {"rate": {"id": bought["rates"][0]["id"]}})
    assert (again.status_code, again.json()["error"]["code"]) == (422, "SHIPMENT.POSTAGE.EXISTS")
    pdf = (await post.client.get(bought["postage_label"]["label_pdf_url"])).content
    assert bought["tracking_code"] in PdfReader(io.BytesIO(pdf), strict=True).pages[0].extract_text()
    zpl = await post.call("GET", f"/shipments/{bought['id']}/label?file_format=ZPL")
    content = (await post.client.get(zpl.json()["postage_label"]["label_zpl_url"])).content
    assert content.startswith(b"^XA")
    rows = (await post.client.get("/_control/easypost/labels")).json()
    assert [(row["reference"], row["refunded"]) for row in rows] == [("FO-1.1", False)]
    accepted = post.sandbox.world.counters.snapshot()["accepted"]["easypost"]
    assert accepted["POST /v2/shipments/{id}/buy"] == {"FO-1.1": 1}
    assert bought["tracking_code"] in (await post.client.get("/easypost/")).text


async def test_a_service_named_at_creation_is_bought_at_once(post: Post) -> None:
    made = (await post.call("POST", "/shipments", shipment_body(service="Priority", carrier="USPS"))).json()
    assert made["selected_rate"]["service"] == "Priority"
    assert made["tracking_code"]


async def test_a_refund_is_granted_later_and_not_for_a_parcel_under_way(post: Post) -> None:
    async with receiver() as hook:
        await post.call("POST", "/webhooks", {"webhook": {"url": hook.url, "webhook_secret": "s"}})
        idle, moving = await post.bought(), await post.bought(reference="FO-2.1")
        assert (await post.call("POST", f"/shipments/{idle['id']}/refund")).status_code == 200
        assert (await post.call("POST", f"/shipments/{idle['id']}/refund")).status_code == 422
        await post.move(25)
        found = (await post.call("GET", f"/shipments/{idle['id']}")).json()
        assert found["refund_status"] == "refunded"
        assert (await post.call("POST", f"/shipments/{moving['id']}/refund")).status_code == 422
        await until(lambda: any(b'"refund.successful"' in body for body in hook.bodies))


async def test_shipments_are_listed_newest_first_in_pages(post: Post) -> None:
    ids = [(await post.bought(reference=f"R-{number}"))["id"] for number in range(3)]
    first = (await post.call("GET", "/shipments?page_size=2")).json()
    assert [entry["id"] for entry in first["shipments"]] == [ids[2], ids[1]]
    assert first["has_more"] is True
    second = (await post.call("GET", f"/shipments?page_size=2&before_id={ids[1]}")).json()
    assert ([entry["id"] for entry in second["shipments"]], second["has_more"]) == ([ids[0]], False)
    later = (await post.call("GET", f"/shipments?after_id={ids[0]}&page_size=1")).json()
    assert ([entry["id"] for entry in later["shipments"]], later["has_more"]) == ([ids[1]], True)
    none = (await post.call("GET", "/shipments?start_datetime=2999-01-01T00:00:00Z")).json()
    assert none == {"shipments": [], "has_more": False}


async def test_a_tracker_is_made_once_and_moves_with_the_clock(post: Post) -> None:
    async with receiver() as hook:
        secret = "sécret"
        await post.call("POST", "/webhooks", {"webhook": {"url": hook.url, "webhook_secret": secret}})
        body = {"tracker": {"tracking_code": "EZ1000000001", "carrier": "USPS"}}
        first, second = await post.call("POST", "/trackers", body), await post.call("POST", "/trackers", body)
        assert (first.status_code, second.status_code) == (201, 200)
        assert first.json()["id"] == second.json()["id"]
        seen = [first.json()["status"]]
        for hours in (13, 12, 22.5, 4.5):
            await post.move(hours)
            seen.append((await post.tracker("EZ1000000001"))["status"])
        assert seen == ["pre_transit", "in_transit", "in_transit", "out_for_delivery", "delivered"]
        assert len((await post.tracker("EZ1000000001"))["tracking_details"]) == 5
        await until(lambda: len(hook.requests) == 5)
        for _, _, headers, raw in hook.requests:
            assert headers["x-hmac-signature"] == sign(secret, raw)
        events = [json.loads(raw) for raw in hook.bodies]
        assert sorted({event["description"] for event in events}) == ["tracker.created", "tracker.updated"]
        assert len({event["id"] for event in events}) == 5


@pytest.mark.parametrize(
    ("plan", "final", "detail"),
    [
        ("fast", "delivered", "arrived_at_destination"),
        ("stuck", "in_transit", "arrived_at_facility"),
        ("lost", "failure", "lost"),
        ("exception", "failure", "delivery_exception"),
        ("attempted", "delivered", "arrived_at_destination"),
        ("returned", "return_to_sender", "return"),
    ],
)
async def test_a_parcels_plan_is_chosen_before_or_after_it_exists(
    post: Post, plan: str, final: str, detail: str
) -> None:
    await post.client.post("/_control/easypost/parcels/BEFORE1", json={"plan": plan})
    for code in ("BEFORE1", "AFTER1"):
        await post.call("POST", "/trackers", {"tracker": {"tracking_code": code}})
    await post.client.post("/_control/easypost/parcels/AFTER1", json={"plan": plan})
    await post.move(200)
    rows = (await post.client.get("/_control/easypost/trackers")).json()
    assert [(row["status"], row["events"][-1]["status_detail"]) for row in rows] == [(final, detail)] * 2
    assert (await post.client.post("/_control/easypost/parcels/X", json={"plan": "?"})).status_code == 400


async def test_a_limit_answers_429_with_retry_after(post: Post) -> None:
    await post.client.post("/_control/easypost/settings", json={"rate_limit_per_minute": 1})
    answers = [await post.call("GET", "/trackers") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert int(answers[1].headers["retry-after"]) > 0
