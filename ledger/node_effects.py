"""What the ledger does around effects at nodes: orders handed over, labels bought, cancellations."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from domain.ids import new_id
from domain.parcels import ParcelState
from domain.policy import Policies
from domain.states import FulfilmentOrderState, OrderState, RequestState
from ledger import queue, stock
from ledger.cases import CaseDraft, open_cases
from ledger.effects import EffectDraft, EffectRow, Verdict
from ledger.fulfilment import (
    advance_fulfilment_orders,
    fulfilment_lines_of,
    give_back_units,
    record_acceptance,
)
from ledger.orders import contacts, lock_orders, open_holds
from ledger.rows import insert_missing, select_by
from ledger.shipments import add_shipments, advance_shipments, node_cancelled, tracking_url
from ledger.tables import Document, FulfilmentOrder, Order, Shipment

LABEL_POSTED = timedelta(hours=6)
Pairs = Sequence[tuple[EffectRow, Verdict]]


def guard_submit(session: Session, effects: Sequence[EffectRow], now: datetime) -> dict[str, str]:
    """Nothing reaches a node past a fence, an open hold or a cancellation."""
    orders = {row["id"]: row for row in select_by(session, Order, "id", {e["order_id"] for e in effects}, lock=True)}
    holds = open_holds(session, list(orders))
    refused = {}
    for effect in effects:
        order = orders[effect["order_id"]]
        if order["state"] == OrderState.CANCELLED or order["cancelled_at"] is not None:
            refused[effect["id"]] = "cancel:order_ended"
        elif order["fence_token"]:
            refused[effect["id"]] = "wait:fenced"
        elif holds.get(order["id"]):
            refused[effect["id"]] = "wait:held"
    return refused


def accepted(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    """`on_done` of node.create_order. An order cancelled meanwhile is asked back at once."""
    orders = lock_orders(session, [effect["order_id"] for effect, _ in pairs])  # before its requests, as everybody does
    record_acceptance(session, [(effect["subject_id"], verdict.external_id) for effect, verdict in pairs], now)
    return [
        EffectDraft(
            kind="node.cancel",
            key=f"node_cancel:{effect['request']['reference']}",
            target=effect["target"],
            order_id=effect["order_id"],
            subject_id=effect["subject_id"],
            request={"reference": effect["request"]["reference"]},
        )
        for effect, _ in pairs
        if orders[effect["order_id"]]["state"] == OrderState.CANCELLED
    ]


def refused(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    """A node will not take the order: the promise is given back and a person chooses what next."""
    lock_orders(session, [effect["order_id"] for effect, _ in pairs])
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
        drafts += _void_labels(session, row)
    return drafts


def cancel_refused(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    """Too late: the parcel goes out although the order is cancelled. A person recalls it or awaits its return."""
    lock_orders(session, [effect["order_id"] for effect, _ in pairs])
    for effect, verdict in pairs:
        [row] = select_by(session, FulfilmentOrder, "id", [effect["subject_id"]], lock=True)
        if row["request_state"] == RequestState.CANCELLATION_REQUESTED:
            advance_fulfilment_orders(session, [(row, {"request_state": RequestState.ACCEPTED})], verdict.code, now)
        open_cases(
            session,
            [
                CaseDraft(
                    key=f"cancel:{effect['order_id']}",
                    kind="cancelled_too_late",
                    severity="high",
                    order_id=effect["order_id"],
                    subject_id=effect["subject_id"],
                    facts={"code": verdict.code},
                    choices=["recall_parcel", "await_return", "accept"],
                )
            ],
            now,
        )
    return []


def _void_labels(session: Session, row: Mapping[str, Any]) -> list[EffectDraft]:
    return [
        EffectDraft(
            kind="label.void",
            key=f"label_void:{shipment['id']}",
            target="labels",
            order_id=row["order_id"],
            subject_id=shipment["id"],
            request={"quote": shipment["quote_external_id"]},
        )
        for shipment in select_by(session, Shipment, "fulfilment_order_id", [row["id"]])
        if shipment["label_cost_minor"] and shipment["shipped_at"] is None
    ]


def quoted(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    """`on_done` of label.quote: the chosen rate is bought next."""
    return [
        EffectDraft(
            kind="label.buy",
            key=f"label:{effect['request']['reference']}",
            target="labels",
            order_id=effect["order_id"],
            subject_id=effect["subject_id"],
            request={"quote": verdict.external_id, **effect["request"], **verdict.data},
        )
        for effect, verdict in pairs
    ]


def label_bought(
    session: Session, pairs: Pairs, now: datetime, *, keep: timedelta, policies: Policies
) -> list[EffectDraft]:
    """`on_done` of label.buy: the parcel exists, its label is stored, the own warehouse may pick. The label of an
    order cancelled meanwhile is given back at once."""
    orders = lock_orders(session, [effect["order_id"] for effect, _ in pairs])
    voids: list[EffectDraft] = []
    for effect, verdict in pairs:
        [row] = select_by(session, FulfilmentOrder, "id", [effect["subject_id"]])
        label = verdict.private["label"]
        document = store_document(
            session,
            "label",
            "application/pdf",
            verdict.private["pdf"],
            order_id=row["order_id"],
            subject_id=row["id"],
            now=now,
            keep=keep,
        )
        add_shipments(
            session,
            [
                {
                    "id": new_id("shp"),
                    "order_id": row["order_id"],
                    "fulfilment_order_id": row["id"],
                    "external_id": label.quote_external_id,
                    "state": ParcelState.LABEL_CREATED,
                    "tracking_number": label.tracking_number,
                    "carrier": label.carrier,
                    "service": label.service,
                    "tracking_url": tracking_url(policies, label.carrier, label.tracking_number),
                    "label_document_id": document,
                    "quote_external_id": label.quote_external_id,
                    "label_cost_minor": label.cost_minor,
                    "label_currency": label.currency,
                    "tracker_external_id": label.tracker_external_id,
                    "polling": False,
                    "shop_fulfilment_external_id": "",
                    "created_at": now,
                    "shipped_at": None,
                    "delivered_at": None,
                    "estimated_delivery": None,
                    "due_at": now,
                    "attempts": 0,
                    "lease_token": 0,
                    "error": "",
                }
            ],
            now,
        )
        if orders[effect["order_id"]]["state"] == OrderState.CANCELLED:
            voids += _void_labels(session, row)
    # The fulfil stage puts what is labelled onto pick lists. The cost stands in the books soon; mostly the hand-over
    # posts it together with the revenue.
    ids = sorted({effect["order_id"] for effect, _ in pairs})
    queue.enqueue(
        session,
        [
            row
            for i in ids
            for row in (queue.work_row("fulfil", i, now), queue.work_row("reconcile", i, now + LABEL_POSTED))
        ],
    )
    return voids


def store_document(
    session: Session,
    kind: str,
    content_type: str,
    content: bytes,
    *,
    order_id: str,
    subject_id: str,
    now: datetime,
    keep: timedelta,
) -> str:
    """Keep a file by its content; the same bytes twice are one document. Returns its id."""
    document_id = f"{kind}:{hashlib.sha256(content).hexdigest()}"
    insert_missing(
        session,
        Document,
        [
            {
                "id": document_id,
                "kind": kind,
                "content_type": content_type,
                "content": content,
                "order_id": order_id,
                "subject_id": subject_id,
                "created_at": now,
                "purge_at": now + keep,
            }
        ],
    )
    return document_id


def voided(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    """`on_done` of label.void."""
    rows = select_by(session, Shipment, "id", [effect["subject_id"] for effect, _ in pairs])
    gone = {"polling": False}
    advance_shipments(session, [(row, ParcelState.CANCELLED, gone) for row in rows], cause="label_voided", now=now)
    queue.enqueue(session, [queue.work_row("reconcile", effect["order_id"], now) for effect, _ in pairs])
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
