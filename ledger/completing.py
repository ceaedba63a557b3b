"""The end of an order: every wanted unit has been delivered."""

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session

from domain.states import OrderState
from ledger import queue
from ledger.orders import OrderRow, advance_orders, count_units, lines_of


def count_delivered(session: Session, order: OrderRow, units: Mapping[str, int], now: datetime) -> None:
    """Units of a parcel that has arrived, by order line. The caller holds the order's lock."""
    count_units(session, [(line_id, "delivered", count) for line_id, count in units.items()])
    complete_if_done(session, order, now)


def complete_if_done(session: Session, order: OrderRow, now: datetime) -> None:
    """An order whose every wanted unit is delivered is completed."""
    lines = lines_of(session, [order["id"]])[order["id"]]
    done = all(line["delivered"] >= line["ordered"] - line["cancelled"] for line in lines if line["requires_shipping"])
    if done and order["state"] == OrderState.IN_FULFILMENT:
        advance_orders(session, [(order, OrderState.COMPLETED, "delivered")], now)
        queue.enqueue(session, [queue.work_row("reconcile", order["id"], now)])
