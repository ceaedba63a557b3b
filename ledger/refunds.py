"""Refunds of an order's tenders: granted under their lock, given back through the shop, each once.

The shop's idempotency key and the note by which a look-up knows the refund are the effect's key, `refund:{id}:{try}`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session

from domain.edit_quote import RefundShare, split_refund
from domain.ids import digest
from domain.order import TransactionKind, TransactionStatus
from domain.placed import Tender, shared
from domain.states import RefundState
from ledger import audit, credits, disputes, queue
from ledger.capture_money import facts_of, record_refund
from ledger.cases import CaseDraft, open_cases
from ledger.effects import EffectDraft, EffectRow, Verdict, plan
from ledger.orders import OrderRow
from ledger.refund_states import FAILED, UNSETTLED, book, case_key, fail_refund, move_refund
from ledger.rows import Row, group_by, insert_rows, select_by
from ledger.tables import Effect, MoneyTransaction, Order, Payment, Refund, ShopFulfilment

Pairs = Sequence[tuple[EffectRow, Verdict]]
KIND = "shop.refund"
KINDS = (KIND, credits.KIND)
_NEVER = datetime.min.replace(tzinfo=UTC)
BY_HAND, SHORT = "refund_by_hand", "refund_short"
CASES = (FAILED, BY_HAND)  # whose choices are carried out by `answer`


def granted_by_payment(session: Session, order_ids: Sequence[str]) -> dict[str, int]:
    """Minor units promised of each tender and not yet among its refunded ones. What was refused for good stays
    promised: the customer has not got it."""
    granted: Counter[str] = Counter()
    for row in _promised(session, order_ids):
        granted[row["payment_id"]] += row["amount_minor"]
    return dict(granted)


def _promised(session: Session, order_ids: Sequence[str]) -> list[Mapping[str, Any]]:
    """Refunds that are owed and that the shop does not count among its own: what it has booked for a payment page is
    among the refunded ones, also while the page's vendor owes it."""
    rows = [row for row in select_by(session, Refund, "order_id", order_ids) if row["state"] in UNSETTLED]
    named = {row["order_id"] for row in rows if row["external_id"]}
    booked = {
        (row["order_id"], row["external_id"])
        for row in select_by(session, MoneyTransaction, "order_id", named)
        if row["kind"] == TransactionKind.REFUND and row["status"] == TransactionStatus.SUCCESS
    }
    return [row for row in rows if (row["order_id"], row["external_id"]) not in booked]


def tenders_of(session: Session, order_id: str, *, lock: bool = False) -> tuple[Tender, ...]:
    """The order's payments in the order in which they were made, with what is promised of them."""
    payments = select_by(session, Payment, "order_id", [order_id], lock=lock, order_by="id")
    made: dict[str, datetime] = {}
    for row in select_by(session, MoneyTransaction, "order_id", [order_id], order_by="processed_at"):
        made.setdefault(row["payment_id"], row["processed_at"])
    granted = granted_by_payment(session, [order_id])
    payments.sort(key=lambda row: (row["id"] not in made, made.get(row["id"], _NEVER), row["id"]))
    return shared(tuple(Tender(row["id"], facts_of(row), granted.get(row["id"], 0)) for row in payments))


def given_for(session: Session, order_id: str, reason: str) -> int:
    """Minor units that an order's tenders gave or promise back for this reason."""
    rows = select_by(session, Refund, "order_id", [order_id])
    return sum(row["amount_minor"] for row in rows if row["reason"] == reason)


def grant(
    session: Session,
    order: OrderRow,
    amount_minor: int,
    *,
    subject_id: str,
    reason: str,
    now: datetime,
    shares: Sequence[RefundShare] | None = None,
) -> list[EffectDraft]:
    """Promise money back for a subject (an edit request, an occasion of a return), once: asked again, nothing is added.
    Returns the effects that give it back; the caller holds the order's lock and plans them. `shares`: which payment
    gives what, reckoned under the payments' lock; by itself the last taken first.

    Never more than captured - refunded - granted: what is missing (given back by somebody else meanwhile) is a case.
    An order without a shop is refunded by a person.
    """
    tenders = tenders_of(session, order["id"], lock=True)
    rows = select_by(session, Refund, "order_id", [order["id"]])
    if amount_minor <= 0 or any(row["subject_id"] == subject_id for row in rows):
        return []
    there = min(amount_minor, sum(max(tender.refundable_minor, 0) for tender in tenders))
    if shares is None:
        shares = split_refund(there, tenders)
    there = sum(share.amount_minor for share in shares)
    if there < amount_minor:
        _ask_about_rest(session, order, subject_id, amount_minor, there, now)
    parts = _by_parent(session, order["id"], shares)
    refunds = [_refund_row(order, share, parent, subject_id, reason, now) for share, parent in parts]
    insert_rows(session, Refund, refunds)
    audit.append(
        session,
        [audit.entry("refund", row["id"], "", RefundState.GRANTED, reason, now) for row in refunds],
    )
    if not select_by(session, ShopFulfilment, "order_id", [order["id"]]):
        open_cases(session, [_by_hand(row) for row in refunds], now)
        return []
    drafts = [
        _draft(order, row, parent=parent, gateway=share.gateway)
        for row, (share, parent) in zip(refunds, parts, strict=True)
    ]
    return disputes.held_back(session, drafts, now)


def _by_parent(session: Session, order_id: str, shares: Sequence[RefundShare]) -> list[tuple[RefundShare, str]]:
    """Shops refund one charge at a time: a tender's share over its charges, the last first."""
    open_ids = [row["id"] for row in _promised(session, [order_id])]
    asked = {
        row["subject_id"]: row["request"]
        for row in select_by(session, Effect, "order_id", [order_id])
        if row["kind"] == KIND and row["subject_id"] in open_ids
    }
    transactions = group_by(
        select_by(session, MoneyTransaction, "order_id", [order_id], order_by="processed_at"), "payment_id"
    )
    back: Counter[str] = Counter()
    for request in asked.values():
        back[request["parent"]] += request["amount_minor"]
    parts: list[tuple[RefundShare, str]] = []
    for share in shares:
        good = [t for t in transactions.get(share.payment_id, []) if t["status"] == TransactionStatus.SUCCESS]
        for done in good:
            if done["kind"] == TransactionKind.REFUND:
                back[done["parent_external_id"]] += done["amount_minor"]
        charges = [t for t in reversed(good) if t["kind"] in (TransactionKind.SALE, TransactionKind.CAPTURE)]
        left = share.amount_minor
        for number, charge in enumerate(charges, start=1):
            # a refund that names no charge may have taken from any: the shop knows, and refuses too much
            rest = left if number == len(charges) else charge["amount_minor"] - back[charge["external_id"]]
            part = min(left, max(rest, 0))
            if part:
                parts.append((RefundShare(share.payment_id, share.gateway, part), charge["external_id"]))
                left -= part
    return parts


def _refund_row(order: OrderRow, share: RefundShare, parent: str, subject_id: str, reason: str, now: datetime) -> Row:
    return {
        # made of what it is for: a ledger that was restored asks for the same refund again, not for another
        "id": f"rfd_{digest([subject_id, share.payment_id, parent])}",
        "order_id": order["id"],
        "payment_id": share.payment_id,
        "subject_id": subject_id,
        "amount_minor": share.amount_minor,
        "currency": order["currency"],
        "reason": reason,
        "state": RefundState.GRANTED,
        "tries": 1,
        "external_id": "",
        "created_at": now,
    }


def _draft(order: Mapping[str, Any], refund: Mapping[str, Any], *, parent: str, gateway: str) -> EffectDraft:
    return EffectDraft(
        kind=KIND,
        key=f"refund:{refund['id']}:{refund['tries']}",
        target=f"{order['source']}/{order['account']}",
        order_id=order["id"],
        subject_id=refund["id"],
        request={
            "payment_id": refund["payment_id"],
            "parent": parent,
            "gateway": gateway,
            "amount_minor": refund["amount_minor"],
            "currency": refund["currency"],
        },
    )


def _by_hand(refund: Mapping[str, Any]) -> CaseDraft:
    about = {name: refund[name] for name in ("payment_id", "amount_minor", "currency")}
    return CaseDraft(
        key=case_key(refund["id"]),
        kind=BY_HAND,
        severity="high",
        order_id=refund["order_id"],
        subject_id=refund["id"],
        owner="finance",
        facts=about,
        choices=["given_back_by_hand"],
    )


def _ask_about_rest(
    session: Session, order: OrderRow, subject_id: str, amount_minor: int, there: int, now: datetime
) -> None:
    draft = CaseDraft(
        key=f"{SHORT}:{subject_id}",
        kind=SHORT,
        severity="high",
        order_id=order["id"],
        subject_id=subject_id,
        owner="finance",
        facts={"owed_minor": amount_minor, "granted_minor": there, "currency": order["currency"]},
        choices=["given_back_by_hand", "nothing_owed"],
    )
    open_cases(session, [draft], now)


# around the effect


def guard_refunds(session: Session, effects: Sequence[EffectRow], now: datetime) -> dict[str, str]:
    """What the shop gave back without our asking again is not asked for; what is disputed waits."""
    rows = {row["id"]: row for row in select_by(session, Refund, "id", [effect["subject_id"] for effect in effects])}
    ended = {effect["id"] for effect in effects if rows[effect["subject_id"]]["state"] == RefundState.SUCCEEDED}
    return disputes.stopped_refunds(session, effects) | dict.fromkeys(ended, "cancel:given_back")


def begin_refunds(session: Session, effects: Sequence[EffectRow], now: datetime) -> None:
    """They are asked for at the shop from now on."""
    for row in select_by(session, Refund, "id", [effect["subject_id"] for effect in effects], lock=True):
        if row["state"] in (RefundState.GRANTED, RefundState.FAILED):
            move_refund(session, row, RefundState.EXECUTING, "sending", now)


def refunded(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    """`on_done`: the shop has given the money back, or handed it to its gateway."""
    for effect, verdict in pairs:
        request, transaction = effect["request"], verdict.data.get("transaction", "")
        pending = verdict.data.get("status") == TransactionStatus.PENDING
        if transaction:
            record_refund(
                session,
                request["payment_id"],
                external_id=transaction,
                parent=request["parent"],
                amount_minor=request["amount_minor"],
                status=TransactionStatus.PENDING if pending else TransactionStatus.SUCCESS,
                now=now,
            )
        [refund] = select_by(session, Refund, "id", [effect["subject_id"]], lock=True)
        if refund["state"] == RefundState.SUCCEEDED:
            continue  # the shop's own statement was faster
        if transaction and not pending:
            book(session, refund, transaction, "refunded", now)
        elif refund["state"] != RefundState.UNKNOWN:  # the shop's statements tell how it ends
            move_refund(session, refund, RefundState.UNKNOWN, "pending", now, external_id=transaction)
    credits.hasten_bonus(session, pairs, now)
    queue.enqueue(session, [queue.work_row("reconcile", effect["order_id"], now) for effect, _ in pairs])
    return []


def refund_refused(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    """`on_rejected`: finance decides whether it is tried again."""
    for effect, verdict in pairs:
        [refund] = select_by(session, Refund, "id", [effect["subject_id"]], lock=True)
        if refund["state"] != RefundState.SUCCEEDED:
            fail_refund(session, refund, verdict.code, verdict.detail, now)
    return []


def answer(session: Session, case: Mapping[str, Any], choice: str, now: datetime) -> str:
    """Carry out what a case of `CASES` was resolved with; returns what was done, in words."""
    [refund] = select_by(session, Refund, "id", [case["subject_id"]], lock=True)
    if refund["state"] == RefundState.SUCCEEDED:
        return "the money has gone back meanwhile"
    if choice == "retry":
        [order] = select_by(session, Order, "id", [refund["order_id"]])
        effects = select_by(session, Effect, "order_id", [order["id"]])
        sent = next(row for row in effects if row["kind"] in KINDS and row["subject_id"] == refund["id"])
        parent, gateway = sent["request"]["parent"], sent["request"]["gateway"]
        by_credit = sent["kind"] == credits.KIND
        again = (
            credits.credit_draft(order, refund, gateway)
            if by_credit
            else _draft(order, refund, parent=parent, gateway=gateway)
        )
        plan(session, [again], now)
        return "the shop is asked again"
    if case["kind"] == FAILED:
        return "recorded; if it went back through the shop, its statement ends the refund"
    record_refund(
        session,
        refund["payment_id"],
        external_id=f"by_hand:{refund['id']}",
        parent="",
        amount_minor=refund["amount_minor"],
        status=TransactionStatus.SUCCESS,
        now=now,
    )
    move_refund(session, refund, RefundState.SUCCEEDED, "by_hand", now, external_id=f"by_hand:{refund['id']}")
    queue.enqueue(session, [queue.work_row("reconcile", refund["order_id"], now)])
    return "the refund counts as given back"
