"""Returns of the fake ShipBob."""

from dataclasses import dataclass, field
from datetime import datetime

ACTIONS = ("Default", "Restock", "Quarantine", "Dispose")
AWAITED, ARRIVED, PROCESSING, COMPLETED, CANCELLED = (
    "Awaiting Arrival", "Arrived", "Processing", "Completed", "Cancelled",
)  # fmt: skip


@dataclass(slots=True)
class Taken:
    """What was done with some units."""

    action: str
    quantity: int
    reason: str | None
    image_url: str | None


@dataclass(slots=True)
class ReturnLine:
    """Units of one inventory item; none are expected of an item that nobody announced."""

    inventory_id: int
    quantity: int
    action: str
    bundle_sku: str | None = None
    lot_number: str | None = None
    lot_date: str | None = None
    taken: list[Taken] = field(default_factory=list)


@dataclass(slots=True)
class Return:
    id: int
    channel_id: int
    centre_id: int
    reference_id: str
    lines: list[ReturnLine]
    created_at: datetime
    shipment_id: int | None = None
    tracking_number: str | None = None
    kind: str = "Regular"
    status: str = AWAITED
    history: list[tuple[str, datetime]] = field(default_factory=list)
    charges: list[tuple[str, float]] = field(default_factory=list)

    def at(self, status: str) -> datetime | None:
        """When it last entered a status."""
        return next((moment for name, moment in reversed(self.history) if name == status), None)
