"""A customer buys: prices, taxes, payment, stock, fulfilment orders, webhooks."""

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from sandbox.core.clock import parse_time
from sandbox.shopify import hooks, payments, routing, totals
from sandbox.shopify.addresses import from_snake
from sandbox.shopify.charges import Charged, Discount, Promotion, Shipping
from sandbox.shopify.model import Customer, Line, Order, Variant
from sandbox.shopify.money import Pair, UnknownCurrencyError
from sandbox.shopify.risks import assess
from sandbox.shopify.state import Shop
from sandbox.shopify.taxes import Units, charge, rate_for, tax_on


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
        source_identifier=body.get("source_identifier"),
        risk=assess(body.get("risk") or "none", body.get("risk_facts")),
    )
    order.promotions = [_promotion(shop, order, wanted) for wanted in body.get("discounts") or []]
    for wanted in body["lines"]:
        order.lines.append(_line(shop, order, wanted["sku"], int(wanted["quantity"]), wanted.get("discount")))
    if not order.lines:
        raise ValueError("no lines")
    _charge(order)
    order.shippings = _shipping(shop, order, body.get("shipping"))
    order.original_total = totals.total_price(order)
    return order


def _promotion(shop: Shop, order: Order, body: dict[str, Any]) -> Promotion:
    """{"title" or "code", "percent" or "amount", "minimum"?}; money in the shop's currency."""
    percent, amount = body.get("percent"), body.get("amount")
    if (percent is None) is (amount is None):
        raise ValueError("a discount needs either percent or amount")
    return Promotion(
        id=shop.new_id(),
        title=body.get("title") or body["code"],
        code=body.get("code"),
        percent=None if percent is None else Decimal(str(percent)),
        amount=None if amount is None else order.pair.from_shop(Decimal(str(amount))),
        minimum=order.pair.from_shop(Decimal(str(body.get("minimum") or 0))),
    )


def _line(shop: Shop, order: Order, sku: str, quantity: int, discount: Any) -> Line:
    """A line not charged yet; `discount` is in the shop's currency for the whole line."""
    variant = shop.skus.get(sku)
    if variant is None or quantity < 1:
        raise ValueError(f"no such SKU or quantity: {sku} {quantity}")
    line = new_line(shop, order, variant, quantity)
    if discount:
        off = order.pair.from_shop(Decimal(str(discount)))
        if off.presentment > (line.unit * quantity).presentment:
            raise ValueError(f"discount above the price of {sku}")
        line.discounts.append(Discount(shop.new_id(), "Discount", amount=off, units=quantity))
    return line


def new_line(shop: Shop, order: Order, variant: Variant, quantity: int) -> Line:
    """A line at the variant's price of now, not charged yet."""
    charged = Charged(quantity, [], [])
    return Line(
        id=shop.new_id(),
        order=order,
        variant=variant,
        quantity=quantity,
        unit=order.pair.from_shop(variant.price),
        current_quantity=quantity,
        discounts=[],
        tax_rate=tax_rate(order, variant),
        whole=charged,
        now=charged,
    )


def tax_rate(order: Order, variant: Variant) -> tuple[str, Decimal]:
    """(title, rate) of a sale of now; a gift card is money, not goods."""
    title, rate = rate_for(order.shipping_address)
    return title, Decimal(0) if variant.product.is_gift_card else rate


def _charge(order: Order) -> None:
    units = [Units(line.unit, line.quantity, line.discounts, line.tax_rate) for line in order.lines]
    charged = charge(units, order.promotions, order.pair, included=order.taxes_included)
    for line, each in zip(order.lines, charged, strict=True):
        line.whole = line.now = each
    used = {id(given) for each in charged for given, _ in each.parts}
    if refused := [each.code for each in order.promotions if each.code and id(each) not in used]:
        raise ValueError(f"discount codes that do not fit this order: {', '.join(refused)}")


def _shipping(shop: Shop, order: Order, body: dict[str, Any] | None) -> list[Shipping]:
    if not any(line.variant.inventory_item.requires_shipping for line in order.lines):
        return []
    body = body or {}
    price = order.pair.from_shop(Decimal(str(body.get("price", "5.00"))))
    title, rate = rate_for(order.shipping_address)
    made = Shipping(
        id=shop.new_id(),
        title=body.get("title") or "Standard",
        code=body.get("code") or "standard",
        price=price,
        taxes=tax_on(price, title, rate, included=order.taxes_included),
        refunded=order.pair.zero,
    )
    return [made]


def _customer(shop: Shop, body: dict[str, Any], locale: str, created: datetime) -> Customer:
    if body.get("id"):
        return shop.customers[body["id"]]
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
