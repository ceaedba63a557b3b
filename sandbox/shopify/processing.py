"""What comes of a return when it is processed: units leave the order, exchanges join it, money goes back."""

from decimal import Decimal
from typing import Any, NamedTuple

from sandbox.shopify import checkout, hooks, payments, reversing, routing, store_credit, totals
from sandbox.shopify.model import Line, Order, Refund, RefundLine, Transaction
from sandbox.shopify.money import Bag, total
from sandbox.shopify.return_model import ExchangeLine, Return, ReturnLine
from sandbox.shopify.returning import money, number, refuse
from sandbox.shopify.reversing import Planned
from sandbox.shopify.state import Shop, gid
from sandbox.shopify.taxes import Units, charge

Chosen = list[tuple[ReturnLine, int]]
Swaps = list[tuple[ExchangeLine, int]]
Payouts = list[tuple[Transaction, Bag]]
_NO_PARENT = "Transactions require a parent_id associated with the order"


class Plan(NamedTuple):
    """A checked `ReturnProcessInput`."""

    lines: Chosen
    swaps: Swaps
    disposals: Planned
    shipping: Bag
    payouts: Payouts
    credits: list[store_credit.Wanted]


def plan(shop: Shop, back: Return, wanted: dict[str, Any]) -> Plan:
    """Raises ReturnError; nothing has changed."""
    root = ["input"]
    if back.status != "OPEN":
        raise refuse([*root, "returnId"], "Return status is invalid.", "INVALID_STATE")
    lines = choose(back.lines, wanted.get("returnLineItems") or [], [*root, "returnLineItems"], "ReturnLineItem")
    swaps = choose(
        back.exchanges, wanted.get("exchangeLineItems") or [], [*root, "exchangeLineItems"], "ExchangeLineItem"
    )
    if not lines and not swaps:
        raise refuse([*root, "returnLineItems"], "Return line items can't be blank", "BLANK")
    disposals: Planned = []
    for at, each in enumerate(wanted.get("returnLineItems") or []):
        path = [*root, "returnLineItems", str(at), "dispositions"]
        disposals += reversing.plan(shop, each.get("dispositions") or [], path, of=lines[at][0])
    shipping = refund_shipping(back.order, wanted.get("refundShipping"), [*root, "refundShipping"])
    issue = (wanted.get("financialTransfer") or {}).get("issueRefund")
    payouts, credits = _transfer(shop, back.order, issue, [*root, "financialTransfer", "issueRefund"])
    return Plan(lines, swaps, disposals, shipping, payouts, credits)


def choose(known: list[Any], wanted: list[dict[str, Any]], path: list[str], kind: str) -> list[tuple[Any, int]]:
    """The lines that are named, each with so many units as can be processed of it."""
    found: list[tuple[Any, int]] = []
    for at, each in enumerate(wanted):
        here, wanted_id = [*path, str(at)], number(each["id"], kind)
        line, title = next((x for x in known if x.id == wanted_id), None), kind.removesuffix("LineItem")
        if line is None or any(line is other for other, _ in found):
            raise refuse([*here, "id"], f"{title} line item not found.", "NOT_FOUND")
        most = line.processable if isinstance(line, ReturnLine) else line.unprocessed
        if not 0 < each["quantity"] <= most:
            raise refuse([*here, "quantity"], f"{title} line item has an invalid quantity.", "INVALID")
        found.append((line, each["quantity"]))
    return found


def refund_shipping(order: Order, wanted: dict[str, Any] | None, path: list[str]) -> Bag:
    """`RefundShippingInput`: an amount overrides the full refund."""
    left, wanted = totals.current_shipping(order), wanted or {}
    if wanted.get("shippingRefundAmount") is None:
        return left if wanted.get("fullRefund") else order.pair.zero
    amount = money(order, wanted["shippingRefundAmount"], [*path, "shippingRefundAmount"])
    if amount.presentment > left.presentment:
        raise refuse(path, "Shipping refund is more than the shipping that was paid", "INVALID")
    return amount


def _transfer(
    shop: Shop, order: Order, issue: dict[str, Any] | None, path: list[str]
) -> tuple[Payouts, list[store_credit.Wanted]]:
    payouts: Payouts = []
    if issue is None:
        return payouts, []
    for at, each in enumerate(issue["orderTransactions"]):
        here = [*path, "orderTransactions", str(at)]
        parent = shop.transactions.get(number(each["parentId"], "OrderTransaction"))
        if parent is None or parent.order is not order or parent.kind not in totals.CAPTURES:
            raise refuse([*here, "parentId"], _NO_PARENT, "NOT_FOUND")
        amount = money(order, each["transactionAmount"], [*here, "transactionAmount"])
        left = payments.refundable_of(parent)
        for other, taken in payouts:
            left = left - taken if other is parent else left
        too_much = amount.presentment > left.presentment and not issue.get("allowOverRefunding")
        if not amount or too_much:
            raise refuse([*here, "transactionAmount"], payments.TOO_MUCH, "INVALID")
        payouts.append((parent, payments.in_presentment(order, amount.presentment, left)))
    credits = store_credit.wanted(shop, order, issue.get("refundMethods") or [], [*path, "refundMethods"])
    sums = [amount.presentment for _, amount in payouts] + [each.amount.presentment for each in credits]
    if sum(sums, Decimal(0)) > payments.left_to_refund(order) and not issue.get("allowOverRefunding"):
        raise refuse(path, payments.TOO_MUCH, "INVALID")
    return payouts, credits


def apply(shop: Shop, back: Return, planned: Plan, note: str | None) -> Refund | None:
    """Process what was planned. Returns the refund, when money or shipping goes back."""
    order = back.order
    gone = [_take_off(shop, line, count) for line, count in planned.lines]
    if back.fee is not None and not back.fee.charged:
        back.fee.charged = True
        _charge(order, back.fee.amount)
    reversing.apply(shop, planned.disposals)
    fresh = [_add(shop, order, swap, count) for swap, count in planned.swaps]
    made = routing.add_units(shop, order, fresh)
    # what is staged in an edit was staged on other quantities
    for at in [at for at, session in shop.edits.items() if session.order is order]:
        del shop.edits[at]
    refund = _refund(shop, back, planned, gone, note)
    routing.send_gift_cards(shop, order)
    hooks.returned(shop, "PROCESS", back)
    for each in made:
        hooks.fulfillment_order(shop, "ORDER_ROUTING_COMPLETE", each)
    hooks.updated(shop, order)
    return refund


def _take_off(shop: Shop, back: ReturnLine, count: int) -> RefundLine:
    line, before = back.fulfilled.line, worth(back.fulfilled.line)
    fee = fee_of(back, back.processed + count) - fee_of(back, back.processed)
    line.current_quantity -= count
    line.returned += count
    back.processed += count
    _charge(line.order, fee)
    after = worth(line)
    return RefundLine(shop.new_id(), line, count, "NO_RESTOCK", None, before[0] - after[0], before[1] - after[1])


def worth(line: Line, less: int = 0) -> tuple[Bag, Bag]:
    """(price after discounts, tax) of what is still ordered of a line, `less` so many units.

    Rounded as the order's own sums are, so that what goes back and what stays is exactly what was there.
    """
    count, zero = line.current_quantity - less, line.unit.pair.zero
    if not count:
        return zero, zero
    return _net(line).share(count, line.now.quantity), totals.sum_of(line.now.share(count).taxes, line.unit.pair)


def _net(line: Line) -> Bag:
    return line.unit * line.now.quantity - line.now.off(line.unit.pair)


def fee_of(back: ReturnLine, count: int) -> Bag:
    """The restocking fee of so many units: a percentage of their price after discounts, without tax."""
    line = back.fulfilled.line
    if back.fee_percent is None or not count:
        return line.unit.pair.zero
    return _net(line).share(count, line.now.quantity).times(back.fee_percent / 100)


def _charge(order: Order, fee: Bag) -> None:
    order.return_fees = fee if order.return_fees is None else order.return_fees + fee


def exchange_line(shop: Shop, order: Order, swap: ExchangeLine, count: int) -> Line:
    """The line that so many units of an exchange become: at the price of today, without the order's promotions."""
    line = checkout.new_line(shop, order, swap.variant, count)
    line.discounts = [swap.discount] if swap.discount else []
    units = Units(line.unit, count, line.discounts, line.tax_rate)
    [line.whole] = charge([units], [], order.pair, included=order.taxes_included)
    line.now = line.whole
    return line


def _add(shop: Shop, order: Order, swap: ExchangeLine, count: int) -> tuple[Line, int]:
    line = exchange_line(shop, order, swap, count)
    order.lines.append(line)
    swap.lines.append(line)
    swap.processed += count
    return line, count


def _refund(shop: Shop, back: Return, planned: Plan, gone: list[RefundLine], note: str | None) -> Refund | None:
    if not planned.payouts and not planned.credits and not planned.shipping:
        return None
    order = back.order
    made = [payments.give_back(shop, order, parent, amount) for parent, amount in planned.payouts]
    made += [store_credit.give(shop, order, each) for each in planned.credits]
    refund = Refund(shop.new_id(), order, shop.now(), note, gone, planned.shipping, made, back)
    payments.refund_shipping(order, planned.shipping)
    for line, count in planned.lines:
        line.refunded += count
    order.refunds.append(refund)
    back.refunds.append(refund)
    shop.refunds[refund.id] = refund
    hooks.refund(shop, refund)
    return refund


def identity(back: Return, planned: Plan) -> str:
    """What is processed of which return, for the counters."""
    parts = [(x.id, n) for x, n in planned.lines] + [(x.id, n) for x, n in planned.swaps]
    return f"{gid('Return', back.id)}:" + ",".join(f"{at}={count}" for at, count in parts)


class Outcome(NamedTuple):
    """What processing would come to; `due` is below zero when the exchanges cost more than comes back."""

    goods: Bag
    tax: Bag
    shipping_tax: Bag
    cart_discount: Bag
    due: Bag


def outcome(shop: Shop, back: Return, lines: Chosen, swaps: Swaps, shipping: Bag) -> Outcome:
    order, zero = back.order, back.order.pair.zero
    goods, tax, cart, fees, less = zero, zero, zero, zero, dict[Line, int]()
    for each, count in lines:
        line, taken = each.fulfilled.line, less.get(each.fulfilled.line, 0)
        before, after = worth(line, taken), worth(line, taken + count)
        goods, tax = goods + before[0] - after[0], tax + before[1] - after[1]
        share = line.now.share(count)
        cart = cart + share.off(order.pair) - share.line_off(order.pair)
        fees = fees + fee_of(each, each.processed + count) - fee_of(each, each.processed)
        less[line] = taken + count
    if back.fee is not None and not back.fee.charged:
        fees = fees + back.fee.amount
    fresh = [exchange_line(shop, order, swap, count) for swap, count in swaps]
    wanted = total([totals.line_total(line) for line in fresh], order.pair)
    wanted_tax = total([totals.taxes_of(line) for line in fresh], order.pair)
    on_shipping = _shipping_tax(order, shipping)
    due = goods + shipping - fees - wanted
    if not order.taxes_included:
        due = due + tax + on_shipping - wanted_tax
    return Outcome(goods, tax, on_shipping, cart, due)


def _shipping_tax(order: Order, amount: Bag) -> Bag:
    left = totals.current_shipping(order)
    tax = totals.sum_of([tax for each in order.shippings for tax in each.taxes_left()], order.pair)
    if amount == left or not amount:
        return tax if amount else order.pair.zero
    return tax.times(amount.presentment / left.presentment)


def allocate(order: Order, amount: Bag) -> Payouts:
    """An amount over the payments that can still be refunded, first payment first."""
    found: Payouts = []
    for parent in order.transactions:
        left = payments.refundable_of(parent)
        part = amount if amount.presentment < left.presentment else left
        if part:
            found.append((parent, part))
            amount = amount - part
    return found


def suggested(shop: Shop, back: Return) -> dict[str, Any]:
    """`ReturnProcessRefundInput` for all that is left of a return."""
    lines = [(each, each.processable) for each in back.lines if each.processable]
    swaps = [(each, each.unprocessed) for each in back.exchanges if each.unprocessed]
    due = outcome(shop, back, lines, swaps, back.order.pair.zero).due
    return {
        "orderTransactions": [
            {
                "parentId": gid("OrderTransaction", parent.id),
                "transactionAmount": {"amount": str(part.presentment), "currencyCode": part.pair.presentment},
            }
            for parent, part in allocate(back.order, due)
        ]
    }
