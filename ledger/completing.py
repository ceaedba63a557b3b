"""The end of an order: every wanted unit has been delivered."""

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session

from domain.states import OrderState
from ledger import queue
from ledger.offers.rows import made_good
from ledger.orders import OrderRow, advance_orders, count_units, lines_of


def count_delivered(session: Session, order: OrderRow, units: Mapping[str, int], now: datetime) -> None:
    """Units of a parcel that has arrived, by order line. The caller holds the order's lock."""
    count_units(session, [(line_id, "delivered", count) for line_id, count in units.items()])
    complete_if_done(session, order, now)


def complete_if_done(session: Session, order: OrderRow, now: datetime) -> None:
    """An order whose every wanted unit is delivered is completed; also one whose last missing part was taken off, or
    never came and was made good."""
    lines = [line for line in lines_of(session, [order["id"]])[order["id"]] if line["requires_shipping"]]
    missing = {line["id"]: line["ordered"] - line["cancelled"] - line["delivered"] for line in lines}
    missing = {line_id: units for line_id, units in missing.items() if units > 0}
    good = made_good(session, list(missing))
    done = all(good[line_id] >= units for line_id, units in missing.items())
    begun = order["state"] == OrderState.ROUTING and any(line["delivered"] + good[line["id"]] for line in lines)
    if done and (begun or order["state"] == OrderState.IN_FULFILMENT):
        advance_orders(session, [(order, OrderState.COMPLETED, "delivered")], now)
        queue.enqueue(session, [queue.work_row("reconcile", order["id"], now)])
