"""A person's word on a request: approved, declined, or what is true where a program could not tell."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from domain.states import ENDED_EDIT, EditState
from ledger import audit
from ledger.editing.deciding import after_review
from ledger.editing.ending import refuse
from ledger.editing.requests import RequestRow, locked_free, set_values, wake
from ledger.orders import lock_orders
from ledger.rows import select_by
from ledger.tables import EditRequest

KINDS = ("edit_review", "edit_parked", "edit_failing")


def answer(session: Session, case: Mapping[str, Any], choice: str, now: datetime) -> str:
    """Carry out what a case of an edit was resolved with; returns what was done, in words."""
    [seen] = select_by(session, EditRequest, "id", [case["subject_id"]])
    order = lock_orders(session, [seen["order_id"]])[seen["order_id"]]
    request = locked_free(session, seen["id"])
    if request["state"] in ENDED_EDIT:
        return f"the request has ended meanwhile: {request['state']}"
    request = set_values(session, request, touches=request["touches"] + 1)
    if case["kind"] == "edit_review" and request["state"] == EditState.AWAITING_REVIEW:
        if choice == "approve":
            request = set_values(session, request, approved_by=audit.actor.get())
            after_review(session, order, request, now)
            return "the edit goes on"
        refuse(session, order, request, [{"code": "declined"}], now)
        return "the edit is refused, and the customer is told"
    if case["kind"] == "edit_parked":
        return _settle(session, request, choice, now)
    wake(session, request["id"], now)
    return "it is tried again"


def _settle(session: Session, request: RequestRow, choice: str, now: datetime) -> str:
    """The runner carries it out: it reads shop and nodes before it believes anybody."""
    set_values(session, request, plan={**request["plan"], "verdict": choice})
    wake(session, request["id"], now)
    return {
        "look_again": "shop and warehouse are read again",
        "applied": "the ledger takes over what the shop says",
        "undone": "the ledger stays as it was before the edit",
    }[choice]


__all__ = ["KINDS", "answer"]
