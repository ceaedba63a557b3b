"""Returns at the fake ShipBob, each call held against the vendor's file."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.errors import OutcomeUnknown, VendorRejected
from connectors.warehouses.returning import AnnouncedLine, NodeReturn, NodeReturnRequest, NodeReturnState
from connectors.warehouses.shipbob import ShipBob
from domain.returns.words import Disposition, Reception
from tests.connectors.warehouses.conftest import make_request
from tests.support.sandbox import SandboxProcess

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
REQUEST = NodeReturnRequest(
    reference="RMA-1",
    lines=(AnnouncedLine("BAG-45-BLK", 2), AnnouncedLine("SOCK-M", 1, Disposition.QUARANTINE)),
    node_location="4",
    tracking_number="9400R1",
)
Found = tuple[str, Reception, int, Disposition | None]


def found(back: NodeReturn) -> list[Found]:
    return [
        (each.sku, each.reception, each.quantity, each.treated.disposition if each.treated else None)
        for each in back.outcome()
    ]


async def inspected(shipbob: ShipBob, sandbox: SandboxProcess, *outcomes: Any, **more: Any) -> NodeReturn:
    made = await shipbob.announce_return(replace(REQUEST, **more))
    sandbox.control(f"shipbob/returns/{made.external_id}/inspect", {"outcomes": list(outcomes) or None})
    now = await shipbob.fetch_return(made.external_id)
    assert now is not None
    return now


async def refused(shipbob: ShipBob, **changes: Any) -> str:
    with pytest.raises(VendorRejected) as caught:
        await shipbob.announce_return(replace(REQUEST, **changes))
    return caught.value.reason


@pytest.mark.row("RET-2")
async def test_a_return_is_announced_once_per_reference(shipbob: ShipBob, sandbox: SandboxProcess) -> None:
    assert await shipbob.find_return("RMA-1") is None
    first = await shipbob.announce_return(REQUEST)
    assert (first.state, first.announced, first.tracking_number) == (NodeReturnState.AWAITED, True, "9400R1")
    assert first.content == {"BAG-45-BLK": 2, "SOCK-M": 1}
    assert await shipbob.announce_return(REQUEST) == first
    assert await shipbob.find_return("RMA-1") == first
    assert len(sandbox.control("shipbob/returns")) == 1
    assert await refused(shipbob, lines=REQUEST.lines[:1]) == "reference_conflict"
    assert await shipbob.fetch_return("5") is None


@pytest.mark.row("RET-2")
async def test_a_lost_answer_is_found_by_the_reference(shipbob: ShipBob, sandbox: SandboxProcess) -> None:
    sandbox.fault("shipbob", "POST /2026-01/return", "error_after", status=502)
    with pytest.raises(OutcomeUnknown):
        await shipbob.announce_return(REQUEST)
    there = await shipbob.find_return("RMA-1")
    assert there is not None
    assert await shipbob.announce_return(REQUEST) == there
    assert len(sandbox.control("shipbob/returns")) == 1


@pytest.mark.row("RET-2", bad_input=True)
async def test_what_does_not_fit_is_refused_by_name(shipbob: ShipBob, sandbox: SandboxProcess) -> None:
    assert await refused(shipbob, lines=(AnnouncedLine("NO-SUCH-SKU", 1),)) == "unknown_sku"
    assert await refused(shipbob, lines=(AnnouncedLine("SOCK-M", 1, Disposition.REPAIR),)) == "unknown_action"
    assert await refused(shipbob, lines=(AnnouncedLine("KIT-COOK", 1),)) == "unknown_sku"
    assert await refused(shipbob, lines=(AnnouncedLine("SOCK-M", 0),)) == "bad_quantity"
    assert await refused(shipbob, node_location="") == "unknown_location"
    assert await refused(shipbob, node_location="5") == "unknown_location"
    assert await refused(shipbob, shipment="5") == "unknown_shipment"
    assert await refused(shipbob, reference="x" * 51) == "bad_reference"
    assert sandbox.control("shipbob/returns") == []


async def test_a_cancelled_return_keeps_its_reference(shipbob: ShipBob) -> None:
    made = await shipbob.announce_return(REQUEST)
    for _ in range(2):
        await shipbob.cancel_return(made.external_id)
    now = await shipbob.find_return("RMA-1")
    assert now is not None
    assert now.state is NodeReturnState.CANCELLED
    assert await refused(shipbob) == "reference_cancelled"
    assert shipbob.return_capabilities.references_are_spent
    assert (await shipbob.announce_return(replace(REQUEST, reference="RMA-1.2"))).state is NodeReturnState.AWAITED
    with pytest.raises(VendorRejected) as caught:
        await shipbob.cancel_return("5")
    assert caught.value.reason == "not_found"


async def test_what_has_arrived_is_not_cancelled(shipbob: ShipBob, sandbox: SandboxProcess) -> None:
    made = await shipbob.announce_return(REQUEST)
    sandbox.control(f"shipbob/returns/{made.external_id}/arrive", {})
    with pytest.raises(VendorRejected) as caught:
        await shipbob.cancel_return(made.external_id)
    assert caught.value.reason == "too_late"


@pytest.mark.row("RET-4")
async def test_all_came_and_was_treated_as_asked(shipbob: ShipBob, sandbox: SandboxProcess) -> None:
    done = await inspected(shipbob, sandbox)
    assert done.state is NodeReturnState.DONE
    assert found(done) == [
        ("BAG-45-BLK", Reception.RECEIVED, 2, Disposition.RESTOCK),
        ("SOCK-M", Reception.RECEIVED, 1, Disposition.QUARANTINE),
    ]


@pytest.mark.row("RET-4")
async def test_short_extra_and_wrong_units_are_told_apart(shipbob: ShipBob, sandbox: SandboxProcess) -> None:
    outcomes = [
        {
            "sku": "BAG-45-BLK",
            "quantity": 1,
            "action": "Dispose",
            "reason": "Damaged",
            "image_url": "https://i.example/1",
        },
        {"sku": "SOCK-M", "quantity": 2, "action": "Restock"},
        {"sku": "ROPE-20", "quantity": 2},
    ]
    done = await inspected(shipbob, sandbox, *outcomes)
    assert found(done) == [
        ("BAG-45-BLK", Reception.RECEIVED, 1, Disposition.DISPOSE),
        ("SOCK-M", Reception.RECEIVED, 1, Disposition.RESTOCK),
        ("SOCK-M", Reception.EXTRA, 1, Disposition.RESTOCK),
        ("ROPE-20", Reception.WRONG_ITEM, 1, Disposition.QUARANTINE),
        ("ROPE-20", Reception.EXTRA, 1, Disposition.QUARANTINE),
        ("BAG-45-BLK", Reception.MISSING, 1, None),
    ]
    treated = done.outcome()[0].treated
    assert treated is not None
    assert (treated.note, treated.photo_url) == ("Damaged", "https://i.example/1")


async def test_a_parcel_that_nobody_announced(shipbob: ShipBob, sandbox: SandboxProcess) -> None:
    order = await shipbob.create_order(make_request())
    sandbox.control(f"shipbob/orders/{order.external_id}/advance", {"to": "shipped"})
    shipment = order.shipments[0].external_id
    sandbox.control("shipbob/returns", {"original_shipment_id": int(shipment)})
    pages = [page async for page in shipbob.returns_since(LONG_AGO)]
    [back] = pages[0]
    assert (back.announced, back.state, back.shipment) == (False, NodeReturnState.ARRIVED, shipment)
    assert back.content == {"BAG-45-BLK": 2, "SOCK-M": 1}
    assert back.outcome() == ()  # what is missing is not known yet


async def test_a_sweep_finds_what_was_finished(shipbob: ShipBob, sandbox: SandboxProcess) -> None:
    await inspected(shipbob, sandbox)
    pages = [page async for page in shipbob.returns_since(LONG_AGO)]
    assert [[each.reference for each in page] for page in pages] == [["RMA-1"], ["RMA-1"]]
    assert [page async for page in shipbob.returns_since(datetime(2099, 1, 1, tzinfo=UTC))] == []
