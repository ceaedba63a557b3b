"""Products as shops state them and stock as shops and nodes show it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class KitPart:
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class CatalogueVariant:
    """A sellable variant. Weight in grams. `inventory_external_id` is the shop's own stock item."""

    external_id: str
    sku: str
    title: str
    options: tuple[tuple[str, str], ...]
    price_minor: int
    currency: str
    inventory_external_id: str = ""
    barcode: str = ""
    weight_g: int = 0
    requires_shipping: bool = True
    tracked: bool = True
    origin_country: str = ""
    hs_code: str = ""
    image_url: str = ""
    kit_parts: tuple[KitPart, ...] = ()


@dataclass(frozen=True, slots=True)
class CatalogueProduct:
    external_id: str
    title: str
    handle: str
    status: str
    category: str
    product_type: str
    tags: tuple[str, ...]
    description: str
    updated_at: datetime
    variants: tuple[CatalogueVariant, ...]
    image_url: str = ""
    hazmat: bool = False
    gift_card: bool = False
    care_text: str = ""
    usage_text: str = ""


@dataclass(frozen=True, slots=True)
class ShopStock:
    """What a shop shows for one stock item at one of its locations."""

    inventory_external_id: str
    location_external_id: str
    sku: str
    available: int
    on_hand: int
    committed: int


@dataclass(frozen=True, slots=True)
class StockWrite:
    """Set `available`, only if it still is `expected`."""

    key: str  # our idempotency key
    inventory_external_id: str
    location_external_id: str
    expected: int
    available: int


@dataclass(frozen=True, slots=True)
class NodeStock:
    """What a node says of one SKU. `free` is what the node itself still offers to promise."""

    sku: str
    on_hand: int
    free: int
    node_location: str = ""
    raw: dict[str, Any] | None = None
