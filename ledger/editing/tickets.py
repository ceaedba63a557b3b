"""A ticket at the helpdesk for each request, where the accounts name a helpdesk: opened for a person who has to act, or
once the request has ended; what follows is a note on it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from sqlmodel import Session

from domain.states import EffectState
from ledger.cases import CaseDraft, open_cases
from ledger.editing.requests import RequestRow
from ledger.effects import EffectDraft, EffectRow, Verdict, plan
from ledger.orders import OrderRow
from ledger.rows import select_by, update_by
from ledger.tables import EditRequest, Effect

HELPDESK_OF_SESSION = "helpdesk"  # where a session tells the helpdesk's target; empty without one
TICKET, NOTE = "helpdesk.ticket", "helpdesk.note"
Pairs = Sequence[tuple[EffectRow, Verdict]]
# what is told -> the ticket's state; `received` alone is no ticket
_STATES: Mapping[str, str] = {
    "review": "open",
    "parked": "open",
    "asked": "pending",
    "answered": "open",
    "payment": "pending",
    "applied": "solved",
    "refused": "solved",
    "expired": "solved",
    "withdrawn": "solved",
    "undone": "solved",
    "paid_late": "solved",
    "answered_late": "solved",
}
_ONLY_A_NOTE = ("asked", "answered", "answered_late", "payment", "paid_late")
_UNDER_WAY = (EffectState.PLANNED, EffectState.SENDING, EffectState.UNKNOWN, EffectState.PARKED)


def helpdesk_of(session: Session) -> str:
    """Target of the helpdesk, empty where there is none."""
    found: Callable[[], str] = session.info.get(HELPDESK_OF_SESSION, str)
    return found()


def want_ticket(
    session: Session, order: OrderRow, request: RequestRow, what: str, now: datetime, *, question: str = ""
) -> None:
    """Open the request's ticket, or add a note to it. `question`: the id of the one that was asked or answered."""
    target, state = helpdesk_of(session), _STATES.get(what)
    if not target or state is None:
        return
    key = f"ticket:{request['id']}"
    standing = bool(select_by(session, Effect, "key", [key]))
    if not standing and what in _ONLY_A_NOTE:
        return
    draft = EffectDraft(
        kind=NOTE if standing else TICKET,
        key=":".join(part for part in (key, what, question) if part) if standing else key,
        target=target,
        order_id=order["id"],
        subject_id=request["id"],
        request={"what": what, "state": state, **({"question": question} if question else {})},
    )
    plan(session, [draft], now)


def guard_notes(session: Session, effects: Sequence[EffectRow], now: datetime) -> dict[str, str]:
    """A note waits for its ticket and for the notes before it: the last one says how the ticket stands."""
    orders = {effect["order_id"] for effect in effects}
    rows = [row for row in select_by(session, Effect, "order_id", orders) if row["kind"] in (TICKET, NOTE)]
    refused = {}
    for effect in effects:
        mine = [row for row in rows if row["subject_id"] == effect["subject_id"]]
        ticket = next((row["state"] for row in mine if row["kind"] == TICKET), "")
        earlier = [row for row in mine if row["id"] < effect["id"] and row["state"] in _UNDER_WAY]
        if ticket in (EffectState.REJECTED, EffectState.CANCELLED, ""):
            refused[effect["id"]] = "cancel:no_ticket"
        elif earlier:
            refused[effect["id"]] = "wait:earlier_note"
    return refused


def ticket_opened(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    """`on_done` of helpdesk.ticket."""
    known = [{"id": effect["subject_id"], "ticket_external_id": verdict.external_id} for effect, verdict in pairs]
    update_by(session, EditRequest, known)
    return []


def note_added(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    return []


def refused_there(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    """`on_rejected` of both. A ticket that people at the helpdesk have closed needs no further note."""
    drafts = [
        CaseDraft(
            key=f"ticket:{effect['key']}",
            kind="ticket_refused",
            severity="low",
            order_id=effect["order_id"],
            subject_id=effect["id"],
            owner="service",
            facts={"effect": effect["kind"], "code": verdict.code, "detail": verdict.detail},
            choices=["retry", "ignore"],
        )
        for effect, verdict in pairs
        if verdict.code != "closed"
    ]
    open_cases(session, drafts, now)
    return []
