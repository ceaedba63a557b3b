"""A 3PL ships something else now: lines, promises and counters follow, and no unit is made or lost."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from config.wiring import Wiring
from domain.catalogue import NodeStock
from domain.nodes import NodeLine, NodeOrder, NodeShipment, NodeState
from ledger import effects, orders
from ledger.editing import promises
from ledger.editing.at_nodes import changed_at_node
from ledger.editing.replan import replan
from ledger.fencing import lift_fence
from ledger.rows import select_by
from ledger.shipments import record_node_orders
from ledger.stock import record_reading
from ledger.tables import FulfilmentOrderLine, OrderLine, ReviewCase, Shipment
from tests.ledger.editing.stall import Stall
from tests.ledger.support import rows_of

STOCK = {("north", "CUP"): 5, ("north", "POT"): 4, ("north", "LID"): 6, ("south", "CUP"): 1, ("north", "GAS"): 1}


@pytest.fixture
def stall(wiring: Wiring) -> Stall:
    return Stall(wiring, STOCK)


@pytest.fixture
def told(stall: Stall) -> str:
    """Three cups and a pot, accepted by the northern 3PL."""
    order = stall.buy({"CUP": 3, "POT": 1})
    stall.told(order)
    return order


def change(stall: Stall, order: str, units: Mapping[str, int], *, request: str = "edr_none", **more: Any) -> None:
    """The shop has committed these units by SKU, and the node ships exactly them."""

    def end(session: Session, _: Mapping[str, Any]) -> None:
        stall.want(session, order, units)
        lines = {row["sku"]: row["id"] for row in select_by(session, OrderLine, "order_id", [order])}
        there = {lines[sku]: count for sku, count in units.items()}
        changed_at_node(session, stall.live(order)["north"], there, request, stall.now, **more)

    stall.act(order, end)


def reserved(stall: Stall, order: str, *skus: str) -> list[tuple[int, int]]:
    return [(row["reserved"], row["released"]) for row in (stall.line(order, sku) for sku in skus)]


@pytest.mark.row("EDT-1")
def test_fewer_units_are_free_there_again(stall: Stall, told: str) -> None:
    change(stall, told, {"CUP": 1, "POT": 0})

    assert {("north", "CUP"): 1} == stall.planned(told) == stall.promised("at_node")
    assert [(1, 1), (0, 0)] == reserved(stall, told, "CUP", "POT")
    assert {("north", "CUP"): 2, ("north", "POT"): 1} == stall.promised("released")
    stall.sound()


@pytest.mark.row("EDT-1")
def test_added_units_come_from_what_the_request_was_promised(stall: Stall, told: str) -> None:
    request = stall.request(told)
    wanted = {"LID": 2, "CUP": 1}
    assert {} == stall.act(told, promises.reserve_for_request, request, wanted, stall.policies, stall.now)

    change(stall, told, {"CUP": 4, "POT": 1, "LID": 2}, request=request)

    assert {("north", "CUP"): 4, ("north", "POT"): 1, ("north", "LID"): 2} == stall.promised("at_node")
    assert stall.promised("at_node") == stall.planned(told)
    assert {} == stall.promised("ours")
    assert [(4, 4), (2, 2)] == reserved(stall, told, "CUP", "LID")
    stall.sound()


def test_a_part_of_the_requests_promise_stays_with_it(stall: Stall, told: str) -> None:
    request = stall.request(told)
    stall.act(told, promises.reserve_for_request, request, {"LID": 3}, stall.policies, stall.now)

    change(stall, told, {"CUP": 3, "POT": 1, "LID": 2}, request=request)

    assert {("north", "LID"): 1} == stall.promised("ours", fulfilment_order_id=request)
    stall.act(told, replan, request, stall.policies, stall.now)
    assert {} == stall.promised("ours")
    stall.sound()


def test_units_that_nobody_had_promised_are_taken_from_what_is_free(stall: Stall, told: str) -> None:
    change(stall, told, {"CUP": 5, "POT": 1})

    assert (5, 0) == (stall.promised("at_node")["north", "CUP"], stall.free("north", "CUP"))
    stall.sound()


def test_units_that_were_promised_to_others_are_a_persons_case(stall: Stall, told: str) -> None:
    """The node has given them to this order: ours is the count that is wrong."""
    stall.buy({"CUP": 2})

    change(stall, told, {"CUP": 5, "POT": 1})

    assert ["promised_stock_gone"] == [row["kind"] for row in rows_of(stall.wiring, ReviewCase, state="open")]
    assert not stall.broken()


def test_a_kit_counts_as_one_and_is_shipped_as_its_parts(stall: Stall, told: str) -> None:
    change(stall, told, {"CUP": 3, "POT": 1, "SET": 2})

    parts = {
        (row["order_line_id"], row["sku"]): row["quantity"]
        for row in rows_of(stall.wiring, FulfilmentOrderLine, fulfilment_order_id=stall.live(told)["north"]["id"])
    }
    kit = stall.line(told, "SET")["id"]
    assert (2, 4, 1) == (parts[kit, "POT"], parts[kit, "LID"], parts[stall.line(told, "POT")["id"], "POT"])
    assert [(2, 2)] == reserved(stall, told, "SET")
    stall.sound()

    change(stall, told, {"CUP": 3, "POT": 1, "SET": 1})
    assert [(1, 1)] == reserved(stall, told, "SET")
    stall.sound()


def test_the_same_again_changes_nothing(stall: Stall, told: str) -> None:
    for _ in range(2):
        change(stall, told, {"CUP": 2, "POT": 2})
        assert {("north", "CUP"): 2, ("north", "POT"): 2} == stall.promised("at_node") == stall.planned(told)
        stall.sound()


def test_a_reading_that_has_counted_it_already_is_not_counted_twice(stall: Stall, told: str) -> None:
    changed_at = stall.now - timedelta(minutes=2)
    said = [NodeStock("CUP", 5, 4), NodeStock("POT", 4, 2)]  # it has given two cups back and taken a pot more
    at = stall.now + timedelta(seconds=5)
    stall.wiring.ledger(record_reading, "north", said, read_at=at, safety_stock=0, now=at)

    change(stall, told, {"CUP": 1, "POT": 2}, changed_at=changed_at)

    assert (4, 2) == (stall.free("north", "CUP"), stall.free("north", "POT"))
    stall.sound()


@pytest.mark.row("EDT-3", bad_input=True)
@pytest.mark.parametrize(
    ("units", "why"),
    [
        pytest.param({"CUP": -1}, "negative", id="negative"),
        pytest.param({"CUP": 0, "POT": 0}, "withdrawn", id="nothing left"),
    ],
)
def test_what_no_node_can_ship_is_refused(stall: Stall, told: str, units: dict[str, int], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        change(stall, told, units)

    stall.sound()


def test_lines_of_another_order_and_requests_that_have_ended_are_refused(stall: Stall, told: str) -> None:
    row = stall.live(told)["north"]
    with pytest.raises(ValueError, match="not lines of"):
        stall.act(told, lambda s, _: changed_at_node(s, row, {"ord_other:001": 1}, "edr", stall.now))
    stall.wiring.ledger(lambda s: s.execute(sa.text("UPDATE fulfilment_order SET state = 'cancelled'")))
    with pytest.raises(ValueError, match="no node ships it"):
        stall.act(told, lambda s, _: changed_at_node(s, row, {}, "edr", stall.now))


def parcel(stall: Stall, order: str, state: NodeState, units: Mapping[str, int], name: str = "p1") -> NodeOrder:
    row = stall.live(order)["north"]
    content = tuple(NodeLine(sku, count) for sku, count in units.items())
    shipment = NodeShipment(name, state, raw_state="", tracking_number=name, lines=content, shipped_at=stall.now)
    return NodeOrder(row["node_external_id"], f"{row['id']}.1", state, (shipment,))


def says(stall: Stall, said: NodeOrder) -> str:
    def record(session: Session) -> str:
        outcome, wanted = record_node_orders(session, [said], stall.policies, stall.now)
        effects.plan(session, wanted, stall.now)
        return outcome[said.reference]

    return str(stall.wiring.ledger(record))


def test_what_has_left_stays(stall: Stall, told: str) -> None:
    assert "shipped" == says(stall, parcel(stall, told, NodeState.SHIPPED, {"CUP": 2}))

    with pytest.raises(ValueError, match="has left"):
        change(stall, told, {"CUP": 1, "POT": 1})
    stall.sound()

    change(stall, told, {"CUP": 2, "POT": 0})
    assert {} == stall.live(told), "everything that it ships has left"
    stall.sound()


@pytest.mark.row("EDT-3")
def test_a_parcel_that_leaves_during_an_edit_is_counted_as_what_the_edit_put_in(stall: Stall, told: str) -> None:
    """The node ships the new content before the ledger has written it."""
    request = stall.request(told, "at_node")
    assert {} == stall.act(told, promises.reserve_for_request, request, {"LID": 1}, stall.policies, stall.now)
    version = stall.order(told)["version"]
    stall.wiring.ledger(orders.fence, told, by="edit", token=request, base_version=version)
    said = parcel(stall, told, NodeState.SHIPPED, {"CUP": 1, "LID": 1})

    assert "fenced" == says(stall, said)

    assert [None] == [row["shipped_at"] for row in rows_of(stall.wiring, Shipment)]
    assert 0 == stall.line(told, "CUP")["shipped"]
    change(stall, told, {"CUP": 1, "POT": 0, "LID": 1}, request=request)
    stall.set_state(request, "applied")
    stall.wiring.ledger(lift_fence, told, token=request, now=stall.now)
    assert "shipped" == says(stall, said)
    assert [1, 0, 1] == [stall.line(told, sku)["shipped"] for sku in ("CUP", "POT", "LID")]
    assert {} == stall.live(told)
    stall.sound()
