"""Whether what a message says is still so, by the rows that it is about."""

from collections.abc import Callable, Mapping, Sequence, Set
from datetime import datetime
from typing import Any

from sqlmodel import Session, SQLModel

from domain.claims import QUESTIONS, ClaimKind
from domain.message_facts import parse_date
from domain.order import Facts
from domain.parcels import TERMINAL, ParcelState
from domain.states import ENDED_EDIT, ENDED_ORDER, EditState, OrderState
from domain.states_returns import ExchangeState, ReturnState
from ledger.anomalies.facts import last_moved
from ledger.orders import OrderRow, open_holds
from ledger.rows import select_by
from ledger.tables import EditQuestion, EditRequest, Exchange, Order, ReturnRequest, Shipment

MessageRow = Mapping[str, Any]
TROUBLE = {
    ParcelState.ATTEMPTED: "attempted",
    ParcelState.AVAILABLE_FOR_PICKUP: "available_for_pickup",
    ParcelState.EXCEPTION: "exception",
    ParcelState.CUSTOMS: "customs",
    ParcelState.RETURNING: "returning",
    ParcelState.RETURNED: "returning",
    ParcelState.LOST: "lost",
    ParcelState.DAMAGED: "damaged",
}
# States of a request, or of an exchange, in which a claim about it is true.
_TRUE_OF_EDITS: Mapping[str, Set[str]] = {
    ClaimKind.EDIT_RECEIVED: set(EditState)
    - ENDED_EDIT
    - {EditState.AWAITING_REVIEW, EditState.AWAITING_PAYMENT, EditState.PARKED},
    ClaimKind.EDIT_WAITING: {EditState.AWAITING_REVIEW, EditState.PARKED},
    ClaimKind.EDIT_QUESTION: {EditState.AWAITING_REVIEW},
    ClaimKind.EDIT_PAYMENT: {EditState.AWAITING_PAYMENT},
    ClaimKind.EDIT_APPLIED: {EditState.APPLIED},
    ClaimKind.MAILBOX_CHANGED: {EditState.APPLIED},
    ClaimKind.EDIT_REFUSED: {EditState.REFUSED, EditState.EXPIRED, EditState.WITHDRAWN, EditState.UNDONE},
}
_TRUE_OF_RETURNS: Mapping[str, Set[str]] = {
    ClaimKind.RETURN_APPROVED: {ReturnState.APPROVED, ReturnState.LABEL_ISSUED},
    ClaimKind.RETURN_REMINDER: {ReturnState.APPROVED, ReturnState.LABEL_ISSUED},
    ClaimKind.RETURN_DECLINED: set(ReturnState),  # a line of it may be declined and the rest go on
    ClaimKind.RETURN_RECEIVED: {ReturnState.RECEIVED, ReturnState.INSPECTED, ReturnState.MANUAL_REVIEW},
    ClaimKind.RETURN_REFUNDED: set(ReturnState),  # money that was granted stays so
    ClaimKind.RETURN_KEPT: {ReturnState.RESOLVED, ReturnState.CLOSED},
    ClaimKind.RETURN_QUESTION: {ReturnState.REQUESTED, ReturnState.MANUAL_REVIEW},
}
_TRUE_OF_EXCHANGES: Mapping[str, Set[str]] = {ClaimKind.RETURN_PAYMENT: {ExchangeState.AWAITING_PAYMENT}}
_TRUE_OF: Mapping[type[SQLModel], Mapping[str, Set[str]]] = {
    EditRequest: _TRUE_OF_EDITS,
    ReturnRequest: _TRUE_OF_RETURNS,
    Exchange: _TRUE_OF_EXCHANGES,
}
_TRUE_WHILE = {kind: states for kinds in _TRUE_OF.values() for kind, states in kinds.items()}
_MOVING = frozenset(
    {ParcelState.ACCEPTED, ParcelState.IN_TRANSIT, ParcelState.ARRIVED_LOCAL, ParcelState.OUT_FOR_DELIVERY}
)
_NOT_COMING = TERMINAL | {ParcelState.RETURNING}


def still_true(session: Session, rows: Sequence[MessageRow]) -> set[str]:
    """Ids of the messages that still say how it is."""
    orders = {row["id"]: row for row in select_by(session, Order, "id", {row["order_id"] for row in rows})}
    parcels = {row["id"]: row for row in select_by(session, Shipment, "id", {row["subject_id"] for row in rows})}
    states: dict[str, str] = {}
    for model, kinds in _TRUE_OF.items():
        about = {row["subject_id"] for row in rows if row["kind"] in kinds}
        states |= {row["id"]: row["state"] for row in select_by(session, model, "id", about)}
    asked = {row["subject_id"] for row in rows if row["kind"] in QUESTIONS}
    unanswered = {
        row["request_id"] for row in select_by(session, EditQuestion, "request_id", asked) if row["answered_at"] is None
    }
    questioned = [row["order_id"] for row in rows if row["kind"] == ClaimKind.ADDRESS_QUESTION]
    holds = open_holds(session, questioned) if questioned else {}
    silent = sorted({row["subject_id"] for row in rows if row["kind"] in _OF_SILENCE})
    seen = last_moved(session, silent)
    found = set()
    for row in rows:
        kind = ClaimKind(row["kind"])
        if kind in _TRUE_WHILE:
            is_true = states.get(row["subject_id"]) in _TRUE_WHILE[kind]
        elif kind in _OF_PARCELS:
            parcel = parcels.get(row["subject_id"])
            is_true = parcel is not None and _OF_PARCELS[kind](parcel, row["facts"], seen.get(row["subject_id"]))
        else:
            names = {hold["name"] for hold in holds.get(row["order_id"], [])}
            is_true = _is_true(kind, orders[row["order_id"]], names)
        if is_true and (kind not in QUESTIONS or row["subject_id"] in unanswered):
            found.add(row["id"])
    return found


def _is_true(kind: ClaimKind, order: OrderRow, holds: set[str]) -> bool:
    if kind is ClaimKind.ORDER_CONFIRMED:
        return bool(order["state"] != OrderState.CANCELLED)
    if kind is ClaimKind.ADDRESS_QUESTION:
        return "address" in holds
    if kind is ClaimKind.SHIPPING_DELAYED:
        return order["state"] not in ENDED_ORDER
    return kind in (ClaimKind.ORDER_LINK, ClaimKind.WITHDRAWAL_RECEIVED)


def _unseen_since(facts: Facts, seen: datetime | None) -> bool:
    """No movement is newer than the last one that the claim knows of."""
    last = parse_date(facts["last_seen"])
    if seen is None:
        return True
    return seen <= last if isinstance(last, datetime) else seen.date() <= last


ParcelTruth = Callable[[Mapping[str, Any], Facts, datetime | None], bool]
_OF_PARCELS: Mapping[ClaimKind, ParcelTruth] = {
    ClaimKind.PARCEL_SHIPPED: lambda parcel, facts, seen: (
        parcel["state"] not in (ParcelState.CANCELLED, ParcelState.DELIVERED, ParcelState.LOST)
    ),
    ClaimKind.PARCEL_OUT_FOR_DELIVERY: lambda parcel, facts, seen: parcel["state"] == ParcelState.OUT_FOR_DELIVERY,
    ClaimKind.PARCEL_DELIVERED: lambda parcel, facts, seen: parcel["state"] == ParcelState.DELIVERED,
    ClaimKind.PARCEL_EXCEPTION: lambda parcel, facts, seen: TROUBLE.get(parcel["state"]) == facts["exception"],
    ClaimKind.PARCEL_DELAYED: lambda parcel, facts, seen: parcel["state"] not in _NOT_COMING,
    ClaimKind.PARCEL_STUCK: lambda parcel, facts, seen: (
        parcel["state"] not in _NOT_COMING and _unseen_since(facts, seen)
    ),
    ClaimKind.PARCEL_ATTEMPTED: lambda parcel, facts, seen: parcel["state"] == ParcelState.ATTEMPTED,
    ClaimKind.PARCEL_LOST: lambda parcel, facts, seen: (
        parcel["state"] == ParcelState.LOST or (parcel["state"] not in TERMINAL and _unseen_since(facts, seen))
    ),
    # that an offer still stands its owner says, by `messages.withdraw`; what has arrived needs none
    ClaimKind.PARCEL_OFFER: lambda parcel, facts, seen: (
        parcel["state"] not in (ParcelState.DELIVERED, ParcelState.CANCELLED)
    ),
    ClaimKind.PARCEL_RECOVERED: lambda parcel, facts, seen: parcel["state"] in _MOVING,
}
_OF_SILENCE = frozenset({ClaimKind.PARCEL_STUCK, ClaimKind.PARCEL_LOST})
