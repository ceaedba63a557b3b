"""A person's word on a return."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from domain.states_returns import ENDED_RETURN, ReturnState
from ledger import audit
from ledger.returning.ending import decline
from ledger.returning.requests import RequestRow, orders_and_request, set_values, wake

KINDS = (
    *("return_review", "return_inspection", "return_lost", "return_label_refused", "return_claw_back"),
    *("return_failing",),
)


def answer(session: Session, case: Mapping[str, Any], choice: str, now: datetime) -> str:
    """Carry out what a case of a return was resolved with; returns what was done, in words."""
    orders, request = orders_and_request(session, case["subject_id"], None)
    if request["state"] in ENDED_RETURN:
        return f"the return has ended meanwhile: {request['state']}"
    request = set_values(session, request, touches=request["touches"] + 1)
    if choice == "decline" and request["state"] in (ReturnState.REQUESTED, ReturnState.MANUAL_REVIEW):
        decline(session, orders, request, [{"code": "declined", "next_step": "ask_us"}], now)
        return "the return is declined, and the customer is told"
    if case["kind"] == "return_review":
        set_values(session, request, approved_by=audit.actor.get())
        wake(session, request["id"], now)
        return "the return goes on"
    if case["kind"] == "return_label_refused":
        return _label(session, request, choice, now)
    if choice in ("refund_as_proposed", "refund_in_full", "refund"):
        set_values(session, request, plan={**request["plan"], "verdict": choice}, approved_by=audit.actor.get())
        wake(session, request["id"], now)
        return "the money goes back"
    wake(session, request["id"], now)
    return {"got_back": "recorded", "waived": "recorded", "wait": "it may still come"}.get(choice, "it is tried again")


def _label(session: Session, request: RequestRow, choice: str, now: datetime) -> str:
    plan = request["plan"]
    if choice == "without_label":
        set_values(session, request, plan={**plan, "without_label": True})
    else:
        set_values(
            session, request, plan={**plan, "labels_refused": [*plan.get("labels_refused", []), now.isoformat()]}
        )
    wake(session, request["id"], now)
    return (
        "the customer is told to send it without a label" if choice == "without_label" else "a label is asked for again"
    )
