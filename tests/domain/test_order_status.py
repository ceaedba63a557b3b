"""An order in its customer's words: the headline, the bar and the timeline."""

from datetime import timedelta
from typing import Any

import pytest

from domain.order_status import (
    HoldFact,
    OrderFacts,
    ParcelFact,
    Progress,
    ScanFact,
    headline,
    progress,
    timeline,
)
from domain.parcels import ParcelState
from domain.states import OrderState
from tests.ledger.support import NOW, later


def order(state: str = "routing", **changes: Any) -> OrderFacts:
    return OrderFacts(**{"state": OrderState(state), "placed_at": NOW, "to_ship": 2, **changes})


def hold(name: str, *, over: bool = False) -> HoldFact:
    return HoldFact(name, NOW, later(60) if over else None)


def parcel(state: str, **changes: Any) -> ParcelFact:
    return ParcelFact(**{"state": ParcelState(state), "shipped_at": NOW, **changes})


def shipped(*states: str, units: int = 2, **changes: Any) -> OrderFacts:
    return order("in_fulfilment", shipped=units, parcels=tuple(parcel(state) for state in states), **changes)


@pytest.mark.parametrize(
    ("facts", "told", "reached"),
    [
        (order("received"), "received", "ordered"),
        (order("validating", holds=(hold("edit_window"),)), "received", "ordered"),
        (order("held", holds=(hold("edit_window"), hold("address"))), "needs_address", "ordered"),
        (order("held", holds=(hold("fraud"), hold("payment"))), "needs_payment", "ordered"),
        (order("held", holds=(hold("stock"),)), "waits_for_stock", "ordered"),
        (order("held", holds=(hold("fraud"),)), "being_checked", "ordered"),
        (order("routing", holds=(hold("operator"),)), "being_checked", "ordered"),
        (order("routing", holds=(hold("fraud", over=True), hold("edit_window"))), "confirmed", "ordered"),
        (order("accepted"), "confirmed", "ordered"),
        (order("in_fulfilment"), "packing", "packing"),
        (order("in_fulfilment", parcels=(parcel("label_created", shipped_at=None),)), "packing", "packing"),
        (shipped("in_transit", units=1), "partly_shipped", "on_its_way"),
        (shipped("unknown"), "shipped", "on_its_way"),
        (shipped("in_transit", "out_for_delivery"), "out_for_delivery", "on_its_way"),
        (shipped("out_for_delivery", "attempted"), "attempted", "on_its_way"),
        (shipped("available_for_pickup"), "available_for_pickup", "on_its_way"),
        (shipped("delivered", "lost"), "trouble", "on_its_way"),
        (shipped("returned"), "trouble", "on_its_way"),
        (shipped("customs"), "shipped", "on_its_way"),
        (shipped("delivered", "in_transit"), "partly_delivered", "on_its_way"),
        (shipped("delivered", units=1), "partly_delivered", "on_its_way"),
        (shipped("delivered"), "delivered", "delivered"),
        (shipped("delivered", holds=(hold("operator"),)), "delivered", "delivered"),
        (order("completed"), "delivered", "delivered"),
        (order("completed", to_ship=0), "completed", None),
        (order("cancelled", to_ship=0, parcels=(parcel("in_transit"),)), "cancelled", None),
    ],
)
def test_headline_and_bar(facts: OrderFacts, told: str, reached: str | None) -> None:
    assert (told, reached and Progress(reached)) == (headline(facts), progress(facts))


@pytest.mark.parametrize("state", OrderState)
@pytest.mark.parametrize("of_parcel", ParcelState)
def test_every_state_has_a_headline(state: OrderState, of_parcel: ParcelState) -> None:
    assert headline(order(state, parcels=(parcel(of_parcel),)))
    assert headline(order(state, parcels=(parcel(of_parcel, shipped_at=None),)))


def test_timeline_is_newest_first_and_says_each_state_once() -> None:
    scans = [("accepted", 90), ("in_transit", 100), ("in_transit", 110), ("unknown", 115), ("out_for_delivery", 120)]
    facts = order(
        "in_fulfilment", accepted_at=later(10), released_at=later(50),
        holds=(HoldFact("edit_window", NOW, later(40)), HoldFact("fraud", later(1), later(5))),
        parcels=(
            parcel(
                "out_for_delivery", shipped_at=later(80),
                scans=tuple(ScanFact(ParcelState(s), later(at), "Boston, US") for s, at in scans),
            ),
            parcel("delivered", shipped_at=later(85), delivered_at=later(200)),
        ),
    )  # fmt: skip

    told = timeline(facts)

    assert [
        ("delivered", 2), ("out_for_delivery", 1), ("in_transit", 1), ("shipped", 2), ("shipped", 1), ("packing", 0),
        ("confirmed", 0), ("being_checked_over", 0), ("being_checked", 0), ("placed", 0),
    ] == [(entry.code, entry.parcel) for entry in told]  # fmt: skip
    assert later(100) == told[2].at
    assert "Boston, US" == told[2].place


def test_a_cancelled_order_says_when() -> None:
    assert ["cancelled", "placed"] == [e.code for e in timeline(order("cancelled", cancelled_at=NOW + timedelta(1)))]
