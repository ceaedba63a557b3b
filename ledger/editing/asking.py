"""A question to the customer about a request that waits for a person, a change or a return, and the answer.

The request goes on waiting: an answer brings the case back to the agents. The review of a change ends when it would
have ended, and without an answer in time the change with it; a return waits for a person as before, and its case comes
back when the time for the answer is over. What is asked and answered stands in rows that are purged by age, nowhere
else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.free_text import tidy
from domain.ids import new_id
from domain.messages import ClaimKind
from domain.states import ENDED_EDIT, CaseState, EditState
from domain.states_returns import ENDED_RETURN
from ledger import audit
from ledger.cases import DUE, move_case
from ledger.editing.ending import expire
from ledger.editing.requests import RequestRow, locked_free, remember, set_values
from ledger.editing.tickets import want_ticket
from ledger.editing.wording import changes_of
from ledger.messages import Claim, say
from ledger.orders import OrderRow, contacts, lock_orders
from ledger.returning import requests as returns
from ledger.returning.telling import lines_told
from ledger.rows import insert_rows, select_by, update_by
from ledger.tables import EditQuestion, EditRequest, ReviewCase
from ledger.tables.base import table_of

LONGEST_QUESTION, LONGEST_ANSWER = 1_000, 2_000  # characters
ABOUT = ("edit_review", "return_review", "return_inspection")  # the kinds of case in which a customer may be asked
ANSWER_WITHIN = timedelta(days=7)  # of a return, which nothing else ends
_CUSTOMER = "customer"
_question = table_of(EditQuestion)


class NotAsked(Exception):
    """The question cannot be asked; the message says why."""


@dataclass(frozen=True, slots=True)
class _Subject:
    """The request that is asked about, locked after its order."""

    order: OrderRow
    request: RequestRow
    of_return: bool

    @property
    def waits(self) -> bool:
        """For a person's word."""
        if self.of_return:
            return returns.waits_for_a_person(self.request)
        return bool(self.request["state"] == EditState.AWAITING_REVIEW)

    @property
    def ended(self) -> bool:
        return self.request["state"] in (ENDED_RETURN if self.of_return else ENDED_EDIT)


def may_ask(case: Mapping[str, Any]) -> bool:
    """Whether the case is one in which a customer may be asked now."""
    return bool(case["kind"] in ABOUT and case["state"] == CaseState.OPEN)


def ask(session: Session, case_id: str, text: str, now: datetime) -> str:
    """Ask the customer, by mail and on the request's page; returns the question's id. Raises: NotAsked."""
    question, [case] = tidy(text), _case_of(session, case_id)
    if not 1 <= len(question) <= LONGEST_QUESTION:
        raise NotAsked(f"a question has 1 to {LONGEST_QUESTION} characters")
    if case["kind"] not in ABOUT:
        raise NotAsked(
            "the customer can be asked about a change or a return that waits for your word, and about nothing else"
        )
    subject = _locked(session, case["subject_id"])
    order, request = subject.order, subject.request
    [case] = select_by(session, ReviewCase, "id", [case_id], lock=True)
    if case["state"] == CaseState.RESOLVED or not subject.waits:
        raise NotAsked(f"the {'return' if subject.of_return else 'change'} does not wait for your word any more")
    if case["state"] == CaseState.WAITING:
        raise NotAsked("the customer was asked already; wait for the answer, or decide without it")
    if subject.of_return and request["plan"].get("gift"):
        raise NotAsked("the order's mailbox is the buyer's, and a recipient's return is not theirs to know")
    if not subject.of_return and request["expires_at"] is not None and request["expires_at"] <= now:
        raise NotAsked("the time for it is over; the request ends by itself in a moment")
    if not contacts(session, [order["contact_id"]])[order["contact_id"]]["email"]:
        raise NotAsked("the order has no e-mail address, so its customer cannot be asked")
    row = {
        "id": new_id("que"), "request_id": request["id"], "order_id": order["id"], "case_id": case_id,
        "author": audit.actor.get(), "question": question, "answer": None, "asked_at": now, "answered_at": None,
    }  # fmt: skip
    insert_rows(session, EditQuestion, [row])
    change = returns.set_values if subject.of_return else set_values
    request = change(session, request, touches=request["touches"] + 1)
    _note(session, subject, "asked", str(row["id"]), now, origin="agent", actor=str(row["author"]))
    move_case(session, case_id, CaseState.WAITING, cause="asked", now=now)
    ends = now + ANSWER_WITHIN if subject.of_return else request["expires_at"] or case["due_at"]
    update_by(session, ReviewCase, [{"id": case_id, "due_at": ends}])  # until then it is not the agents' turn
    _tell(session, subject, now, ends)
    if not subject.of_return:
        want_ticket(session, order, request, "asked", now, question=str(row["id"]))
    return str(row["id"])


def _tell(session: Session, subject: _Subject, now: datetime, ends: datetime) -> None:
    order, request = subject.order, subject.request
    facts: dict[str, Any] = {
        "order_name": order["name"] or order["id"],
        "asked_at": now.isoformat(),
        "answer_by": ends.isoformat(),
    }
    if subject.of_return:
        facts |= {"rma": request["rma"], "lines": lines_told(session, request)}
    else:
        facts["changes"] = changes_of(session, order, request)
    kind = ClaimKind.RETURN_QUESTION if subject.of_return else ClaimKind.EDIT_QUESTION
    say(session, [Claim(kind, request["id"], order, facts)], now)


def take_answer(session: Session, event: Mapping[str, Any], now: datetime) -> str:
    """One delivery of the inbox: returns answered, too_late (kept all the same) or gone."""
    found = select_by(session, EditQuestion, "id", [event["delivery_id"]])
    text = tidy((event["body"] or b"").decode("utf-8", "replace"))[:LONGEST_ANSWER]
    if not found or found[0]["order_id"] != event["subject"] or not text:
        return "gone"
    subject = _locked(session, found[0]["request_id"])
    [question] = select_by(session, EditQuestion, "id", [found[0]["id"]], lock=True)
    if question["answered_at"] is not None:
        return "answered"
    acting = audit.actor.set(f"person:{_CUSTOMER}")
    try:
        return _keep(session, subject, question, text, now)
    finally:
        audit.actor.reset(acting)


def _keep(session: Session, subject: _Subject, question: Mapping[str, Any], text: str, now: datetime) -> str:
    request = subject.request
    update_by(session, EditQuestion, [{"id": question["id"], "answer": text, "answered_at": now}])
    _note(session, subject, "answered", question["id"], now, origin="portal", actor=_CUSTOMER)
    if not subject.of_return:
        about = "answered_late" if subject.ended else "answered"
        want_ticket(session, subject.order, request, about, now, question=question["id"])
    [case] = select_by(session, ReviewCase, "id", [question["case_id"]], lock=True)
    if case["state"] == CaseState.WAITING:
        move_case(session, case["id"], CaseState.OPEN, cause="answered", now=now)
        due = now + DUE[case["severity"]]
        ends = None if subject.of_return else request["expires_at"]
        update_by(session, ReviewCase, [{"id": case["id"], "due_at": min(due, ends or due)}])
    return "answered" if subject.waits else "too_late"


def _note(
    session: Session, subject: _Subject, what: str, question_id: str, now: datetime, *, origin: str, actor: str
) -> None:
    """In the request's story, and in the customer's."""
    request, state = {**subject.request, "origin": origin, "actor": actor}, subject.request["state"]
    of = "return_request" if subject.of_return else "edit_request"
    audit.append(session, [audit.entry(of, request["id"], state, state, f"{what}:{question_id}", now)])
    if subject.of_return:
        returns.remember(session, request, what, now)
    else:
        remember(session, subject.order, request, what, now)


def expire_review(session: Session, request_id: str, token: int, now: datetime) -> RequestRow:
    """Nobody decided in time; where the customer owed us an answer, that is why. Raises: TakenOver."""
    code = "review_overdue" if open_question(session, request_id) is None else "question_unanswered"
    return expire(session, request_id, token, code, now)


def questions_of(session: Session, request_ids: Sequence[str]) -> list[Mapping[str, Any]]:
    """The oldest first; `question` and `answer` are None once they were purged."""
    return select_by(session, EditQuestion, "request_id", request_ids, order_by="asked_at")


def open_question(session: Session, request_id: str) -> Mapping[str, Any] | None:
    """The one that has no answer yet."""
    return next((row for row in questions_of(session, [request_id]) if row["answered_at"] is None), None)


def purge_questions(session: Session, *, before: datetime) -> int:
    """Forget what was asked and answered; that it was stays. Returns how many."""
    old = (
        sa.update(_question)
        .where(
            _question.c.asked_at < before, sa.or_(_question.c.question.is_not(None), _question.c.answer.is_not(None))
        )
        .values(question=None, answer=None)
    )
    return int(getattr(session.execute(old), "rowcount", 0))


def _case_of(session: Session, case_id: str) -> list[Mapping[str, Any]]:
    found = select_by(session, ReviewCase, "id", [case_id])
    if not found:
        raise NotAsked(f"there is no case {case_id}")
    return found


def _locked(session: Session, request_id: str) -> _Subject:
    """The order first, as everybody does."""
    for seen in select_by(session, EditRequest, "id", [request_id]):
        order = lock_orders(session, [seen["order_id"]])[seen["order_id"]]
        return _Subject(order, locked_free(session, request_id), of_return=False)
    orders, request = returns.orders_and_request(session, request_id, None)
    return _Subject(orders[request["order_id"]], request, of_return=True)
