"""Return orders: every answer is documented, and what the dock finds changes stock once."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.shipbob import build
from tests.sandbox.shipbob.test_contract import HEADERS, Vendor
from tests.support.fake_vendors import in_process, receiver
from tests.support.openapi import check_response, load_spec
from tests.support.shared import SHARED, missing_reason
from tests.support.waiting import until

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason=missing_reason())

TENT, SOCK, KIT = 8_100_001, 8_100_030, 8_100_039
RETURN = "/2026-01/return"


def return_body(*lines: tuple[int, int], reference: str = "RMA-1", action: Any = "Default", **more: Any) -> Any:
    inventory = [{"id": at, "quantity": count, "requested_action": action} for at, count in lines or [(TENT, 2)]]
    return {"reference_id": reference, "fulfillment_center": {"id": 4}, "inventory": inventory} | more


@pytest.fixture
async def vendor() -> AsyncIterator[Vendor]:
    sandbox, client = in_process(build)
    async with client:
        yield Vendor(sandbox, client, load_spec(Path(SHARED) / "contracts/shipbob/openapi-2026-01.json"))
        await sandbox.world.webhooks.close()


async def _control(vendor: Vendor, path: str, body: Any = None, *, status: int = 200) -> Any:
    answer = await vendor.client.post(f"/_control/shipbob{path}", json=body or {})
    assert answer.status_code == status, answer.text
    return answer.json()


async def _made(vendor: Vendor, *lines: tuple[int, int], **more: Any) -> dict[str, Any]:
    answer = await vendor.call("POST", RETURN, return_body(*lines, **more))
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


async def _read(vendor: Vendor, back: dict[str, Any]) -> dict[str, Any]:
    return (await vendor.call("GET", f"{RETURN}/{back['id']}")).json()  # type: ignore[no-any-return]


async def _on_hand(vendor: Vendor, sku: str) -> int:
    rows = (await vendor.client.get("/_control/shipbob/inventory")).json()
    return next(row["on_hand"]["4"] for row in rows if row["sku"] == sku)  # type: ignore[no-any-return]


async def _shipped(vendor: Vendor) -> dict[str, Any]:
    order = await vendor.order(quantity=2)
    await _control(vendor, f"/orders/{order['id']}/advance", {"to": "delivered"})
    return (await vendor.call("GET", f"/2026-01/order/{order['id']}")).json()  # type: ignore[no-any-return]


async def test_a_return_is_documented_at_every_stage(vendor: Vendor) -> None:
    shipment = (await _shipped(vendor))["shipments"][0]
    back = await _made(vendor, original_shipment_id=shipment["id"], tracking_number="T1")
    assert (back["status"], back["return_type"], back["store_order_id"]) == ("Awaiting Arrival", "Regular", "#1001")
    before = await _on_hand(vendor, "TENT-2P-GRN")
    for act, status in (("arrive", "Arrived"), ("process", "Processing"), ("inspect", "Completed")):
        await _control(vendor, f"/returns/{back['id']}/{act}")
        assert (await _read(vendor, back))["status"] == status
    done = await _read(vendor, back)
    assert [each["status"] for each in done["status_history"]] == [
        "Awaiting Arrival", "Arrived", "Processing", "Completed",
    ]  # fmt: skip
    assert all(done[name] for name in ("awaiting_arrival_date", "arrived_date", "processing_date", "completed_date"))
    assert done["shipment_tracking_number"] == shipment["tracking"]["tracking_number"]
    assert done["invoice"] == {"amount": sum(x["amount"] for x in done["transactions"]), "currency_code": "USD"}
    [line] = done["inventory"]
    assert [(x["action"], x["quantity_processed"]) for x in line["action_taken"]] == [("Restock", 2)]
    assert await _on_hand(vendor, "TENT-2P-GRN") == before + 2
    await _control(vendor, f"/returns/{back['id']}/inspect", status=422)
    assert await _on_hand(vendor, "TENT-2P-GRN") == before + 2


async def test_what_the_dock_finds_is_what_was_done(vendor: Vendor) -> None:
    back = await _made(vendor, (TENT, 3), (SOCK, 1))
    before = {sku: await _on_hand(vendor, sku) for sku in ("TENT-2P-GRN", "SOCK-L", "ROPE-20")}
    image = "https://images.example/1.jpg"
    outcomes = [
        {"sku": "TENT-2P-GRN", "quantity": 1, "action": "Restock"},
        {"sku": "TENT-2P-GRN", "quantity": 1, "action": "Dispose", "reason": "Damaged", "image_url": image},
        {"sku": "SOCK-L", "quantity": 2},
        {"sku": "ROPE-20", "quantity": 1},
    ]
    await _control(vendor, "/returns/RMA-1/inspect", {"outcomes": outcomes})
    done = await _read(vendor, back)
    found = {
        line["sku"]: (line["quantity"], [(x["action"], x["quantity_processed"]) for x in line["action_taken"]])
        for line in done["inventory"]
    }
    assert found == {
        "TENT-2P-GRN": (3, [("Restock", 1), ("Dispose", 1)]),
        "SOCK-L": (1, [("Restock", 2)]),
        "ROPE-20": (0, [("Quarantine", 1)]),
    }
    assert done["inventory"][0]["action_taken"][1]["image_url"] == image
    after = {sku: await _on_hand(vendor, sku) - count for sku, count in before.items()}
    assert after == {"TENT-2P-GRN": 1, "SOCK-L": 2, "ROPE-20": 0}


@pytest.mark.parametrize("outcome", [{"sku": "NONE", "quantity": 1}, {"sku": "SOCK-L", "quantity": 0},
                                     {"sku": "SOCK-L", "quantity": 1, "action": "Burn"}], ids=str)  # fmt: skip
async def test_an_outcome_that_does_not_fit_changes_nothing(vendor: Vendor, outcome: dict[str, Any]) -> None:
    back = await _made(vendor)
    good = {"sku": "TENT-2P-GRN", "quantity": 2}
    before = await _on_hand(vendor, "TENT-2P-GRN")
    await _control(vendor, f"/returns/{back['id']}/inspect", {"outcomes": [good, outcome]}, status=422)
    assert (await _read(vendor, back))["status"] == "Awaiting Arrival"
    assert await _on_hand(vendor, "TENT-2P-GRN") == before


async def test_restocked_units_go_to_those_who_wait(vendor: Vendor) -> None:
    await _control(vendor, "/inventory", {"levels": [{"sku": "TENT-2P-GRN", "on_hand": 0}]})
    order = await vendor.order()
    assert order["status"] == "Exception"
    back = await _made(vendor, (TENT, 1))
    await _control(vendor, f"/returns/{back['id']}/inspect")
    assert (await vendor.call("GET", f"/2026-01/order/{order['id']}")).json()["status"] == "Processing"


@pytest.mark.parametrize(
    "change",
    [
        {"reference_id": ""},
        {"reference_id": "x" * 51},
        {"fulfillment_center": {"id": 5}},
        {"fulfillment_center": None},
        {"inventory": []},
        {"inventory": [{"id": 1, "quantity": 1, "requested_action": "Default"}]},
        {"inventory": [{"id": TENT, "quantity": 0, "requested_action": "Default"}]},
        {"inventory": [{"id": TENT, "quantity": 1, "requested_action": "Burn"}]},
        {"inventory": [{"id": TENT, "quantity": 1}]},
        {"inventory": ["all"]},
        {"original_shipment_id": 7},
        {"tracking_number": "x" * 501},
    ],
    ids=str,
)
async def test_a_faulty_return_is_refused(vendor: Vendor, change: dict[str, Any]) -> None:
    answer = await vendor.call("POST", RETURN, return_body() | change)
    assert answer.status_code == 422
    assert answer.json()["errors"]
    assert (await vendor.call("GET", RETURN)).json()["items"] == []
    back = await _made(vendor)
    assert (await vendor.call("PUT", f"{RETURN}/{back['id']}", return_body() | change)).status_code == 422


async def test_a_reference_is_taken_once_even_after_a_cancel(vendor: Vendor) -> None:
    back = await _made(vendor)
    assert (await vendor.call("POST", RETURN, return_body())).status_code == 422
    assert (await vendor.call("POST", f"{RETURN}/{back['id']}:cancel")).status_code == 200
    assert (await vendor.call("POST", f"{RETURN}/{back['id']}:cancel")).status_code == 400
    assert (await vendor.call("POST", RETURN, return_body())).status_code == 422
    assert (await _read(vendor, back))["cancelled_date"]
    accepted = vendor.sandbox.world.counters.snapshot()["accepted"]["shipbob"]
    assert accepted["POST /2026-01/return"] == accepted["POST /2026-01/return/{id}:cancel"] == {"RMA-1": 1}


async def test_a_return_is_changed_and_cancelled_only_before_it_is_there(vendor: Vendor) -> None:
    back = await _made(vendor)
    changed = await vendor.call("PUT", f"{RETURN}/{back['id']}", return_body((SOCK, 4), action="Quarantine"))
    [line] = changed.json()["inventory"]
    assert (line["id"], line["quantity"], line["action_requested"]["action"]) == (SOCK, 4, "Quarantine")
    await _control(vendor, f"/returns/{back['id']}/arrive")
    assert (await vendor.call("PUT", f"{RETURN}/{back['id']}", return_body())).status_code == 422
    assert (await vendor.call("POST", f"{RETURN}/{back['id']}:cancel")).status_code == 400
    for method, path, status in (("GET", "/1", 404), ("PUT", "/1", 404), ("POST", "/1:cancel", 400)):
        body = return_body(reference="other") if method == "PUT" else None
        assert (await vendor.call(method, RETURN + path, body)).status_code == status


async def test_a_bundle_is_expected_as_its_parts(vendor: Vendor) -> None:
    back = await _read(vendor, await _made(vendor, (KIT, 2), action="Dispose"))
    assert [(x["sku"], x["quantity"], x["bundle_parent_sku"]) for x in back["inventory"]] == [
        ("STOVE-1", 2, "KIT-COOK"),
        ("POT-SET-S", 2, "KIT-COOK"),
    ]


async def test_lists_filter_and_page(vendor: Vendor) -> None:
    made = [await _made(vendor, reference=f"R-{at}", tracking_number=f"T-{at}") for at in range(5)]
    await _control(vendor, f"/returns/{made[0]['id']}/inspect")

    async def names(**query: Any) -> list[str]:
        found = (await vendor.call("GET", RETURN, query=query)).json()["items"]
        return [each["reference_id"] for each in found]

    assert await names() == ["R-4", "R-3", "R-2", "R-1", "R-0"]
    assert await names(SortOrder="Asc", Limit=2, Cursor=2) == ["R-2", "R-3"]
    assert await names(ReferenceIds="R-1,R-3") == ["R-3", "R-1"]
    assert await names(TrackingNumbers="T-2") == ["R-2"]
    assert await names(Status="Completed") == await names(ReturnActions="Restock") == ["R-0"]
    assert len(await names(Status="AwaitingArrival")) == 4
    assert await names(StartDate="2999-01-01T00:00:00Z") == []
    assert await names(CompletedStartDate="2020-01-01T00:00:00Z") == ["R-0"]
    page = await vendor.call("GET", RETURN, query={"Limit": 2})
    assert (page.headers["total-count"], page.headers["total-pages"]) == ("5", "3")
    following = await vendor.client.get(page.json()["next"].partition("http://")[2].partition("/")[2], headers=HEADERS)
    assert [each["reference_id"] for each in following.json()["items"]] == ["R-2", "R-1"]
    bad = await vendor.client.get(f"/shipbob{RETURN}?Limit=0", headers=HEADERS)
    assert bad.status_code == 400
    check_response(vendor.spec, "GET", RETURN, 400, bad.json())


async def test_a_parcel_that_nobody_announced_is_told(vendor: Vendor) -> None:
    order = await _shipped(vendor)
    async with receiver() as hook:
        wanted = {"url": hook.url, "topics": ["return.created", "return.updated", "return.completed"]}
        await vendor.call("POST", "/2026-01/webhook", wanted)
        made = await _control(vendor, "/returns", {"original_shipment_id": order["shipments"][0]["id"]})
        assert (made["status"], made["return_type"], made["inventory"][0]["quantity"]) == ("Arrived", "RTS", 2)
        await _control(vendor, f"/returns/{made['id']}/inspect")
        await until(lambda: len(hook.requests) == 3)
        told = [(headers["x-webhook-topic"], json.loads(body)) for _, _, headers, body in hook.requests]
    assert {topic for topic, _ in told} == {"return.created", "return.updated", "return.completed"}
    for _, body in told:
        check_response(vendor.spec, "GET", RETURN + "/{id}", 200, body)
    assert (await vendor.call("GET", RETURN, query={"ReturnTypes": "ReturnToSender"})).json()["items"]
    await _control(vendor, "/returns", {"lines": [{"sku": "NONE", "quantity": 1}]}, status=422)
    await _control(vendor, "/returns", {}, status=422)


async def test_a_channel_is_required(vendor: Vendor) -> None:
    only = {"Authorization": HEADERS["Authorization"]}
    answer = await vendor.client.post(f"/shipbob{RETURN}", json=return_body(), headers=only)
    assert answer.status_code == 400
    check_response(vendor.spec, "POST", RETURN, 400, answer.json())
