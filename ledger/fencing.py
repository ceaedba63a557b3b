"""What an edit does when it has ended: the fence is lifted and everything that it kept back goes on."""

from datetime import datetime

from sqlmodel import Session

from domain.states import ENDED_ORDER, OrderState
from ledger import queue
from ledger.cancelling import cancel_here
from ledger.cases import resolve_by_key
from ledger.effects import EffectDraft
from ledger.orders import lock_orders, unfence

_UNJUDGED = (OrderState.RECEIVED, OrderState.VALIDATING, OrderState.HELD)


def lift_fence(session: Session, order_id: str, *, token: str, now: datetime) -> list[EffectDraft]:
    """Lift one's own fence and put the order in line again, or end it when its shop has cancelled it meanwhile.
    Somebody else's fence stays, and so does all that waits for it. Returns the effects wanted."""
    unfence(session, order_id, token=token)
    order = lock_orders(session, [order_id])[order_id]
    if order["fence_token"] or order["state"] in ENDED_ORDER:
        return []
    if order["cancelled_at"] is not None:
        resolve_by_key(session, f"cancel:{order_id}", cause="edit_ended", now=now)
        return cancel_here(session, order, order["cancel_reason"], now)
    stages = [("validate", now)]
    if order["state"] not in _UNJUDGED:
        stages = [("route", now), ("fulfil", max(now, order["release_at"]))]
    queue.enqueue(session, [queue.work_row(stage, order_id, due) for stage, due in stages])
    return []
