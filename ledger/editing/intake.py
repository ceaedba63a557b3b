"""What came in becomes a request: the new address a contact version, the rest actions that name it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson
from sqlmodel import Session

from domain.edits import OF_A_PERSON, EditAction, EditError, parse_actions
from domain.free_text import tidy
from domain.order import Address
from domain.states import EditState
from ledger.editing.asking import take_answer
from ledger.editing.ending import refuse
from ledger.editing.requests import locked_free, open_of, open_request, wake
from ledger.editing.telling import tell
from ledger.inbox import Delivery, waits
from ledger.orders import OrderRow, contacts, lock_orders, propose_contact
from ledger.rows import select_by
from ledger.tables import EditRequest

SOURCE = "edit"
REQUESTED, WITHDRAWN, ANSWERED = "edit.requested", "edit.withdrawn", "edit.answered"
PROPOSED = "$proposed"  # stands in an action for the contact that came with it
_ADDRESS = tuple(Address.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as a form or an agent states it. `contact`: fields of the new address with `email`, whole or in part;
    what it leaves out stays as it is. `agreed_minor`: what the customer was shown to pay (positive) or get back."""

    request_id: str
    order_id: str
    origin: str
    actor: str
    actions: list[dict[str, Any]]
    contact: dict[str, str] | None
    agreed_minor: int | None
    received_at: datetime

    def delivery(self) -> Delivery:
        """For the inbox: the same request is delivered once."""
        body = orjson.dumps(self, option=orjson.OPT_SORT_KEYS)
        return Delivery(SOURCE, self.origin, REQUESTED, self.request_id, self.order_id, body)


def withdrawal(request_id: str, order_id: str, origin: str) -> Delivery:
    """The customer does not want it any more."""
    return Delivery(SOURCE, origin, WITHDRAWN, request_id, order_id, b"")


def answer_delivery(question_id: str, order_id: str, text: str) -> Delivery:
    """The customer answers a question: the first answer to it is the answer."""
    return Delivery(SOURCE, "portal", ANSWERED, question_id, order_id, tidy(text).encode())


def take_event(session: Session, event: Mapping[str, Any], now: datetime) -> tuple[str, str]:
    """One delivery of the inbox: returns (outcome, request id). Outcomes: opened, withdrawn, answered, too_late,
    gone, refused and unreadable."""
    if event["topic"] == ANSWERED:
        return take_answer(session, event, now), ""
    if event["topic"] == WITHDRAWN:
        return _withdraw(session, event["delivery_id"], now), event["delivery_id"]
    try:
        asked = _read(event["body"])
    except (ValueError, KeyError, TypeError):
        return "unreadable", ""
    orders = lock_orders(session, [asked.order_id])
    if asked.order_id not in orders:
        return "gone", ""
    return _open(session, orders[asked.order_id], asked, event["id"], now), asked.request_id


def _read(body: bytes | None) -> Asked:
    said = orjson.loads(body or b"")
    return Asked(**{**said, "received_at": datetime.fromisoformat(said["received_at"])})


def _open(session: Session, order: OrderRow, asked: Asked, inbox_id: str, now: datetime) -> str:
    problem: dict[str, Any] | None = None
    actions: tuple[EditAction, ...] = ()
    try:
        contact_id = _propose(session, order, asked, now)
        actions = tuple(
            replace(action, contact_version=contact_id) if action.kind in OF_A_PERSON else action
            for action in parse_actions(asked.actions)
        )
    except EditError as error:
        problem = {"code": error.code, "where": error.where}
    standing = open_of(session, [order["id"]]).get(order["id"])
    if standing is not None and standing["id"] != asked.request_id:
        problem = {"code": "another_open", "request": standing["id"]}
    fresh = open_request(
        session,
        order,
        actions,
        request_id=asked.request_id,
        origin=asked.origin,
        actor=asked.actor,
        inbox_id=inbox_id,
        agreed_minor=asked.agreed_minor,
        received_at=asked.received_at,
        refused=problem,
        now=now,
    )
    if not fresh:
        return "opened"
    tell(session, order, locked_free(session, asked.request_id), "refused" if problem else "received", now)
    return "refused" if problem else "opened"


def _propose(session: Session, order: OrderRow, asked: Asked, now: datetime) -> str:
    """A contact version that is nobody's yet. Raises: EditError for a field that no contact has."""
    if asked.contact is None:
        return ""
    if unknown := set(asked.contact) - {*_ADDRESS, "email"}:
        raise EditError("unknown_field", f"contact.{sorted(unknown)[0]}"[:60])
    current = contacts(session, [order["contact_id"]])[order["contact_id"]]
    wanted = {name: asked.contact.get(name, current[name]).strip() for name in (*_ADDRESS, "email")}
    email = wanted.pop("email")
    row = propose_contact(session, order["id"], "shipping", Address(**wanted), email=email, origin="edit", now=now)
    return str(row["id"])


def _withdraw(session: Session, request_id: str, now: datetime) -> str:
    found = select_by(session, EditRequest, "id", [request_id])
    if not found:
        return "gone"
    order = lock_orders(session, [found[0]["order_id"]])[found[0]["order_id"]]
    request = locked_free(session, request_id)
    if request["state"] not in (EditState.QUOTED, EditState.AWAITING_PAYMENT):
        return "too_late"
    refuse(session, order, request, [{"code": "withdrawn"}], now, to=EditState.WITHDRAWN)
    wake(session, request_id, now)
    return "withdrawn"


def waits_in_inbox(session: Session, name: str, order_id: str, topic: str = REQUESTED) -> bool:
    """Whether a customer's request of this order (or an answer to a question) has come in and is not looked at yet.
    `name`: the request's or the question's id."""
    return waits(session, SOURCE, "portal", topic, name, order_id)
