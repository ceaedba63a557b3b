"""Money moves: authorise, capture, void, refund."""

from datetime import timedelta
from typing import Any

from sandbox.shopify import totals
from sandbox.shopify.model import Order, Transaction
from sandbox.shopify.money import Bag
from sandbox.shopify.state import Shop

_CARD = ("Visa", "4242")
GATEWAY, MANUAL, GIFT_CARD = "shopify_payments", "Bank Deposit", "gift_card"
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
        **values,
    )
    order.transactions.append(made)
    shop.transactions[made.id] = made
    return made


def at_checkout(shop: Shop, order: Order, body: dict[str, Any]) -> None:
    """The payment that the control JSON asks for."""
    how, whole = body.get("payment") or "paid", totals.total_price(order)
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
    else:
        raise ValueError(f"unknown payment {how}")


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
            made.append(
                record(
                    shop, order, "REFUND", left, gateway=transaction.gateway, parent=transaction, card=transaction.card
                )
            )
    return made


def in_presentment(order: Order, amount: Any, whole: Bag) -> Bag:
    """An amount given in the customer's currency; all of `whole` is exactly `whole` in the shop's too."""
    if amount == whole.presentment:
        return whole
    return order.pair.from_presentment(amount)
