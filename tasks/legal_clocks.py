"""Automatic actions of clocks that the law or a promise sets (TRU-4); `tasks.deadlines` runs them when they are due."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from sqlmodel import Session

from config import wiring
from domain.ship_promise import Act, Step, next_step
from domain.states import DeadlineState
from ledger import case_clocks, forecasts, ship_notices
from ledger.cancelling import SHIP_REFUND
from ledger.cases import CaseDraft, open_cases
from ledger.effects import EffectDraft
from ledger.orders import OrderRow

Row = Mapping[str, Any]
Acted = tuple[DeadlineState, str, Callable[[], list[EffectDraft]]]
Action = Callable[[Session, Row, OrderRow, datetime], Acted]


def _ship_promise(session: Session, row: Row, order: OrderRow, now: datetime) -> Acted:
    """16 CFR Part 435: an order that is not shipped in time is told of, asked about, and without consent cancelled."""
    policy = wiring.current().policies.clocks
    facts = ship_notices.facts_of(session, order, policy.handling, now)
    if facts is None:
        return DeadlineState.MET, "no_promise", list
    step = next_step(facts, now, policy.ship)
    if step.act is Act.CANCEL:
        cancel = partial(ship_notices.cancel, session, order, step.code, policy, now)
        return DeadlineState.BREACHED, step.code, cancel
    return DeadlineState.MET, step.code, partial(_go_on, session, order, step, now)


def _go_on(session: Session, order: OrderRow, step: Step, now: datetime) -> list[EffectDraft]:
    if step.notice is not None:
        ship_notices.tell(session, order, step.notice, now)
    if step.again_at is not None:
        ship_notices.look_again(session, order["id"], step.again_at, now)
    return []


def _ship_refund(session: Session, row: Row, order: OrderRow, now: datetime) -> Acted:
    """16 CFR 435.1(b)(1): the money of an order that was not shipped goes back within seven working days."""
    kept = ship_notices.money_kept(session, order["id"])
    if not kept:
        return DeadlineState.MET, "given_back", list
    draft = CaseDraft(
        key=f"ship_refund_due:{order['id']}",
        kind="ship_refund_due",
        severity="high",
        order_id=order["id"],
        subject_id=order["id"],
        owner="finance",
        facts={"kept_minor": kept, "currency": order["currency"]},
        choices=["refunded", "wait"],
    )
    open_cases(session, [draft], now)
    return DeadlineState.BREACHED, "alerted", list


def _promise_passed(session: Session, row: Row, order: OrderRow, now: datetime) -> Acted:
    """The day that the customer was promised is over: the parcel is forecast anew at once, and is late from now on."""
    if forecasts.overdue(session, row, now):
        return DeadlineState.BREACHED, "promise_passed", list
    return DeadlineState.MET, "no_longer_under_way", list


def _raise_case(session: Session, row: Row, order: OrderRow, now: datetime) -> Acted:
    """Nobody has ended a case in its time."""
    policy = wiring.current().policies.clocks
    if case_clocks.raise_case(session, row, policy.case_severity, policy.case_again, now):
        return DeadlineState.BREACHED, "raised", list
    return DeadlineState.MET, "resolved", list


ACTIONS: Mapping[str, Action] = {
    ship_notices.ACTION: _ship_promise,
    SHIP_REFUND: _ship_refund,
    "promise_passed": _promise_passed,
    case_clocks.ACTION: _raise_case,
}
