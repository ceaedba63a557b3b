"""Orders and shipments of the fake ShipBob, and its settings."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any


class Stage(IntEnum):
    """How far the warehouse is with a shipment."""

    RECEIVED = 0
    PICKED = 1
    LABELLED = 2
    SHIPPED = 3
    DELIVERED = 4


@dataclass(slots=True)
class Settings:
    """Speeds and limits; `cancel_until` is the first stage at which a cancel is refused."""

    pick_after_s: float = 7200.0
    label_after_s: float = 3600.0
    ship_after_s: float = 7200.0
    deliver_after_s: float = 172_800.0
    instant: bool = False
    short_next: int = 0
    rate_limit_per_minute: int | None = 150
    cancel_until: str = "picked"

    def wait_s(self, stage: Stage) -> float:
        """Seconds from the stage before until this one."""
        if stage is Stage.DELIVERED:
            return self.deliver_after_s
        if self.instant:
            return 0.0
        return (0.0, self.pick_after_s, self.label_after_s, self.ship_after_s)[stage]


@dataclass(slots=True)
class Line:
    """So many units of one inventory item, for the product (or bundle) that was ordered."""

    inventory_id: int
    quantity: int
    product_sku: str
    committed: int = 0


@dataclass(slots=True)
class Log:
    """One entry of a shipment's timeline."""

    type_id: int
    name: str
    text: str
    at: datetime


@dataclass(slots=True)
class Shipment:
    """One parcel of an order. `status` is ShipBob's word; `stage` says how far the work is."""

    id: int
    order_id: int
    centre_id: int
    created_at: datetime
    updated_at: datetime
    recipient: dict[str, Any]
    lines: list[Line]
    status: str = "Processing"
    status_details: list[dict[str, Any]] = field(default_factory=list)
    stage: Stage = Stage.RECEIVED
    stage_at: datetime | None = None
    due: datetime | None = None
    tracking_number: str | None = None
    carrier: str | None = None
    carrier_service: str | None = None
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    lost: bool = False
    logs: list[Log] = field(default_factory=list)

    @property
    def open(self) -> bool:
        return self.status not in ("Cancelled", "Completed")


@dataclass(slots=True)
class Order:
    """An order as it was posted, and its shipments."""

    id: int
    channel_id: int
    body: dict[str, Any]
    created_at: datetime
    products: list[dict[str, Any]]
    shipments: list[Shipment] = field(default_factory=list)

    @property
    def reference_id(self) -> str:
        return str(self.body["reference_id"])

    @property
    def updated_at(self) -> datetime:
        return max((shipment.updated_at for shipment in self.shipments), default=self.created_at)

    @property
    def status(self) -> str:
        """Derived, as ShipBob does: the shipments say how the order is."""
        words = {shipment.status for shipment in self.shipments}
        if words == {"Cancelled"}:
            return "Cancelled"
        if words <= {"Completed", "Cancelled"}:
            return "Fulfilled"
        if "Exception" in words:
            return "Exception"
        return "PartiallyFulfilled" if "Completed" in words else "Processing"
