"""The REST-shaped order of Shopify's order webhooks. A hint only: it has no risk, holds or transactions."""

from collections.abc import Mapping
from typing import Any

import orjson

from connectors.shops.shopify_fields import Fields
from connectors.shops.shopify_orders import other_minor
from connectors.shops.shopify_rounding import remaining_share, settle
from domain.order import (
    Address,
    IncomingLine,
    IncomingOrder,
    OrderError,
    ShopFulfilment,
    check_incoming,
)

_NOT_SHIPPED = frozenset({"cancelled", "error", "failure"})


def parse_webhook_order(body: bytes | Mapping[str, Any]) -> IncomingOrder:
    """Read the body of an `orders/*` delivery. Raises: OrderError with the field's name."""
    order = Fields(_decoded(body))
    currency = order.text("presentment_currency") or order.need_text("currency")
    if currency != order.need_text("currency") and order.child("total_price_set") is None:
        raise OrderError("missing", "total_price_set")  # plain amounts are in the shop's currency
    included = order.flag("taxes_included")
    nodes = order.children("line_items")
    edited = [i for i, node in enumerate(nodes) if 0 < _current(node) < _quantity(node)]
    shipping_lines = [line for line in order.children("shipping_lines") if not line.flag("is_removed")]
    shipping = _shipping(order, shipping_lines, currency)
    shipping_tax = sum(_taxes(line, currency) for line in shipping_lines) if shipping else 0
    tax = _amount(order, currency, "current_total_tax", "total_tax")
    lines = settle(
        [_line(node, currency) for node in nodes],
        edited,
        subtotal=order.presented("current_subtotal_price_set", currency),
        tax=tax - shipping_tax,
    )
    total = _amount(order, currency, "current_total_price", "total_price")
    customer = order.child("customer")
    incoming = IncomingOrder(
        external_id=gid(order, "Order"),
        name=order.text("name"),
        created_at=order.need_time("created_at"),
        updated_at=order.need_time("updated_at"),
        currency=currency,
        lines=lines,
        total_minor=total,
        tax_minor=tax,
        shipping_minor=shipping,
        shipping_tax_minor=shipping_tax,
        discount_minor=_amount(order, currency, "current_total_discounts", "total_discounts"),
        other_minor=other_minor(lines, total, shipping, shipping_tax, taxes_included=included),
        taxes_included=included,
        email=order.text("email"),
        phone=order.text("phone"),
        locale=order.text("customer_locale") or "en",
        customer_external_id=gid(customer, "Customer") if customer else "",
        shipping_address=_address(order.child("shipping_address")),
        billing_address=_address(order.child("billing_address")),
        shipping_code=shipping_lines[0].text("code") if shipping_lines else "",
        shipping_title=shipping_lines[0].text("title") if shipping_lines else "",
        cancelled_at=order.time("cancelled_at"),
        test=order.flag("test"),
        tags=tuple(tag for each in order.text("tags").split(",") if (tag := each.strip())),
        fulfilments=tuple(_fulfilments(order)),
    )
    check_incoming(incoming)
    return incoming


def gid(fields: Fields, kind: str) -> str:
    """The global id, which the REST shape has beside its number or leaves out."""
    return fields.text("admin_graphql_api_id") or f"gid://shopify/{kind}/{fields.need_text('id')}"


def _decoded(body: bytes | Mapping[str, Any]) -> Any:
    if not isinstance(body, bytes):
        return body
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as exc:
        raise OrderError("not_json") from exc


def _current(line: Fields) -> int:
    return line.whole("current_quantity", "quantity")


def _quantity(line: Fields) -> int:
    return line.whole("quantity", "current_quantity")


def _line(line: Fields, currency: str) -> IncomingLine:
    current, quantity = _current(line), _quantity(line)
    variant = line.text("variant_id")
    return IncomingLine(
        external_id=gid(line, "LineItem"),
        sku=line.text("sku"),
        title=line.text("name") or line.text("title"),
        quantity=current,
        unit_price_minor=_amount(line, currency, "price"),
        discount_minor=remaining_share(_line_discount(line, currency), quantity, current),
        tax_minor=remaining_share(_taxes(line, currency), quantity, current),
        variant_external_id=f"gid://shopify/ProductVariant/{variant}" if variant else "",
        requires_shipping=line.flag("requires_shipping", default=True),
        gift_card=line.flag("gift_card"),
    )


def _line_discount(line: Fields, currency: str) -> int:
    """Allocations include the line's share of order-wide discounts; `total_discount` does not."""
    allocations = line.children("discount_allocations")
    if allocations:
        return sum(_amount(each, currency, "amount") for each in allocations)
    return _amount(line, currency, "total_discount", default=0)


def _shipping(order: Fields, lines: list[Fields], currency: str) -> int:
    current = order.presented("current_shipping_price_set", currency)
    if current is not None:
        return current
    return sum(_amount(line, currency, "current_discounted_price", "discounted_price", "price") for line in lines)


def _taxes(fields: Fields, currency: str) -> int:
    return sum(_amount(tax, currency, "price") for tax in fields.children("tax_lines"))


def _amount(fields: Fields, currency: str, *keys: str, default: int | None = None) -> int:
    """The first of the amounts that is there: its presentment side, or the plain one where no set exists.

    Bodies without sets have only one currency, see above.
    """
    for key in keys:
        presented = fields.presented(f"{key}_set", currency)
        if presented is not None:
            return presented
        if fields.text(key):
            return fields.amount(key, currency)
    if default is None:
        raise OrderError("missing", fields.at(keys[0]))
    return default


def _fulfilments(order: Fields) -> list[ShopFulfilment]:
    return [
        ShopFulfilment(
            external_id=gid(each, "Fulfillment"),
            tracking_numbers=each.texts("tracking_numbers"),
        )
        for each in order.children("fulfillments")
        if each.text("status") not in _NOT_SHIPPED
    ]


def _address(address: Fields | None) -> Address | None:
    if address is None:
        return None
    return Address(
        name=address.text("name"),
        company=address.text("company"),
        line1=address.text("address1"),
        line2=address.text("address2"),
        city=address.text("city"),
        region=address.text("province_code"),
        postal_code=address.text("zip"),
        country=address.text("country_code"),
        phone=address.text("phone"),
    )
