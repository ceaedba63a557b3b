"""What may be said of parcels while an edit of their order has not ended."""

from sqlmodel import Session

from domain.states import EditState, EffectState
from ledger.orders import OrderRow
from ledger.rows import select_by
from ledger.tables import EditRequest, Effect


def may_leave(session: Session, order: OrderRow, fulfilment_order_id: str) -> bool:
    """Whether a parcel of the fulfilment order that its node calls shipped may be counted, and told, now.

    While an edit is being made, none of a fenced order: the node may have what only the edit knows of. A parked one
    waits for a person, which may take days: what it has not touched there but for the address goes on, as long as the
    shop has the lines of before.
    """
    if not order["fence_token"]:
        return True
    request = next(iter(select_by(session, EditRequest, "id", [order["fence_token"]])), None)
    if request is None or request["state"] != EditState.PARKED:
        return False
    key = f"edit:{request['id']}:shop:lines"
    done = {
        effect["key"]
        for effect in select_by(session, Effect, "key", [key, f"{key}:undo"])
        if effect["state"] == EffectState.DONE
    }
    if done == {key}:
        return False
    mine = [step for step in request["plan"].get("nodes", []) if step["fulfilment_order"] == fulfilment_order_id]
    return not any(step["cancel"] or step["before"] != step["after"] for step in mine)
