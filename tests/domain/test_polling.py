"""When a carrier is asked again (TRK-1): soon near what is awaited, later in silence, never after the end."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.parcels import TERMINAL, ParcelState
from domain.polling import LAST_MILE, LookFacts, PollPolicy, next_look

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
P = ParcelState
POLICY = PollPolicy(
    moving=3 * HOUR, longest=24 * HOUR, silence=0.25, last_mile=HOUR, last_mile_ends=36 * HOUR, expected=2 * HOUR,
    before=12 * HOUR, after=48 * HOUR, spread=0.1, reserved=0.25,
)  # fmt: skip
UNDER_WAY = [state for state in P if state not in TERMINAL]
HOURS = st.floats(-100, 2_000).map(lambda hours: NOW + hours * HOUR)
FACTS = st.builds(
    LookFacts,
    parcel_id=st.text(max_size=8),
    state=st.sampled_from(UNDER_WAY),
    since=HOURS,
    heard=st.none() | HOURS,
    awaited=st.lists(HOURS, max_size=3),
)


def wait(state: ParcelState = P.IN_TRANSIT, *, silent: float = 0, **facts: Any) -> float:
    """Hours until the next look; the time that is kept between parcels left out."""
    known = {"parcel_id": "shp_1", "since": NOW - 30 * 24 * HOUR, "heard": NOW - silent * HOUR, **facts}
    due = next_look(LookFacts(state=state, **known), NOW, PollPolicy(**{**fields(), "spread": 1e-9}))
    assert due is not None
    return float(round((due - NOW) / HOUR, 3))


def fields() -> dict[str, Any]:
    return {name: getattr(POLICY, name) for name in PollPolicy.__slots__}


@pytest.mark.row("TRK-1")
@given(FACTS)
def test_every_parcel_under_way_is_looked_at_within_bounds_and_the_same_facts_give_the_same_time(
    facts: LookFacts,
) -> None:
    due = next_look(facts, NOW, POLICY)

    assert due is not None
    assert POLICY.shortest <= due - NOW <= POLICY.longest
    assert due == next_look(facts, NOW, POLICY)


@pytest.mark.row("TRK-1")
@pytest.mark.parametrize("state", sorted(TERMINAL))
def test_a_parcel_at_its_end_is_never_looked_at_again(state: ParcelState) -> None:
    assert next_look(LookFacts("shp_1", state, NOW, NOW, [NOW]), NOW, POLICY) is None


@given(FACTS, HOURS)
def test_who_has_heard_later_is_not_asked_later(facts: LookFacts, heard: datetime) -> None:
    older, newer = sorted([heard, facts.heard or facts.since])

    dues = [
        next_look(LookFacts(facts.parcel_id, facts.state, facts.since, at, facts.awaited), NOW, POLICY)
        for at in (newer, older)
    ]

    assert dues[0] is not None
    assert dues[1] is not None
    assert dues[0] <= dues[1]


@given(FACTS, HOURS)
def test_a_further_day_on_which_it_is_awaited_never_makes_it_later(facts: LookFacts, moment: datetime) -> None:
    more = LookFacts(facts.parcel_id, facts.state, facts.since, facts.heard, [*facts.awaited, moment])
    without, with_it = next_look(facts, NOW, POLICY), next_look(more, NOW, POLICY)

    assert with_it is not None
    assert without is not None
    assert with_it <= without


@pytest.mark.row("TRK-1")
@pytest.mark.parametrize(
    ("silent", "hours"), [(0, 3), (12, 3), (24, 6), (48, 12), (96, 24), (2_000, 24), (-5, 3)]
)  # the last: a carrier's clock that is ahead
def test_the_longer_nothing_is_heard_the_later_it_is_asked(silent: float, hours: float) -> None:
    assert hours == wait(silent=silent)


@pytest.mark.row("TRK-1")
@pytest.mark.parametrize("state", sorted(LAST_MILE))
def test_on_the_last_mile_it_is_every_hour_until_that_goes_quiet(state: ParcelState) -> None:
    assert [1, 1, 9] == [wait(state, silent=silent) for silent in (0, 35.9, 36)]


@pytest.mark.row("TRK-1")
@pytest.mark.parametrize(
    ("awaited", "hours"),
    [
        pytest.param(60, 24, id="further off than the longest wait"),
        pytest.param(30, 18, id="not past the beginning of the day on which it is awaited"),
        pytest.param(12, 2, id="from its beginning"),
        pytest.param(-47.9, 2, id="while it is late"),
        pytest.param(-48, 24, id="late for so long that it is silence again"),
    ],
)
def test_around_the_day_on_which_it_is_awaited_it_is_asked_more_often(awaited: float, hours: float) -> None:
    found = wait(silent=96, awaited=[NOW + awaited * HOUR])

    # within the first two hours of that day each parcel has a moment of its own
    assert hours <= found <= hours + (2 if awaited == 30 else 0)


def test_before_the_first_scan_silence_counts_from_the_hand_over() -> None:
    assert [3, 12] == [wait(P.LABEL_CREATED, heard=None, since=NOW - hours * HOUR) for hours in (1, 48)]


def test_parcels_that_left_together_are_not_due_together() -> None:
    dues = {next_look(LookFacts(f"shp_{n}", P.IN_TRANSIT, NOW, NOW), NOW, POLICY) for n in range(100)}

    assert len(dues) > 90
    assert max(due for due in dues if due) - min(due for due in dues if due) > 0.08 * POLICY.moving


@pytest.mark.parametrize(("days", "most"), [(2, 30), (30, 80)])
def test_a_lost_parcel_costs_few_looks(days: int, most: int) -> None:
    """Nothing is heard after its first scan, and nobody ends it."""
    now, looks = NOW, 0
    while now < NOW + days * 24 * HOUR:
        due = next_look(LookFacts("shp_1", P.IN_TRANSIT, NOW, NOW, [NOW + 96 * HOUR]), now, POLICY)
        assert due is not None
        now, looks = due, looks + 1
    assert looks <= most
