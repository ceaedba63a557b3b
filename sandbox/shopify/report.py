"""What the control API tells of a shop."""

from typing import Any

from sandbox.core.clock import stamp
from sandbox.shopify import returning, totals
from sandbox.shopify.model import Order
from sandbox.shopify.return_model import Return
from sandbox.shopify.state import Shop, gid


def order(shop: Shop, value: Order) -> dict[str, Any]:
    """Plain values for drivers and tests; money in the customer's currency."""
    return {
        "id": gid("Order", value.id),
        "legacy_id": value.id,
        "name": value.name,
        "created_at": stamp(value.created_at),
        "updated_at": stamp(value.updated_at),
        "cancelled_at": stamp(value.cancelled_at) if value.cancelled_at else None,
        "financial_status": totals.financial_status(value, shop.now()),
        "fulfillment_status": totals.fulfillment_status(value),
        "held": any(each.holds for each in value.fulfillment_orders),
        "holds": [hold.handle for each in value.fulfillment_orders for hold in each.holds],
        "fulfillments": [
            {
                "id": gid("Fulfillment", each.id),
                "tracking_number": each.tracking[0][0] if each.tracking else None,
                "status": each.status,
                "events": [event["status"] for event in each.events],
                "lines": [{"sku": line.variant.sku, "quantity": count} for _, line, count in each.lines],
            }
            for each in value.fulfillments
        ],
        "lines": [
            {"sku": line.variant.sku, "quantity": line.quantity, "current_quantity": line.current_quantity}
            for line in value.lines
        ],
        "total": str(totals.current_total(value).presentment),
        "currency": value.pair.presentment,
        "captured": str(totals.captured(value).presentment),
        "refunded": str(totals.refunded(value).presentment),
        "refunds": len(value.refunds),
        "tags": value.tags,
        "note": value.note,
        "email": value.email,
        "phone": value.phone,
        "outstanding": str(totals.outstanding(value).presentment),
        "shipping_title": value.shipping.title if value.shipping else None,
        "edits": value.revision,
        "shipping_address": value.shipping_address,
        "return_status": returning.status_of(value),
        "return_fees": str((value.return_fees or value.pair.zero).presentment),
        "returns": [returned(each) for each in value.returns],
        "disputes": [{"id": each.id, "status": each.status} for each in value.disputes],
    }


def returned(back: Return) -> dict[str, Any]:
    """One return, with what was said about each line's units."""
    return {
        "id": gid("Return", back.id),
        "legacy_id": back.id,
        "name": back.name,
        "order": back.order.name,
        "status": back.status,
        "lines": [
            {
                "sku": each.fulfilled.line.variant.sku,
                "quantity": each.quantity,
                "processed": each.processed,
                "refunded": each.refunded,
                "reason": each.reason.handle,
                "dispositions": {
                    said.type: said.quantity
                    for order in back.reverse_orders
                    for part in order.lines
                    if part.of is each
                    for said in part.dispositions
                },
            }
            for each in back.lines
        ],
        "exchanges": [
            {"sku": each.variant.sku, "quantity": each.quantity, "processed": each.processed} for each in back.exchanges
        ],
        "tracking": [(each.tracking or {}).get("number") for order in back.reverse_orders for each in order.deliveries],
        "labels": [each.label.url for order in back.reverse_orders for each in order.deliveries if each.label],
        "refunds": len(back.refunds),
    }


def inventory(shop: Shop) -> list[dict[str, Any]]:
    return [
        {
            "sku": level.item.sku,
            "location": level.location.name,
            "available": level.available,
            "committed": level.committed,
            "on_hand": level.quantity("on_hand"),
            "incoming": level.incoming,
            "inventory_item_id": gid("InventoryItem", level.item.id),
            "location_id": gid("Location", level.location.id),
        }
        for level in shop.levels()
    ]
