"""A return as its order's shop has it, kept in step with our request: what the shop is to be told next.

A shop has one return for each order of a request. `plan["shop"]` of the request has them: order -> the return's `id`
and its `state` as far as we have told it (requested, open, processed, closed, declined, cancelled). Each step is an
effect of its own, and follows from the request's state and that of the one before. Money is not among them: it goes
back by the effects of every refund. A return that promises goods is opened by the exchange's own effect.

Only tables are read here: whoever moves a request calls `tell_next`, in the same transaction.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from domain.states_returns import ENDED_EXCHANGE, ExchangeState, ReturnLineState, ReturnState
from ledger.effects import EffectDraft, plan
from ledger.rows import group_by, select_by
from ledger.tables import Exchange, Order, ReturnLine, ReturnRequest, ShopFulfilment

OPEN, APPROVE, DECLINE = "shop.return_open", "shop.return_approve", "shop.return_decline"
PROCESS, CLOSE, CANCEL = "shop.return_process", "shop.return_close", "shop.return_cancel"
# state of the return in the shop once the effect is done
STATE_AFTER: Mapping[str, str] = {
    OPEN: "open",
    APPROVE: "open",
    DECLINE: "declined",
    PROCESS: "processed",
    CLOSE: "closed",
    CANCEL: "cancelled",
}
_S = ReturnState
_UNDER_WAY = (
    *(_S.APPROVED, _S.LABEL_ISSUED, _S.IN_TRANSIT, _S.LOST, _S.RECEIVED),
    *(_S.INSPECTED, _S.MANUAL_REVIEW, _S.RESOLVED, _S.CLOSED),
)
_NOT_GIVEN = (ReturnLineState.REQUESTED, ReturnLineState.DECLINED, ReturnLineState.CANCELLED, ReturnLineState.EXPIRED)
Row = Mapping[str, Any]


def tell_next(session: Session, request_id: str, now: datetime) -> None:
    """Plan what the shops of a request are to be told now that its row is as it is."""
    if steps := next_steps(session, request_id):
        plan(session, steps, now)


def next_steps(session: Session, request_id: str) -> list[EffectDraft]:
    """One step for each order at most; the same as long as nothing has changed."""
    [request] = select_by(session, ReturnRequest, "id", [request_id])
    lines = group_by(select_by(session, ReturnLine, "request_id", [request_id], order_by="id"), "order_id")
    in_shop = {row["order_id"] for row in select_by(session, ShopFulfilment, "order_id", list(lines))}
    orders = select_by(session, Order, "id", sorted(in_shop), order_by="id")
    known: Mapping[str, Row] = request["plan"].get("shop", {})
    goods = {row["order_id"]: row["state"] for row in select_by(session, Exchange, "request_id", [request_id])}
    steps = [
        (order, _next(request, lines[order["id"]], known.get(order["id"]), goods.get(order["id"], "")))
        for order in orders
    ]
    return [_draft(request, order, kind) for order, kind in steps if kind]


def _next(request: Row, lines: Sequence[Row], there: Row | None, goods: str) -> str:
    """`goods`: state of what is sent in exchange."""
    state = request["state"]
    if there is None and goods and goods not in ENDED_EXCHANGE:
        return ""
    if there is None:
        return OPEN if state in _UNDER_WAY and _comes_back(request, lines) else ""
    if there["state"] == "requested":
        return _answer(state)
    settled = state in (_S.RESOLVED, _S.CLOSED)
    if there["state"] == "open":
        if settled and settled_units(lines):
            return PROCESS
        if state in (_S.CANCELLED, _S.CLOSED):
            return CLOSE if goods == ExchangeState.ORDERED else CANCEL
        return CLOSE if state == _S.DECLINED else ""
    return CLOSE if there["state"] == "processed" and state == _S.CLOSED else ""


def _answer(state: str) -> str:
    """To what a customer has asked for in the shop itself."""
    if state in (_S.DECLINED, _S.CANCELLED):
        return DECLINE
    return APPROVE if state in _UNDER_WAY else ""


def _comes_back(request: Row, lines: Sequence[Row]) -> bool:
    """Whether anything is to be sent back, or has been: what stays with the customer is no return in the shop."""
    rulings = request["plan"].get("lines", {})
    return any(
        line["state"] not in _NOT_GIVEN and rulings.get(line["id"], {}).get("goods", "send_back") == "send_back"
        for line in lines
    )


def settled_units(lines: Sequence[Row]) -> int:
    """Units that have left the order for good."""
    return sum(line["returned"] + line["written_off"] for line in lines)


def _draft(request: Row, order: Row, kind: str) -> EffectDraft:
    known = request["plan"].get("shop", {}).get(order["id"], {})
    return EffectDraft(
        kind=kind,
        key=f"{kind.partition('.')[2]}:{request['id']}:{order['id']}",
        target=f"{order['source']}/{order['account']}",
        order_id=order["id"],
        subject_id=request["id"],
        request={"return": known["id"]} if known else {},
    )
