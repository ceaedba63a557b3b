"""Stock that has arrived: who waits for it goes back to routing."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from domain.states import OrderState
from ledger import queue
from ledger.orders import release_holds
from ledger.tables import Hold, Order, OrderLine
from ledger.tables.base import table_of

_order, _line, _hold = table_of(Order), table_of(OrderLine), table_of(Hold)


def wake_waiting(session: Session, skus: Sequence[str], now: datetime) -> int:
    """Orders with units on backorder, or held for stock, among these SKUs; returns how many."""
    if not skus:
        return 0
    backordered = (
        session.execute(
            sa.select(_line.c.order_id)
            .join(_order, _order.c.id == _line.c.order_id)
            .where(
                _line.c.sku.in_(skus),
                _line.c.backordered > 0,
                _order.c.state.in_((OrderState.ROUTING, OrderState.IN_FULFILMENT)),
            )
            .distinct()
        )
        .scalars()
        .all()
    )
    held = (
        session.execute(
            sa.select(_hold.c.order_id)
            .join(_line, _line.c.order_id == _hold.c.order_id)
            .where(_hold.c.name == "stock", _hold.c.released_at.is_(None), _line.c.sku.in_(skus))
            .distinct()
        )
        .scalars()
        .all()
    )
    release_holds(session, held, ["stock"], by="system", cause="stock_arrived", now=now)
    queue.enqueue(session, [queue.work_row("route", order_id, now) for order_id in backordered])
    queue.enqueue(session, [queue.work_row("validate", order_id, now) for order_id in held])
    return len(backordered) + len(held)
