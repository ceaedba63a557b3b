"""A calculated order as the Admin GraphQL API answers it, made up by hand from the schema."""

from typing import Any

from tests.connectors.shops.graphql_order import connection, money
from tests.connectors.shops.stage import Answer

ORDER = "gid://shopify/Order/1"
SESSION = "gid://shopify/CalculatedOrder/9"


def gid(number: object, kind: str = "LineItem") -> str:
    return f"gid://shopify/{kind}/{number}"


def calculated_line(number: object, quantity: int = 1, **changed: Any) -> dict[str, Any]:
    """A line of 10.00; `shipped` of its units can no longer be edited."""
    return {
        "id": gid(number, "CalculatedLineItem"),
        "quantity": quantity,
        "editableQuantity": quantity - changed.pop("shipped", 0),
        "sku": f"SKU-{number}",
        "title": f"Thing {number}",
        "variant": {"id": gid(number, "ProductVariant")},
        "originalUnitPriceSet": money("10.00"),
        "discountedUnitPriceSet": money("10.00"),
        "calculatedDiscountAllocations": [],
        **changed,
    }


def shipping_line(number: object, title: str, price: str, status: str = "NONE") -> dict[str, Any]:
    return {
        "id": gid(number, "CalculatedShippingLine"),
        "title": title,
        "stagedStatus": status,
        "price": money(price),
    }


def calculated(*lines: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return {
        "id": SESSION,
        "originalOrder": {"id": ORDER, "presentmentCurrencyCode": "EUR", "taxesIncluded": False},
        "totalPriceSet": money("17.00"),
        "subtotalPriceSet": money("10.00"),
        "totalOutstandingSet": money("0.00"),
        "taxLines": [{"priceSet": money("2.00")}],
        "shippingLines": [shipping_line(1, "Standard", "5.00")],
        "lineItems": connection(*(lines or (calculated_line(1),))),
        "addedLineItems": connection(),
        **changed,
    }


def answered(order: dict[str, Any] | None, *errors: dict[str, Any]) -> Answer:
    """A payload of a mutation of the session."""
    return {"calculatedOrder": order, "userErrors": list(errors)}


def wrong(message: str, *field: str, **more: Any) -> dict[str, Any]:
    return {"message": message, "field": list(field) or None, **more}
