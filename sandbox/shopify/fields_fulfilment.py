"""Answers the fields of fulfilment orders, fulfilments and holds that are not plain attributes."""

from typing import Any

from sandbox.shopify import totals
from sandbox.shopify.gql.registry import Arguments, Call, answers, field, lists
from sandbox.shopify.model import FoLine, Fulfillment, FulfillmentOrder, Hold
from sandbox.shopify.return_model import Fulfilled
from sandbox.shopify.routing import is_digital
from sandbox.shopify.state import APP_IDS, THIS_APP, gid

_ACTIONS = {
    "OPEN": ("CREATE_FULFILLMENT", "HOLD", "MOVE", "SPLIT"),
    "IN_PROGRESS": ("CREATE_FULFILLMENT", "MARK_AS_OPEN"),
    "ON_HOLD": ("RELEASE_HOLD", "HOLD", "MOVE"),
    "SCHEDULED": ("MARK_AS_OPEN", "HOLD"),
}
_REASONS = {
    "AWAITING_PAYMENT": "Awaiting payment",
    "HIGH_RISK_OF_FRAUD": "High risk of fraud",
    "INCORRECT_ADDRESS": "Incorrect address",
    "INVENTORY_OUT_OF_STOCK": "Inventory out of stock",
    "UNKNOWN_DELIVERY_DATE": "Unknown delivery date",
    "AWAITING_RETURN_ITEMS": "Awaiting return items",
    "ONLINE_STORE_POST_PURCHASE_CROSS_SELL": "Upsell offer",
    "OTHER": "Other",
}


def _destination(value: FulfillmentOrder) -> dict[str, Any] | None:
    address = value.order.shipping_address
    if address is None:
        return None
    return {
        **address,
        "id": gid("FulfillmentOrderDestination", value.id),
        "email": value.order.email,
        "location": None,
    }


def _assigned(value: FulfillmentOrder) -> dict[str, Any]:
    return {"address2": None, **value.location.address, "name": value.location.name, "location": value.location}


def _delivery(value: FulfillmentOrder) -> dict[str, Any]:
    shipping = value.order.shipping
    return {
        "id": gid("DeliveryMethod", value.id),
        "methodType": "NONE" if is_digital(value) else "SHIPPING",
        "presentedName": shipping.title if shipping else None,
        "serviceCode": shipping.code if shipping else None,
    }


answers(
    "FulfillmentOrder",
    {
        "orderId": lambda value: gid("Order", value.order.id),
        "orderName": lambda value: value.order.name,
        "orderProcessedAt": lambda value: value.order.processed_at,
        "assignedLocation": _assigned,
        "destination": _destination,
        "deliveryMethod": _delivery,
        "fulfillmentHolds": lambda value: value.holds,
        "supportedActions": lambda value: [
            {"action": action, "externalUrl": None} for action in _ACTIONS.get(value.status, ())
        ],
    },
)
lists(
    "FulfillmentOrder",
    {"lineItems": lambda value: value.lines, "fulfillments": lambda value: value.fulfillments},
)


def _variant_title(part: FoLine) -> str | None:
    return None if part.line.variant.title == "Default Title" else part.line.variant.title


answers(
    "FulfillmentOrderLineItem",
    {
        "lineItem": lambda part: part.line,
        "sku": lambda part: part.line.variant.sku,
        "productTitle": lambda part: part.line.variant.product.title,
        "variantTitle": _variant_title,
        "vendor": lambda part: part.line.variant.product.vendor,
        "totalQuantity": lambda part: part.total,
        "remainingQuantity": lambda part: part.remaining,
        "requiresShipping": lambda part: part.line.variant.inventory_item.requires_shipping,
        "inventoryItemId": lambda part: gid("InventoryItem", part.line.variant.inventory_item.id),
        "variant": lambda part: part.line.variant,
        "weight": lambda part: {"unit": "GRAMS", "value": float(part.line.variant.inventory_item.weight_g)},
    },
)


def _held_by(hold: Hold) -> dict[str, Any]:
    return {"id": gid("App", APP_IDS.get(hold.app, 42999)), "title": hold.app, "handle": hold.app.lower()}


answers(
    "FulfillmentHold",
    {
        "id": lambda hold: gid("FulfillmentHold", hold.id),
        "displayReason": lambda hold: _REASONS.get(hold.reason, hold.reason),
        "heldByApp": _held_by,
        "heldByRequestingApp": lambda hold: hold.app == THIS_APP,
    },
)


def _event_time(value: Fulfillment, status: str) -> Any:
    return next((event["happenedAt"] for event in value.events if event["status"] == status), None)


def _display_status(value: Fulfillment) -> str:
    if value.status == "CANCELLED":
        return "CANCELED"
    if value.events:
        last: str = value.events[-1]["status"]
        return last
    return "FULFILLED"


def fulfilled_line(units: Fulfilled) -> dict[str, Any]:
    line, count = units.line, units.quantity
    return {
        "__typename": "FulfillmentLineItem",
        "id": gid("FulfillmentLineItem", units.id),
        "lineItem": line,
        "quantity": count,
        "originalTotalSet": line.unit * count,
        "discountedTotalSet": totals.line_total(line).share(count, line.quantity),
    }


answers(
    "Fulfillment",
    {
        "displayStatus": _display_status,
        "deliveredAt": lambda value: _event_time(value, "DELIVERED"),
        "inTransitAt": lambda value: _event_time(value, "IN_TRANSIT"),
        "estimatedDeliveryAt": lambda value: value.events[-1].get("estimatedDeliveryAt") if value.events else None,
        "totalQuantity": lambda value: sum(count for _, _, count in value.lines),
        "requiresShipping": lambda value: any(x.variant.inventory_item.requires_shipping for _, x, _ in value.lines),
    },
)
lists(
    "Fulfillment",
    {
        "fulfillmentLineItems": lambda value: [
            fulfilled_line(Fulfilled(number, line, count, value)) for number, line, count in value.lines
        ],
        "fulfillmentOrders": lambda value: value.fulfillment_orders,
        "events": lambda value: value.events,
    },
)


@field("Fulfillment", "trackingInfo")
def _tracking(value: Fulfillment, arguments: Arguments, _call: Call) -> list[dict[str, Any]]:
    found = [{"company": value.company, "number": number, "url": url} for number, url in value.tracking]
    return found[: arguments.get("first")]
