"""Parcels and policies for the tests of troubles: a test states only what it is about.

2026-03-02 is a Monday. In New York the clock is put forward on Sunday, 2026-03-08 and back on 2026-11-01.
"""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain.anomalies.calendar import OperatingCalendar
from domain.anomalies.detection import detect
from domain.anomalies.facts import AnomalyKind, CauseKind, Findings, ParcelFacts, Scan
from domain.anomalies.policy import AnomalyPolicy, Foretold, GroupPolicy, Silence
from domain.parcels import ParcelState

NEW_YORK = ZoneInfo("America/New_York")
INSTANT = timedelta(microseconds=1)
HOLIDAY = date(2026, 5, 25)  # a Monday
WORKING_WEEK = OperatingCalendar("test", frozenset(range(5)), frozenset({HOLIDAY}), time(17))
SIX_DAYS = replace(WORKING_WEEK, weekdays=frozenset(range(6)))
EVERY_DAY = replace(WORKING_WEEK, weekdays=frozenset(range(7)))
POLICY = AnomalyPolicy(
    picked_up_within=2.0,
    silence=Silence(days={ParcelState.ARRIVED_LOCAL: 1.0}, other=3.0, lost=7.0, abroad=2.0, clears_share=0.5),
    foretold=Foretold(opens=0.6, clears=0.4, fresh=timedelta(hours=36)),
    late_grace=timedelta(0),
    attempts=2,
    customs=3.0,
    groups=GroupPolicy(
        window=timedelta(hours=24),
        least={CauseKind.FACILITY: 3, CauseKind.LANE: 3, CauseKind.CAUSE: 3, CauseKind.CARRIER: 4},
        least_share=0.1,
        quiet=timedelta(hours=12),
    ),
    alone=frozenset({AnomalyKind.ADDRESS_PROBLEM, AnomalyKind.LOST_SUSPECTED}),
    alone_after=timedelta(minutes=30),
)


def at(text: str, zone: ZoneInfo = NEW_YORK) -> datetime:
    """ "2026-03-02 10:00" by the clock on the wall there."""
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def scan(text: str, state: ParcelState = ParcelState.IN_TRANSIT, place: str = "Chicago, US", **more: Any) -> Scan:
    return Scan(state, at(text), place, **more)


def parcel(*scans: Scan, now: datetime, **changes: Any) -> ParcelFacts:
    """Handed over on Monday morning, its carrier just heard. The state is the last scan's."""
    told = [s.state for s in scans if s.state is not ParcelState.UNKNOWN]
    facts = ParcelFacts(
        state=told[-1] if told else ParcelState.LABEL_CREATED,
        scans=scans,
        handed_over_at=at("2026-03-02 10:00"),
        zone=NEW_YORK,
        heard_at=now,
    )
    return replace(facts, **changes)


def look(
    *scans: Scan,
    now: datetime,
    calendar: OperatingCalendar = WORKING_WEEK,
    policy: AnomalyPolicy = POLICY,
    **changes: Any,
) -> Findings:
    return detect(parcel(*scans, now=now, **changes), now, calendar, policy)


def opened(found: Findings) -> set[AnomalyKind]:
    return set(found.opened)
