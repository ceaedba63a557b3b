"""The outside half of an edit, in groups that follow one another: the nodes, then the shop; backwards when it is
undone.

Each call is an effect with a key of its own, so that a step that is tried again finds what it did before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from domain.states import EditState, EffectState, RequestState
from ledger.editing import sheets
from ledger.editing.plan import NODE, OWN, NodeStep
from ledger.editing.requests import RETRY, RequestRow, locked
from ledger.effects import EffectDraft, EffectRow, move_effects, plan_and_claim
from ledger.fulfilment import advance_fulfilment_orders
from ledger.orders import OrderRow, lock_orders
from ledger.rows import select_by
from ledger.tables import EditRequest, Effect, FulfilmentOrder
from ledger.taking_back import take_back

Groups = list[list[EffectDraft]]
_DOUBTFUL = (EffectState.SENDING, EffectState.UNKNOWN)
_UNDO = ":undo"


@dataclass(frozen=True, slots=True)
class Progress:
    """`name`: send (these rows are claimed for the caller), done, refused (with a code), parked, or waiting."""

    name: str
    rows: Sequence[EffectRow] = ()
    code: str = ""
    wait: timedelta = RETRY


def advance(session: Session, request_id: str, token: int, *, now: datetime, real_now: datetime) -> Progress:
    """The next calls of the request's present state; repeat until it says something else than `send`."""
    order, request = order_and_request(session, request_id, token)
    steps = steps_of(request)
    if request["state"] == EditState.AT_NODE:
        refused = _recall(session, steps, request["plan"].get("recall_until", ""), now)
        if refused:
            return Progress("refused", code=refused)
        groups = _at_nodes(session, request, steps, now)
    elif request["state"] == EditState.COMMITTING:
        groups = _in_shop(request, order)
    else:
        standing = _standing(session, request)
        if any(effect["state"] in _DOUBTFUL for effect in standing.values()):
            return Progress("waiting")  # what is to be undone is not known yet
        lines = standing.get(f"edit:{request['id']}:shop:lines")
        committed = lines is not None and lines["state"] == EffectState.DONE
        if committed and order["cancelled_at"] is None and "lines_back" not in request["plan"]:
            return Progress("parked", code="lines_are_committed")
        unsent = [e for e in standing.values() if e["state"] == EffectState.PLANNED and not e["key"].endswith(_UNDO)]
        move_effects(session, unsent, EffectState.CANCELLED, "edit_undone", now)
        _relist(session, steps, now)
        groups = _backwards(request, order, steps, standing)
    return _next(session, groups, now, real_now)


def order_and_request(session: Session, request_id: str, token: int) -> tuple[OrderRow, RequestRow]:
    """Both rows locked, in the order in which everybody locks them. Raises: TakenOver."""
    [seen] = select_by(session, EditRequest, "id", [request_id])
    order = lock_orders(session, [seen["order_id"]])[seen["order_id"]]
    return order, locked(session, request_id, token)


def steps_of(request: RequestRow) -> list[NodeStep]:
    return [NodeStep(**step) for step in request["plan"].get("nodes", [])]


def _standing(session: Session, request: RequestRow) -> dict[str, EffectRow]:
    """The request's own effects, by key; found by the order, for which there is an index."""
    mine = f"edit:{request['id']}:"
    rows = select_by(session, Effect, "order_id", [request["order_id"]])
    return {row["key"]: row for row in rows if row["key"].startswith(mine)}


def _next(session: Session, groups: Groups, now: datetime, real_now: datetime) -> Progress:
    standing = {row["key"]: row for row in select_by(session, Effect, "key", [d.key for g in groups for d in g])}
    for group in groups:
        fresh = [draft for draft in group if draft.key not in standing]
        if fresh:
            return Progress("send", plan_and_claim(session, fresh, now=now, real_now=real_now))
        rows = [standing[draft.key] for draft in group]
        refused = [row for row in rows if row["state"] in (EffectState.REJECTED, EffectState.CANCELLED)]
        if refused:
            return Progress("refused", code=refused[0]["error"])
        if any(row["state"] == EffectState.PARKED for row in rows):
            return Progress("parked")
        if any(row["state"] != EffectState.DONE for row in rows):
            return Progress("waiting")
    return Progress("done")


# at the nodes


def _recall(session: Session, steps: Sequence[NodeStep], until: str, now: datetime) -> str:
    """Our own sheets: taken back in this transaction. Returns why one cannot be."""
    for row in _rows(session, [step for step in steps if step.how == OWN]):
        outcome = sheets.recall_for_edit(session, row, now, until=until)
        if outcome not in ("off_list", "not_listed"):
            return outcome
    return ""


def _relist(session: Session, steps: Sequence[NodeStep], now: datetime) -> None:
    """What was taken back goes onto a sheet again, as it was."""
    for row in _rows(session, [step for step in steps if step.how == OWN]):
        sheets.relist(session, row, now)


def _rows(session: Session, steps: Sequence[NodeStep]) -> list[Mapping[str, Any]]:
    ids = [step.fulfilment_order for step in steps]
    return select_by(session, FulfilmentOrder, "id", ids, lock=True, order_by="id")


def _at_nodes(session: Session, request: RequestRow, steps: Sequence[NodeStep], now: datetime) -> Groups:
    told = [step for step in steps if step.how == NODE]
    rows = {row["id"]: row for row in _rows(session, [step for step in told if step.cancel])}
    for row in rows.values():
        if row["request_state"] == RequestState.ACCEPTED:
            asked = {"request_state": str(RequestState.CANCELLATION_REQUESTED)}
            advance_fulfilment_orders(session, [(row, asked)], "edit", now)
    moved = [_address(request, step) for step in told if step.address and not step.cancel]
    changed = [
        _cancelled(request, step) if step.cancel else _lines(request, step)
        for step in told
        if step.cancel or step.changes_lines
    ]
    return [moved, changed]


def _address(request: RequestRow, step: NodeStep, *, back: bool = False) -> EffectDraft:
    plan = request["plan"]
    contact = plan["contact_before"] if back else plan["contact_after"]
    return _at_node(request, step, "address", contact, step.before, back)


def _lines(request: RequestRow, step: NodeStep, *, back: bool = False) -> EffectDraft:
    plan = request["plan"]
    contact = plan["contact_after"] or plan["contact_before"]
    return _at_node(request, step, "lines", contact, step.before if back else step.after, back)


def changed_at(session: Session, request: RequestRow, step: NodeStep) -> datetime | None:
    """When the node said that it ships the step's lines; None while it has not."""
    rows = select_by(session, Effect, "key", [_lines(request, step).key])
    return rows[0]["done_at"] if rows else None


def _at_node(
    request: RequestRow, step: NodeStep, what: str, contact: str, lines: Mapping[str, int], back: bool
) -> EffectDraft:
    return EffectDraft(
        kind=f"node.change_{what}",
        key=f"edit:{request['id']}:{step.fulfilment_order}:{what}{_UNDO if back else ''}",
        target=step.target,
        order_id=request["order_id"],
        subject_id=request["id"],
        request={"node_order": step.node_order, "contact": contact, "lines": dict(lines)},
    )


def _cancelled(request: RequestRow, step: NodeStep) -> EffectDraft:
    return take_back(
        reference=step.reference,
        target=step.target,
        order_id=request["order_id"],
        subject_id=step.fulfilment_order,
    )


# in the shop


def _in_shop(request: RequestRow, order: OrderRow) -> Groups:
    """The lines first: they are what a shop may refuse, all or nothing. A cancellation comes alone."""
    return [[_shop_draft(request, order, what)] for what in request["plan"].get("shop", [])]


def _shop_draft(request: RequestRow, order: OrderRow, what: str, *, back: bool = False) -> EffectDraft:
    plan = request["plan"]
    contact = plan["contact_before"] if back else plan["contact_after"]
    kind, asked = {
        "address": ("shop.edit_address", {"contact": contact}),
        "contact": ("shop.edit_contact", {"contact": contact}),
        "lines": ("shop.edit", plan.get("lines_back" if back else "lines", {})),
        "cancel": ("shop.cancel", {"cause": "customer_edit", "reason": "customer", "edit": request["id"]}),
    }[what]
    return EffectDraft(
        kind=kind,
        key=f"edit:{request['id']}:shop:{what}{_UNDO if back else ''}",
        target=f"{order['source']}/{order['account']}",
        order_id=order["id"],
        subject_id=request["id"],
        request=dict(asked),
    )


# and back


def _backwards(
    request: RequestRow, order: OrderRow, steps: Sequence[NodeStep], standing: Mapping[str, EffectRow]
) -> Groups:
    """The opposite of whatever was done, the last first; but the shop's lines after the node's, which may say no for
    good: then both still have the same. A cancelled order takes nothing back in its shop. Cancellations have no
    opposite: they are made good by planning the order anew."""

    def was_done(draft: EffectDraft) -> bool:
        there = standing.get(draft.key.removesuffix(_UNDO))
        return there is not None and there["state"] == EffectState.DONE

    in_shop = request["plan"].get("shop", []) if order["cancelled_at"] is None else []
    shop = [
        _shop_draft(request, order, what, back=True) for what in reversed(in_shop) if what in ("address", "contact")
    ]
    told = [step for step in steps if step.how == NODE and not step.cancel]
    lines = [_lines(request, step, back=True) for step in told if step.changes_lines]
    addresses = [_address(request, step, back=True) for step in told if step.address]
    goods = [_shop_draft(request, order, "lines", back=True)] if "lines" in in_shop else []
    return [[draft for draft in group if was_done(draft)] for group in (shop, lines, addresses, goods)]


def put_back(session: Session, request: RequestRow) -> bool:
    """Whether the shop has committed the lines, and put them back since."""
    found = select_by(session, Effect, "key", [f"edit:{request['id']}:shop:lines{_UNDO}"])
    return any(effect["state"] == EffectState.DONE for effect in found)
