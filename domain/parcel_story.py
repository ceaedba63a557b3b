"""One parcel as the person who waits for it understands it: how far it is, when it comes, what happened.

All are codes and days; templates turn them into sentences. Places are towns, and nothing here names a person. Sources:
REQUIREMENTS TRK-3 (timeline, progress, window), DLY-3 (never a day in the past).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum

from domain.order_status import ScanFact
from domain.parcels import RANK, TERMINAL, ParcelState


class Stage(StrEnum):
    """The steps of a parcel's bar."""

    PACKED = "packed"
    WITH_CARRIER = "with_carrier"
    NEAR_YOU = "near_you"
    OUT_FOR_DELIVERY = "out_for_delivery"
    DELIVERED = "delivered"


class Mark(StrEnum):
    """How a step is drawn."""

    DONE = "done"
    CURRENT = "current"
    COMING = "coming"


class Mood(StrEnum):
    """How the page speaks of it: nothing to do, something to know, something is wrong."""

    CALM = "calm"
    ATTENTION = "attention"
    TROUBLE = "trouble"


@dataclass(frozen=True, slots=True)
class Outlook:
    """When it is expected: by our own forecast (`earliest` to `latest`), else by its carrier (`estimated`), and the day
    that was first promised."""

    earliest: datetime | None = None
    latest: datetime | None = None
    estimated: datetime | None = None
    promised: date | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """Days on which it comes, in the time of its destination; one day when both are the same."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the parcel's timeline."""

    state: ParcelState
    at: datetime
    place: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """`steps` is empty for a parcel that does not come (any more). `missed`: the first promise cannot be kept, or was
    not. `quiet_days`: whole days since its carrier last said anything, of a parcel under way."""

    state: ParcelState
    mood: Mood
    steps: tuple[tuple[Stage, Mark], ...]
    window: Window | None
    promised: date | None
    missed: bool
    quiet_days: int
    entries: tuple[Entry, ...]


_STAGES = {
    ParcelState.UNKNOWN: Stage.PACKED,
    ParcelState.LABEL_CREATED: Stage.PACKED,
    ParcelState.ACCEPTED: Stage.WITH_CARRIER,
    ParcelState.IN_TRANSIT: Stage.WITH_CARRIER,
    ParcelState.CUSTOMS: Stage.WITH_CARRIER,
    ParcelState.EXCEPTION: Stage.WITH_CARRIER,
    ParcelState.ARRIVED_LOCAL: Stage.NEAR_YOU,
    ParcelState.OUT_FOR_DELIVERY: Stage.OUT_FOR_DELIVERY,
    ParcelState.ATTEMPTED: Stage.OUT_FOR_DELIVERY,
    ParcelState.AVAILABLE_FOR_PICKUP: Stage.OUT_FOR_DELIVERY,
    ParcelState.DELIVERED: Stage.DELIVERED,
}
_NEVER_COMES = frozenset(
    {ParcelState.RETURNING, ParcelState.RETURNED, ParcelState.LOST, ParcelState.DAMAGED, ParcelState.CANCELLED}
)
_MOODS = {
    ParcelState.CUSTOMS: Mood.ATTENTION,
    ParcelState.ATTEMPTED: Mood.ATTENTION,
    ParcelState.AVAILABLE_FOR_PICKUP: Mood.ATTENTION,
    ParcelState.EXCEPTION: Mood.TROUBLE,
    ParcelState.RETURNING: Mood.TROUBLE,
    ParcelState.RETURNED: Mood.TROUBLE,
    ParcelState.LOST: Mood.TROUBLE,
    ParcelState.DAMAGED: Mood.TROUBLE,
}
_NOT_ON_THE_ROAD = frozenset({ParcelState.UNKNOWN, ParcelState.LABEL_CREATED, ParcelState.AVAILABLE_FOR_PICKUP})
_ONE_DAY = timedelta(days=1)


def story(
    state: ParcelState, scans: Sequence[ScanFact], outlook: Outlook, now: datetime, zone: tzinfo, *, at_least: datetime
) -> Story:
    """What the page tells of one parcel. `zone`: of its destination. `at_least`: since when it is with its carrier, for
    one that was never scanned."""
    window = _window(state, outlook, now, zone)
    return Story(
        state=state,
        mood=_MOODS.get(state, Mood.CALM),
        steps=tuple(_steps(state, scans)),
        window=window,
        promised=outlook.promised,
        missed=_missed(state, scans, outlook.promised, window, now, zone),
        quiet_days=_quiet_days(state, scans, now, at_least),
        entries=tuple(_entries(scans)),
    )


def _steps(state: ParcelState, scans: Sequence[ScanFact]) -> Iterator[tuple[Stage, Mark]]:
    """As far as it ever was: a problem or a stop at customs takes nothing back."""
    if state in _NEVER_COMES:
        return
    order = list(Stage)
    reached = [_STAGES[scan.state] for scan in scans if scan.state in _STAGES and scan.state != ParcelState.DELIVERED]
    at = max(order.index(stage) for stage in (_STAGES[state], *reached))
    for number, stage in enumerate(order):
        if number < at or state is ParcelState.DELIVERED:
            yield stage, Mark.DONE
        else:
            yield stage, Mark.CURRENT if number == at else Mark.COMING


def _window(state: ParcelState, outlook: Outlook, now: datetime, zone: tzinfo) -> Window | None:
    """Never a day that is over: what lies in the past is cut off, and a window that is over is none. A parcel that is
    out for delivery comes today; one that waits or does not come has no window."""
    today = now.astimezone(zone).date()
    if state in TERMINAL or state in _NEVER_COMES or state is ParcelState.AVAILABLE_FOR_PICKUP:
        return None
    if state is ParcelState.OUT_FOR_DELIVERY:
        return Window(today, today)
    if outlook.earliest is not None and outlook.latest is not None:
        first, last = outlook.earliest.astimezone(zone).date(), outlook.latest.astimezone(zone).date()
    elif outlook.estimated is not None:
        first = last = outlook.estimated.astimezone(zone).date()
    else:
        return None
    return Window(max(first, today), last) if last >= today else None


def _missed(
    state: ParcelState,
    scans: Sequence[ScanFact],
    promised: date | None,
    window: Window | None,
    now: datetime,
    zone: tzinfo,
) -> bool:
    """Whether the first promise is broken for sure, or every day of the window lies behind it."""
    if promised is None:
        return False
    if state is ParcelState.DELIVERED:
        arrived = [scan.at.astimezone(zone).date() for scan in scans if scan.state is ParcelState.DELIVERED]
        return bool(arrived) and min(arrived) > promised
    if state is ParcelState.AVAILABLE_FOR_PICKUP:
        return False
    return now.astimezone(zone).date() > promised or (window is not None and window.first > promised)


def _quiet_days(state: ParcelState, scans: Sequence[ScanFact], now: datetime, at_least: datetime) -> int:
    if state in TERMINAL or state in _NOT_ON_THE_ROAD:
        return 0
    last = max((scan.at for scan in scans), default=at_least)
    return max((now - last) // _ONE_DAY, 0)


def _entries(scans: Sequence[ScanFact]) -> list[Entry]:
    """Newest first. What says nothing is left out, and the same state at the same place again is one line, with the
    time when it began."""
    told: list[Entry] = []
    known = [scan for scan in scans if scan.state is not ParcelState.UNKNOWN]
    for scan in sorted(known, key=lambda scan: (scan.at, RANK[scan.state])):
        place = _readable(scan.place)
        if not told or (told[-1].state, told[-1].place) != (scan.state, place):
            told.append(Entry(scan.state, scan.at, place))
    return told[::-1]


def _readable(place: str) -> str:
    """Carriers shout: "SALT LAKE CITY, US" is Salt Lake City, US."""
    town, comma, country = place.rpartition(", ")
    return f"{town.title()}{comma}{country}" if town.isupper() else place


def way(entries: Sequence[Entry], most: int) -> tuple[tuple[str, ...], bool]:
    """The towns that a parcel came through, oldest first: at most so many, the first and the last ones, and whether
    some between them are left out. The country is told only where they are not all in one."""
    towns: list[str] = []
    for entry in reversed(entries):
        if entry.place and (not towns or towns[-1] != entry.place):
            towns.append(entry.place)
    parts = [town.rpartition(", ") for town in towns]
    if len({country for _, _, country in parts}) == 1 and all(town for town, _, _ in parts):
        towns = [town for town, _, _ in parts]
    if len(towns) <= most:
        return tuple(towns), False
    return (towns[0], *towns[1 - most :]), True
