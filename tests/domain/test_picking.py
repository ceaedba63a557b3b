"""Batches of orders for one walk through an own warehouse."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.picking import MIXED_ZONE, PickLine, PickOrder, batch_orders


def make_line(zone: str = "A", **changes: Any) -> PickLine:
    return PickLine(
        **{"line_id": "l1", "sku": "SOCK-M", "title": "Sock", "quantity": 1, "bin": "A-01", "zone": zone, **changes}
    )


def make_order(reference: str, *zones: str, priority: int = 2) -> PickOrder:
    return PickOrder(reference, reference, tuple(map(make_line, zones or ("A",))), priority=priority)


def test_zone_of_an_order() -> None:
    assert make_order("1", "A", "A").zone == "A"
    assert make_order("1", "A", "B").zone == MIXED_ZONE


@pytest.mark.row("FUL-2")
def test_batches_by_priority_then_zone() -> None:
    orders = [
        make_order("1", "B"),
        make_order("2", "A"),
        make_order("3", "B", priority=1),
        make_order("4", "A", "B"),
        make_order("5", "B"),
    ]

    batches = batch_orders(orders, largest=10)

    assert [(1, "B", ["3"]), (2, "A", ["2"]), (2, "B", ["1", "5"]), (2, MIXED_ZONE, ["4"])] == [
        (batch.priority, batch.zone, [order.reference for order in batch.orders]) for batch in batches
    ]


def test_batch_is_never_larger_than_one_can_carry() -> None:
    batches = batch_orders([make_order(str(n)) for n in range(7)], largest=3)

    assert [3, 3, 1] == [len(batch.orders) for batch in batches]


def test_batch_of_none_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        batch_orders([], largest=0)


@given(
    st.lists(st.tuples(st.sampled_from("ABC"), st.integers(1, 3)), max_size=30),
    st.integers(1, 5),
)
def test_every_order_is_in_exactly_one_batch(kinds: list[tuple[str, int]], largest: int) -> None:
    orders = [make_order(str(n), zone, priority=priority) for n, (zone, priority) in enumerate(kinds)]

    batches = batch_orders(orders, largest=largest)

    assert sorted(o.reference for o in orders) == sorted(o.reference for b in batches for o in b.orders)
    assert all(order.zone == b.zone and order.priority == b.priority for b in batches for order in b.orders)
