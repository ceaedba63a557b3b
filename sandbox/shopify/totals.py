"""An order's sums and states, worked out from its lines and transactions."""

from datetime import datetime

from sandbox.shopify.charges import Tax
from sandbox.shopify.model import Line, Order, Transaction
from sandbox.shopify.money import Bag, Pair, total

CAPTURES = ("CAPTURE", "SALE")


def line_total(line: Line) -> Bag:
    """After all discounts, with the units that refunds and edits took away."""
    return line.unit * line.quantity - line.whole.off(line.unit.pair)


def current_line_total(line: Line) -> Bag:
    now = line.unit * line.now.quantity - line.now.off(line.unit.pair)
    return now if not line.now.quantity else now.share(line.current_quantity, line.now.quantity)


def sum_of(taxes: list[Tax], pair: Pair) -> Bag:
    return total([tax.price_set for tax in taxes], pair)


def taxes_of(line: Line) -> Bag:
    return sum_of(line.whole.taxes, line.unit.pair)


def shipping_tax(order: Order) -> Bag:
    return sum_of([tax for each in order.shippings if not each.removed for tax in each.taxes], order.pair)


def subtotal(order: Order) -> Bag:
    return total([line_total(line) for line in order.lines], order.pair)


def discounts(order: Order) -> Bag:
    return total([line.whole.off(order.pair) for line in order.lines], order.pair)


def shipping_price(order: Order) -> Bag:
    return total([each.price for each in order.shippings if not each.removed], order.pair)


def shipping_refunded(order: Order) -> Bag:
    return total([each.refunded for each in order.shippings], order.pair)


def tax_total(order: Order) -> Bag:
    return total([taxes_of(line) for line in order.lines], order.pair) + shipping_tax(order)


def total_price(order: Order) -> Bag:
    result = subtotal(order) + shipping_price(order)
    return result if order.taxes_included else result + tax_total(order)


def current_subtotal(order: Order) -> Bag:
    return total([current_line_total(line) for line in order.lines], order.pair)


def current_shipping(order: Order) -> Bag:
    return total([each.left for each in order.shippings], order.pair)


def current_tax(order: Order) -> Bag:
    lines = [tax for line in order.lines for tax in line.left.taxes]
    return sum_of(lines + [tax for each in order.shippings for tax in each.taxes_left()], order.pair)


def current_discounts(order: Order) -> Bag:
    return total([line.left.off(order.pair) for line in order.lines], order.pair)


def current_cart_discount(order: Order) -> Bag:
    """What the order's promotions take off now."""
    return total([line.left.off(order.pair) - line.left.line_off(order.pair) for line in order.lines], order.pair)


def cart_discount(order: Order) -> Bag:
    return total([line.whole.off(order.pair) - line.whole.line_off(order.pair) for line in order.lines], order.pair)


def current_total(order: Order) -> Bag:
    result = current_subtotal(order) + current_shipping(order) + (order.return_fees or order.pair.zero)
    return result if order.taxes_included else result + current_tax(order)


def by_title(taxes: list[Tax]) -> list[Tax]:
    """One entry per title."""
    found: dict[str, Tax] = {}
    for tax in taxes:
        known = found.get(tax.title)
        price = tax.price_set if known is None else known.price_set + tax.price_set
        found[tax.title] = Tax(tax.title, tax.rate, price)
    return list(found.values())


def tax_lines(order: Order) -> list[Tax]:
    """All taxes of the order before refunds and edits."""
    shipping = [tax for each in order.shippings if not each.removed for tax in each.taxes]
    return by_title([tax for line in order.lines for tax in line.whole.taxes] + shipping)


def current_tax_lines(order: Order) -> list[Tax]:
    taxes = [tax for line in order.lines if line.current_quantity for tax in line.left.taxes]
    return by_title(taxes + [tax for each in order.shippings for tax in each.taxes_left()])


def succeeded(order: Order, *kinds: str) -> Bag:
    return total([t.amount for t in order.transactions if t.kind in kinds and t.status == "SUCCESS"], order.pair)


def captured(order: Order) -> Bag:
    return succeeded(order, *CAPTURES)


def refunded(order: Order) -> Bag:
    return succeeded(order, "REFUND")


def outstanding(order: Order) -> Bag:
    """What is still to come from the customer; below zero what is owed to them."""
    return current_total(order) - captured(order) + refunded(order)


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
