"""What several sources tell of one parcel is one set of scans: the order of telling, and repetition, never count."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.parcels import TERMINAL, ParcelState, TrackingEvent, in_context, merge_state, union

START = datetime(2026, 3, 1, tzinfo=UTC)
P = ParcelState
EVENT = st.builds(
    TrackingEvent,
    state=st.sampled_from(list(ParcelState)),
    occurred_at=st.integers(0, 4).map(lambda hours: START + timedelta(hours=hours)),
    raw_code=st.sampled_from(["A", "B", "C"]),
    corrects=st.booleans(),
    map_version=st.integers(0, 2),
    mapped=st.booleans(),
)
TOLD = st.lists(EVENT, max_size=10)


def scan(state: ParcelState, hours: float, **more: object) -> TrackingEvent:
    return replace(TrackingEvent(state, START + timedelta(hours=hours), f"{state}{hours}"), **more)


@pytest.mark.row("TRK-2")
@given(TOLD, TOLD)
def test_union_commutes(one: list[TrackingEvent], other: list[TrackingEvent]) -> None:
    assert union(one, other) == union(other, one)


@pytest.mark.row("TRK-2")
@given(TOLD, TOLD, TOLD)
def test_union_associates(one: list[TrackingEvent], two: list[TrackingEvent], three: list[TrackingEvent]) -> None:
    assert union(union(one, two), three) == union(one, union(two, three))


@pytest.mark.row("TRK-2")
@given(TOLD)
def test_union_is_idempotent(told: list[TrackingEvent]) -> None:
    assert union(told) == union(told, told) == union(union(told))


@pytest.mark.row("TRK-2")
@given(TOLD, st.integers(0, 10), st.randoms(use_true_random=False))
def test_state_is_the_same_however_the_scans_are_told(
    told: list[TrackingEvent], cut: int, chance: random.Random
) -> None:
    """In parts, in any order, some twice: corrections of terminal states included."""
    shuffled = [*told, *told[:cut]]
    chance.shuffle(shuffled)

    assert merge_state(union(shuffled[cut:], shuffled[:cut])) is merge_state(union(told))


@given(TOLD)
def test_without_a_correction_the_first_end_stays(told: list[TrackingEvent]) -> None:
    plain = [replace(event, corrects=False) for event in told]
    ends = [event for event in plain if event.state in TERMINAL]

    state = merge_state(plain)

    assert (state in TERMINAL) is bool(ends)
    if ends:
        assert any(event.state is state and event.occurred_at == min(e.occurred_at for e in ends) for event in ends)


@given(TOLD, st.sampled_from(sorted(set(P) - {P.UNKNOWN})))
def test_a_correction_after_everything_decides(told: list[TrackingEvent], state: ParcelState) -> None:
    assert merge_state([*told, scan(state, 99, corrects=True)]) is state


@pytest.mark.row("TRK-2")
@pytest.mark.parametrize(
    ("events", "state"),
    [
        pytest.param([scan(P.DELIVERED, 1), scan(P.IN_TRANSIT, 2, corrects=True)], P.IN_TRANSIT, id="taken back"),
        pytest.param(
            [scan(P.DELIVERED, 1), scan(P.IN_TRANSIT, 2, corrects=True), scan(P.DELIVERED, 3)],
            P.DELIVERED,
            id="delivered in the end",
        ),
        pytest.param(
            [scan(P.IN_TRANSIT, 2, corrects=True), scan(P.DELIVERED, 3), scan(P.RETURNED, 4)],
            P.DELIVERED,
            id="the rule holds again after a correction",
        ),
        pytest.param(
            [scan(P.DELIVERED, 1), scan(P.IN_TRANSIT, 1, corrects=True)], P.IN_TRANSIT, id="it wins its own moment"
        ),
        pytest.param([scan(P.DELIVERED, 1), scan(P.UNKNOWN, 2, corrects=True)], P.DELIVERED, id="unknown corrects not"),
        pytest.param([scan(P.DELIVERED, 3), scan(P.LOST, 1, corrects=True)], P.LOST, id="a correction may end it too"),
    ],
)
def test_corrections(events: list[TrackingEvent], state: ParcelState) -> None:
    assert merge_state(events) is state
    assert merge_state(reversed(events)) is state


def test_the_newer_table_reads_a_scan() -> None:
    old = TrackingEvent(P.UNKNOWN, START, "X", map_version=1, mapped=False)
    new = TrackingEvent(P.CUSTOMS, START, "X", map_version=2)

    assert (new,) == union([new], [old]) == union([old], [new])


def test_a_scan_is_the_same_in_every_zone() -> None:
    at = datetime(2026, 3, 1, 9, 30, tzinfo=timezone(timedelta(hours=-5)))

    assert TrackingEvent(P.ACCEPTED, at, "A").digest() == TrackingEvent(P.ACCEPTED, at.astimezone(UTC), "A").digest()


@pytest.mark.parametrize(
    ("states", "way_back", "told"),
    [
        pytest.param([P.RETURNING, P.DELIVERED], False, [P.RETURNING, P.RETURNED], id="back at the sender's"),
        pytest.param([P.RETURNING, P.DELIVERED], True, [P.RETURNING, P.DELIVERED], id="a return arrives"),
        pytest.param([P.LOST, P.IN_TRANSIT], False, [P.LOST, P.IN_TRANSIT], id="a scan alone proves nothing"),
        pytest.param([P.LOST, P.DELIVERED], False, [P.LOST, P.DELIVERED], id="found"),
    ],
)
def test_words_in_context(states: list[ParcelState], way_back: bool, told: list[ParcelState]) -> None:
    events = in_context([scan(state, hours) for hours, state in enumerate(states)], way_back=way_back)

    assert [event.state for event in events] == told
    assert merge_state(events) is (told[-1] if P.LOST not in told or told[-1] is P.DELIVERED else P.LOST)
    assert in_context(events, way_back=way_back) == events
