"""After a restore: a node has an order that this ledger has routed but never released. It was released in the time
that was lost, so it is released here too, without being told again."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import Session

from domain.nodes import NodeOrder
from domain.states import FulfilmentOrderState, OrderState
from ledger.effects import EffectDraft
from ledger.fulfilment import FulfilmentRow, submit_to_nodes
from ledger.orders import EDIT_WINDOW, OrderRow, release_holds
from ledger.rows import select_by, update_by
from ledger.tables import FulfilmentOrder, ShopFulfilment


def adopt(
    session: Session,
    said: Sequence[NodeOrder],
    found: Mapping[str, FulfilmentRow],
    orders: Mapping[str, OrderRow],
    now: datetime,
) -> tuple[dict[str, FulfilmentRow], list[EffectDraft]]:
    """Catch up with the releases that nodes prove. Returns the rows as they are now, and what is left to do for the
    same orders at other nodes."""
    theirs = {order.reference for order in said}
    proven = [
        row
        for row in found.values()
        if row["state"] == FulfilmentOrderState.SCHEDULED
        and f"{row['id']}.{row['attempt']}" in theirs
        and orders[row["order_id"]]["state"] in (OrderState.ROUTING, OrderState.IN_FULFILMENT)
    ]
    if not proven:
        return dict(found), []
    ids = sorted({row["order_id"] for row in proven})
    release_holds(session, ids, [EDIT_WINDOW], by="system", cause="found_at_node", now=now)
    mirrors = select_by(session, ShopFulfilment, "order_id", ids)  # the shop's hold went before the node was told
    gone = [{"id": row["id"], "hold_state": "released"} for row in mirrors if row["hold_state"] in ("held", "wanted")]
    update_by(session, ShopFulfilment, gone)
    drafts = submit_to_nodes(session, [orders[i] for i in ids], now)
    there = {row["id"] for row in proven}
    now_rows = {row["id"]: row for row in select_by(session, FulfilmentOrder, "id", list(found), lock=True)}
    return now_rows, [draft for draft in drafts if draft.subject_id not in there]
