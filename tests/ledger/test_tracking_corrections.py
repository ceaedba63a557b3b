"""Terminal states of parcels: the order of telling never counts, and only a correction takes one back."""

import itertools
from collections.abc import Sequence
from dataclasses import replace

import pytest

from config.wiring import Wiring
from domain.parcels import ParcelState, Tracker, TrackingEvent
from ledger.tables import OrderLine, ReviewCase, Shipment
from ledger.tracking import record_trackers
from tests.ledger.support import later, row_of, rows_of
from tests.ledger.test_tracking import parcel_under_way

P = ParcelState


def scan(state: ParcelState, hours: float, *, corrects: bool = False) -> TrackingEvent:
    return TrackingEvent(state, later(hours=hours), f"{state}-{hours}", corrects=corrects)


def hear(wiring: Wiring, *events: TrackingEvent) -> None:
    """All of them at once."""
    wiring.ledger(record_trackers, [Tracker("trk_1", "T1", "usps", events)], later(days=1), wiring.policies)


def tell(wiring: Wiring, events: Sequence[TrackingEvent]) -> None:
    for event in events:
        hear(wiring, event)


@pytest.mark.row("TRK-2")
@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_same_scans_in_any_order_give_the_same_state(wiring: Wiring, order: tuple[int, ...]) -> None:
    parcel_under_way(wiring)
    events = [scan(P.IN_TRANSIT, 1), scan(P.RETURNED, 3), scan(P.DELIVERED, 2)]

    tell(wiring, [events[place] for place in order])

    assert row_of(wiring, Shipment, id="shp_1")["state"] == "delivered"
    assert row_of(wiring, OrderLine, id="l")["delivered"] == 2


@pytest.mark.row("TRK-2")
def test_a_delivery_that_is_taken_back_is_followed_again_and_counts_once(wiring: Wiring) -> None:
    parcel_under_way(wiring)

    tell(wiring, [scan(P.DELIVERED, 1), scan(P.IN_TRANSIT, 2, corrects=True)])

    row = row_of(wiring, Shipment, id="shp_1")
    assert (row["state"], bool(row["polling"])) == ("in_transit", True)
    [case] = rows_of(wiring, ReviewCase, kind="delivery_taken_back")
    assert (case["subject_id"], case["severity"]) == ("shp_1", "high")

    tell(wiring, [scan(P.DELIVERED, 3)])

    row = row_of(wiring, Shipment, id="shp_1")
    assert (row["state"], bool(row["polling"])) == ("delivered", False)
    assert row_of(wiring, OrderLine, id="l")["delivered"] == 2


@pytest.mark.row("TRK-2", bad_input=True)
def test_a_late_scan_takes_nothing_back(wiring: Wiring) -> None:
    parcel_under_way(wiring)

    tell(wiring, [scan(P.DELIVERED, 1), scan(P.IN_TRANSIT, 2), scan(P.UNKNOWN, 3, corrects=True)])

    assert row_of(wiring, Shipment, id="shp_1")["state"] == "delivered"
    assert rows_of(wiring, ReviewCase) == []


@pytest.mark.row("TRK-2")
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_scan_that_was_told_out_of_its_context_is_read_alike_in_any_order(
    wiring: Wiring, order: tuple[int, int]
) -> None:
    """At first the way back was not told of: what was read as delivered is returned."""
    parcel_under_way(wiring)
    tellings = [(scan(P.DELIVERED, 3),), (scan(P.RETURNING, 2), replace(scan(P.DELIVERED, 3), state=P.RETURNED))]

    for place in order:
        hear(wiring, *tellings[place])

    assert row_of(wiring, Shipment, id="shp_1")["state"] == "returned"
