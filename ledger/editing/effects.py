"""What the ledger does around the effects of an edit. The request itself decides what an outcome means: a handler
only wakes it."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from domain.states import EditState
from ledger import queue
from ledger.cases import CaseDraft, open_cases
from ledger.editing.requests import wake
from ledger.effects import EffectDraft, EffectRow, Verdict
from ledger.rows import select_by
from ledger.tables import EditRequest, Order

Pairs = Sequence[tuple[EffectRow, Verdict]]
_UNDER_WAY = (EditState.AT_NODE, EditState.COMMITTING, EditState.UNDOING)


def step_done(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    for effect, _ in pairs:
        wake(session, effect["subject_id"], now)
    return []


step_refused = step_done


def guard_step(session: Session, effects: Sequence[EffectRow], now: datetime) -> dict[str, str]:
    """Nothing is changed outside but under the request's own fence."""
    requests = {row["id"]: row for row in select_by(session, EditRequest, "id", {e["subject_id"] for e in effects})}
    orders = {row["id"]: row for row in select_by(session, Order, "id", {e["order_id"] for e in effects})}
    return {
        effect["id"]: "cancel:edit_ended"
        for effect in effects
        if requests[effect["subject_id"]]["state"] not in _UNDER_WAY
        or orders[effect["order_id"]]["fence_token"] != effect["subject_id"]
    }


def payment_booked(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    """The shop counts the money that a payment page took; its own statement brings the transaction."""
    queue.enqueue(session, [queue.work_row("reconcile", effect["order_id"], now) for effect, _ in pairs])
    return []


def booking_refused(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    """The money is taken and the edit applied, only the shop does not say so."""
    drafts = [
        CaseDraft(
            key=f"booking:{effect['subject_id']}",
            kind="payment_not_booked",
            severity="high",
            order_id=effect["order_id"],
            subject_id=effect["subject_id"],
            owner="finance",
            facts={"code": verdict.code, **{n: effect["request"][n] for n in ("amount_minor", "currency", "method")}},
            choices=["retry", "booked_by_hand"],
        )
        for effect, verdict in pairs
    ]
    open_cases(session, drafts, now)
    return []
