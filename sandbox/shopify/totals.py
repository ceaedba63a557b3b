"""An order's sums and states, worked out from its lines and transactions."""

from datetime import datetime

from sandbox.shopify.model import Line, Order, Shipping, Tax, Transaction
from sandbox.shopify.money import Bag, total

CAPTURES = ("CAPTURE", "SALE")


def line_total(line: Line) -> Bag:
    """After the discount, before later refunds and edits."""
    return line.unit * line.quantity - line.discount


def current_line_total(line: Line) -> Bag:
    return line_total(line).share(line.current_quantity, line.quantity)


def taxes_of(line: Line) -> Bag:
    return total([tax.price_set for tax in line.taxes], line.unit.pair)


def shipping_tax(shipping: Shipping | None, order: Order) -> Bag:
    return total([tax.price_set for tax in shipping.taxes], order.pair) if shipping else order.pair.zero


def subtotal(order: Order) -> Bag:
    return total([line_total(line) for line in order.lines], order.pair)


def discounts(order: Order) -> Bag:
    return total([line.discount for line in order.lines], order.pair)


def shipping_price(order: Order) -> Bag:
    return order.shipping.price if order.shipping else order.pair.zero


def tax_total(order: Order) -> Bag:
    return total([taxes_of(line) for line in order.lines], order.pair) + shipping_tax(order.shipping, order)


def total_price(order: Order) -> Bag:
    result = subtotal(order) + shipping_price(order)
    return result if order.taxes_included else result + tax_total(order)


def current_subtotal(order: Order) -> Bag:
    return total([current_line_total(line) for line in order.lines], order.pair)


def current_shipping(order: Order) -> Bag:
    return order.shipping.price - order.shipping.refunded if order.shipping else order.pair.zero


def current_tax(order: Order) -> Bag:
    result = total([taxes_of(x).share(x.current_quantity, x.quantity) for x in order.lines], order.pair)
    if order.shipping and order.shipping.price:
        pair, whole, left = order.pair, order.shipping.price, current_shipping(order)
        tax = shipping_tax(order.shipping, order)
        result += (
            tax
            if left == whole
            else pair.rounded(
                tax.shop * left.shop / (whole.shop or 1), tax.presentment * left.presentment / whole.presentment
            )
        )
    return result


def current_discounts(order: Order) -> Bag:
    return total([x.discount.share(x.current_quantity, x.quantity) for x in order.lines], order.pair)


def current_total(order: Order) -> Bag:
    result = current_subtotal(order) + current_shipping(order)
    return result if order.taxes_included else result + current_tax(order)


def tax_lines(order: Order) -> list[Tax]:
    """All taxes of the order, one entry per title."""
    found: dict[str, Tax] = {}
    shipping = order.shipping.taxes if order.shipping else []
    for tax in [tax for line in order.lines for tax in line.taxes] + shipping:
        known = found.get(tax.title)
        price = tax.price_set if known is None else known.price_set + tax.price_set
        found[tax.title] = Tax(tax.title, tax.rate, price)
    return list(found.values())


def succeeded(order: Order, *kinds: str) -> Bag:
    return total([t.amount for t in order.transactions if t.kind in kinds and t.status == "SUCCESS"], order.pair)


def captured(order: Order) -> Bag:
    return succeeded(order, *CAPTURES)


def refunded(order: Order) -> Bag:
    return succeeded(order, "REFUND")


def outstanding(order: Order) -> Bag:
    left = current_total(order) - captured(order) + refunded(order)
    return left if left else order.pair.zero


def capturable_of(transaction: Transaction, now: datetime) -> Bag:
    """What an authorisation still holds: nothing when it expired, was voided or was spent."""
    pair = transaction.amount.pair
    if transaction.kind != "AUTHORIZATION" or transaction.status != "SUCCESS":
        return pair.zero
    if transaction.expires_at is not None and transaction.expires_at <= now:
        return pair.zero
    children = [t for t in transaction.order.transactions if t.parent is transaction and t.status == "SUCCESS"]
    if any(child.kind == "VOID" for child in children):
        return pair.zero
    return transaction.amount - total([child.amount for child in children if child.kind == "CAPTURE"], pair)


def capturable(order: Order, now: datetime) -> Bag:
    return total([capturable_of(t, now) for t in order.transactions], order.pair)


def financial_status(order: Order, now: datetime) -> str:
    paid, back = captured(order), refunded(order)
    if back:
        return "REFUNDED" if back.presentment >= paid.presentment else "PARTIALLY_REFUNDED"
    whole = current_total(order)
    if paid or not total_price(order):
        return "PAID" if paid.presentment >= whole.presentment else "PARTIALLY_PAID"
    kinds = {t.kind for t in order.transactions if t.status == "SUCCESS"}
    if "VOID" in kinds:
        return "VOIDED"
    if "AUTHORIZATION" in kinds:
        return "AUTHORIZED" if capturable(order, now) else "EXPIRED"
    return "VOIDED" if order.cancelled_at else "PENDING"


def fulfillment_status(order: Order) -> str:
    done = sum(line.fulfilled for line in order.lines)
    left = sum(line.unfulfilled for line in order.lines)
    if done:
        return "PARTIALLY_FULFILLED" if left else "FULFILLED"
    open_states = {fo.status for fo in order.fulfillment_orders if fo.status not in ("CLOSED", "CANCELLED")}
    for state in ("ON_HOLD", "SCHEDULED", "IN_PROGRESS"):
        if open_states == {state}:
            return state
    return "UNFULFILLED"
