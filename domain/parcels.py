"""Parcels: the sixteen states, their merge by time of occurrence, rates and labels."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
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
    """One scan. `raw_code` is the vendor's own word; the place is a town, never a street."""

    state: ParcelState
    occurred_at: datetime
    raw_code: str
    detail_code: str = ""
    city: str = ""
    region: str = ""
    country: str = ""

    def digest(self) -> str:
        """Identity of the event: the same scan told twice has the same digest."""
        text = "|".join((self.raw_code, self.detail_code, self.occurred_at.isoformat(), self.city, self.country))
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def merge_state(events: Iterable[TrackingEvent]) -> ParcelState:
    """State of a parcel from all its events, whatever order they came in.

    The latest occurrence wins, ties by rank; UNKNOWN never beats a known word; the first terminal state stays.
    """
    known = sorted(
        (event for event in events if event.state is not ParcelState.UNKNOWN),
        key=lambda event: (event.occurred_at, RANK[event.state]),
    )
    for event in known:
        if event.state in TERMINAL:
            return event.state
    return known[-1].state if known else ParcelState.UNKNOWN


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


def cheapest_in_time(rates: Sequence[Rate], *, max_days: int | None) -> Rate | None:
    """The cheapest rate that keeps the promise; without one in time the fastest known, then the cheapest."""
    in_time = [r for r in rates if max_days is None or (r.delivery_days is not None and r.delivery_days <= max_days)]
    if in_time:
        return min(in_time, key=lambda r: (r.cost_minor, r.delivery_days or 99, r.external_id))
    timed = [r for r in rates if r.delivery_days is not None]
    if timed:
        return min(timed, key=lambda r: (r.delivery_days or 0, r.cost_minor, r.external_id))
    return min(rates, key=lambda r: (r.cost_minor, r.external_id), default=None)
