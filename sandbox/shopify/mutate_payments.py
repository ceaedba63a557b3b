"""orderCapture, refundCreate, orderMarkAsPaid, orderCreateManualPayment."""

from decimal import Decimal, InvalidOperation
from typing import Any

from sandbox.core.clock import parse_time
from sandbox.shopify import hooks, payments, rest_order, routing, store_credit, totals, undoing
from sandbox.shopify.gql.registry import Arguments, Call, field
from sandbox.shopify.model import Order, Transaction
from sandbox.shopify.money import Bag
from sandbox.shopify.mutate_holds import Payload, error
from sandbox.shopify.mutate_orders import the_order
from sandbox.shopify.returning import ReturnError
from sandbox.shopify.state import Shop, number_of


def _settled(shop: Shop, order: Order, made: Transaction, *, was_paid: bool) -> None:
    """After money came in: gift cards go out and everybody hears of it."""
    routing.send_gift_cards(shop, order)
    hooks.emit(shop, "ORDER_TRANSACTIONS_CREATE", lambda: rest_order.transaction(shop, made))
    if not was_paid and payments.is_paid(shop, order):
        hooks.order(shop, "ORDERS_PAID", order)
    hooks.updated(shop, order)


@field("Mutation", "orderCapture")
def capture(_root: Any, arguments: Arguments, call: Call) -> Payload:
    wanted, shop = arguments["input"], call.shop
    order = the_order(call, wanted["id"])
    parent = shop.transactions.get(number_of(wanted["parentTransactionId"], "OrderTransaction"))
    amount = _decimal(wanted["amount"])
    problem = _why_not_capture(shop, order, parent, amount, wanted)
    if order is None or parent is None or amount is None or problem is not None:
        return {"transaction": None, "userErrors": [problem]}
    was_paid, rest = payments.is_paid(shop, order), totals.capturable_of(parent, shop.now())
    final = bool(wanted.get("finalCapture")) or not shop.settings.multi_capture
    made = payments.capture(shop, parent, payments.in_presentment(order, amount, rest), final=final)
    _settled(shop, order, made, was_paid=was_paid)
    call.accept(f"{wanted['parentTransactionId']}:{wanted['amount']}")
    return {"transaction": made, "userErrors": []}


def _decimal(text: Any) -> Decimal | None:
    try:
        return Decimal(str(text))
    except InvalidOperation:
        return None


def _why_not_capture(
    shop: Shop, order: Order | None, parent: Transaction | None, amount: Decimal | None, wanted: dict[str, Any]
) -> Payload | None:
    if order is None:
        return error(["input", "id"], "Order does not exist")
    if parent is None or parent.order is not order or parent.kind != "AUTHORIZATION":
        return error(["input", "parentTransactionId"], "Parent transaction is not a capturable authorization")
    currency, path = wanted.get("currency"), ["input", "currency"]
    if order.pair.shop != order.pair.presentment and currency is None:
        return error(path, "Currency is required for orders with a presentment currency")
    if currency is not None and currency != order.pair.presentment:
        return error(path, "Currency must be the presentment currency of the order")
    if amount is None or amount <= 0:
        return error(["input", "amount"], "Amount must be greater than zero")
    if parent.expires_at is not None and parent.expires_at <= shop.now():
        return error(["input", "parentTransactionId"], "The authorization has expired")
    rest = totals.capturable_of(parent, shop.now())
    if not rest:
        return error(["input", "parentTransactionId"], "The authorization has nothing left to capture")
    if amount > rest.presentment:
        return error(["input", "amount"], "Amount exceeds the amount that can be captured")
    return None


@field("Mutation", "orderMarkAsPaid")
def mark_as_paid(_root: Any, arguments: Arguments, call: Call) -> Payload:
    order, shop = the_order(call, arguments["input"]["id"]), call.shop
    if order is None:
        return {"order": None, "userErrors": [error(["id"], "Order does not exist")]}
    left = totals.outstanding(order)
    if not left or order.cancelled_at is not None:
        return {"order": None, "userErrors": [error(["id"], "Order cannot be marked as paid")]}
    open_ones = [t for t in order.transactions if totals.capturable_of(t, shop.now())]
    if open_ones:
        held = totals.capturable_of(open_ones[0], shop.now())
        made = payments.capture(shop, open_ones[0], held, final=False)
    else:
        made = _pay(shop, order, left, payments.MANUAL)
    _settled(shop, order, made, was_paid=False)
    call.accept(arguments["input"]["id"])
    return {"order": order, "userErrors": []}


def _pay(shop: Shop, order: Order, amount: Bag, gateway: str) -> Transaction:
    """Record money received by hand; a pending payment of the same gateway is fulfilled by it."""
    pending = next((t for t in order.transactions if t.status == "PENDING" and t.gateway == gateway), None)
    if pending is not None and pending.amount.presentment == amount.presentment:
        pending.status, pending.processed_at = "SUCCESS", shop.now()
        return pending
    return payments.record(shop, order, "SALE", amount, gateway=gateway)


@field("Mutation", "orderCreateManualPayment")
def manual_payment(_root: Any, arguments: Arguments, call: Call) -> Payload:
    order, shop = the_order(call, arguments["id"]), call.shop
    if order is None:
        return {"order": None, "userErrors": [error(["id"], "Order is not found", "ORDER_NOT_FOUND")]}
    left, wanted = totals.outstanding(order), arguments.get("amount")
    amount = left.presentment if wanted is None else _decimal(wanted["amount"])
    problem = None
    if wanted is not None and wanted["currencyCode"] != order.pair.presentment:
        problem = error(["amount"], "Currency does not match the order's", "CURRENCY_MISMATCH")
    elif amount is None or amount <= 0:
        problem = error(["amount"], "Amount must be positive", "AMOUNT_NOT_POSITIVE")
    elif amount > left.presentment:
        problem = error(["amount"], "Amount exceeds the remaining balance", "AMOUNT_EXCEEDS_BALANCE")
    elif arguments.get("processedAt") and parse_time(arguments["processedAt"]) > shop.now():
        problem = error(["processedAt"], "Processed at is in the future", "PROCESSED_AT_INVALID")
    if problem is not None or amount is None:
        return {"order": None, "userErrors": [problem]}
    name = arguments.get("paymentMethodName") or payments.MANUAL
    made = _pay(shop, order, payments.in_presentment(order, amount, left), name)
    if arguments.get("processedAt"):
        made.processed_at = parse_time(arguments["processedAt"])
    _settled(shop, order, made, was_paid=False)
    call.accept(f"{arguments['id']}:{amount}")
    return {"order": order, "userErrors": []}


@field("Mutation", "refundCreate")
def refund(_root: Any, arguments: Arguments, call: Call) -> Payload:
    wanted, shop = arguments["input"], call.shop
    order = the_order(call, wanted["orderId"])
    if order is None:
        return _no_refund(error(["orderId"], "Order does not exist"))
    if order.pair.shop != order.pair.presentment and wanted.get("currency") != order.pair.presentment:
        return _no_refund(error(["currency"], "Currency must be the presentment currency of the order"))
    lines = _refund_lines(shop, order, wanted.get("refundLineItems") or [])
    shipping = _refund_shipping(order, wanted.get("shipping") or {})
    money = _refund_money(shop, order, wanted.get("transactions") or [], over=bool(wanted.get("allowOverRefunding")))
    for found in (lines, shipping, money):
        if isinstance(found, dict):
            return _no_refund(found)
    if isinstance(lines, dict) or isinstance(shipping, dict) or isinstance(money, dict):
        raise AssertionError("refused above")
    try:
        credits = store_credit.wanted(shop, order, wanted.get("refundMethods") or [], ["refundMethods"])
    except ReturnError as problem:
        return _no_refund(problem.errors[0])
    if not lines and not shipping and not money and not credits:
        return _no_refund(error(None, "Refund must have refund line items, shipping or transactions"))
    given = sum((each.presentment for each in [*(x for _, x in money), *(x.amount for x in credits)]), Decimal(0))
    if given > payments.left_to_refund(order) and not wanted.get("allowOverRefunding"):
        return _no_refund(error(["transactions"], payments.TOO_MUCH))
    made = [payments.give_back(shop, order, parent, amount) for parent, amount in money]
    made += [store_credit.give(shop, order, each) for each in credits]
    result = undoing.give_back(shop, order, lines, shipping, made, wanted.get("note"))
    hooks.updated(shop, order)
    call.accept(f"{wanted['orderId']}:{given}")
    return {"order": order, "refund": result, "userErrors": []}


def _no_refund(problem: Payload) -> Payload:
    return {"order": None, "refund": None, "userErrors": [problem]}


def _refund_lines(shop: Shop, order: Order, wanted: list[dict[str, Any]]) -> undoing.Wanted | Payload:
    by_id = {line.id: line for line in order.lines}
    found: undoing.Wanted = []
    for at, each in enumerate(wanted):
        line, path = by_id.get(number_of(each["lineItemId"], "LineItem")), ["refundLineItems", str(at)]
        kind = each.get("restockType") or "NO_RESTOCK"
        if line is None:
            return error([*path, "lineItemId"], "Line item does not exist")
        if not 0 < each["quantity"] <= line.current_quantity:
            return error([*path, "quantity"], "Quantity cannot refund more items than were purchased")
        if kind == "CANCEL" and each["quantity"] > line.unfulfilled:
            return error([*path, "restockType"], "Fulfilled items cannot be restocked as cancelled")
        if kind == "RETURN" and each["quantity"] > line.fulfilled - line.returned:
            return error([*path, "restockType"], "Unfulfilled items cannot be restocked as returned")
        place = shop.locations.get(number_of(each.get("locationId") or "", "Location"))
        if each.get("locationId") and place is None:
            return error([*path, "locationId"], "Location does not exist")
        found.append((line, each["quantity"], kind, place))
    return found


def _refund_shipping(order: Order, wanted: dict[str, Any]) -> Bag | Payload:
    left = totals.current_shipping(order)
    if wanted.get("fullRefund"):
        return left
    amount = _decimal(wanted.get("amount") or 0)
    if amount is None or not 0 <= amount <= left.presentment:
        return error(["shipping", "amount"], "Shipping refund is more than the shipping that was paid")
    return payments.in_presentment(order, amount, left)


def _refund_money(
    shop: Shop, order: Order, wanted: list[dict[str, Any]], *, over: bool
) -> list[tuple[Transaction, Bag]] | Payload:
    found: list[tuple[Transaction, Bag]] = []
    for at, each in enumerate(wanted):
        path = ["transactions", str(at)]
        parent = shop.transactions.get(number_of(each.get("parentId") or "", "OrderTransaction"))
        if parent is None or parent.order is not order or parent.kind not in totals.CAPTURES:
            return error([*path, "parentId"], "Parent transaction cannot be refunded")
        amount, left = _decimal(each["amount"]), payments.refundable_of(parent)
        for other, taken in found:
            left = left - taken if other is parent else left
        if each["kind"] != "REFUND":
            return error([*path, "kind"], "Kind must be refund")
        if amount is None or amount <= 0:
            return error([*path, "amount"], "Amount must be greater than zero")
        if amount > left.presentment and not over:
            return error([*path, "amount"], payments.TOO_MUCH)
        found.append((parent, payments.in_presentment(order, amount, left)))
    return found
