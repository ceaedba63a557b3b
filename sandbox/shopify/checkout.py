"""A customer buys: prices, taxes, payment, stock, fulfilment orders, webhooks."""

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from sandbox.core.clock import parse_time
from sandbox.shopify import hooks, payments, routing, totals
from sandbox.shopify.addresses import from_snake
from sandbox.shopify.model import Customer, Line, Order, Shipping
from sandbox.shopify.money import Pair, UnknownCurrencyError
from sandbox.shopify.risks import assess
from sandbox.shopify.state import Shop
from sandbox.shopify.taxes import rate_for, tax_on


class CheckoutError(ValueError):
    """The checkout refuses this order."""


def place(shop: Shop, body: dict[str, Any]) -> Order:
    """One order from the control JSON. Raises CheckoutError before anything has changed."""
    try:
        order = _priced(shop, body)
    except (KeyError, TypeError, ValueError, InvalidOperation, UnknownCurrencyError) as problem:
        raise CheckoutError(f"bad order: {problem!r}") from problem
    if body.get("deny_oversell") and not routing.coverable(shop, order):
        raise CheckoutError("not enough stock")
    order.customer.number_of_orders += 1
    shop.customers[order.customer.id] = order.customer
    shop.add_order(order)
    routing.route(shop, order)
    payments.at_checkout(shop, order, body)
    routing.send_gift_cards(shop, order)
    if body.get("send_webhook", True):
        _announce(shop, order)
    return order


def _announce(shop: Shop, order: Order) -> None:
    hooks.order(shop, "ORDERS_CREATE", order)
    if payments.is_paid(shop, order):
        hooks.order(shop, "ORDERS_PAID", order)
    for fulfillment_order in order.fulfillment_orders:
        hooks.fulfillment_order(shop, "ORDER_ROUTING_COMPLETE", fulfillment_order)
    if order.risk.level not in (None, "PENDING"):
        hooks.risk(shop, order)
        hooks.updated(shop, order)


def _priced(shop: Shop, body: dict[str, Any]) -> Order:
    pair = Pair.of(shop.currency, body.get("currency") or shop.currency)
    number_id, number = shop.new_order_id()
    created = parse_time(body["created_at"]).replace(microsecond=0) if body.get("created_at") else shop.now()
    locale = body.get("locale") or "en"
    to = from_snake(body.get("shipping_address"), shop.new_id())
    customer = _customer(shop, body.get("customer") or {}, locale, created)
    if customer.default_address is None:
        customer.default_address = to
    order = Order(
        id=number_id,
        number=number,
        pair=pair,
        customer=customer,
        email=customer.email,
        phone=customer.phone,
        created_at=created,
        processed_at=created,
        updated_at=max(created, shop.now()) if body.get("created_at") else created,
        shipping_address=to,
        billing_address=from_snake(body["billing_address"], shop.new_id()) if body.get("billing_address") else to,
        taxes_included=shop.taxes_included,
        locale=locale,
        note=body.get("note"),
        tags=sorted(body.get("tags") or []),
        risk=assess(body.get("risk") or "none", body.get("risk_facts")),
    )
    for wanted in body["lines"]:
        order.lines.append(new_line(shop, order, wanted["sku"], int(wanted["quantity"]), wanted.get("discount")))
    if not order.lines:
        raise ValueError("no lines")
    order.shipping = _shipping(shop, order, body.get("shipping"))
    return order


def new_line(shop: Shop, order: Order, sku: str, quantity: int, discount: Any = None) -> Line:
    """A priced and taxed line; `discount` is in the shop's currency for the whole line."""
    variant = shop.skus.get(sku)
    if variant is None or quantity < 1:
        raise ValueError(f"no such SKU or quantity: {sku} {quantity}")
    line = Line(
        id=shop.new_id(),
        order=order,
        variant=variant,
        quantity=quantity,
        unit=order.pair.from_shop(variant.price),
        discount=order.pair.from_shop(Decimal(str(discount or 0))),
        taxes=[],
        current_quantity=quantity,
    )
    if totals.line_total(line).presentment < 0:
        raise ValueError(f"discount above the price of {sku}")
    tax(order, line)
    return line


def tax(order: Order, line: Line) -> None:
    """Work the line's tax out again; a gift card is money, not goods."""
    title, rate = rate_for(order.shipping_address)
    if not line.variant.product.is_gift_card:
        line.taxes = tax_on(totals.line_total(line), title, rate, included=order.taxes_included)


def _shipping(shop: Shop, order: Order, body: dict[str, Any] | None) -> Shipping | None:
    if not any(line.variant.inventory_item.requires_shipping for line in order.lines):
        return None
    body = body or {}
    price = order.pair.from_shop(Decimal(str(body.get("price", "5.00"))))
    title, rate = rate_for(order.shipping_address)
    return Shipping(
        id=shop.new_id(),
        title=body.get("title") or "Standard",
        code=body.get("code") or "standard",
        price=price,
        taxes=tax_on(price, title, rate, included=order.taxes_included),
        refunded=order.pair.zero,
    )


def _customer(shop: Shop, body: dict[str, Any], locale: str, created: datetime) -> Customer:
    email = body.get("email")
    known = shop.customers_by_email.get(email) if email else None
    if known is not None:
        return known
    customer = Customer(
        id=shop.new_id(),
        first_name=body.get("first_name"),
        last_name=body.get("last_name"),
        email=email,
        phone=body.get("phone"),
        locale=locale,
        created_at=created,
        updated_at=created,
    )
    if email:
        shop.customers_by_email[email] = customer
    return customer
