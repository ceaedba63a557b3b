"""What holds of any parcel: looking twice finds nothing, time alone changes nothing before it is said to, and nothing
comes and goes without news."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.anomalies.detection import detect
from domain.anomalies.facts import AnomalyKind, Cause, Findings, ParcelFacts, Scan
from domain.parcels import ParcelState, TrackingEvent, merge_state
from tests.domain.anomalies.support import INSTANT, NEW_YORK, POLICY, WORKING_WEEK, at

START = at("2026-02-20 10:00").astimezone(UTC)  # two weeks before the clock is put forward there
HOURS = st.integers(0, 30 * 24)


@st.composite
def scans(draw: st.DrawFn) -> tuple[Scan, ...]:
    """In order of occurrence, as the ledger reads them."""
    made = draw(
        st.lists(
            st.builds(
                Scan,
                state=st.sampled_from(list(ParcelState)),
                occurred_at=HOURS.map(lambda hours: START + timedelta(hours=hours)),
                place=st.sampled_from(["", "Chicago, US", "Gary, US"]),
                cause=st.none() | st.sampled_from(list(Cause)),
            ),
            max_size=6,
        )
    )
    return tuple(sorted(made, key=lambda scan: scan.occurred_at))


@st.composite
def parcels(draw: st.DrawFn) -> tuple[ParcelFacts, datetime]:
    """A parcel and the time of a look, its carrier just heard."""
    told = draw(scans())
    now = max([scan.occurred_at for scan in told], default=START) + timedelta(hours=draw(HOURS))
    predicted = draw(st.none() | HOURS)
    facts = ParcelFacts(
        state=merge_state([TrackingEvent(scan.state, scan.occurred_at, "") for scan in told]),
        scans=told,
        handed_over_at=START,
        zone=NEW_YORK,
        crosses_border=draw(st.booleans()),
        promised_by=draw(st.none() | HOURS.map(lambda hours: START + timedelta(hours=hours))),
        heard_at=now,
        late_probability=None if predicted is None else draw(st.floats(0, 1)),
        predicted_at=None if predicted is None else now - timedelta(hours=predicted),
        open=draw(st.frozensets(st.sampled_from(list(AnomalyKind)))),
        made_good=draw(st.booleans()),
    )
    return facts, now


def look(facts: ParcelFacts, now: datetime) -> Findings:
    return detect(facts, now, WORKING_WEEK, POLICY)


def after(facts: ParcelFacts, found: Findings) -> ParcelFacts:
    """As it stands once that is written down."""
    return replace(facts, open=(facts.open | found.opened.keys()) - found.cleared.keys())


@pytest.mark.row("DLY-1")
@given(parcels())
def test_looking_twice_finds_nothing_new(parcel: tuple[ParcelFacts, datetime]) -> None:
    facts, now = parcel
    first = look(facts, now)

    again = look(after(facts, first), now)

    assert ({}, {}) == (again.opened, again.cleared)


@pytest.mark.row("DLY-1")
@given(parcels(), st.floats(0, 1, exclude_max=True))
def test_time_alone_changes_nothing_before_the_next_look(parcel: tuple[ParcelFacts, datetime], share: float) -> None:
    """However often the carrier says the same meanwhile."""
    facts, now = parcel
    first = look(facts, now)
    until = first.look_again or now + timedelta(days=90)
    assert until > now
    moment = min(now + share * (until - now), until - INSTANT)

    found = look(replace(after(facts, first), heard_at=moment), moment)

    assert ({}, {}) == (found.opened, found.cleared)


@pytest.mark.row("DLY-1")
@given(parcels(), st.lists(st.integers(1, 72), min_size=1, max_size=20))
def test_without_news_nothing_comes_and_goes(parcel: tuple[ParcelFacts, datetime], steps: list[int]) -> None:
    facts, now = parcel
    facts = after(facts, look(facts, now))
    began: list[AnomalyKind] = []
    ended: set[AnomalyKind] = set()
    for hours in steps:
        now += timedelta(hours=hours)
        facts = replace(facts, heard_at=now)
        found = look(facts, now)
        began += found.opened
        ended |= found.cleared.keys()
        facts = after(facts, found)

    assert len(began) == len(set(began))
    assert ended <= {AnomalyKind.LATE_PREDICTED}, "which the promise ends"
