"""What a return would give now if a person said yes: the money that is not granted yet, read without locks."""

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session

from domain.policy import Policies
from domain.returns.money import ReturnRefund, refund_for
from domain.returns.policy import When
from domain.returns.words import OF_MONEY, Resolution
from domain.states_returns import ReturnState
from ledger.orders import OrderRow
from ledger.returning.inspecting import due_after_inspection
from ledger.returning.requests import RequestRow, return_lines
from ledger.returning.settling import Due, as_sold, by_order_line, due_of, pays, refunded_before
from ledger.rows import select_by
from ledger.tables import Decision, Order

_ALL = [str(when) for when in When]


def proposed(
    session: Session, request: RequestRow, policies: Policies, *, in_full: bool = False
) -> list[tuple[OrderRow, ReturnRefund]]:
    """For each order and kind of money; nothing for a request that is not waiting for a person. `in_full`: of an
    inspection, whatever was found."""
    settled: Mapping[str, Any] = request["plan"].get("settled", {})
    due = [each for each in _due(session, request, in_full=in_full) if each.line["id"] not in settled and each.units]
    found: list[tuple[OrderRow, ReturnRefund]] = []
    for order in select_by(session, Order, "id", sorted({each.line["order_id"] for each in due}), order_by="id"):
        own = request["plan"].get("money", {}).get(order["id"], [])
        placed = as_sold(session, order, lock=False)
        before = refunded_before(session, order["id"], request["id"], own)
        for resolution in (Resolution.REFUND, Resolution.STORE_CREDIT):
            mine = [each for each in due if each.line["order_id"] == order["id"] and pays(each.line) is resolution]
            if mine:
                money = policies.returns.money
                found.append((order, refund_for(placed, by_order_line(mine), before, resolution, money)))
    return found


def _due(session: Session, request: RequestRow, *, in_full: bool) -> list[Due]:
    if request["state"] == ReturnState.MANUAL_REVIEW:
        return due_after_inspection(session, request, in_full=in_full)
    if request["state"] == ReturnState.LOST:
        return due_of(session, request, _ALL)
    if request["state"] != ReturnState.REQUESTED:
        return []
    lines = return_lines(session, request["id"])
    rulings = {
        row["id"]: row["choice"] for row in select_by(session, Decision, "id", [x["decision_id"] for x in lines])
    }
    return [
        Due(line, line["asked"], fee_minor=ruling["fee_minor"])
        for line in lines
        if (ruling := rulings.get(line["decision_id"])) is not None
        and ruling["verdict"] != "refused"
        and line["resolution"] in OF_MONEY
    ]


__all__ = ["proposed"]
