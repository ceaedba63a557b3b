"""An order as its customer understands it: one state, how far it has come, and what has happened so far.

All are codes; templates turn them into sentences. Nothing here names a person, a warehouse or a suspicion.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.parcels import ParcelState
from domain.states import ENDED_ORDER, OrderState

EDIT_WINDOW = "edit_window"  # a hold that every order has for a while: nothing is wrong


class Headline(StrEnum):
    """What stands at the top of the page."""

    RECEIVED = "received"
    CONFIRMED = "confirmed"
    NEEDS_ADDRESS = "needs_address"
    NEEDS_PAYMENT = "needs_payment"
    WAITS_FOR_STOCK = "waits_for_stock"
    BEING_CHECKED = "being_checked"
    PACKING = "packing"
    PARTLY_SHIPPED = "partly_shipped"
    SHIPPED = "shipped"
    OUT_FOR_DELIVERY = "out_for_delivery"
    ATTEMPTED = "attempted"
    AVAILABLE_FOR_PICKUP = "available_for_pickup"
    TROUBLE = "trouble"
    PARTLY_DELIVERED = "partly_delivered"
    DELIVERED = "delivered"
    COMPLETED = "completed"  # nothing of it was to be sent
    CANCELLED = "cancelled"


class Progress(StrEnum):
    """The steps of the bar."""

    ORDERED = "ordered"
    PACKING = "packing"
    ON_ITS_WAY = "on_its_way"
    DELIVERED = "delivered"


@dataclass(frozen=True, slots=True)
class HoldFact:
    """A named reason why the order waits, or waited."""

    name: str
    placed_at: datetime
    released_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ScanFact:
    """What a carrier told; the place is a town."""

    state: ParcelState
    at: datetime
    place: str = ""


@dataclass(frozen=True, slots=True)
class ParcelFact:
    """One parcel with what the carrier told, oldest first."""

    state: ParcelState
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    scans: tuple[ScanFact, ...] = ()

    @property
    def left(self) -> bool:
        """Whether it is out of the house: a label alone is not."""
        return self.shipped_at is not None or self.state not in _NOT_LEFT


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What the page is told of. Units are of what is to be sent: wanted now, out of the house, handed over.

    `released_at`: when a warehouse was first told. `changed_at`: when changes that were asked for were made.
    """

    state: OrderState
    placed_at: datetime
    to_ship: int
    shipped: int = 0
    delivered: int = 0
    accepted_at: datetime | None = None
    released_at: datetime | None = None
    cancelled_at: datetime | None = None
    changed_at: tuple[datetime, ...] = ()
    holds: tuple[HoldFact, ...] = ()
    parcels: tuple[ParcelFact, ...] = ()


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of the timeline. `parcel` counts from 1, 0 when it is about the order."""

    code: str
    at: datetime
    parcel: int = 0
    place: str = ""


_NOT_LEFT = (ParcelState.UNKNOWN, ParcelState.LABEL_CREATED, ParcelState.CANCELLED)
_HOLDS = {
    "address": Headline.NEEDS_ADDRESS,
    "payment": Headline.NEEDS_PAYMENT,
    "stock": Headline.WAITS_FOR_STOCK,
}
_PARCELS = {  # the first that fits any parcel is what the customer has to know
    ParcelState.LOST: Headline.TROUBLE,
    ParcelState.DAMAGED: Headline.TROUBLE,
    ParcelState.RETURNED: Headline.TROUBLE,
    ParcelState.RETURNING: Headline.TROUBLE,
    ParcelState.EXCEPTION: Headline.TROUBLE,
    ParcelState.AVAILABLE_FOR_PICKUP: Headline.AVAILABLE_FOR_PICKUP,
    ParcelState.ATTEMPTED: Headline.ATTEMPTED,
    ParcelState.OUT_FOR_DELIVERY: Headline.OUT_FOR_DELIVERY,
}
_STEPS = {
    Headline.PACKING: Progress.PACKING,
    Headline.PARTLY_SHIPPED: Progress.ON_ITS_WAY,
    Headline.SHIPPED: Progress.ON_ITS_WAY,
    Headline.OUT_FOR_DELIVERY: Progress.ON_ITS_WAY,
    Headline.ATTEMPTED: Progress.ON_ITS_WAY,
    Headline.AVAILABLE_FOR_PICKUP: Progress.ON_ITS_WAY,
    Headline.TROUBLE: Progress.ON_ITS_WAY,
    Headline.PARTLY_DELIVERED: Progress.ON_ITS_WAY,
    Headline.DELIVERED: Progress.DELIVERED,
}
_TOLD_SCANS = (  # the others say nothing that the customer would miss
    ParcelState.IN_TRANSIT,
    ParcelState.ARRIVED_LOCAL,
    ParcelState.CUSTOMS,
    ParcelState.OUT_FOR_DELIVERY,
    ParcelState.ATTEMPTED,
    ParcelState.AVAILABLE_FOR_PICKUP,
    ParcelState.EXCEPTION,
    ParcelState.RETURNING,
    ParcelState.DELIVERED,
    ParcelState.RETURNED,
    ParcelState.LOST,
    ParcelState.DAMAGED,
)


def headline(order: OrderFacts) -> Headline:
    """The one state of the order, the most urgent thing first."""
    if order.state is OrderState.CANCELLED:
        return Headline.CANCELLED
    gone = [parcel for parcel in order.parcels if parcel.left]
    if gone:
        return _of_parcels(order, gone)
    if order.state is OrderState.COMPLETED:
        return Headline.DELIVERED if order.to_ship else Headline.COMPLETED
    waiting = [hold for hold in order.holds if hold.released_at is None and hold.name != EDIT_WINDOW]
    if waiting and order.state not in ENDED_ORDER:
        names = {hold.name for hold in waiting}
        return next((told for name, told in _HOLDS.items() if name in names), Headline.BEING_CHECKED)
    if order.state is OrderState.IN_FULFILMENT:
        return Headline.PACKING
    return Headline.CONFIRMED if order.state in (OrderState.ACCEPTED, OrderState.ROUTING) else Headline.RECEIVED


def _of_parcels(order: OrderFacts, gone: Sequence[ParcelFact]) -> Headline:
    states = {parcel.state for parcel in gone}
    urgent = next((told for state, told in _PARCELS.items() if state in states), None)
    if urgent is not None:
        return urgent
    if states == {ParcelState.DELIVERED}:
        return Headline.DELIVERED if order.shipped >= order.to_ship else Headline.PARTLY_DELIVERED
    if ParcelState.DELIVERED in states:
        return Headline.PARTLY_DELIVERED
    return Headline.SHIPPED if order.shipped >= order.to_ship else Headline.PARTLY_SHIPPED


def progress(order: OrderFacts) -> Progress | None:
    """How far the bar is filled; none where there is nothing to send, or no more."""
    told = headline(order)
    if told in (Headline.CANCELLED, Headline.COMPLETED) or not order.to_ship:
        return None
    return _STEPS.get(told, Progress.ORDERED)


def timeline(order: OrderFacts) -> list[Happening]:
    """What has happened, newest first."""
    return sorted(_happenings(order), key=lambda happening: happening.at, reverse=True)


def _happenings(order: OrderFacts) -> Iterator[Happening]:
    if order.cancelled_at:
        yield Happening("cancelled", order.cancelled_at)
    yield from (Happening("changed", at) for at in order.changed_at)
    for number, parcel in enumerate(order.parcels, start=1):
        yield from _of_parcel(parcel, number)
    if order.released_at:
        yield Happening("packing", order.released_at)
    for hold in order.holds:
        if hold.name != EDIT_WINDOW:
            code = _HOLDS.get(hold.name, Headline.BEING_CHECKED)
            if hold.released_at:
                yield Happening(f"{code}_over", hold.released_at)
            yield Happening(code, hold.placed_at)
    if order.accepted_at:
        yield Happening("confirmed", order.accepted_at)
    yield Happening("placed", order.placed_at)


def _of_parcel(parcel: ParcelFact, number: int) -> Iterator[Happening]:
    """The same state told again and again is one line, with the time when it began."""
    told: ParcelState | None = None
    for scan in parcel.scans:
        if scan.state in _TOLD_SCANS and scan.state is not told:
            yield Happening(scan.state, scan.at, number, scan.place)
            told = scan.state
    if parcel.delivered_at and all(scan.state is not ParcelState.DELIVERED for scan in parcel.scans):
        yield Happening(ParcelState.DELIVERED, parcel.delivered_at, number)
    if parcel.shipped_at:
        yield Happening("shipped", parcel.shipped_at, number)
