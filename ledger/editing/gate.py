"""The last look before anything outside is changed: what held at the decision must hold at the fence."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from domain.policy import Policies
from domain.states import EditState
from ledger.editing import from_shop
from ledger.editing.destination import check_destination, destination
from ledger.editing.ending import refuse
from ledger.editing.fencing import NODE_PATIENCE, CannotPlan, set_fence
from ledger.editing.requests import RequestRow, move_request
from ledger.editing.stages import order_and_request
from ledger.editing.wishes import Refused, check_windows, wish_of
from ledger.orders import Fenced


def fence_order(session: Session, request_id: str, token: int, policies: Policies, now: datetime) -> str:
    """Judge the windows once more and fence the order; busy while a node is being told. Raises: TakenOver."""
    order, request = order_and_request(session, request_id, token)
    if from_shop.is_prepared(request):
        return from_shop.fence_prepared(session, order, request, policies, now)
    try:
        wish = wish_of(session, order, request, policies)
        # who asked in time may pay, or be looked at, after the policy's end; nodes and money are judged as they are now
        check_windows(wish, policies, now, agent=request["origin"] == "agent", asked_at=request["created_at"])
        if wish.base != request["quote"]["base"]:
            raise Refused([{"code": "order_changed"}])
        country = destination(session, wish)
        check_destination(session, order, wish, policies, country=country, request_id=request_id)
        shop = _with_totals(wish.shop, request)
        set_fence(session, order, request, wish.wanted, wish.snapshot, policies.capabilities, shop, now)
    except Refused as refused:
        refuse(session, order, request, refused.reasons, now)
        return str(refused.reasons[0]["code"])
    except Fenced:
        refuse(session, order, request, [{"code": "edit_in_progress"}], now)
        return "edit_in_progress"
    except CannotPlan as cannot:
        if cannot.code == "busy" and now - request["created_at"] < NODE_PATIENCE:
            return "busy"
        refuse(session, order, request, [{"code": "node_busy" if cannot.code == "busy" else cannot.code}], now)
        return cannot.code
    return "fenced"


def _with_totals(shop: Mapping[str, Any], request: RequestRow) -> dict[str, Any]:
    """Nothing is committed in a shop that comes to another total: the new one, or the old one on the way back."""
    totals = {"lines": request["quote"]["new_total_minor"], "lines_back": request["quote"]["old_total_minor"]}
    return {name: {**said, "total_minor": totals[name]} if name in totals else said for name, said in shop.items()}


def move_on(session: Session, request_id: str, token: int, to: EditState, now: datetime) -> None:
    """Everything outside that this state wants is done. Raises: TakenOver."""
    _, request = order_and_request(session, request_id, token)
    move_request(session, request, to, "done", now)
