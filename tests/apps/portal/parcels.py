"""An order with everything that its page can show."""

from datetime import datetime, timedelta
from typing import Any

from config.wiring import Wiring
from domain.edit_windows import Limit, NextStep, Window
from domain.edits import EditKind
from domain.ids import new_id
from ledger.rows import Row
from ledger.tables import (
    AuditEvent,
    FulfilmentOrder,
    Hold,
    Payment,
    Product,
    ProductVariant,
    Shipment,
    ShipmentLine,
    TrackingEventRow,
)
from tests.ledger.support import put

PICTURE = "https://cdn.shopify.com/s/files/1/sandbox/shirt.jpg"


def add_hold(wiring: Wiring, order: str, name: str, at: datetime, released_at: datetime | None = None) -> None:
    put(wiring, Hold, {
        "id": new_id("hold"), "order_id": order, "name": name, "owner": "customer", "reason": "secret_reason",
        "placed_by": "validate", "placed_at": at, "due_at": at, "released_at": released_at, "released_by": "",
    })  # fmt: skip


def accept(wiring: Wiring, order: str, at: datetime) -> None:
    put(wiring, AuditEvent, {
        "aggregate": "order", "aggregate_id": order, "actor": "system", "from_state": "validating",
        "to_state": "accepted", "cause": "validated", "flow_run_id": "", "at": at,
    })  # fmt: skip


def release(wiring: Wiring, order: str, at: datetime) -> None:
    put(wiring, FulfilmentOrder, {
        "id": new_id("ful"), "order_id": order, "location_id": "brooklyn", "state": "in_progress",
        "request_state": "accepted", "release_at": at, "priority": 5, "attempt": 1, "node_external_id": "",
        "pick_list_id": "", "created_at": at, "released_at": at, "accepted_at": at,
    })  # fmt: skip


def pay(wiring: Wiring, order: str, captured: int, refunded: int = 0) -> None:
    put(wiring, Payment, {
        "id": new_id("pay"), "order_id": order, "gateway": "card", "currency": "USD", "authorised_minor": 0,
        "captured_minor": captured, "refunded_minor": refunded, "authorisation_external_id": "",
        "authorisation_expires_at": None, "declined_code": "",
    })  # fmt: skip


def add_parcel(
    wiring: Wiring, order: str, *scans: tuple[str, datetime, str], at: datetime, content: Row | None = None, **more: Any
) -> str:
    """A parcel that left at this time; `scans`: state, time, town."""
    row = {
        "id": new_id("shp"), "order_id": order, "fulfilment_order_id": "", "external_id": "",
        "state": scans[-1][0] if scans else "accepted", "tracking_number": "1Z999AA10123456784",
        "tracking_url": "https://www.ups.com/track?tracknum=1Z999AA10123456784", "carrier": "UPS", "service": "Ground",
        "label_document_id": "", "quote_external_id": "", "label_cost_minor": 0, "label_currency": "",
        "tracker_external_id": "", "polling": False, "shop_fulfilment_external_id": "", "created_at": at,
        "shipped_at": at, "delivered_at": None, "estimated_delivery": None, "due_at": at, "attempts": 0,
        "lease_token": 0, "error": "",
    } | more  # fmt: skip
    put(wiring, Shipment, row)
    for number, (state, scanned_at, town) in enumerate(scans):
        put(wiring, TrackingEventRow, {
            "shipment_id": row["id"], "digest": f"{number:03}", "state": state, "raw_code": state, "detail_code": "",
            "city": town, "country": "US" if town else "", "occurred_at": scanned_at,
        })  # fmt: skip
    for line, units in (content or {}).items():
        put(wiring, ShipmentLine, {"shipment_id": row["id"], "order_line_id": line, "sku": "X", "quantity": units})
    return str(row["id"])


def add_product(wiring: Wiring, sku: str, at: datetime, *, image_url: str = PICTURE, **options: str) -> None:
    product = new_id("prd")
    put(wiring, Product, {
        "id": product, "system": "shopify", "account": "alpha", "external_id": product, "title": sku, "handle": sku,
        "status": "active", "category": "", "product_type": "", "tags": [], "description": "", "image_url": image_url,
        "hazmat": False, "gift_card": False, "care_text": "", "usage_text": "", "updated_at": at,
    })  # fmt: skip
    put(wiring, ProductVariant, {
        "id": new_id("var"), "product_id": product, "system": "shopify", "account": "alpha",
        "external_id": new_id("x"), "inventory_external_id": "", "sku": sku, "title": sku, "options": options,
        "price_minor": 5900, "currency": "USD", "barcode": "", "weight_g": 0, "requires_shipping": True,
        "origin_country": "", "hs_code": "", "image_url": "", "kit_parts": [],
    })  # fmt: skip


def some_windows(now: datetime) -> list[Window]:
    """Open ones with and without an end, and closed ones of two reasons."""
    intercept = NextStep("carrier_intercept", 1950, "USD")
    return [
        Window(EditKind.ADDRESS, True, now + timedelta(minutes=37, seconds=30), Limit.NODE),
        Window(EditKind.CONTACT, True, now + timedelta(days=12), Limit.POLICY),
        Window(EditKind.CANCEL, True),
        Window(EditKind.QUANTITY, False, None, Limit.NODE, "node_packed", intercept),
        Window(EditKind.SWAP, False, None, Limit.NODE, "node_packed", intercept),
        Window(EditKind.ADD, False, None, Limit.POLICY, "window_closed", NextStep("ask_us", 0, "USD")),
    ]
