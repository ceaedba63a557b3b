"""Parcels: the sixteen states, their merge by time of occurrence, rates and labels."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum


class ParcelState(StrEnum):
    UNKNOWN = "unknown"
    LABEL_CREATED = "label_created"
    ACCEPTED = "accepted"
    IN_TRANSIT = "in_transit"
    ARRIVED_LOCAL = "arrived_local"
    CUSTOMS = "customs"
    OUT_FOR_DELIVERY = "out_for_delivery"
    ATTEMPTED = "attempted"
    AVAILABLE_FOR_PICKUP = "available_for_pickup"
    EXCEPTION = "exception"
    RETURNING = "returning"
    DELIVERED = "delivered"
    RETURNED = "returned"
    LOST = "lost"
    DAMAGED = "damaged"
    CANCELLED = "cancelled"


RANK = {state: rank for rank, state in enumerate(ParcelState)}  # ties in time go to the later word
TERMINAL = frozenset(
    {ParcelState.DELIVERED, ParcelState.RETURNED, ParcelState.LOST, ParcelState.DAMAGED, ParcelState.CANCELLED}
)


@dataclass(frozen=True, slots=True)
class TrackingEvent:
    """One scan. `raw_code` is the vendor's own word; the place is a town, never a street.

    `corrects`: the source takes back what it said before, so that a terminal state may be left. `source` and
    `map_version` name the table that gave `state`, empty and 0 where none was asked; `mapped` is False when that table
    does not have the code.
    """

    state: ParcelState
    occurred_at: datetime
    raw_code: str
    detail_code: str = ""
    city: str = ""
    region: str = ""
    country: str = ""
    corrects: bool = False
    source: str = ""
    map_version: int = 0
    mapped: bool = True

    def digest(self) -> str:
        """Identity of the event: the same scan told twice has the same digest, in whatever zone its time is written."""
        moment = self.occurred_at.astimezone(UTC).isoformat()
        text = "|".join((self.raw_code, self.detail_code, moment, self.city, self.country))
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def union(*told: Iterable[TrackingEvent]) -> tuple[TrackingEvent, ...]:
    """All scans of several tellings, each once, by time of occurrence.

    Commutative, associative and idempotent: of two readings of one scan the one by the newer table counts, then the
    more advanced state, whoever told it first.
    """
    return tuple(each_once(*told).values())


def each_once(*told: Iterable[TrackingEvent]) -> dict[str, TrackingEvent]:
    """`union` by digest, in the same order."""
    best: dict[str, TrackingEvent] = {}
    for event in (event for events in told for event in events):
        digest = event.digest()
        known = best.get(digest)
        if known is None or (reading(event), *_ties(event)) > (reading(known), *_ties(known)):
            best[digest] = event
    return dict(sorted(best.items(), key=lambda found: (*_order(found[1]), found[0])))


def reading(event: TrackingEvent) -> tuple[int, int, bool]:
    """How much this reading of a scan counts against another one of the same scan."""
    return event.map_version, RANK[event.state], event.corrects


def _ties(event: TrackingEvent) -> tuple[bool, str, str]:
    return event.mapped, event.source, event.region


def _order(event: TrackingEvent) -> tuple[datetime, bool, int]:
    return event.occurred_at, event.corrects, RANK[event.state]


def merge_state(events: Iterable[TrackingEvent]) -> ParcelState:
    """State of a parcel from all its events, whatever order they came in and however often.

    The latest occurrence wins, ties by rank; UNKNOWN never beats a known word; the first terminal state stays, unless
    the source corrects itself later: from its last correction on the same rules hold anew.
    """
    known = sorted((event for event in events if event.state is not ParcelState.UNKNOWN), key=_order)
    corrected = max((place for place, event in enumerate(known) if event.corrects), default=0)
    for event in known[corrected:]:
        if event.state in TERMINAL:
            return event.state
    return known[-1].state if known else ParcelState.UNKNOWN


def in_context(events: Sequence[TrackingEvent], *, way_back: bool = False) -> tuple[TrackingEvent, ...]:
    """A tracker's scans, oldest first, with what a word means after those before it.

    `delivered` after the way back began is at the sender's. An arrival after `lost` proves that the parcel was not:
    it corrects. `way_back`: the parcel is a return, whose end is its delivery.
    """
    back = lost = False
    told: list[TrackingEvent] = []
    for event in events:
        state = event.state
        if back and state is ParcelState.DELIVERED and not way_back:
            state = ParcelState.RETURNED
        found = lost and state in (ParcelState.DELIVERED, ParcelState.RETURNED)
        back = back or state is ParcelState.RETURNING
        lost = (lost or state is ParcelState.LOST) and not found
        changed = state is not event.state or (found and not event.corrects)
        told.append(replace(event, state=state, corrects=event.corrects or found) if changed else event)
    return tuple(told)


@dataclass(frozen=True, slots=True)
class Tracker:
    """A vendor's tracker of one parcel with all events that it knows, oldest first."""

    external_id: str
    tracking_number: str
    carrier: str
    events: tuple[TrackingEvent, ...]
    estimated_delivery: datetime | None = None
    public_url: str = ""


@dataclass(frozen=True, slots=True)
class Parcel:
    """Weight in grams, sizes in millimetres."""

    weight_g: int
    length_mm: int
    width_mm: int
    height_mm: int


@dataclass(frozen=True, slots=True)
class Rate:
    external_id: str
    carrier: str
    service: str
    cost_minor: int
    currency: str
    delivery_days: int | None


@dataclass(frozen=True, slots=True)
class Quote:
    """Rates for one parcel. Asking costs nothing; `external_id` is what a label is bought for."""

    external_id: str
    rates: tuple[Rate, ...]


@dataclass(frozen=True, slots=True)
class Label:
    """A bought label."""

    quote_external_id: str
    tracking_number: str
    carrier: str
    service: str
    cost_minor: int
    currency: str
    label_url: str
    tracker_external_id: str = ""
    voided: bool = False
    followed_by: str = ""  # "system/account" of whoever tells of its parcel under `tracker_external_id`


def cheapest_in_time(rates: Sequence[Rate], *, max_days: int | None) -> Rate | None:
    """The cheapest rate that keeps the promise; without one in time the fastest known, then the cheapest."""
    in_time = [r for r in rates if max_days is None or (r.delivery_days is not None and r.delivery_days <= max_days)]
    if in_time:
        return min(in_time, key=lambda r: (r.cost_minor, r.delivery_days or 99, r.external_id))
    timed = [r for r in rates if r.delivery_days is not None]
    if timed:
        return min(timed, key=lambda r: (r.delivery_days or 0, r.cost_minor, r.external_id))
    return min(rates, key=lambda r: (r.cost_minor, r.external_id), default=None)
