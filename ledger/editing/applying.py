"""The end of an edit that came through: one transaction makes the ledger say what shop and nodes say already, gives
back what is not wanted any more, settles the money and lifts the fence."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.edit_windows import next_step
from domain.edits import EditKind
from domain.order import IncomingOrder
from domain.policy import Policies
from domain.states import EditState, OrderState
from ledger.came_back import as_sold
from ledger.capture_money import known_transactions, update_money
from ledger.editing import at_nodes, from_shop, late_edits, promises, replan, sheets
from ledger.editing.paying import book_payment, give_back
from ledger.editing.plan import NODE, OWN, NodeStep
from ledger.editing.requests import RequestRow, move_request, set_values
from ledger.editing.snapshots import edit_snapshot
from ledger.editing.stages import changed_at, order_and_request, put_back, steps_of
from ledger.editing.stated import only_ours
from ledger.editing.telling import tell
from ledger.effects import EffectDraft, plan
from ledger.fencing import lift_fence
from ledger.inbox import Delivery, store
from ledger.orders import OrderRow, contacts, lines_of, lock_orders
from ledger.refunds import grant
from ledger.rows import select_by
from ledger.shop_mirrors import wanted_holds
from ledger.tables import FulfilmentOrder, Order
from ledger.tables.base import table_of
from ledger.taking import take_edit

_order = table_of(Order)
NODE_SAID_NO = "node_labelled"
_ROUTED = (OrderState.ROUTING, OrderState.IN_FULFILMENT)


def apply_edit(
    session: Session, request_id: str, token: int, stated: IncomingOrder | None, policies: Policies, now: datetime
) -> RequestRow:
    """Take over what the shop states; `stated` is None for an order without a shop. Raises: TakenOver."""
    order, request = order_and_request(session, request_id, token)
    effects: list[EffectDraft] = []
    if stated is not None:
        update_money(session, order["id"], stated, known_transactions(session, [order["id"]]).get(order["id"], {}))
    if "cancel" in request["plan"].get("shop", []) or request["plan"].get("cancel"):
        promises.release_request(session, request["id"], now)
    else:
        _take_contact(session, order, request)
        added = _take_stated(session, order, request, stated, now) if stated is not None else {}
        order = lock_orders(session, [order["id"]])[order["id"]]
        effects += wanted_holds(session, order)
        effects += _take_nodes(session, order, request, added, now)
        _plan_anew(session, order, request, policies, now)
        effects += _settle(session, order, request, now)
    request = _ended(session, request, EditState.APPLIED, "read_back", now)
    tell(session, order, request, "applied", now)
    effects += lift_fence(session, order["id"], token=request["id"], now=now)
    plan(session, effects, now)
    return request


def _take_stated(
    session: Session, order: OrderRow, request: RequestRow, stated: IncomingOrder, now: datetime
) -> dict[str, str]:
    """This edit's part of it. Whatever else the shop says, or said while the fence stood, is compared afterwards."""
    lines = lines_of(session, [order["id"]])[order["id"]]
    ask_shop_again(session, order, request, now)
    stated = as_sold(session, order, stated, lines)
    return take_edit(session, order, only_ours(stated, order, lines, request["plan"]), now)


def ask_shop_again(session: Session, order: OrderRow, request: RequestRow, now: datetime) -> None:
    """As a delivery of capture, which judges the order once the fence is gone."""
    if not late_edits.in_shop(session, order):
        return
    delivery = f"{order['external_id']}:{request['id']}"
    said = Delivery(order["source"], order["account"], "orders/swept", delivery, order["external_id"], b"")
    store(session, [said], now)


def _take_contact(session: Session, order: OrderRow, request: RequestRow) -> None:
    """The version that was proposed is the order's from now on."""
    contact_id = request["plan"].get("contact_after")
    if not contact_id:
        return
    contact = contacts(session, [contact_id])[contact_id]
    session.execute(
        sa.update(_order)
        .where(_order.c.id == order["id"])
        .values(contact_id=contact_id, country=contact["country"], region=contact["region"])
    )


def _take_nodes(
    session: Session, order: OrderRow, request: RequestRow, added: Mapping[str, str], now: datetime
) -> list[EffectDraft]:
    """Fulfilment orders as their nodes have them now; our own sheets' are planned anew."""
    effects: list[EffectDraft] = []
    steps = steps_of(request)
    rows = {
        row["id"]: row
        for row in select_by(session, FulfilmentOrder, "id", [step.fulfilment_order for step in steps], lock=True)
    }
    new_lines = {
        line["sku"]: line["id"]
        for line in lines_of(session, [order["id"]])[order["id"]]
        if line["id"] in added.values()
    }
    for step in steps:
        row = rows[step.fulfilment_order]
        if step.how == OWN:
            effects += sheets.withdraw(session, order, row, now)
        elif step.how == NODE and not step.cancel and step.changes_lines:
            told_at = changed_at(session, request, step)
            at_nodes.changed_at_node(session, row, _units(step, new_lines), request["id"], now, changed_at=told_at)
    return effects


def _units(step: NodeStep, new_lines: Mapping[str, str]) -> dict[str, int]:
    return step.units | {new_lines[sku]: units for sku, units in step.new.items()}


def _plan_anew(session: Session, order: OrderRow, request: RequestRow, policies: Policies, now: datetime) -> None:
    """Units that no node was told of; before routing there is nothing to plan yet."""
    if order["state"] in _ROUTED:
        replan.replan(session, order, request["id"], policies, now)
    else:
        promises.release_request(session, request["id"], now)


def _settle(session: Session, order: OrderRow, request: RequestRow, now: datetime) -> list[EffectDraft]:
    """Money that was paid for it is booked in the shop; money that is too much goes back by tender."""
    if request["paid_minor"]:
        return [book_payment(order, request)]
    to_refund = int(request["quote"].get("to_refund_minor", 0))
    if not to_refund:
        return []
    return grant(session, order, to_refund, subject_id=request["id"], reason="edit", now=now)


def undo_done(
    session: Session,
    request_id: str,
    token: int,
    stated: IncomingOrder | None,
    policies: Policies,
    now: datetime,
) -> RequestRow:
    """Everything outside is as it was before; so is the ledger, and what was kept back goes on. What the shop has
    said meanwhile was not judged: it is asked again. Where it has put lines back it may ship them by other fulfilment
    orders: `stated` is what it states since. Raises: TakenOver."""
    order, request = order_and_request(session, request_id, token)
    effects: list[EffectDraft] = []
    if stated is not None and put_back(session, request):
        lines = lines_of(session, [order["id"]])[order["id"]]
        take_edit(session, order, only_ours(as_sold(session, order, stated, lines), order, lines, {}), now)
        order = lock_orders(session, [order["id"]])[order["id"]]
        effects += wanted_holds(session, order)
    _plan_anew(session, order, request, policies, now)
    request = set_values(session, request, reasons=_with_next_steps(session, order, request, policies))
    request = _ended(session, request, EditState.UNDONE, _why(request), now)
    tell(session, order, request, "undone", now)
    if from_shop.is_prepared(request) and order["cancelled_at"] is None:
        late_edits.report(session, order, request["plan"], _why(request), now, request_id=request["id"])
    ask_shop_again(session, order, request, now)
    effects += give_back(session, order, request, now)
    effects += lift_fence(session, order["id"], token=request["id"], now=now)
    plan(session, effects, now)
    return request


def _with_next_steps(
    session: Session, order: OrderRow, request: RequestRow, policies: Policies
) -> list[dict[str, Any]]:
    """A node that said "too late" could not be known beforehand: what still helps is told all the same."""
    reasons: list[dict[str, Any]] = list(request["reasons"])
    if order["cancelled_at"] is not None and not any(reason["code"] == "order_cancelled" for reason in reasons):
        return [{"code": "order_cancelled"}, *reasons]  # whoever refused could only say that it takes nothing more
    if not reasons or reasons[0]["code"] != "too_late":
        return reasons
    snapshot = edit_snapshot(session, order, fence=request["id"])
    kind = EditKind(request["quote"]["kinds"][0])
    step = next_step(kind, snapshot, policies.edits, NODE_SAID_NO)
    return [{**reasons[0], "kind": str(kind), "next_step": asdict(step) if step else {}}, *reasons[1:]]


def _why(request: RequestRow) -> str:
    reasons: list[dict[str, Any]] = request["reasons"]
    return str(reasons[0]["code"]) if reasons else "undone"


def _ended(session: Session, request: RequestRow, to: EditState, cause: str, now: datetime) -> RequestRow:
    return move_request(session, set_values(session, request, payment_url=""), to, cause, now)
