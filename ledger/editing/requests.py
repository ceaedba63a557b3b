"""Edit requests: opened once; held and moved as all requests are (`ledger.request_queue`).

`move_request` alone writes `edit_request.state`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.edits import EditAction
from domain.states import ENDED_EDIT, EditState
from ledger import audit, failpoints, interactions
from ledger.orders import OrderRow
from ledger.request_queue import RETRY, RequestKind, RequestQueue, RequestRow, TakenOver
from ledger.rows import Row, insert_new, insert_rows, mappings, select_by
from ledger.tables import EditAction as EditActionRow
from ledger.tables import EditRequest, Order
from ledger.tables.base import table_of

_request = table_of(EditRequest)
# in the words of its partial indexes
OPEN = sa.text("edit_request.state NOT IN ('refused', 'withdrawn', 'expired', 'applied', 'undone')")


def open_request(
    session: Session,
    order: OrderRow,
    actions: Sequence[EditAction],
    *,
    request_id: str,
    origin: str,
    actor: str,
    inbox_id: str,
    agreed_minor: int | None,
    received_at: datetime,
    refused: Mapping[str, Any] | None = None,
    now: datetime,
) -> bool:
    """Write a request in state `requested`, or `refused` at once with its reason. False when this id stands already.

    The caller holds the order's lock and has looked for another open one.
    """
    state = EditState.REFUSED if refused else EditState.REQUESTED
    row: Row = {
        "id": request_id, "order_id": order["id"], "origin": origin, "actor": actor, "inbox_id": inbox_id,
        "state": state, "base_version": order["version"], "agreed_minor": agreed_minor,
        "quote": {}, "plan": {}, "reasons": [dict(refused)] if refused else [], "approved_by": "",
        "payment_target": "", "payment_external_id": "", "payment_ref": "", "payment_url": "", "paid_minor": 0,
        "ticket_external_id": "", "run_missing": True, "touches": 0, "received_at": received_at, "created_at": now,
        "ended_at": now if refused else None, "due_at": now, "attempts": 0, "lease_token": 0, "error": "",
    }  # fmt: skip
    if not insert_new(session, EditRequest, [row]):
        return False
    insert_rows(
        session,
        EditActionRow,
        [
            {
                "id": f"{request_id}:{number}", "request_id": request_id, "kind": str(action.kind),
                "line_id": action.line_id, "sku": action.sku, "quantity": action.quantity,
                "contact_version": action.contact_version, "shipping_code": action.shipping_code,
            }
            for number, action in enumerate(actions, start=1)
        ],
    )  # fmt: skip
    audit.append(session, [audit.entry("edit_request", request_id, "", state, origin, now)])
    remember(session, order, row, "refused" if refused else "received", now)
    if failpoints.ARMED:
        failpoints.reached(failpoints.BEFORE_INTENT, [f"edit.{state}"])
    return True


def actions_of(session: Session, request_id: str) -> list[EditAction]:
    rows = select_by(session, EditActionRow, "request_id", [request_id], order_by="id")
    return [EditAction(**{name: row[name] for name in EditAction.__slots__}) for row in rows]


def wake_edits(session: Session, orders: Sequence[OrderRow], now: datetime) -> None:
    """The edits that have fenced these orders."""
    for order in orders:
        if order["fence_token"]:
            wake(session, order["fence_token"], now)


def open_of(session: Session, order_ids: Sequence[str]) -> dict[str, RequestRow]:
    """The open request of each order."""
    rows = mappings(session, sa.select(_request).where(_request.c.order_id.in_(order_ids), OPEN))
    return {row["order_id"]: row for row in rows}


def last_request(session: Session, order_id: str) -> RequestRow | None:
    """The order's newest request, open or not."""
    statement = sa.select(_request).where(_request.c.order_id == order_id)
    rows = mappings(session, statement.order_by(_request.c.received_at.desc(), _request.c.id.desc()).limit(1))
    return next(iter(rows), None)


def remember(session: Session, order: OrderRow, request: RequestRow, outcome: str, now: datetime) -> None:
    """A line of the customer's history."""
    interactions.remember(session, "edit_request", request, order["customer_id"], outcome, now)


def _moved(session: Session, request: RequestRow, to: StrEnum, now: datetime) -> None:
    if to in ENDED_EDIT or to is EditState.PARKED:
        [order] = select_by(session, Order, "id", [request["order_id"]])
        remember(session, order, request, str(to), now)


QUEUE = RequestQueue(RequestKind(EditRequest, "edit_request", "edit", ENDED_EDIT, OPEN), moved=_moved)
claim_due, claim_one, rest, failed, wake = QUEUE.claim_due, QUEUE.claim_one, QUEUE.rest, QUEUE.failed, QUEUE.wake
locked, locked_free, move_request, set_values = QUEUE.locked, QUEUE.locked_free, QUEUE.move, QUEUE.set_values

__all__ = [
    "OPEN",
    "QUEUE",
    "RETRY",
    "RequestRow",
    "TakenOver",
    "actions_of",
    "claim_due",
    "claim_one",
    "failed",
    "last_request",
    "locked",
    "locked_free",
    "move_request",
    "open_of",
    "open_request",
    "remember",
    "rest",
    "set_values",
    "wake",
    "wake_edits",
]
