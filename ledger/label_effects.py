"""What the ledger does around labels for the own warehouse: rates, purchase, the file, giving one back."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from domain.ids import new_id
from domain.parcels import ParcelState
from domain.policy import Policies
from domain.states import FulfilmentOrderState, OrderState
from ledger import queue
from ledger.effects import GUARD_WAIT, EffectDraft, EffectRow, Verdict
from ledger.fulfilment import withdrawn
from ledger.orders import lock_orders
from ledger.rows import insert_missing, select_by
from ledger.shipments import add_shipments, advance_shipments, tracking_url
from ledger.tables import Document, FulfilmentOrder, Order, Shipment

LABEL_POSTED = timedelta(hours=6)
Pairs = Sequence[tuple[EffectRow, Verdict]]


def quoted(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    """`on_done` of label.quote: the chosen rate is bought next; while an edit has the order, not before its end."""
    orders = select_by(session, Order, "id", {effect["order_id"] for effect, _ in pairs})
    fenced = {row["id"] for row in orders if row["fence_token"]}
    gone = withdrawn(session, [effect["subject_id"] for effect, _ in pairs])
    return [
        EffectDraft(
            kind="label.buy",
            key=f"label:{effect['request']['reference']}",
            target="labels",
            order_id=effect["order_id"],
            subject_id=effect["subject_id"],
            request={"quote": verdict.external_id, **effect["request"], **verdict.data},
            due_at=now + GUARD_WAIT if effect["order_id"] in fenced else None,  # its guard asks then
        )
        for effect, verdict in pairs
        if effect["subject_id"] not in gone
    ]


def label_bought(
    session: Session, pairs: Pairs, now: datetime, *, keep: timedelta, policies: Policies
) -> list[EffectDraft]:
    """`on_done` of label.buy: the parcel exists, its label is stored, the own warehouse may pick. The label of what
    was cancelled or withdrawn meanwhile is given back at once."""
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
                    "followed_by": label.followed_by,
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
        ended = (orders[effect["order_id"]]["state"], row["state"])
        if OrderState.CANCELLED in ended or FulfilmentOrderState.CANCELLED in ended:
            voids += void_labels(session, row)
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


def voided(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    """`on_done` of label.void."""
    rows = select_by(session, Shipment, "id", [effect["subject_id"] for effect, _ in pairs])
    gone = {"polling": False}
    advance_shipments(session, [(row, ParcelState.CANCELLED, gone) for row in rows], cause="label_voided", now=now)
    queue.enqueue(session, [queue.work_row("reconcile", effect["order_id"], now) for effect, _ in pairs])
    return []


def void_labels(session: Session, row: Mapping[str, Any]) -> list[EffectDraft]:
    """The labels of a fulfilment order that are paid and not used."""
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
