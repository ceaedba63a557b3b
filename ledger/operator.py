"""What a person may do by hand: hold, release, retry, decide a case. Audited under the caller's `audit.actor`.

Nothing here goes past a fence, and nothing calls a vendor: it changes what is held, due or wanted, and the stages
and the effect machine do the rest.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.states import ENDED_ORDER, CaseState, EffectState, OrderState
from domain.validation import WantedHold
from ledger import audit, carrier_claims, disputes, queue, refunds, ship_notices
from ledger.cancelling import cancel_everywhere
from ledger.capture_money import capture_drafts
from ledger.cases import DUE, move_case
from ledger.editing import answering, late_edits, returns, setting_back
from ledger.effects import Handlers, plan
from ledger.fulfilment import fulfilment_orders_of
from ledger.offers import answering as of_offers
from ledger.orders import (
    EDIT_WINDOW,
    OPERATOR,
    OrderRow,
    lines_of,
    lock_orders,
    open_holds,
    place_holds,
    release_holds,
)
from ledger.restarts import allow_restarts
from ledger.restored import HOLD as RESTORED
from ledger.returning import answering as of_returns
from ledger.rows import select_by
from ledger.settling import decide_parked, renew_rejected
from ledger.tables import Effect, InboxEvent, Order, Payment, ReviewCase, Work
from ledger.tables.base import table_of

HOLD = OPERATOR
_order, _effect, _work = table_of(Order), table_of(Effect), table_of(Work)
_inbox, _case = table_of(InboxEvent), table_of(ReviewCase)
_STAGES = ("validate", "route", "fulfil", "reconcile")
_EFFECT_CHOICES = {
    "retry": EffectState.PLANNED,
    "mark_done": EffectState.DONE,
    "drop": EffectState.REJECTED,
}


class Refused(Exception):
    """What was asked cannot be done; the message says why and what can."""


def find_order(session: Session, name: str, *, account: str = "") -> OrderRow:
    """By our id, or by the order's name with or without `#`. `account` ("{system}/{account}") settles which of several
    shops is meant. Raises: Refused."""
    names = {name, f"#{name.removeprefix('#')}"}
    query = sa.select(_order).where(sa.or_(_order.c.id == name, _order.c.name.in_(names)))
    found: list[OrderRow] = [dict(row) for row in session.execute(query).mappings()]
    if account:
        found = [row for row in found if account in (row["account"], account_of(row))]
    if not found:
        place = f" in {account}" if account else ""
        raise Refused(f"there is no order {name}{place}; `aftercart orders list` shows what there is")
    if len(found) > 1:
        accounts = ", ".join(sorted(account_of(row) for row in found))
        raise Refused(f"{name} names {len(found)} orders ({accounts}); add --account, or give its id")
    return found[0]


def account_of(order: OrderRow) -> str:
    return f"{order['source']}/{order['account']}"


def hold(session: Session, order: OrderRow, reason: str, now: datetime) -> None:
    """Place a person's hold. Raises: Refused when one stands or the order has ended."""
    order = _locked(session, order)
    if order["state"] in ENDED_ORDER:
        raise Refused(f"{order['name']} is {order['state']}; there is nothing left to hold")
    wanted = WantedHold(HOLD, audit.actor.get(), reason, now + DUE["normal"])
    if not place_holds(session, [(order["id"], wanted)], placed_by=audit.actor.get(), now=now):
        raise Refused(f"{order['name']} has an operator's hold already; release it first to give another reason")


def release(session: Session, order: OrderRow, name: str, now: datetime) -> str:
    """End a hold and put the order in line again; returns the stage that takes it next.

    Raises: Refused when there is no such hold, when it is the edit window's, or when an edit has fenced the order.
    """
    order = _locked(session, order)
    standing = sorted(row["name"] for row in open_holds(session, [order["id"]]).get(order["id"], []))
    if order["fence_token"]:
        raise Refused(f"{order['name']} is being changed by an edit; wait until it has ended")
    if name == EDIT_WINDOW:
        raise Refused(f"the edit window of {order['name']} ends by itself at {order['release_at']:%Y-%m-%d %H:%M} UTC")
    if name not in standing:
        listed = ", ".join(n for n in standing if n != EDIT_WINDOW) or "none"
        raise Refused(f"{order['name']} has no hold named {name}; open: {listed}")
    actor = audit.actor.get()
    release_holds(session, [order["id"]], [name], by=actor, cause=actor, now=now)
    return _requeue(session, order, now)


def retry(session: Session, order: OrderRow, now: datetime) -> tuple[int, int]:
    """Let everything of the order that waits be tried now; returns how many (stages, effects)."""
    order = _locked(session, order)
    rows = (
        session.execute(sa.select(_work.c.stage).where(_work.c.id.in_([f"{stage}:{order['id']}" for stage in _STAGES])))
        .scalars()
        .all()
    )
    queue.enqueue(session, [queue.work_row(stage, order["id"], now) for stage in rows])
    session.execute(
        sa.update(_effect)
        .where(
            _effect.c.order_id == order["id"],
            _effect.c.state.in_([EffectState.PLANNED, EffectState.UNKNOWN]),
            _effect.c.due_at > now,
        )
        .values(due_at=now)
    )
    effects = session.execute(
        sa.select(_effect.c.id, _effect.c.state).where(
            _effect.c.order_id == order["id"],
            _effect.c.state.in_([EffectState.PLANNED, EffectState.UNKNOWN, EffectState.PARKED]),
        )
    ).all()
    for effect_id, state in effects:
        if state == EffectState.PARKED:
            decide_parked(session, effect_id, EffectState.PLANNED, now)
            _resolve_about(session, effect_id, "retry", now)
    audit.append(session, [audit.entry("order", order["id"], order["state"], order["state"], "retry", now)])
    return len(rows), len(effects)


def resolve_case(
    session: Session, case_id: str, choice: str, now: datetime, handlers: Mapping[str, Handlers] | None = None
) -> str:
    """Record a person's choice and do what it means where that is automatic; returns what was done, in words.

    `handlers` by effect kind: what follows when a person gives an effect up, or says that it was done.

    Raises: Refused for an unknown or resolved case, or a choice that it does not offer.
    """
    found = select_by(session, ReviewCase, "id", [case_id], lock=True)
    if not found:
        raise Refused(f"there is no case {case_id}; `aftercart cases list` shows the open ones")
    [case] = found
    if case["state"] == CaseState.RESOLVED:
        raise Refused(f"case {case_id} was resolved before: {case['resolution']}")
    if choice not in case["choices"]:
        raise Refused(f"case {case_id} does not offer {choice!r}; choose one of: {', '.join(case['choices'])}")
    # first: what is done may end all cases of its trouble, and this one ends by the person's word
    move_case(session, case_id, CaseState.RESOLVED, cause=choice, now=now)
    return _act(session, case, choice, now, handlers or {})


def _act(session: Session, case: Any, choice: str, now: datetime, handlers: Mapping[str, Handlers]) -> str:
    if case["kind"] == "effect_parked" and choice in _EFFECT_CHOICES:
        around = handlers.get(case["facts"].get("effect", ""))
        plan(session, decide_parked(session, case["subject_id"], _EFFECT_CHOICES[choice], now, around), now)
        return {"retry": "it will be sent again", "mark_done": "it counts as done", "drop": "it was given up"}[choice]
    if case["kind"] in refunds.CASES:
        return refunds.answer(session, case, choice, now)
    if case["kind"] == returns.FAILED:
        return returns.answer(session, case, choice, now)
    if case["kind"] == "inbox_unreadable":
        return _act_on_inbox(session, case["subject_id"], choice, now)
    if case["kind"] == "credentials_refused":
        session.execute(
            sa.update(_effect)
            .where(_effect.c.target == case["subject_id"], _effect.c.state == EffectState.PLANNED)
            .values(due_at=now)
        )
        return "everything for this vendor is tried again"
    if case["kind"] in answering.KINDS:
        return answering.answer(session, case, choice, now)
    if case["kind"] == late_edits.CASE:
        return _decide_late(session, case, choice, now)
    if case["kind"] == disputes.KIND:
        return disputes.answer(session, case, choice, now)
    if case["kind"] == of_offers.REVIEW:
        return of_offers.answer(session, case, choice, now)
    if case["kind"] in carrier_claims.CASES:
        return carrier_claims.answer(session, case, choice, now)
    if case["kind"] in of_returns.KINDS:
        return of_returns.answer(session, case, choice, now)
    if case["kind"] in ship_notices.CASES:
        return ship_notices.answer_case(session, case, choice, now)
    if case["kind"] == "runs_dying" and choice == "start_again":
        allow_restarts(session, case["subject_id"])
        return "its runs are started again when they die"
    if choice == "retry" and renew_rejected(session, case["subject_id"], now):
        return "it will be tried again"
    orders = select_by(session, Order, "id", [case["order_id"]]) if case["order_id"] else []
    for order in orders:
        if choice == "cancel" and order["state"] not in ENDED_ORDER:
            return _cancel(session, order, now)
        if choice == "not_sent" and order["state"] not in ENDED_ORDER:
            return f"in line for {release(session, order, RESTORED, now)}"
        if choice == "capture_now":
            return _capture(session, order, case["subject_id"], now)
        if choice in ("retry", "reroute", "correct_address"):
            return f"in line for {_requeue(session, _locked(session, order), now)}"
    return "recorded"


def _decide_late(session: Session, case: Any, choice: str, now: datetime) -> str:
    order = lock_orders(session, [case["order_id"]])[case["order_id"]]
    try:
        return setting_back.decide(session, order, case, choice, now)
    except setting_back.NotNow:
        raise Refused(f"{order['name']} is being changed by an edit; wait until it has ended") from None


def _act_on_inbox(session: Session, event_id: str, choice: str, now: datetime) -> str:
    waiting = sa.update(_inbox).where(_inbox.c.id == event_id, _inbox.c.handled_at.is_(None))
    if choice == "retry":
        session.execute(waiting.values(due_at=now, attempts=0, error=""))
        return "the delivery will be read again"
    session.execute(waiting.values(handled_at=now, outcome="dropped", lease_until=None))
    return "the delivery was dropped"


def _cancel(session: Session, order: OrderRow, now: datetime) -> str:
    order = _locked(session, order)
    if order["fence_token"]:
        raise Refused(f"{order['name']} is being changed by an edit; wait until it has ended")
    effects = cancel_everywhere(session, order, cause="operator", reason="other", now=now)
    plan(session, effects, now)
    asked = any(effect.kind == "shop.cancel" for effect in effects)
    return "the shop is asked to cancel" if asked else "the order is cancelled"


def _capture(session: Session, order: OrderRow, payment_id: str, now: datetime) -> str:
    payments = select_by(session, Payment, "order_id", [order["id"]], lock=True, order_by="id")
    if not any(payment["authorised_minor"] for payment in payments if payment["id"] == payment_id):
        return "nothing is authorised any more"
    drafts = capture_drafts(order, payments, only=payment_id)
    if not drafts:
        return "the order is paid already"
    plan(session, drafts, now)
    return "the shop is asked to take the money"


def _requeue(session: Session, order: OrderRow, now: datetime) -> str:
    """Put the order in line for whatever is left to do; returns the stage that takes it next."""
    if order["state"] in (OrderState.RECEIVED, OrderState.VALIDATING, OrderState.HELD):
        stages = ["validate"]
    elif order["state"] in (OrderState.ROUTING, OrderState.IN_FULFILMENT):
        # a part may be promised and wait for its release while another is promised by nobody
        open_part, promised = _unpromised(session, order["id"]), _promised(session, order["id"])
        stages = [*(["route"] if open_part else []), *(["fulfil"] if promised or not open_part else [])]
    else:
        stages = ["route"]
    due = {"fulfil": max(now, order["release_at"])}
    queue.enqueue(session, [queue.work_row(stage, order["id"], due.get(stage, now)) for stage in stages])
    return stages[0]


def _promised(session: Session, order_id: str) -> bool:
    """Whether some node has promised units and was not told yet."""
    return any(row["state"] == "scheduled" for row in fulfilment_orders_of(session, [order_id])[order_id])


def _unpromised(session: Session, order_id: str) -> bool:
    """Whether some wanted unit is promised by no node: never routed, or a node gave it back."""
    return any(
        line["requires_shipping"] and line["ordered"] - line["cancelled"] > line["reserved"]
        for line in lines_of(session, [order_id])[order_id]
    )


def _resolve_about(session: Session, subject_id: str, cause: str, now: datetime) -> None:
    ids: Sequence[str] = (
        session.execute(
            sa.select(_case.c.id).where(
                _case.c.subject_id == subject_id,
                _case.c.kind == "effect_parked",
                _case.c.state != CaseState.RESOLVED,
            )
        )
        .scalars()
        .all()
    )
    for case_id in ids:
        move_case(session, case_id, CaseState.RESOLVED, cause=cause, now=now)


def _locked(session: Session, order: OrderRow) -> OrderRow:
    return lock_orders(session, [order["id"]])[order["id"]]
