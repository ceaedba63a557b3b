"""States of refunds, and what a shop's own list of transactions says of them.

`granted` is promised, `executing` asked for at the shop, `unknown` taken by the shop while its gateway has not said,
`failed` refused for good until a person decides. Whoever learns first moves the row: the answer to our call, or a
statement of the shop that comes before it. What was paid on a payment page the shop only books: it has gone back when
the page's vendor has given it back (`ledger.editing.returns`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from domain.order import IncomingTransaction, TransactionKind, TransactionStatus
from domain.payments import page_request
from domain.states import EffectState, RefundState, check
from ledger import audit
from ledger.cases import CaseDraft, open_cases, resolve_by_key
from ledger.returning.requests import wake as wake_return
from ledger.rows import select_by, update_by
from ledger.tables import EditRequest, Effect, Exchange, Refund

RefundRow = Mapping[str, Any]
FAILED = "refund_failed"  # kind of the case, which finance owns
# promised and not yet among what the shop calls refunded
UNSETTLED = (RefundState.GRANTED, RefundState.EXECUTING, RefundState.UNKNOWN, RefundState.FAILED)
RETURN = "payment.refund"  # kind of the effect by which a payment page's money goes back
_ASKED_FOR = (RefundState.EXECUTING, RefundState.UNKNOWN, RefundState.FAILED)
_SKEW = timedelta(minutes=1)  # shops count in whole seconds, by a clock of their own


def move_refund(session: Session, refund: RefundRow, to: RefundState, cause: str, now: datetime, **values: Any) -> None:
    """The one writer of a refund's state. A refund whose end is heard of before anybody asked for it (found by a
    look-up) was asked for."""
    if to in (RefundState.SUCCEEDED, RefundState.FAILED, RefundState.UNKNOWN) and refund["state"] in (
        RefundState.GRANTED,
        RefundState.FAILED,
    ):
        move_refund(session, refund, RefundState.EXECUTING, cause, now)
        refund = {**refund, "state": RefundState.EXECUTING}
    check("refund", refund["state"], to)
    if to is RefundState.SUCCEEDED:
        values |= {"done_at": now}
    update_by(session, Refund, [{"id": refund["id"], "state": to, **values}])
    audit.append(session, [audit.entry("refund", refund["id"], refund["state"], to, cause, now)])
    if to is RefundState.SUCCEEDED:
        wake_return(session, refund["subject_id"].partition(":")[0], now)


def fail_refund(session: Session, refund: RefundRow, code: str, detail: str, now: datetime) -> None:
    """A definite refusal: the next try has a new key at the vendor, and only a person wants one."""
    move_refund(session, refund, RefundState.FAILED, code, now, tries=refund["tries"] + 1)
    draft = CaseDraft(
        key=case_key(refund["id"]),
        kind=FAILED,
        severity="high",
        order_id=refund["order_id"],
        subject_id=refund["id"],
        owner="finance",
        facts={
            "code": code,
            "detail": detail,
            "payment_id": refund["payment_id"],
            "amount_minor": refund["amount_minor"],
            "currency": refund["currency"],
        },
        choices=["retry", "given_back_by_hand"],
    )
    open_cases(session, [draft], now)


def case_key(refund_id: str) -> str:
    """The one case about a refund."""
    return f"refund:{refund_id}"


def succeed(session: Session, refund: RefundRow, external_id: str, cause: str, now: datetime) -> None:
    """The money has gone back; nobody needs to look at it any more."""
    move_refund(session, refund, RefundState.SUCCEEDED, cause, now, external_id=external_id)
    resolve_by_key(session, case_key(refund["id"]), cause="given_back", now=now)


def return_key(request_id: str, transaction: str = "") -> str:
    """Key of the effect that gives back the money of a request's page: all of it, or what a transaction of the shop
    has booked. Later tries have it with a number; vendors know the money by it."""
    return f"payment_refund:{request_id}:{transaction}" if transaction else f"payment_refund:{request_id}"


def base_key(key: str) -> str:
    """An effect's key without the number of its try."""
    return key.partition("#")[0]


def book(session: Session, refund: RefundRow, external_id: str, cause: str, now: datetime) -> None:
    """The shop counts it as refunded: the money has gone back, or the page that it was paid on is asked to."""
    if not _page_owes(session, refund, external_id):
        succeed(session, refund, external_id, cause, now)
    elif refund["state"] == RefundState.UNKNOWN:
        update_by(session, Refund, [{"id": refund["id"], "external_id": external_id}])
    elif refund["external_id"] != external_id:  # else the page has refused already
        move_refund(session, refund, RefundState.UNKNOWN, cause, now, external_id=external_id)


def _page_owes(session: Session, refund: RefundRow, external_id: str) -> bool:
    request_id = _page_of(refund)
    rows = [row for model in (EditRequest, Exchange) for row in select_by(session, model, "id", [request_id])]
    if not request_id or not any(row["payment_ref"] for row in rows):
        return False
    key = return_key(request_id, external_id)
    tries = [row for row in select_by(session, Effect, "order_id", [refund["order_id"]]) if base_key(row["key"]) == key]
    return not any(row["state"] == EffectState.DONE for row in tries)


def _page_of(refund: RefundRow) -> str:
    return page_request(str(refund["payment_id"]).removeprefix(f"{refund['order_id']}:pay:"))


def follow_transactions(session: Session, order_id: str, transactions: Sequence[IncomingTransaction]) -> None:
    """What the shop states of refunds that we asked for. One whose answer has not come yet is known by tender, amount
    and time; the answer, when it comes, names the transaction itself."""
    rows = select_by(session, Refund, "order_id", [order_id], lock=True, order_by="id")
    waiting = [row for row in rows if row["state"] in _ASKED_FOR and not _refused_by_page(row)]
    if not waiting:
        return
    named = {row["external_id"] for row in rows}
    stated = [t for t in transactions if t.kind is TransactionKind.REFUND]
    free = [t for t in stated if t.status is TransactionStatus.SUCCESS and t.external_id not in named]
    for refund in waiting:
        if refund["external_id"] and refund["state"] == RefundState.UNKNOWN:
            found = next((t for t in stated if t.external_id == refund["external_id"]), None)
        else:
            found = next((t for t in free if _is_ours(refund, t)), None)
        if found is None or found.status is TransactionStatus.PENDING:
            continue
        if found.status is TransactionStatus.FAILED:
            fail_refund(session, refund, "gateway_refused", found.error_code, found.processed_at)
            continue
        free = [t for t in free if t is not found]
        book(session, refund, found.external_id, "stated_by_shop", found.processed_at)


def _refused_by_page(refund: RefundRow) -> bool:
    """The shop has booked it long since; whatever else it states is another refund."""
    return bool(refund["state"] == RefundState.FAILED and refund["external_id"] and _page_of(refund))


def _is_ours(refund: RefundRow, transaction: IncomingTransaction) -> bool:
    same_tender = refund["payment_id"] == f"{refund['order_id']}:pay:{transaction.gateway}"
    later = transaction.processed_at >= refund["created_at"] - _SKEW
    return bool(same_tender and later and transaction.amount_minor == refund["amount_minor"])
