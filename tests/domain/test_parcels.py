"""A parcel's state follows from its scans, whatever order they arrive in and however often."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.parcels import TERMINAL, ParcelState, Rate, TrackingEvent, cheapest_in_time, merge_state

START = datetime(2026, 3, 1, tzinfo=UTC)
P = ParcelState
EVENTS = st.lists(
    st.builds(
        TrackingEvent,
        state=st.sampled_from(list(ParcelState)),
        occurred_at=st.integers(0, 5).map(lambda hours: START + timedelta(hours=hours)),
        raw_code=st.sampled_from(["A", "B"]),
    ),
    max_size=12,
)


def scan(state: ParcelState, hours: float = 0, **more: str) -> TrackingEvent:
    return TrackingEvent(state, START + timedelta(hours=hours), **{"raw_code": "X", **more})


@given(EVENTS, st.randoms(use_true_random=False), st.data())
def test_order_and_repetition_of_arrival_never_count(
    events: list[TrackingEvent], chance: random.Random, data: st.DataObject
) -> None:
    told = events + data.draw(st.lists(st.sampled_from(events), max_size=5) if events else st.just([]))
    chance.shuffle(told)

    assert merge_state(told) is merge_state(events)


@given(EVENTS, EVENTS)
def test_state_after_a_terminal_scan_changes_only_for_an_earlier_one(
    before: list[TrackingEvent], more: list[TrackingEvent]
) -> None:
    first = merge_state(before)
    if first in TERMINAL:
        assert merge_state(before + more) in TERMINAL


@given(EVENTS)
def test_unknown_words_never_matter(events: list[TrackingEvent]) -> None:
    known = [event for event in events if event.state is not P.UNKNOWN]

    assert merge_state(events) is merge_state(known)


@pytest.mark.parametrize(
    ("events", "state"),
    [
        pytest.param([], P.UNKNOWN, id="nothing"),
        pytest.param([scan(P.UNKNOWN)], P.UNKNOWN, id="only unknown words"),
        pytest.param([scan(P.IN_TRANSIT, 2), scan(P.ACCEPTED, 1)], P.IN_TRANSIT, id="late arrival of an early scan"),
        pytest.param([scan(P.OUT_FOR_DELIVERY, 1), scan(P.IN_TRANSIT, 2)], P.IN_TRANSIT, id="back to the depot"),
        pytest.param([scan(P.OUT_FOR_DELIVERY), scan(P.ARRIVED_LOCAL)], P.OUT_FOR_DELIVERY, id="tie goes to rank"),
        pytest.param([scan(P.DELIVERED, 1), scan(P.IN_TRANSIT, 2)], P.DELIVERED, id="scan after delivery"),
        pytest.param([scan(P.RETURNED, 2), scan(P.DELIVERED, 1)], P.DELIVERED, id="first terminal stays"),
        pytest.param([scan(P.EXCEPTION, 1), scan(P.DELIVERED, 2)], P.DELIVERED, id="trouble that ended well"),
    ],
)
def test_merge(events: list[TrackingEvent], state: ParcelState) -> None:
    assert merge_state(events) is state


def test_digest_is_that_of_the_scan_not_of_our_reading_of_it() -> None:
    assert scan(P.IN_TRANSIT).digest() == scan(P.UNKNOWN).digest()
    different = [scan(P.IN_TRANSIT, 1), scan(P.IN_TRANSIT, raw_code="Y"), scan(P.IN_TRANSIT, city="Reno"),
                 scan(P.IN_TRANSIT, country="US"), scan(P.IN_TRANSIT, detail_code="d"), scan(P.IN_TRANSIT)]  # fmt: skip
    assert len({event.digest() for event in different}) == len(different)


def rate(cost: int, days: int | None, name: str = "r") -> Rate:
    return Rate(name, "USPS", "Ground", cost, "USD", days)


@pytest.mark.parametrize(
    ("rates", "max_days", "cost"),
    [
        pytest.param([rate(900, 2), rate(500, 5)], 5, 500, id="cheapest that is in time"),
        pytest.param([rate(900, 2), rate(500, 5)], 4, 900, id="dearer but in time"),
        pytest.param([rate(900, 3), rate(500, 5)], 2, 900, id="none in time: the fastest"),
        pytest.param([rate(900, 3), rate(500, None)], 3, 900, id="unknown days are no promise"),
        pytest.param([rate(900, None), rate(500, None)], 3, 500, id="no days known: the cheapest"),
        pytest.param([rate(900, 3), rate(500, None)], None, 500, id="no promise to keep"),
        pytest.param([rate(500, 4), rate(500, 2)], 5, 500, id="same price"),
    ],
)
def test_rate(rates: list[Rate], max_days: int | None, cost: int) -> None:
    chosen = cheapest_in_time(rates, max_days=max_days)

    assert chosen is not None
    assert chosen.cost_minor == cost
    assert cheapest_in_time(rates[::-1], max_days=max_days) == chosen


def test_no_rate() -> None:
    assert cheapest_in_time([], max_days=3) is None
