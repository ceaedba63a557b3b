"""Clocks of a return that are rows: the warehouse's for its inspection, the law's for the money."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from domain.states import DeadlineState
from ledger.deadlines import DeadlineDraft, move_deadlines, set_deadlines
from ledger.request_queue import RequestRow
from ledger.rows import select_by
from ledger.tables import Deadline

INSPECTION, REFUND_DUE = "return_inspection", "return_refund"
ALL = (INSPECTION, REFUND_DUE)
_OWNER = {INSPECTION: "warehouse", REFUND_DUE: "finance"}
_ACTION = {INSPECTION: "alert_inspection", REFUND_DUE: "alert_return_refund"}


def start(session: Session, request: RequestRow, kind: str, due_at: datetime, now: datetime) -> None:
    """Once for each request and kind; the caller holds the lock of the request's order."""
    draft = DeadlineDraft(kind, request["id"], request["order_id"], due_at, _OWNER[kind], _ACTION[kind])
    set_deadlines(session, [draft], now)


def stop(session: Session, request: RequestRow, outcome: str, now: datetime, kinds: Sequence[str] = ALL) -> None:
    """What a clock waited for has happened, or will never have to."""
    rows = select_by(session, Deadline, "id", [f"{kind}:{request['id']}" for kind in kinds], lock=True)
    pending = [row for row in rows if row["state"] == DeadlineState.PENDING]
    move_deadlines(session, pending, DeadlineState.MET, outcome, now)
