"""A new order as rows."""

from datetime import datetime

from domain.order import IncomingOrder
from ledger.rows import Row


def order_row(
    order: IncomingOrder,
    order_id: str,
    customer_id: str,
    contact: Row,
    release_at: datetime,
    source: str,
    account: str,
    now: datetime,
) -> Row:
    """An order as it enters the ledger: received, unfenced."""
    return {
        "id": order_id,
        "source": source,
        "account": account,
        "external_id": order.external_id,
        "name": order.name,
        "customer_id": customer_id,
        "contact_id": contact["id"],
        "state": "received",
        "placed_at": order.created_at,
        "source_updated_at": order.updated_at,
        "captured_at": now,
        "currency": order.currency,
        "total_minor": order.total_minor,
        "tax_minor": order.tax_minor,
        "shipping_minor": order.shipping_minor,
        "discount_minor": order.discount_minor,
        "taxes_included": order.taxes_included,
        "locale": order.locale or "en",
        "country": contact["country"],
        "region": contact["region"],
        "shipping_code": order.shipping_code,
        "risk_level": str(order.risk.level),
        "risk_recommendation": order.risk.recommendation,
        "release_at": release_at,
        "cancel_reason": "cancelled_in_shop" if order.cancelled_at is not None else "",
        "test": order.test,
        "fence_token": "",
        "fenced_by": "",
        "version": 1,
        "cancelled_at": order.cancelled_at,
    }


def line_rows(order: IncomingOrder, order_id: str) -> tuple[list[Row], dict[str, str]]:
    """Rows of an order's lines, and our line ids by the source's."""
    ids = {line.external_id: f"{order_id}:{index:03d}" for index, line in enumerate(order.lines, start=1)}
    left = _shippable(order)
    rows = [
        {
            "id": ids[line.external_id],
            "order_id": order_id,
            "external_id": line.external_id,
            "sku": line.sku,
            "title": line.title,
            "unit_price_minor": line.unit_price_minor,
            "discount_minor": line.discount_minor,
            "tax_minor": line.tax_minor,
            "requires_shipping": line.requires_shipping and not line.gift_card and left.get(line.external_id, 1) > 0,
            "ordered": line.quantity,
            "reserved": 0,
            "backordered": 0,
            "released": 0,
            "shipped": 0,
            "delivered": 0,
            "cancelled": 0,
        }
        for line in order.lines
    ]
    return rows, ids


def _shippable(order: IncomingOrder) -> dict[str, int]:
    """Units that the shop still wants shipped, by line; empty when the source has no fulfilment orders."""
    left: dict[str, int] = {}
    for found in order.fulfilment_orders:
        for line in found.lines:
            left[line.line_external_id] = left.get(line.line_external_id, 0) + line.remaining
    if order.fulfilment_orders:
        for order_line in order.lines:
            left.setdefault(order_line.external_id, 0)
    return left
