"""Work for the people of an own warehouse: pick lists, batched by zone and priority, and packing slips."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from domain.order import Address

MIXED_ZONE = "mixed"  # an order whose lines lie in several zones is picked by walking


@dataclass(frozen=True, slots=True)
class PickLine:
    """One position to fetch. `bin` names the shelf place, `zone` the part of the building."""

    line_id: str
    sku: str
    title: str
    quantity: int
    bin: str
    zone: str
    barcode: str = ""


@dataclass(frozen=True, slots=True)
class PickOrder:
    """One fulfilment order to pick. `priority` 1 goes first; tracking and label are empty until bought."""

    fulfilment_order_id: str
    reference: str
    lines: tuple[PickLine, ...]
    shipment_id: str = ""
    tracking_number: str = ""
    label_url: str = ""
    priority: int = 2

    @property
    def zone(self) -> str:
        """The zone of all its lines, or `mixed`."""
        zones = {line.zone for line in self.lines}
        return zones.pop() if len(zones) == 1 else MIXED_ZONE


@dataclass(frozen=True, slots=True)
class PickList:
    """One sheet. A changed order recalls its sheet; the new one has the next version, the old is refused."""

    id: str
    version: int
    location: str
    created_at: datetime
    zone: str
    priority: int
    orders: tuple[PickOrder, ...]


@dataclass(frozen=True, slots=True)
class SlipLine:
    sku: str
    title: str
    quantity: int


@dataclass(frozen=True, slots=True)
class PackingSlip:
    """What lies in one parcel, for the customer: no prices, it may be a gift."""

    reference: str
    order_name: str
    seller: str
    ship_to: Address
    ordered_at: datetime
    lines: tuple[SlipLine, ...]
    later: tuple[SlipLine, ...] = field(default=())  # of the same order, in another parcel
    note: str = ""


@dataclass(frozen=True, slots=True)
class PickBatch:
    """Orders that one person picks in one walk."""

    zone: str
    priority: int
    orders: tuple[PickOrder, ...]


def batch_orders(orders: Iterable[PickOrder], *, largest: int) -> list[PickBatch]:
    """Group orders by priority and zone into batches of at most `largest`, urgent ones first.

    Within a batch orders keep the sequence in which they came, so the oldest is picked first.
    """
    if largest < 1:
        raise ValueError("a batch holds at least one order")

    def kind(order: PickOrder) -> tuple[int, str]:
        return order.priority, order.zone

    batches = []
    for (priority, zone), group in groupby(sorted(orders, key=kind), key=kind):
        members = list(group)
        for start in range(0, len(members), largest):
            batches.append(PickBatch(zone, priority, tuple(members[start : start + largest])))
    return batches
