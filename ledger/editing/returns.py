"""Money of a payment page that goes back at its vendor: when an edit ends without it, or when the shop gives back what
it only books.

A vendor may take a refund and say only days later whether the bank took it: its effect stays `unknown` and is asked
about until it has ended. A bank may even send back what had arrived. Both become a case, and a retry has a new key.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.order import TransactionKind, TransactionStatus
from domain.payments import page_method
from domain.states import EffectState, RefundState
from ledger.cases import CaseDraft, open_cases
from ledger.editing.requests import remember
from ledger.effects import EffectDraft, EffectRow, Verdict
from ledger.orders import lock_orders
from ledger.refund_states import RETURN, RefundRow, base_key, move_refund, return_key, succeed
from ledger.rows import select_by
from ledger.settling import renew
from ledger.tables import EditRequest, Effect, Exchange, MoneyTransaction, Payment, Refund, ReviewCase
from ledger.tables.base import table_of

Pairs = Sequence[tuple[EffectRow, Verdict]]
FAILED = "payment_refund_failed"  # kind of the case, which finance owns
_effect = table_of(Effect)


def page_refunds(session: Session, order_ids: Sequence[str]) -> list[EffectDraft]:
    """Refunds of tenders that were paid on a page: the shop writes them down (ours, its own people's, those of a
    cancellation), the money itself goes back here. One effect for each of the shop's transactions."""
    both = (EditRequest, Exchange)
    requests = [row for kind in both for row in select_by(session, kind, "order_id", order_ids) if row["payment_ref"]]
    if not requests:
        return []
    pages = {(row["order_id"], page_method(row["id"])): row for row in requests}
    payments = select_by(session, Payment, "order_id", {row["order_id"] for row in requests})
    of_payment = {
        row["id"]: pages[row["order_id"], row["gateway"]]
        for row in payments
        if (row["order_id"], row["gateway"]) in pages
    }
    return [
        EffectDraft(
            kind=RETURN,
            key=return_key(of_payment[row["payment_id"]]["id"], row["external_id"]),
            target=of_payment[row["payment_id"]]["payment_target"],
            order_id=row["order_id"],
            subject_id=of_payment[row["payment_id"]]["id"],
            request={"amount_minor": row["amount_minor"], "currency": row["currency"]},
        )
        for row in select_by(session, MoneyTransaction, "payment_id", list(of_payment))
        if row["kind"] == TransactionKind.REFUND and row["status"] == TransactionStatus.SUCCESS
    ]


def money_returned(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    """`on_done`: a line of the customer's history, and the end of the refund that the shop had booked."""
    for effect, _ in pairs:
        order = lock_orders(session, [effect["order_id"]])[effect["order_id"]]
        for request in select_by(session, EditRequest, "id", [effect["subject_id"]], lock=True):
            remember(session, order, request, "paid_back", now)
        refund = _booked(session, effect)
        if refund is not None and refund["state"] != RefundState.SUCCEEDED:
            succeed(session, refund, refund["external_id"], "returned", now)
    return []


def return_refused(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    """`on_rejected`: the money is owed again, and finance decides; tried again, it has a new key."""
    for effect, verdict in pairs:
        refund = _booked(session, effect)
        if refund is not None:
            move_refund(session, refund, RefundState.FAILED, verdict.code, now, done_at=None)
        about = {name: effect["request"][name] for name in ("amount_minor", "currency")}
        draft = CaseDraft(
            key=f"payment_refund:{effect['key']}",
            kind=FAILED,
            severity="high",
            order_id=effect["order_id"],
            subject_id=effect["id"],
            owner="finance",
            facts={"code": verdict.code, "detail": verdict.detail, "request": effect["subject_id"], **about},
            choices=["retry", "given_back_by_hand"],
        )
        open_cases(session, [draft], now)
    return []


def _booked(session: Session, effect: EffectRow, *, lock: bool = True) -> RefundRow | None:
    """The refund of ours that the shop's transaction is, for which this money goes back; None for anybody else's, and
    for the money of an edit that was not made."""
    rows = select_by(session, Refund, "order_id", [effect["order_id"]], lock=lock, order_by="id")
    keys = {return_key(effect["subject_id"], row["external_id"]): row for row in rows if row["external_id"]}
    return keys.get(base_key(effect["key"]))


def last_tries(session: Session, references: Collection[str]) -> dict[str, EffectRow]:
    """The newest effect of each of these references, which vendors know our refunds by; unknown ones are left out."""
    orders = {row["order_id"] for row in select_by(session, Effect, "key", references)}
    newest: dict[str, EffectRow] = {}
    for row in select_by(session, Effect, "order_id", orders):
        base = base_key(row["key"])
        if row["kind"] == RETURN and base in references and (base not in newest or _try(row) > _try(newest[base])):
            newest[base] = row
    return newest


def _try(effect: EffectRow) -> int:
    return int(str(effect["key"]).partition("#")[2] or 1)


def ask_soon(session: Session, effects: Collection[EffectRow], now: datetime) -> None:
    """Somebody tells of refunds: those whose end is not known yet are looked up at the next round."""
    waiting = [row["id"] for row in effects if row["state"] == EffectState.UNKNOWN]
    known = sa.update(_effect).where(_effect.c.id.in_(waiting), _effect.c.state == EffectState.UNKNOWN)
    session.execute(known.values(due_at=now))


def came_back(session: Session, effect_id: str, verdict: Verdict, now: datetime) -> bool:
    """A refund that had arrived was sent back by the bank, as the vendor has said (`verdict`); returns whether that is
    news."""
    [effect] = select_by(session, Effect, "id", [effect_id], lock=True)
    newest = last_tries(session, {base_key(effect["key"])})[base_key(effect["key"])]
    if effect["state"] != EffectState.DONE or newest["id"] != effect_id:
        return False
    if select_by(session, ReviewCase, "subject_id", [effect_id]):
        return False
    return_refused(session, [(effect, verdict)], now)
    return True


def answer(session: Session, case: Any, choice: str, now: datetime) -> str:
    """Carry out what a case of `FAILED` was resolved with; returns what was done, in words."""
    [effect] = select_by(session, Effect, "id", [case["subject_id"]], lock=True)
    if choice == "retry":
        renew(session, [effect], now)
        return "the payment vendor is asked again"
    refund = _booked(session, effect)
    if refund is not None and refund["state"] == RefundState.FAILED:
        move_refund(session, refund, RefundState.SUCCEEDED, "by_hand", now)
    return "the money counts as given back"
