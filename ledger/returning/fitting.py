"""Whether what is asked for can be judged at all: lines of orders of one customer, and as many units as there are."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from domain.returns.asks import ReturnAsk
from ledger.orders import OrderRow


def unfit(
    lead: OrderRow, orders: Mapping[str, OrderRow], lines: Mapping[str, Mapping[str, Any]], asks: Sequence[ReturnAsk]
) -> dict[str, Any] | None:
    """Why it cannot even be judged."""
    for number, ask in enumerate(asks, start=1):
        order, line = orders.get(ask.order_id), lines.get(ask.line_id)
        if order is None or order["customer_id"] != lead["customer_id"]:
            return {"code": "unknown_order", "where": f"lines[{number}].order_id"}
        if line is None or line["order_id"] != order["id"]:
            return {"code": "unknown_line", "where": f"lines[{number}].line_id"}
    wanted = Counter[str]()
    for ask in asks:
        wanted[ask.line_id] += ask.quantity
    for line_id, units in wanted.items():
        line = lines[line_id]
        if units > line["shipped"] - line["return_requested"] - line["returned"] - line["written_off"]:
            return {"code": _missing(line), "line": line_id}
    return None


def _missing(line: Mapping[str, Any]) -> str:
    """Why there are not so many units of a line; the words of `domain.returns.rulings.NEXT_STEP`."""
    if not line["shipped"]:
        return "not_sent_yet"
    if line["return_requested"]:
        return "already_in_return"
    return "already_returned" if line["returned"] + line["written_off"] >= line["shipped"] else "not_so_many"
