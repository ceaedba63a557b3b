"""Customers' answers about their address: a new contact version, or the old one confirmed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from domain.states import OrderState
from ledger import queue
from ledger.orders import add_contact, address_of, lock_orders, open_holds, release_holds
from ledger.rows import select_by
from ledger.tables import OrderContact

_OPEN = (OrderState.VALIDATING, OrderState.HELD)


def take_answers(session: Session, events: Sequence[Mapping[str, Any]], now: datetime) -> dict[str, str]:
    """Carry answers out; returns an outcome per event: accepted, kept, fenced, too_late.

    An answer counts only for the contact version that was asked about, while the hold is open and no edit runs.
    """
    orders = lock_orders(session, [event["subject"] for event in events])
    outcome: dict[str, str] = {}
    for event in events:
        order = orders.get(event["subject"])
        version = (event["body"] or b"").decode()
        holds = {hold["name"] for hold in open_holds(session, [event["subject"]]).get(event["subject"], [])}
        if order is None or order["state"] not in _OPEN or "address" not in holds or order["contact_id"] != version:
            outcome[event["id"]] = "too_late"
            continue
        if order["fence_token"]:
            outcome[event["id"]] = "fenced"
            continue
        if event["topic"] == "accept_suggestion":
            [contact] = select_by(session, OrderContact, "id", [version.replace(":shipping:", ":suggestion:")])
            contact_id = add_contact(
                session, order, "shipping", address_of(contact), email=contact["email"], origin="customer", now=now
            )
            orders[event["subject"]] = {**order, "contact_id": contact_id}
        outcome[event["id"]] = "accepted" if event["topic"] == "accept_suggestion" else "kept"
        release_holds(session, [order["id"]], ["address"], by="customer", cause="person:customer", now=now)
        queue.enqueue(session, [queue.work_row("validate", order["id"], now, priority=queue.CUSTOMER)])
    return outcome
