"""Payments and transactions of an order, from what its source says."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from domain.ids import new_id
from domain.order import IncomingOrder, IncomingTransaction, TransactionKind, TransactionStatus
from domain.payments import TenderFacts, tender_facts
from ledger.effects import EffectDraft
from ledger.refund_states import follow_transactions
from ledger.rows import Row, insert_new, select_by, update_by, upsert
from ledger.tables import MoneyTransaction, Payment


def money_rows(order: IncomingOrder, order_id: str) -> tuple[list[Row], list[Row]]:
    """Rows of a new order: one payment per gateway, one row per transaction."""
    transactions = [_transaction_row(t, order_id, order.currency) for t in order.transactions]
    return [_payment_row(order_id, order.currency, facts) for facts in fold(order.transactions)], transactions


def fold(transactions: Sequence[IncomingTransaction]) -> list[TenderFacts]:
    """Facts per gateway, in the order of first use."""
    gateways = list(dict.fromkeys(t.gateway for t in transactions))
    return [tender_facts(name, [t for t in transactions if t.gateway == name]) for name in gateways]


def known_transactions(session: Session, order_ids: Sequence[str]) -> dict[str, dict[str, str]]:
    """Status of each transaction that we know of, by order and the source's id."""
    known: dict[str, dict[str, str]] = {}
    for row in select_by(session, MoneyTransaction, "order_id", order_ids):
        known.setdefault(row["order_id"], {})[row["external_id"]] = row["status"]
    return known


def update_money(session: Session, order_id: str, order: IncomingOrder, known: Mapping[str, str]) -> bool:
    """Take over new transactions and changed ones (pending became success), compared with the `known` ones;
    returns whether there were any."""
    if all(known.get(t.external_id) == t.status for t in order.transactions):
        return False
    rows = [_transaction_row(t, order_id, order.currency) for t in order.transactions]
    upsert(session, MoneyTransaction, rows, keys=("order_id", "external_id"), update=("status", "error_code"))
    upsert(
        session,
        Payment,
        [_payment_row(order_id, order.currency, facts) for facts in fold(order.transactions)],
        keys=("order_id", "gateway"),
        update=(
            "authorised_minor",
            "captured_minor",
            "refunded_minor",
            "authorisation_external_id",
            "authorisation_expires_at",
            "declined_code",
        ),
    )
    follow_transactions(session, order_id, order.transactions)
    return True


def facts_of(row: Any) -> TenderFacts:
    """A payment row as facts."""
    return TenderFacts(
        row["gateway"],
        row["authorised_minor"],
        row["captured_minor"],
        row["refunded_minor"],
        row["authorisation_external_id"],
        row["authorisation_expires_at"],
        row["declined_code"],
    )


def _payment_id(order_id: str, gateway: str) -> str:
    return f"{order_id}:pay:{gateway}"


def _payment_row(order_id: str, currency: str, facts: TenderFacts) -> Row:
    return {
        "id": _payment_id(order_id, facts.gateway),
        "order_id": order_id,
        "gateway": facts.gateway,
        "currency": currency,
        "authorised_minor": facts.authorised_minor,
        "captured_minor": facts.captured_minor,
        "refunded_minor": facts.refunded_minor,
        "authorisation_external_id": facts.authorisation_external_id,
        "authorisation_expires_at": facts.authorisation_expires_at,
        "declined_code": facts.declined_code,
    }


def _transaction_row(t: IncomingTransaction, order_id: str, currency: str) -> Row:
    return {
        "id": new_id("txn"),
        "order_id": order_id,
        "payment_id": _payment_id(order_id, t.gateway),
        "external_id": t.external_id,
        "parent_external_id": t.parent_external_id,
        "kind": str(t.kind),
        "status": str(t.status),
        "amount_minor": t.amount_minor,
        "currency": currency,
        "processed_at": t.processed_at,
        "error_code": t.error_code,
    }


def record_capture(
    session: Session,
    order_id: str,
    gateway: str,
    *,
    external_id: str,
    parent: str,
    amount_minor: int,
    currency: str,
    now: datetime,
) -> None:
    """A capture that we made ourselves and the shop confirmed."""
    captured = IncomingTransaction(
        external_id,
        TransactionKind.CAPTURE,
        TransactionStatus.SUCCESS,
        amount_minor,
        gateway,
        now,
        parent_external_id=parent,
    )
    [payment] = [p for p in select_by(session, Payment, "order_id", [order_id], lock=True) if p["gateway"] == gateway]
    if not insert_new(session, MoneyTransaction, [_transaction_row(captured, order_id, currency)]):
        return  # the shop's own webhook told us first
    facts = facts_of(payment)
    upsert(
        session,
        Payment,
        [
            _payment_row(
                order_id,
                currency,
                # an authorisation is used up by its first capture, whatever that left of it
                TenderFacts(gateway, 0, facts.captured_minor + amount_minor, facts.refunded_minor, "", None, ""),
            )
        ],
        keys=("order_id", "gateway"),
        update=("authorised_minor", "captured_minor", "authorisation_external_id", "authorisation_expires_at"),
    )


def record_refund(
    session: Session,
    payment_id: str,
    *,
    external_id: str,
    parent: str,
    amount_minor: int,
    status: TransactionStatus,
    now: datetime,
) -> None:
    """A refund that we asked for and the shop confirmed. `refunded_minor` rises once, whoever tells of it first."""
    [payment] = select_by(session, Payment, "id", [payment_id], lock=True)
    order_id, gateway = payment["order_id"], payment["gateway"]
    made = IncomingTransaction(
        external_id, TransactionKind.REFUND, status, amount_minor, gateway, now, parent_external_id=parent
    )
    if known_transactions(session, [order_id]).get(order_id, {}).get(external_id) in (
        status,
        TransactionStatus.SUCCESS,
    ):
        return
    row = _transaction_row(made, order_id, payment["currency"])
    upsert(session, MoneyTransaction, [row], keys=("order_id", "external_id"), update=("status",))
    if status is TransactionStatus.SUCCESS:
        update_by(session, Payment, [{"id": payment_id, "refunded_minor": payment["refunded_minor"] + amount_minor}])


def capture_drafts(
    order: Mapping[str, Any], payments: Sequence[Mapping[str, Any]], *, only: str = ""
) -> list[EffectDraft]:
    """Take what tenders have authorised, in full, but no more in all than the order's total. `payments`: all of the
    order's; `only`: of them, the one to take from."""
    owed = order["total_minor"] - sum(payment["captured_minor"] for payment in payments)
    drafts = []
    for payment in payments:
        amount = min(payment["authorised_minor"], owed)
        if amount <= 0 or not payment["authorisation_external_id"] or only not in ("", payment["id"]):
            continue
        owed -= amount
        drafts.append(_capture_draft(order, payment, amount))
    return drafts


def _capture_draft(order: Mapping[str, Any], payment: Mapping[str, Any], amount_minor: int) -> EffectDraft:
    return EffectDraft(
        kind="shop.capture",
        key=f"capture:{payment['id']}:{payment['authorisation_external_id']}",
        target=f"{order['source']}/{order['account']}",
        order_id=order["id"],
        subject_id=payment["id"],
        request={
            "payment_id": payment["id"],
            "authorization": payment["authorisation_external_id"],
            "amount_minor": amount_minor,
            "currency": payment["currency"],
        },
    )
