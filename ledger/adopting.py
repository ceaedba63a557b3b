"""After a restore: a node has an order that this ledger has routed but never released. It was released in the time
that was lost, so it is released here too, without being told again."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import Session

from domain.nodes import NodeOrder
from domain.states import FulfilmentOrderState, OrderState
from ledger import queue
from ledger.fulfilment import FulfilmentRow, fulfilment_orders_of, record_release
from ledger.gap import gap_of
from ledger.orders import EDIT_WINDOW, OrderRow, advance_orders, release_holds
from ledger.rows import select_by, update_by
from ledger.tables import FulfilmentOrder, ShopFulfilment


def adopt(
    session: Session,
    said: Sequence[NodeOrder],
    found: Mapping[str, FulfilmentRow],
    orders: Mapping[str, OrderRow],
    now: datetime,
) -> dict[str, FulfilmentRow]:
    """Catch up with the releases that nodes prove. Returns the rows as they are now.

    Of the same orders' other parts this proves nothing: they go in line for their release, which heeds holds and
    fences.
    """
    theirs = {order.reference for order in said}
    proven = [
        row
        for row in found.values()
        if row["state"] == FulfilmentOrderState.SCHEDULED
        and f"{row['id']}.{row['attempt']}" in theirs
        and orders[row["order_id"]]["state"] in (OrderState.ROUTING, OrderState.IN_FULFILMENT)
    ]
    if not proven:
        return dict(found)
    ids = sorted({row["order_id"] for row in proven})
    release_holds(session, ids, [EDIT_WINDOW], by="system", cause="found_at_node", now=now)
    mirrors = select_by(session, ShopFulfilment, "order_id", ids)  # the shop's hold went before the node was told
    gone = [{"id": row["id"], "hold_state": "released"} for row in mirrors if row["hold_state"] in ("held", "wanted")]
    update_by(session, ShopFulfilment, gone)
    gap = gap_of(session)
    record_release(session, proven, "found_at_node", now, at=gap.lost if gap else now)
    advance_orders(session, [(orders[i], OrderState.IN_FULFILMENT, "found_at_node") for i in ids], now)
    parts = fulfilment_orders_of(session, ids)
    waiting = [i for i in ids if any(part["state"] == FulfilmentOrderState.SCHEDULED for part in parts[i])]
    queue.enqueue(session, [queue.work_row("fulfil", i, now) for i in waiting])
    return {row["id"]: row for row in select_by(session, FulfilmentOrder, "id", list(found), lock=True)}
