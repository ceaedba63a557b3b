"""What the ledger does around effects at nodes: orders handed over, labels bought, cancellations."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from domain.states import FulfilmentOrderState, OrderState, RequestState
from ledger import stock
from ledger.cases import CaseDraft, open_cases
from ledger.editing.requests import wake_edits
from ledger.effects import EffectDraft, EffectRow, Verdict
from ledger.fulfilment import (
    advance_fulfilment_orders,
    fulfilment_lines_of,
    give_back_units,
    handing_over,
    record_acceptance,
    withdrawn,
)
from ledger.label_effects import void_labels
from ledger.orders import contacts, lock_orders, open_holds
from ledger.rows import select_by
from ledger.shipments import node_cancelled
from ledger.tables import FulfilmentOrder, Order
from ledger.taking_back import take_back, too_late

Pairs = Sequence[tuple[EffectRow, Verdict]]


def guard_submit(session: Session, effects: Sequence[EffectRow], now: datetime) -> dict[str, str]:
    """Nothing reaches a node past a fence, an open hold or a cancellation, nor for what was taken back."""
    orders = {row["id"]: row for row in select_by(session, Order, "id", {e["order_id"] for e in effects}, lock=True)}
    holds = open_holds(session, list(orders))
    gone = withdrawn(session, [effect["subject_id"] for effect in effects])
    refused = {}
    for effect in effects:
        order = orders[effect["order_id"]]
        if order["state"] == OrderState.CANCELLED or order["cancelled_at"] is not None:
            refused[effect["id"]] = "cancel:order_ended"
        elif effect["subject_id"] in gone:
            refused[effect["id"]] = "cancel:withdrawn"
        elif order["fence_token"]:
            refused[effect["id"]] = "wait:fenced"
        elif holds.get(order["id"]):
            refused[effect["id"]] = "wait:held"
    return refused


def guard_cancel(session: Session, effects: Sequence[EffectRow], now: datetime) -> dict[str, str]:
    """Of what is just being handed over a node would say that it was never there, and ship it a moment later."""
    coming = handing_over(session, [effect["request"]["reference"] for effect in effects])
    return {e["id"]: "wait:handing_over" for e in effects if e["request"]["reference"] in coming}


def accepted(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    """`on_done` of node.create_order. An order cancelled meanwhile is asked back at once."""
    orders = lock_orders(session, [effect["order_id"] for effect, _ in pairs])  # before its requests, as everybody does
    record_acceptance(session, [(effect["subject_id"], verdict.external_id) for effect, verdict in pairs], now)
    return [
        take_back(
            reference=effect["request"]["reference"],
            target=effect["target"],
            order_id=effect["order_id"],
            subject_id=effect["subject_id"],
        )
        for effect, _ in pairs
        if orders[effect["order_id"]]["state"] == OrderState.CANCELLED
    ]


def refused(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    """A node will not take the order: the promise is given back and a person chooses what next, unless the order was
    cancelled meanwhile."""
    orders = lock_orders(session, [effect["order_id"] for effect, _ in pairs])
    rows = {
        row["id"]: row
        for row in select_by(session, FulfilmentOrder, "id", [effect["subject_id"] for effect, _ in pairs], lock=True)
    }
    for effect, verdict in pairs:
        row = rows[effect["subject_id"]]
        if row["request_state"] != RequestState.SUBMITTED:
            continue
        stock.release(session, [row["id"]], now)
        give_back_units(session, row)
        advance_fulfilment_orders(
            session,
            [(row, {"state": FulfilmentOrderState.CANCELLED, "request_state": RequestState.REJECTED})],
            verdict.code,
            now,
        )
        if orders[row["order_id"]]["state"] == OrderState.CANCELLED:
            continue
        open_cases(
            session,
            [
                CaseDraft(
                    key=f"node_refused:{row['id']}",
                    kind="node_refused",
                    severity="high",
                    order_id=row["order_id"],
                    subject_id=row["id"],
                    facts={"location": row["location_id"], "code": verdict.code, "detail": verdict.detail},
                    choices=["reroute", "correct_address", "cancel"],
                )
            ],
            now,
        )
    return []


def cancelled(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    """`on_done` of node.cancel."""
    orders = lock_orders(session, [effect["order_id"] for effect, _ in pairs])
    rows = {
        row["id"]: row
        for row in select_by(session, FulfilmentOrder, "id", [effect["subject_id"] for effect, _ in pairs], lock=True)
    }
    drafts: list[EffectDraft] = []
    for effect, _ in pairs:
        row = rows[effect["subject_id"]]
        drafts += node_cancelled(session, orders[row["order_id"]], row, now)
        drafts += void_labels(session, row)
    wake_edits(session, list(orders.values()), now)
    return drafts


def cancel_refused(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    """Too late: the parcel goes out although the order is cancelled. A person recalls it or awaits its return. An edit
    that only wished to take it back is told, and puts back what it has changed."""
    orders = lock_orders(session, [effect["order_id"] for effect, _ in pairs])
    wake_edits(session, list(orders.values()), now)
    for effect, verdict in pairs:
        [row] = select_by(session, FulfilmentOrder, "id", [effect["subject_id"]], lock=True)
        if row["request_state"] == RequestState.CANCELLATION_REQUESTED:
            advance_fulfilment_orders(session, [(row, {"request_state": RequestState.ACCEPTED})], verdict.code, now)
        if orders[effect["order_id"]]["fence_token"]:
            continue
        open_cases(session, [too_late(effect["order_id"], effect["subject_id"], {"code": verdict.code})], now)
    return []


def requests_for(session: Session, fulfilment_order_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What nodes are told, by fulfilment order: order, current contact, lines. Read when sending, stored nowhere."""
    rows = {row["id"]: row for row in select_by(session, FulfilmentOrder, "id", fulfilment_order_ids)}
    orders = {row["id"]: row for row in select_by(session, Order, "id", {r["order_id"] for r in rows.values()})}
    people = contacts(session, [order["contact_id"] for order in orders.values()])
    lines = fulfilment_lines_of(session, list(rows))
    return {
        i: {
            "fulfilment_order": row,
            "order": orders[row["order_id"]],
            "contact": people[orders[row["order_id"]]["contact_id"]],
            "lines": lines[i],
        }
        for i, row in rows.items()
    }
