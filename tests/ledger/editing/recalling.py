"""An order is taken off the own warehouse's sheet, and put back or planned anew."""

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session

from domain.states import EditState
from ledger import effects, orders
from ledger.editing import sheets
from ledger.editing.replan import replan
from ledger.fencing import lift_fence
from tests.ledger.editing.stall import Stall


def fenced(stall: Stall, order: str) -> str:
    request = stall.request(order, "at_node")
    version = stall.order(order)["version"]
    stall.wiring.ledger(orders.fence, order, by="edit", token=request, base_version=version)
    return request


def recall(stall: Stall, order: str, until: str = "handed_over") -> str:
    row = stall.live(order)["work"]
    return str(stall.act(order, lambda s, _: sheets.recall_for_edit(s, row, stall.now, until=until)))


def end(stall: Stall, order: str, request: str, state: EditState, wanted: Mapping[str, int] | None = None) -> None:
    """The last transaction: withdrawn and planned anew, or put back as it was."""

    def ended(session: Session, row: Mapping[str, Any]) -> None:
        part = stall.live(order)["work"]
        drafts = []
        if state is EditState.APPLIED:
            stall.want(session, order, wanted or {})
            drafts = sheets.withdraw(session, row, part, stall.now)
        else:
            sheets.relist(session, part, stall.now)
        replan(session, row, request, stall.policies, stall.now)
        drafts += lift_fence(session, order, token=request, now=stall.now)
        effects.plan(session, drafts, stall.now)

    stall.set_state(request, str(state))
    stall.act(order, ended)
