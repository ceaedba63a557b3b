"""Requests to return: held and moved as all requests are (`ledger.request_queue`), their lines and units.

`move_request` alone writes `return_request.state`, `move_lines` alone `return_line.state` and the counters that hang
on it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.states import check
from domain.states_returns import ENDED_RETURN, ENDED_RETURN_LINE, ReturnLineState, ReturnState
from ledger import audit, interactions
from ledger.orders import OrderRow, count_units, lock_orders
from ledger.request_queue import RequestKind, RequestQueue, RequestRow
from ledger.returning import at_node, in_shop
from ledger.rows import select_by, update_by
from ledger.tables import OrderLine, ReturnLine, ReturnParcel, ReturnRequest, ReturnUnit
from ledger.tables.base import table_of

LineRow = Mapping[str, Any]
UnitRow = Mapping[str, Any]
# in the words of its partial index
OPEN = sa.text("return_request.state NOT IN ('closed', 'declined', 'cancelled')")
_TOLD = (ReturnState.APPROVED, ReturnState.RESOLVED, ReturnState.EXPIRED, ReturnState.LOST)  # beside the ends
_request, _line = table_of(ReturnRequest), table_of(ReturnLine)
_WAIT_FOR_NOTHING = {*ENDED_RETURN_LINE, ReturnLineState.EXPIRED}


def _moved(session: Session, request: RequestRow, to: StrEnum, now: datetime) -> None:
    if to in ENDED_RETURN or to in _TOLD:
        remember(session, request, str(to), now)
    in_shop.tell_next(session, request["id"], now)
    at_node.tell_next(session, request["id"], now)


QUEUE = RequestQueue(RequestKind(ReturnRequest, "return_request", "return", ENDED_RETURN, OPEN), moved=_moved)
claim_due, claim_one, rest, failed, wake = QUEUE.claim_due, QUEUE.claim_one, QUEUE.rest, QUEUE.failed, QUEUE.wake
locked, locked_free, move_request, set_values = QUEUE.locked, QUEUE.locked_free, QUEUE.move, QUEUE.set_values


def remember(session: Session, request: RequestRow, outcome: str, now: datetime) -> None:
    """A line of the customer's history."""
    interactions.remember(session, "return_request", request, request["customer_id"], outcome, now)


def orders_and_request(session: Session, request_id: str, token: int | None) -> tuple[dict[str, OrderRow], RequestRow]:
    """The orders of its lines and the request, locked in the order in which everybody locks them; `token` None for
    somebody who is not its runner. Raises: TakenOver."""
    lines = return_lines(session, request_id)
    seen = QUEUE.find(session, request_id)
    assert seen is not None, "the caller has read it"
    orders = lock_orders(session, [seen["order_id"], *(line["order_id"] for line in lines)])
    return orders, locked_free(session, request_id) if token is None else locked(session, request_id, token)


def waits_for_a_person(request: RequestRow) -> bool:
    """Whether a person's word is what it waits for: at first, or after an inspection."""
    asked = request["state"] == ReturnState.REQUESTED and bool(request["plan"].get("asked"))
    return asked or request["state"] == ReturnState.MANUAL_REVIEW


def return_lines(session: Session, request_id: str) -> list[LineRow]:
    """As they were asked for."""
    return select_by(session, ReturnLine, "request_id", [request_id], order_by="id")


def return_units(session: Session, request_id: str) -> list[UnitRow]:
    return select_by(session, ReturnUnit, "request_id", [request_id], order_by="id")


def return_parcels(session: Session, request_id: str) -> list[Mapping[str, Any]]:
    """The newest last."""
    return select_by(session, ReturnParcel, "request_id", [request_id], order_by="id")


def requests_of_order(session: Session, order_id: str) -> list[RequestRow]:
    """Every request with a line of this order, the newest first."""
    sold = [row["id"] for row in select_by(session, OrderLine, "order_id", [order_id])]
    ids = {row["request_id"] for row in select_by(session, ReturnLine, "order_line_id", sold)}
    found = {row["id"]: row for row in select_by(session, ReturnRequest, "id", ids)}
    found |= {row["id"]: row for row in select_by(session, ReturnRequest, "order_id", [order_id])}
    return sorted(found.values(), key=lambda row: (row["received_at"], row["id"]), reverse=True)


def move_lines(
    session: Session,
    lines: Sequence[LineRow],
    to: ReturnLineState,
    cause: str,
    now: datetime,
    *,
    returned: Mapping[str, int] | None = None,
    written_off: Mapping[str, int] | None = None,
) -> list[LineRow]:
    """Change the state of lines; units that a line waited for become `returned` or `written_off` by its id, and free
    where the state ends their waiting. Returns the rows as they are now. Raises: IllegalTransition."""
    moved: list[LineRow] = []
    counts: list[tuple[str, str, int]] = []
    for line in lines:
        check("return_line", line["state"], to)
        back, gone = (returned or {}).get(line["id"], 0), (written_off or {}).get(line["id"], 0)
        waiting = 0 if to in _WAIT_FOR_NOTHING else line["waiting"] - back - gone
        counts += [
            (line["order_line_id"], "return_requested", waiting - line["waiting"]),
            (line["order_line_id"], "returned", back),
            (line["order_line_id"], "written_off", gone),
        ]
        changed = {
            "state": to, "waiting": waiting, "returned": line["returned"] + back,
            "written_off": line["written_off"] + gone,
        }  # fmt: skip
        update_by(session, ReturnLine, [{"id": line["id"], **changed}])
        moved.append({**line, **changed})
    count_units(session, [count for count in counts if count[2]])
    audit.append(session, [audit.entry("return_line", row["id"], row["state"], to, cause, now) for row in lines])
    return moved


__all__ = [
    "OPEN",
    "QUEUE",
    "LineRow",
    "RequestRow",
    "UnitRow",
    "claim_due",
    "claim_one",
    "failed",
    "locked",
    "locked_free",
    "move_lines",
    "move_request",
    "orders_and_request",
    "remember",
    "requests_of_order",
    "rest",
    "return_lines",
    "return_parcels",
    "return_units",
    "set_values",
    "waits_for_a_person",
    "wake",
]
