"""Pick lists of the own warehouse: what is labelled is batched by zone and priority, printed, and can be recalled."""

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from pypdf import PdfReader
from sqlalchemy import event

from config import wiring as wiring_module
from config.wiring import Wiring
from connectors.errors import VendorRejected
from connectors.outcomes import Sent
from domain.validation import WantedHold
from ledger.cancelling import cancel_here
from ledger.orders import fence, lock_orders, place_holds
from ledger.picking import LARGEST, lists_at, pick_list_value, zone_of
from ledger.tables import Document, InventoryLevel, Order, PickList, Shipment
from tasks import picking
from tasks.runtime import Report
from tests.apps.receiver.workshop import PLACE, Workshop
from tests.ledger.support import row_of, rows_of


@pytest.fixture
def workshop(wiring: Wiring) -> Workshop:
    return Workshop(wiring)


@pytest.fixture
def file_workshop(file_wiring: Wiring) -> Iterator[Workshop]:
    wiring_module.replace(file_wiring)
    yield Workshop(file_wiring)
    wiring_module.replace(None)


@pytest.mark.row("FUL-2")
async def test_orders_are_batched_by_zone_and_priority_and_printed(workshop: Workshop) -> None:
    tents = workshop.release({"TENT-2P-GRN": 1}, {"BAG-45-BLK": 2})
    socks = workshop.release({"SOCK-M": 3})
    mixed = workshop.release({"SOCK-M": 1, "TENT-2P-GRN": 1})
    [urgent] = workshop.release({"TENT-2P-GRN": 1}, code="express")

    assert 5 == await picking.publish_due()

    sheets = {row["id"]: row for row in rows_of(workshop.wiring, PickList)}
    found = {(s["zone"], s["priority"]): s["id"] for s in sheets.values()}
    assert {("A", 5), ("B", 5), ("mixed", 5), ("A", 1)} == set(found)
    assert [found["A", 5]] * 2 == [workshop.row(i)["pick_list_id"] for i in tents]
    assert [found["B", 5], found["mixed", 5]] == [workshop.row(i)["pick_list_id"] for i in socks + mixed]
    assert found["A", 1] == workshop.row(urgent)["pick_list_id"]
    for sheet in sheets.values():
        assert (1, "open") == (sheet["version"], sheet["state"])
        document = row_of(workshop.wiring, Document, id=sheet["document_id"])
        text = PdfReader(io.BytesIO(document["content"])).pages[0].extract_text()
        assert ("pick_list", True) == (document["kind"], "v1" in text)


@pytest.mark.row("FUL-2", bad_input=True)
@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_an_order_that_leaves_while_its_sheet_is_read_is_not_shown_without_its_parcel(workshop: Workshop) -> None:
    """A floor would take it for another one and pick it again. In SQLite a reader sees one moment."""
    [fulfilment_order] = workshop.release({"SOCK-M": 3})
    workshop.publish()
    parcel, engine = workshop.parcel(fulfilment_order)["id"], workshop.wiring.engine
    leaves = sa.text("UPDATE shipment SET shipped_at = now() WHERE id = :id AND shipped_at IS NULL")

    def hand_over(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("SELECT") and "FROM shipment" in statement:
            with engine.begin() as connection:
                connection.execute(leaves, {"id": parcel})

    event.listen(engine, "after_cursor_execute", hand_over)
    policies = workshop.wiring.policies
    [sheet] = workshop.wiring.read(lists_at, PLACE, "open", policies, limit=5)

    assert row_of(workshop.wiring, Shipment, id=parcel)["shipped_at"]
    assert [parcel] == [order.shipment_id for order in sheet.orders]


@pytest.mark.row("FUL-2")
def test_the_warehouse_holds_the_promise_from_then_on(workshop: Workshop) -> None:
    before = row_of(workshop.wiring, InventoryLevel, sku="SOCK-M")
    [one] = workshop.release({"SOCK-M": 3})

    assert (1, 0) == (workshop.publish(), workshop.publish())

    row, level = workshop.row(one), row_of(workshop.wiring, InventoryLevel, sku="SOCK-M")
    assert ("in_progress", "accepted") == (row["state"], row["request_state"])
    assert row["node_external_id"] == row["pick_list_id"]
    assert (0, before["node_free"] - 3) == (level["reserved_ours"], level["node_free"])


def test_a_walk_is_not_too_long(file_workshop: Workshop) -> None:
    file_workshop.release(*[{"SOCK-M": 1}] * (LARGEST + 1))

    assert LARGEST + 1 == file_workshop.publish()

    sizes = [
        len(file_workshop.wiring.read(pick_list_value, row["id"], file_workshop.wiring.policies).orders)
        for row in rows_of(file_workshop.wiring, PickList)
    ]
    assert [LARGEST, 1] == sizes


def test_only_what_may_leave_is_published(file_workshop: Workshop) -> None:
    file_workshop.release({"SOCK-M": 1}, label=False)
    held, fenced, cancelled = file_workshop.release({"SOCK-M": 1}, {"SOCK-M": 1}, {"SOCK-M": 1})
    wiring = file_workshop.wiring
    hold = WantedHold("fraud", "risk", "review", wiring.now())
    wiring.ledger(place_holds, [(file_workshop.row(held)["order_id"], hold)], placed_by="test", now=wiring.now())
    order = row_of(wiring, Order, id=file_workshop.row(fenced)["order_id"])
    wiring.ledger(fence, order["id"], by="edit", token="t", base_version=order["version"])
    gone = file_workshop.row(cancelled)["order_id"]
    wiring.ledger(lambda session: cancel_here(session, lock_orders(session, [gone])[gone], "shop", wiring.now()))

    assert 0 == file_workshop.publish()
    assert [] == rows_of(wiring, PickList)


def test_what_is_kept_back_does_not_crowd_out_the_rest(
    file_workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    wiring = file_workshop.wiring
    held, _ = file_workshop.release({"SOCK-M": 1}, {"SOCK-M": 1})
    hold = WantedHold("fraud", "risk", "review", wiring.now())
    wiring.ledger(place_holds, [(file_workshop.row(held)["order_id"], hold)], placed_by="test", now=wiring.now())
    monkeypatch.setattr("ledger.picking.MOST_AT_ONCE", 1)

    assert 1 == file_workshop.publish()


def test_two_publishers_put_an_order_on_one_list(workshop: Workshop) -> None:
    ids = workshop.release(*[{"SOCK-M": 1}] * 6)

    with ThreadPoolExecutor(3) as threads:
        counts = list(threads.map(lambda _: workshop.publish(), range(3)))

    assert len(ids) == sum(counts)
    listed = {workshop.row(i)["pick_list_id"] for i in ids}
    assert listed <= {row["id"] for row in rows_of(workshop.wiring, PickList)}
    assert "" not in listed


@pytest.mark.parametrize(
    ("sku", "zone"),
    [("TENT-1", "A"), ("TENT-XL-1", "L"), ("MUG", "C"), ("default-1", "C"), ("", "C")],
)
def test_zone_by_the_longest_prefix(sku: str, zone: str) -> None:
    assert zone == zone_of(sku, {"TENT": "A", "TENT-XL": "L", "default": "C"})


def test_zone_without_a_policy() -> None:
    assert "default" == zone_of("X", {})


@pytest.mark.row("FUL-2")
async def test_recall_gives_the_rest_a_new_version(workshop: Workshop) -> None:
    one, two = workshop.release({"SOCK-M": 1}, {"SOCK-M": 2})
    await picking.publish_due()
    old = workshop.scan(two, "picked")
    paper = workshop.sheet_of(two)["document_id"]

    assert Sent() == await picking.recall(one)
    assert "" == workshop.sheet_of(two)["document_id"]
    await picking.publish_due()

    sheet = workshop.sheet_of(two)
    assert (2, "open", "") == (sheet["version"], sheet["state"], workshop.row(one)["pick_list_id"])
    assert sheet["document_id"] not in ("", paper)
    value = workshop.wiring.read(pick_list_value, sheet["id"], workshop.wiring.policies)
    assert [two] == [order.fulfilment_order_id for order in value.orders]
    assert "old_version" == workshop.take(old)
    assert "" == workshop.take(workshop.scan(two, "picked"))


async def test_recall_of_the_last_order_ends_the_sheet(file_workshop: Workshop) -> None:
    [one] = file_workshop.release({"SOCK-M": 1})
    file_workshop.publish()

    for _ in range(2):
        assert Sent() == await picking.recall(one)

    assert [(2, "done")] == [(row["version"], row["state"]) for row in rows_of(file_workshop.wiring, PickList)]


async def test_recall_of_what_is_on_no_sheet(file_workshop: Workshop) -> None:
    [one] = file_workshop.release({"SOCK-M": 1})

    assert Sent() == await picking.recall(one)
    assert Sent() == await picking.recall("ful_unknown")


@pytest.mark.row("FUL-2", bad_input=True)
@pytest.mark.parametrize("carried_out", [False, True], ids=["scanned", "carried out"])
async def test_recall_is_too_late_after_the_hand_over(workshop: Workshop, carried_out: bool) -> None:
    [one] = workshop.release({"SOCK-M": 1})
    workshop.publish()
    assert "" == workshop.take(workshop.scan(one, "handed_over"))
    if carried_out:
        await picking.take_scans(Report("fulfil"), 10)

    refused = await picking.recall(one)

    assert isinstance(refused, VendorRejected)
    assert "too_late" == refused.reason
    assert 1 == workshop.sheet_of(one)["version"]


def test_zones_come_from_the_policy(file_workshop: Workshop) -> None:
    assert {"TENT", "default"} <= set(file_workshop.wiring.policies.node(PLACE).zones)
