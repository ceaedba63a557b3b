"""The fence: from here on nothing else releases, routes or cancels the order until the edit has ended."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from domain.edit_capabilities import FIELD_OF, Capabilities, EditField, Stage
from domain.edit_windows import EditSnapshot
from domain.edits import EditKind, Wanted
from domain.states import EditState, EffectState
from ledger.editing.plan import BUSY, CannotPlan, Part, node_steps, parts_of
from ledger.editing.requests import RequestRow, move_request
from ledger.effects import move_effects
from ledger.orders import OrderRow, fence, release_holds
from ledger.rows import select_by
from ledger.tables import Effect

_SCANS = {Stage.TOLD: "picked", Stage.PICKING: "picked", Stage.PACKED: "packed", Stage.SHIPPED: "handed_over"}
NODE_PATIENCE = timedelta(minutes=2)  # for a node that is being told just now


def set_fence(
    session: Session,
    order: OrderRow,
    request: RequestRow,
    wanted: Wanted,
    snapshot: EditSnapshot,
    capabilities: Capabilities,
    shop: Mapping[str, Any],
    now: datetime,
) -> RequestRow:
    """Fence the order and keep the plan with the request, which moves on. The caller holds both locks and has judged
    the windows by this snapshot: they are open under the holds that stand.

    Raises: CannotPlan (busy: later; too_late), Fenced (another edit).
    """
    parts = parts_of(session, order)
    told = {part.id for part in snapshot.parts if capabilities.asks_node(EditField.CONTACT, part)}
    steps = node_steps(session, order, request["id"], wanted, parts, told)
    if EditKind.ADDRESS in wanted.kinds and "address" in snapshot.holds:  # it is the answer to "is this right?"
        actor = request["actor"]
        release_holds(session, [order["id"]], ["address"], by=actor, cause=f"person:{actor}", now=now)
    fence(
        session, order["id"], by=f"edit:{request['id']}", token=request["id"], base_version=order["version"],
        past=snapshot.holds,
    )  # fmt: skip
    _keep_back(session, parts, now)
    plan = {
        "contact_before": order["contact_id"],
        "contact_after": wanted.contact_version,
        "nodes": [step.as_json() for step in steps],
        "recall_until": _recall_until(wanted, capabilities),
        **shop,
    }
    to = EditState.AT_NODE if steps else EditState.COMMITTING
    return move_request(session, request, to, "fenced", now, plan=plan)


def _recall_until(wanted: Wanted, capabilities: Capabilities) -> str:
    """How far our own people may be with it: the word of `sheets.recall_for_edit`."""
    fields = {FIELD_OF[kind] for kind in wanted.kinds}
    kinds = [kind for kind in capabilities.nodes.values() if Stage.PACKED in kind.stages]
    stages = [kind.stages.index(kind.until[field]) for kind in kinds for field in fields if field in kind.until]
    if not stages:
        return _SCANS[Stage.SHIPPED]
    return _SCANS[kinds[0].stages[min(stages)]]


def _keep_back(session: Session, parts: list[Part], now: datetime) -> None:
    """What would have told a node and was never tried is not sent: the order is planned anew at the edit's end."""
    ids = [effect_id for part in parts if part.how != BUSY for effect_id in part.unsent]
    rows = [row for row in select_by(session, Effect, "id", ids, lock=True) if row["state"] == EffectState.PLANNED]
    move_effects(session, rows, EffectState.CANCELLED, "fenced_by_edit", now)


__all__ = ["NODE_PATIENCE", "CannotPlan", "set_fence"]
