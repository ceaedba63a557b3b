"""What is sent for units that come back: its rows and their end. `move_exchange` alone writes `exchange.state`."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from domain.ids import digest
from domain.returns.policy import When
from domain.returns.rulings import Goods
from domain.returns.words import OF_MONEY, Resolution
from domain.states import check
from domain.states_returns import ENDED_EXCHANGE, ENDED_RETURN_LINE, ExchangeState
from ledger import audit, failpoints
from ledger.editing.paying import give_back
from ledger.editing.promises import release_request
from ledger.effects import EffectDraft
from ledger.orders import OrderRow, unfence
from ledger.returning.requests import RequestRow, return_lines, set_values
from ledger.rows import select_by, update_by
from ledger.tables import Exchange, ReturnLine, ReturnRequest

ExchangeRow = Mapping[str, Any]
LIVE = frozenset(ExchangeState) - ENDED_EXCHANGE


def exchange_id(request_id: str, order_id: str) -> str:
    """One of each order in a request."""
    return f"exc_{digest([request_id, order_id])}"


def exchanges_of(session: Session, request_id: str, *, lock: bool = False) -> list[ExchangeRow]:
    return select_by(session, Exchange, "request_id", [request_id], lock=lock, order_by="id")


def live_of(session: Session, request_id: str) -> list[ExchangeRow]:
    """Those that have not ended."""
    return [row for row in exchanges_of(session, request_id) if row["state"] in LIVE]


def given_in_goods(session: Session, order_id: str) -> int:
    """Minor units that goods stand for which are sent for units that come back; what they are cheaper is money."""
    found = select_by(session, Exchange, "order_id", [order_id])
    sent = [row for row in found if row["state"] == ExchangeState.ORDERED]
    return int(sum(sum(line["credit_minor"] for line in row["lines"]) - row["to_refund_minor"] for row in sent))


def live_lines(session: Session, request_id: str) -> set[str]:
    """Return lines for which goods are still meant to be sent: no money is due for them."""
    return {line["line"] for row in live_of(session, request_id) for line in row["lines"]}


def move_exchange(
    session: Session, row: ExchangeRow, to: ExchangeState, cause: str, now: datetime, **values: Any
) -> ExchangeRow:
    """Change the state and further columns; returns the row as it is now. Raises: IllegalTransition."""
    check("exchange", row["state"], to)
    if to in ENDED_EXCHANGE:
        values |= {"ended_at": now, "reserved_until": None, "payment_url": ""}
    changed = {"id": row["id"], "state": to, **values}
    update_by(session, Exchange, [changed])
    audit.append(session, [audit.entry("exchange", row["id"], row["state"], to, cause, now)])
    if failpoints.ARMED:
        failpoints.reached(failpoints.BEFORE_INTENT, [f"exchange.{to}"])
    return {**row, **changed}


def set_exchange(session: Session, row: ExchangeRow, **values: Any) -> ExchangeRow:
    """Change columns other than the state."""
    update_by(session, Exchange, [{"id": row["id"], **values}])
    return {**row, **values}


def give_up(session: Session, order: OrderRow, row: ExchangeRow, code: str, now: datetime) -> list[EffectDraft]:
    """Nothing is sent for it: its units are free again, its lines are worth money, and what was paid goes back by the
    effects returned. The caller holds the locks of order and request, and has told the shop nothing that stands."""
    release_request(session, row["id"], now)
    unfence(session, order["id"], token=row["id"])
    row = move_exchange(session, row, ExchangeState.GIVEN_UP, code, now, reason=code)
    named = {line["line"] for line in row["lines"]}
    [request] = select_by(session, ReturnRequest, "id", [row["request_id"]])
    money = Resolution.STORE_CREDIT if request["plan"].get("gift") else Resolution.REFUND  # a recipient paid nothing
    turned = [
        {"id": line["id"], "resolution": str(money)}
        for line in return_lines(session, row["request_id"])
        if line["id"] in named and line["state"] not in ENDED_RETURN_LINE and line["resolution"] not in OF_MONEY
    ]
    update_by(session, ReturnLine, turned)
    _money_waits(session, request, named)
    return give_back(session, order, row, now)


def _money_waits(session: Session, request: RequestRow, named: Collection[str]) -> None:
    """How far a customer is trusted with goods is not how far with money: what is still to come is looked at first."""
    rulings: Mapping[str, Mapping[str, Any]] = request["plan"].get("lines", {})
    later = {
        line: {**ruling, "when": str(When.INSPECTION)}
        for line, ruling in rulings.items()
        if line in named and ruling["goods"] == Goods.SEND_BACK
    }
    if later:
        set_values(session, request, plan={**request["plan"], "lines": {**rulings, **later}})


def give_up_all(
    session: Session, orders: Mapping[str, OrderRow], request: RequestRow, code: str, now: datetime
) -> list[EffectDraft]:
    """The same for all of a request that have not begun to be sent."""
    drafts: list[EffectDraft] = []
    for row in exchanges_of(session, request["id"], lock=True):
        if row["state"] in LIVE and row["state"] != ExchangeState.ORDERING:
            drafts += give_up(session, orders[row["order_id"]], row, code, now)
    return drafts


def begun(rows: Sequence[ExchangeRow]) -> bool:
    """Whether the customer has got something for it, or is about to."""
    return any(row["state"] in (ExchangeState.ORDERING, ExchangeState.ORDERED) for row in rows)
