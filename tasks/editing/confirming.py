"""Read back what the shop and the nodes have now, before anybody is told that it is so."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Any

from sqlmodel import Session

from config import wiring
from connectors.errors import ConnectorError
from domain.nodes import NodeLine, NodeOrder, NodeState, request_digest
from domain.order import IncomingOrder
from ledger.editing.plan import NODE, NodeStep
from ledger.editing.requests import RequestRow
from ledger.editing.sides import ReadBack
from ledger.editing.stages import steps_of
from ledger.orders import address_of, contacts, lines_of
from ledger.rows import select_by
from ledger.tables import Order
from tasks.sending.edits import same_contact, same_place


async def differences(request: RequestRow) -> tuple[list[str], ReadBack]:
    """Where shop or nodes are not as the edit wants them ("shop:lines", "node:{fulfilment order}"), and what they have.
    Raises: ConnectorError."""
    wired = wiring.current()
    facts = await asyncio.to_thread(wired.read, _facts, request)
    told = [step for step in steps_of(request) if step.how == NODE]
    asked = [wired.warehouses()[step.target].fetch_order(step.node_order) for step in told]
    stated, orders = await asyncio.gather(_stated(facts), asyncio.gather(*asked))
    contact = facts["contact"]
    unlike = [
        f"node:{step.fulfilment_order}"
        for step, order in zip(told, orders, strict=True)
        if not _as_wanted(step, order, contact)
    ]
    if stated is not None:
        unlike = [f"shop:{what}" for what in _unlike_in_shop(request, stated, facts)] + unlike
    elif request["plan"].get("shop"):
        unlike = ["shop:gone", *unlike]
    has = {step.fulfilment_order: order for step, order in zip(told, orders, strict=True)}
    return unlike, ReadBack(stated, has)


async def read_if_possible(request: RequestRow) -> ReadBack | None:
    """What shop and nodes have, to show it; None when one of them is away."""
    try:
        return (await differences(request))[1]
    except ConnectorError:
        return None


async def stated_now(request: RequestRow) -> IncomingOrder | None:
    """The order as its shop states it; None without a shop, or where it is gone. Raises: ConnectorError."""
    return await _stated(await asyncio.to_thread(wiring.current().read, _facts, request))


def _facts(session: Session, request: RequestRow) -> dict[str, Any]:
    plan = request["plan"]
    [order] = select_by(session, Order, "id", [request["order_id"]])
    contact_id = plan.get("contact_after") or plan.get("contact_before") or order["contact_id"]
    return {
        "order": order,
        "lines": lines_of(session, [order["id"]])[order["id"]],
        "contact": contacts(session, [contact_id])[contact_id],
    }


async def _stated(facts: Mapping[str, Any]) -> IncomingOrder | None:
    order = facts["order"]
    shop = wiring.current().shops().get(f"{order['source']}/{order['account']}")
    found = await shop.fetch_orders([order["external_id"]]) if shop is not None else []
    return found[0] if found else None


def _as_wanted(step: NodeStep, order: NodeOrder | None, contact: Mapping[str, Any]) -> bool:
    if order is None:
        return step.cancel
    if step.cancel:
        return order.state is NodeState.CANCELLED
    lines = [NodeLine(sku, units) for sku, units in step.after.items()]
    return order.request_digest == request_digest(address_of(contact), lines)


def _unlike_in_shop(request: RequestRow, stated: IncomingOrder, facts: Mapping[str, Any]) -> list[str]:
    """Only what the edit itself has changed there: the rest is the business of others."""
    unlike = []
    shop, contact = request["plan"].get("shop", []), facts["contact"]
    if "cancel" in shop and stated.cancelled_at is None:
        unlike.append("cancel")
    if "address" in shop and not same_place(stated, contact):
        unlike.append("address")
    if "contact" in shop and not same_contact(stated, contact):
        unlike.append("contact")
    if "lines" in shop and not _same_lines(request["plan"]["lines"], stated):
        unlike.append("lines")
    return unlike


def _same_lines(plan: Mapping[str, Any], stated: IncomingOrder) -> bool:
    """Lines that somebody else has added meanwhile are no part of this edit; see `ledger.editing.stated`."""
    there = {line.external_id: line.quantity for line in stated.lines}
    if any(there.get(line, 0) != units for line, units in plan["quantities"].items()):
        return False
    free = Counter(plan["added"])
    for line in stated.lines:
        if line.external_id not in plan["before"] and line.quantity <= free[line.variant_external_id]:
            free[line.variant_external_id] -= line.quantity
    return not +free
