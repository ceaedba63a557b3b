"""What a warehouse (node) is asked and what it answers, in our words."""

import hashlib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from domain.order import Address


class NodeState(StrEnum):
    """State of one shipment at a node. An unmapped vendor word is UNKNOWN and keeps its raw code."""

    UNKNOWN = "unknown"
    RECEIVED = "received"  # accepted by the node, nothing picked
    ON_HOLD = "on_hold"  # the node itself holds it (stock, address, billing)
    PICKING = "picking"
    LABELLED = "labelled"
    SHIPPED = "shipped"  # handed to the carrier
    DELIVERED = "delivered"
    EXCEPTION = "exception"  # short pick, lost in the building
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class NodeLine:
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class NodeOrderRequest:
    """One fulfilment order for a node. `reference` is ours and unique at the node."""

    reference: str
    order_name: str
    ship_to: Address
    email: str
    lines: tuple[NodeLine, ...]
    shipping_method: str
    ordered_at: datetime
    node_location: str = ""  # the vendor's id of the building, empty = the vendor chooses
    currency: str = ""


@dataclass(frozen=True, slots=True)
class NodeShipment:
    external_id: str
    state: NodeState
    raw_state: str
    lines: tuple[NodeLine, ...]
    tracking_number: str = ""
    tracking_url: str = ""
    carrier: str = ""
    service: str = ""
    shipped_at: datetime | None = None
    detail: str = ""  # the vendor's code for what is wrong, never free text


@dataclass(frozen=True, slots=True)
class NodeOrder:
    """What the node has under our reference now. `lines` and `ship_to` are of all that is still to be sent, or was;
    a node that sends it to several places states no `ship_to`."""

    external_id: str
    reference: str
    state: NodeState
    shipments: tuple[NodeShipment, ...]
    updated_at: datetime | None = None
    request_digest: str = ""  # digest of address and lines as the node has them, see `request_digest`
    lines: tuple[NodeLine, ...] = ()
    ship_to: Address | None = field(default=None, repr=False)


def request_digest(ship_to: Address, lines: Iterable[NodeLine]) -> str:
    """Identity of what a node is asked to send where, to compare our request with what the node has.

    Case, spacing and the order of lines do not count, neither do contact data (nodes rewrite phone numbers).
    """
    wanted: dict[str, int] = {}
    for line in lines:
        wanted[line.sku] = wanted.get(line.sku, 0) + line.quantity
    where = (
        *(ship_to.name or ship_to.company, ship_to.company, ship_to.line1, ship_to.line2, ship_to.city),
        *(ship_to.region, ship_to.postal_code, ship_to.country),
    )
    parts = [" ".join(unicodedata.normalize("NFKC", part).casefold().split()) for part in where]
    parts += [f"{quantity} {sku}" for sku, quantity in sorted(wanted.items()) if quantity]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
