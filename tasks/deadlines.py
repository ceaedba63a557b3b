"""Deadlines that are due: run their automatic action, and forget what was kept long enough."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sa
from prefect import task
from sqlmodel import Session

from config import wiring
from domain.payments import PaymentVerdict, judge_payment
from domain.policy import Policies
from domain.states import ENDED_ORDER, DeadlineState
from ledger import carrier_claims, case_clocks, deadlines, inbox, throttles
from ledger.cancelling import cancel_everywhere
from ledger.capture_money import facts_of
from ledger.case_queue import purge_notes
from ledger.cases import CaseDraft, open_cases
from ledger.editing.asking import purge_questions
from ledger.effects import EffectDraft, EffectRow, plan_and_claim
from ledger.offers.ending import expire
from ledger.orders import OrderRow, lock_orders
from ledger.rows import select_by
from ledger.tables import Document, Payment
from ledger.tables.base import table_of
from tasks.effect_kinds import KINDS
from tasks.effects import send
from tasks.legal_clocks import ACTIONS as LEGAL
from tasks.legal_clocks import Acted, Action
from tasks.runtime import Report, in_ledger, is_retryable, work_off
from tasks.stage import log_failure, one_by_one

_document = table_of(Document)
_NO_ORDER: OrderRow = {}  # of a case that is about no order
Row = Mapping[str, Any]


@task(name="run deadlines", retries=2, retry_delay_seconds=[1, 5], retry_condition_fn=is_retryable)
async def run_deadlines(limit: int) -> Report:
    """Act on what is due. Safe to repeat: a deadline ends once."""
    await in_ledger(case_clocks.set_case_clocks, wiring.current().now())
    return await work_off("deadlines", _step, limit=limit, chunk=25, workers=1)


async def _step(report: Report, size: int) -> int:
    wired = wiring.current()
    claimed = await in_ledger(deadlines.claim_due, limit=size, now=wired.now(), real_now=wired.real_now())
    if not claimed.rows:
        return 0

    async def whole(rows: Sequence[Row]) -> tuple[dict[str, str], list[EffectRow]]:
        return await in_ledger(act, rows, now=wired.now(), real_now=wired.real_now())

    async def failed(row: Row, failure: Exception) -> None:
        log_failure("deadlines", row["order_id"], failure)
        await in_ledger(deadlines.failed, row, type(failure).__name__, wired.now())
        report.add(row["kind"], row["order_id"], "postponed", type(failure).__name__)

    kinds = {row["id"]: row for row in claimed.rows}
    for outcome, effects in await one_by_one(claimed.rows, whole, failed):
        for deadline_id, what in outcome.items():
            report.add(kinds[deadline_id]["kind"], kinds[deadline_id]["order_id"], what)
        await send(effects, KINDS)
    return len(claimed.rows)


def act(
    session: Session, rows: Sequence[Row], *, now: datetime, real_now: datetime
) -> tuple[dict[str, str], list[EffectRow]]:
    """Act on claimed deadlines: those that are still pending, and the caller's, once their orders are locked."""
    orders = lock_orders(session, [row["order_id"] for row in rows])
    outcome: dict[str, str] = {}
    drafts: list[EffectDraft] = []
    for row in rows:
        if not deadlines.still_pending(session, row):
            continue
        state, what, carry_out = _ACTIONS[row["action"]](session, row, orders.get(row["order_id"], _NO_ORDER), now)
        deadlines.move_deadlines(session, [row], state, what, now)
        drafts += carry_out()  # last: a cancel ends the order's other deadlines, and not this one once more
        outcome[row["id"]] = what
    return outcome, plan_and_claim(session, drafts, now=now, real_now=real_now)


def _cancel_unpaid(session: Session, row: Mapping[str, Any], order: OrderRow, now: datetime) -> Acted:
    """An order that is still not paid is cancelled in its shop."""
    tenders = [facts_of(p) for p in select_by(session, Payment, "order_id", [order["id"]])]
    paid = judge_payment(order["total_minor"], tenders, now) in (PaymentVerdict.PAID, PaymentVerdict.AUTHORISED)
    if paid or order["state"] in ENDED_ORDER or order["fence_token"]:
        return DeadlineState.MET, "paid_or_ended", list
    cancel = partial(cancel_everywhere, session, order, cause="unpaid_too_long", reason="declined", now=now)
    return DeadlineState.BREACHED, "cancelled_unpaid", cancel


def _alert_authorisation(session: Session, row: Mapping[str, Any], order: OrderRow, now: datetime) -> Acted:
    """Money that was only promised is about to lapse."""
    [payment] = select_by(session, Payment, "id", [row["subject_id"]])
    if not payment["authorised_minor"] or order["state"] in ENDED_ORDER:
        return DeadlineState.MET, "captured_or_ended", list
    expires = payment["authorisation_expires_at"]
    open_cases(
        session,
        [
            CaseDraft(
                key=f"authorisation:{payment['id']}",
                kind="authorisation_expiring",
                severity="high",
                order_id=order["id"],
                subject_id=payment["id"],
                facts={"expires_at": expires.isoformat() if expires else ""},
                choices=["capture_now", "ask_customer", "cancel"],
            )
        ],
        now,
    )
    return DeadlineState.BREACHED, "alerted", list


def _alert_inspection(session: Session, row: Mapping[str, Any], order: OrderRow, now: datetime) -> Acted:
    """A parcel that came back lies about."""
    return _alert(session, row, order, now, kind="return_inspection_late", owner="warehouse")


def _alert_return_refund(session: Session, row: Mapping[str, Any], order: OrderRow, now: datetime) -> Acted:
    """The law's time for the money of a withdrawal is over. Until the goods or evidence that they were sent are there
    the seller may wait (Directive 2011/83/EU, Article 13(3)): somebody has to know which it is."""
    return _alert(session, row, order, now, kind="return_refund_due", owner="finance", severity="high")


def _expire_offer(session: Session, row: Row, order: OrderRow, now: datetime) -> Acted:
    """Nobody has answered: the offer is over, and whoever taps now is told so."""
    return DeadlineState.MET, expire(session, row["subject_id"], now), list


def _claim_window(session: Session, row: Row, order: OrderRow, now: datetime) -> Acted:
    """A carrier takes a claim from now on, or not much longer, or no more."""
    return DeadlineState.MET, carrier_claims.due(session, row["kind"], row["subject_id"], now), list


def _alert(
    session: Session,
    row: Mapping[str, Any],
    order: OrderRow,
    now: datetime,
    *,
    kind: str,
    owner: str,
    severity: str = "normal",
) -> Acted:
    """A return's clock has run out: somebody has to look."""
    draft = CaseDraft(
        key=f"{kind}:{row['subject_id']}",
        kind=kind,
        severity=severity,
        order_id=order["id"],
        subject_id=row["subject_id"],
        owner=owner,
        facts={"due_at": row["due_at"].isoformat()},
        choices=["wait"],
    )
    open_cases(session, [draft], now)
    return DeadlineState.BREACHED, "alerted", list


_ACTIONS: Mapping[str, Action] = {
    **LEGAL,
    "cancel_unpaid": _cancel_unpaid,
    "alert_authorisation": _alert_authorisation,
    "alert_inspection": _alert_inspection,
    "alert_return_refund": _alert_return_refund,
    "expire_offer": _expire_offer,
    "claim_window": _claim_window,
}


@task(name="forget what is old")
async def purge() -> Report:
    """Raw deliveries, documents, agents' notes and questions name people: they go when their age is reached."""
    wired = wiring.current()
    report = Report("purge")
    gone = await in_ledger(_purge, wired.policies, wired.now())
    if any(gone.values()):
        for what, count in gone.items():
            report.add(what, "", "forgotten", str(count))
    return report


def _purge(session: Session, policies: Policies, now: datetime) -> dict[str, int]:
    throttles.forget(session, now)
    old = sa.update(_document).where(_document.c.purge_at < now, _document.c.content.is_not(None))
    return {
        "deliveries": inbox.purge_bodies(session, before=now - policies.retention.inbox_bodies),
        "documents": int(getattr(session.execute(old.values(content=None)), "rowcount", 0)),
        "notes": purge_notes(session, before=now - policies.retention.documents),
        "questions": purge_questions(session, before=now - policies.retention.documents),
    }
