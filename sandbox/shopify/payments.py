"""Money moves: authorise, capture, void, refund."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sandbox.shopify import credit_accounts, totals
from sandbox.shopify.model import Order, Transaction
from sandbox.shopify.money import Bag
from sandbox.shopify.state import Shop

_CARD = ("Visa", "4242")
GATEWAY, MANUAL, GIFT_CARD = "shopify_payments", "Bank Deposit", "gift_card"
STORE_CREDIT = "shopify_store_credit"
TOO_MUCH = "Refund amount exceeds the amount that can be refunded"
_EXPIRING_HOURS = 1


def record(shop: Shop, order: Order, kind: str, amount: Bag, **more: Any) -> Transaction:
    """A new transaction of the order, processed now unless it is pending."""
    values = {"status": "SUCCESS", "gateway": GATEWAY, **more}
    if values["gateway"] == GATEWAY:
        values.setdefault("card", _CARD)
    moment = shop.now()
    made = Transaction(
        id=shop.new_id(),
        order=order,
        kind=kind,
        amount=amount,
        created_at=moment,
        processed_at=None if values["status"] == "PENDING" else moment,
        **{name: value for name, value in values.items() if name != "credit_until"},
    )
    order.transactions.append(made)
    shop.transactions[made.id] = made
    if made.gateway == STORE_CREDIT and made.status == "SUCCESS":
        _move_credit(shop, made, more.get("credit_until"))
    return made


def _move_credit(shop: Shop, made: Transaction, until: datetime | None) -> None:
    """Store credit is spent by a sale and comes back by a refund."""
    pair = made.amount.pair
    account = credit_accounts.of(shop, made.order.customer, pair.presentment)
    sign, event = (1, "ORDER_REFUND") if made.kind == "REFUND" else (-1, "ORDER_PAYMENT")
    credit_accounts.move(shop, account, sign * made.amount.presentment, event, origin=made, expires_at=until)


def at_checkout(shop: Shop, order: Order, body: dict[str, Any]) -> None:
    """The payment that the control JSON asks for."""
    how, whole = body.get("payment") or "paid", _after_balances(shop, order, body)
    hours = body.get("authorization_hours", _EXPIRING_HOURS if how == "expiring" else 168)
    if how in ("authorized", "expiring"):
        expires = order.created_at + timedelta(hours=float(hours))
        record(shop, order, "AUTHORIZATION", whole, expires_at=expires)
    elif how == "declined":
        record(shop, order, "AUTHORIZATION", whole, status="FAILURE", error_code="CARD_DECLINED")
    elif how == "pending":
        record(shop, order, "SALE", whole, status="PENDING", gateway=MANUAL)
    elif how == "partial":
        record(shop, order, "SALE", whole.share(1, 2))
    elif how in ("gift_card", "paid"):
        record(shop, order, "SALE", whole, gateway=GIFT_CARD if how == "gift_card" else GATEWAY)
    elif how != "none":  # an order that an app places without a transaction
        raise ValueError(f"unknown payment {how}")


def _after_balances(shop: Shop, order: Order, body: dict[str, Any]) -> Bag:
    """What is left to pay after `gift_card` and `store_credit`, amounts in the customer's currency."""
    left = totals.total_price(order)
    for name, gateway in (("gift_card", GIFT_CARD), ("store_credit", STORE_CREDIT)):
        if body.get(name):
            amount = min(Decimal(str(body[name])), left.presentment)
            paid = in_presentment(order, amount, left)
            record(shop, order, "SALE", paid, gateway=gateway)
            left = left - paid
    return left


PAYMENTS = frozenset({"paid", "authorized", "declined", "pending", "partial", "expiring", "gift_card"})


def is_paid(shop: Shop, order: Order) -> bool:
    return totals.financial_status(order, shop.now()) == "PAID"


def capture(shop: Shop, parent: Transaction, amount: Bag, *, final: bool) -> Transaction:
    made = record(shop, parent.order, "CAPTURE", amount, gateway=parent.gateway, parent=parent, card=parent.card)
    if final:
        void_rest(shop, parent)
    return made


def void_rest(shop: Shop, parent: Transaction) -> None:
    """Let go of what an authorisation still holds."""
    rest = totals.capturable_of(parent, shop.now())
    if rest:
        record(shop, parent.order, "VOID", rest, gateway=parent.gateway, parent=parent, card=parent.card)


def void_all(shop: Shop, order: Order) -> None:
    for transaction in list(order.transactions):
        void_rest(shop, transaction)


def refundable_of(transaction: Transaction) -> Bag:
    """What of a capture or sale has not gone back yet."""
    if transaction.kind not in totals.CAPTURES or transaction.status != "SUCCESS":
        return transaction.amount.pair.zero
    left = transaction.amount
    for other in transaction.order.transactions:
        if other.kind == "REFUND" and other.parent is transaction and other.status == "SUCCESS":
            left = left - other.amount
    return left


def refund_all(shop: Shop, order: Order) -> list[Transaction]:
    """Give everything back, each payment the way it came."""
    made = []
    for transaction in list(order.transactions):
        if left := refundable_of(transaction):
            made.append(give_back(shop, order, transaction, left))
    return made


def give_back(shop: Shop, order: Order, parent: Transaction, amount: Bag) -> Transaction:
    """A refund goes back the way the payment came."""
    return record(shop, order, "REFUND", amount, gateway=parent.gateway, parent=parent, card=parent.card)


def left_to_refund(order: Order) -> Decimal:
    """What was paid and has not gone back in any way, in the customer's currency."""
    return totals.captured(order).presentment - totals.refunded(order).presentment


def refund_shipping(order: Order, amount: Bag) -> None:
    rest = amount
    for each in order.shippings:
        part = rest if rest.presentment < each.left.presentment else each.left
        each.refunded, rest = each.refunded + part, rest - part


def in_presentment(order: Order, amount: Any, whole: Bag) -> Bag:
    """An amount given in the customer's currency; all of `whole` is exactly `whole` in the shop's too."""
    if amount == whole.presentment:
        return whole
    return order.pair.from_presentment(amount)
