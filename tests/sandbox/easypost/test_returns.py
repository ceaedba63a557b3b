"""Parcels that customers send back: labels, codes, hand-in, and labels that nobody used."""

import io
from typing import Any

import pytest
from pypdf import PdfReader

from tests.sandbox.easypost.support import AWAY, HOME, Post, shipment_body
from tests.support.fake_vendors import receiver
from tests.support.waiting import until


async def _return(post: Post, **more: Any) -> dict[str, Any]:
    """A label for the way back of a parcel that went from HOME to AWAY."""
    return await post.bought(is_return=True, **more)


async def _control(post: Post, path: str, body: Any = None) -> Any:
    return await post.client.post(f"/_control/easypost/{path}", json=body or {})


async def test_a_return_goes_the_other_way(post: Post) -> None:
    bought = await _return(post, options={"label_format": "PDF"})
    assert bought["is_return"] is True
    assert bought["from_address"]["street1"] == AWAY["street1"]
    assert bought["to_address"]["zip"].startswith(HOME["zip"])
    assert bought["buyer_address"]["id"] == bought["from_address"]["id"]
    pdf = (await post.client.get(bought["postage_label"]["label_pdf_url"])).content
    assert "TOWNSEND" in PdfReader(io.BytesIO(pdf), strict=True).pages[0].extract_text().upper()


async def test_its_parcel_waits_until_it_is_handed_in_and_then_travels(post: Post) -> None:
    code = (await _return(post))["tracking_code"]
    await post.move(24 * 20)
    waiting = await post.tracker(code)
    assert (waiting["status"], waiting["is_return"]) == ("pre_transit", True)
    handed = (await _control(post, f"parcels/{code}/hand_in")).json()
    assert handed["status"] == "in_transit"
    assert (await _control(post, f"parcels/{code}/hand_in")).status_code == 422
    await post.move(30)
    assert (await post.tracker(code))["status"] == "in_transit"
    await post.move(24)
    delivered = await post.tracker(code)
    assert (delivered["status"], delivered["finalized"]) == ("delivered", True)


async def test_a_parcel_back_can_be_delivered_at_once_or_get_lost(post: Post) -> None:
    code, other = (await _return(post))["tracking_code"], (await _return(post))["tracking_code"]
    await _control(post, f"parcels/{code}/hand_in")
    told = (await _control(post, f"parcels/{code}/deliver")).json()
    assert told["status"] == "delivered"
    assert (await _control(post, f"parcels/{code}/deliver")).status_code == 422
    await _control(post, f"parcels/{other}/hand_in", {"plan": "lost_on_the_way_back"})
    await post.move(130)
    assert (await post.tracker(other))["status"] == "failure"
    assert (await _control(post, f"parcels/{other}/hand_in", {"plan": "normal"})).status_code == 400
    assert (await _control(post, "parcels/none/hand_in")).status_code == 422


async def test_a_code_stands_for_the_label(post: Post) -> None:
    bought = await _return(post)
    path = f"/shipments/{bought['id']}/forms"
    made = await post.call("POST", path, {"form": {"type": "label_qr_code"}})
    assert made.status_code == 201
    [form] = made.json()["forms"]
    assert form["form_type"] == "label_qr_code"
    picture = await post.client.get(form["form_url"])
    assert (picture.headers["content-type"], picture.content[:4]) == ("image/png", b"\x89PNG")
    assert (await post.call("GET", f"/shipments/{bought['id']}")).json()["forms"] == [form]
    assert (await post.client.get(form["form_url"].replace("png", "pdf"))).status_code == 404


@pytest.mark.parametrize(
    "form", [None, {}, {"type": "poem"}, {"type": "return_packing_slip"},
             {"type": "return_packing_slip", "barcode": "R1", "line_items": [{"units": 1}]}], ids=str
)  # fmt: skip
async def test_a_faulty_form_is_refused(post: Post, form: dict[str, Any] | None) -> None:
    bought = await _return(post)
    answer = await post.call("POST", f"/shipments/{bought['id']}/forms", {"form": form})
    assert answer.status_code == 422
    assert (await post.call("GET", f"/shipments/{bought['id']}")).json()["forms"] == []


async def test_a_code_needs_postage_and_a_carrier_that_prints(post: Post) -> None:
    made = (await post.call("POST", "/shipments", shipment_body(is_return=True))).json()
    path, form = f"/shipments/{made['id']}/forms", {"form": {"type": "label_qr_code"}}
    assert (await post.call("POST", path, form)).status_code == 422
    rate = next(each for each in made["rates"] if each["carrier"] == "UPSDAP")
    await post.call("POST", f"/shipments/{made['id']}/buy", {"rate": {"id": rate["id"]}})
    assert (await post.call("POST", path, form)).status_code == 422
    assert (await post.call("POST", "/shipments/shp_none/forms", form)).status_code == 404


async def test_labels_that_nobody_used_are_refunded_by_code_within_the_carriers_window(post: Post) -> None:
    first, second = await _return(post), await _return(post)
    used = (await _return(post))["tracking_code"]
    await _control(post, f"parcels/{used}/hand_in")
    codes = [first["tracking_code"], second["tracking_code"]]

    async def refund(*wanted: str, carrier: str = "USPS") -> Any:
        return await post.call("POST", "/refunds", {"refund": {"carrier": carrier, "tracking_codes": list(wanted)}})

    assert (await refund(*codes, used)).status_code == 422
    assert (await refund(*codes, carrier="UPSDAP")).status_code == 404
    assert (await refund()).status_code == 422
    async with receiver() as hook:
        await post.call("POST", "/webhooks", {"webhook": {"url": hook.url}})
        made = await refund(*codes)
        assert [each["status"] for each in made.json()] == ["submitted", "submitted"]
        assert (await _control(post, f"parcels/{codes[0]}/hand_in")).status_code == 422
        await post.move(25)
        await until(lambda: sum(b'"refund.successful"' in body for body in hook.bodies) == 2)
    found = (await post.call("GET", f"/refunds/{made.json()[0]['id']}")).json()
    assert found["status"] == "refunded"
    assert len((await post.call("GET", "/refunds")).json()["refunds"]) == 2
    old = await _return(post)
    await post.move(24 * 31)
    late = await post.call("POST", f"/shipments/{old['id']}/refund")
    assert (late.status_code, late.json()["error"]["code"]) == (422, "SHIPMENT.REFUND.UNAVAILABLE")
