"""Cancels and refunds."""

from typing import Any

from sandbox.shopify import fulfilling, hooks, payments, routing, stock, totals
from sandbox.shopify.model import Location, Order, Refund, RefundLine, Transaction
from sandbox.shopify.money import Bag
from sandbox.shopify.state import Shop

Wanted = list[tuple[Any, int, str, Location | None]]  # (line, quantity, restock type, where to)


def why_not_cancel(order: Order) -> str | None:
    """The vendor's reason to refuse a cancellation."""
    if order.cancelled_at is not None:
        return "Cannot cancel an order that has already been canceled"
    if any(fulfillment.status == "SUCCESS" for fulfillment in order.fulfillments):
        return "Cannot cancel an order that has outstanding fulfillments"
    if any(t.status == "PENDING" and t.kind == "AUTHORIZATION" for t in order.transactions):
        return "Cannot cancel an order with pending payment authorizations"
    return None


def cancel(shop: Shop, order: Order, *, reason: str, refund: bool, restock: bool, staff_note: str | None) -> bool:
    """Cancel now; False when the order has become uncancellable in between."""
    if why_not_cancel(order) is not None:
        return False
    order.cancelled_at, order.cancel_reason, order.staff_note = shop.now(), reason, staff_note
    order.closed_at = order.cancelled_at
    wanted: Wanted = []
    for line in order.lines:
        if line.current_quantity:
            kind = "CANCEL" if restock else "NO_RESTOCK"
            wanted.append((line, line.current_quantity, kind, None))
    shipping = totals.current_shipping(order)
    payments.void_all(shop, order)
    for pending in order.transactions:
        if pending.status == "PENDING":
            pending.status = "FAILURE"
    transactions = payments.refund_all(shop, order) if refund else []
    give_back(shop, order, wanted, shipping, transactions, note=None)
    for each in order.fulfillment_orders:
        fulfilling.close(shop, each)
    hooks.order(shop, "ORDERS_CANCELLED", order)
    hooks.updated(shop, order)
    return True


def give_back(
    shop: Shop, order: Order, wanted: Wanted, shipping: Bag, transactions: list[Transaction], note: str | None
) -> Refund:
    """Record a refund: its lines leave the order, restocked or not."""
    made = Refund(shop.new_id(), order, shop.now(), note, [], shipping, transactions)
    for line, quantity, kind, place in wanted:
        now = line.unit * line.now.quantity - line.now.off(order.pair)
        subtotal = now.share(quantity, line.now.quantity)
        tax = totals.sum_of(line.now.share(quantity).taxes, order.pair)
        made.lines.append(RefundLine(shop.new_id(), line, quantity, kind, place, subtotal, tax))
        _take_off(shop, line, quantity, kind, place)
    payments.refund_shipping(order, shipping)
    order.refunds.append(made)
    shop.refunds[made.id] = made
    hooks.refund(shop, made)
    return made


def _take_off(shop: Shop, line: Any, quantity: int, kind: str, place: Location | None) -> None:
    unshipped = 0 if kind == "RETURN" else min(quantity, line.unfulfilled)
    line.current_quantity -= quantity
    line.returned += quantity - unshipped
    if unshipped:
        routing.remove(shop, line, unshipped, restock=kind == "CANCEL")
    if kind == "RETURN":
        where = place or next(iter(shop.locations.values()))
        stock.shift(shop, line.variant, where, available=quantity)
