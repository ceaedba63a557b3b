"""Parcels: what a node says of its orders becomes shipments, shipped units, and what follows from them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.ids import new_id
from domain.messages import ClaimKind
from domain.nodes import NodeLine, NodeOrder, NodeShipment, NodeState
from domain.parcels import ParcelState
from domain.policy import Policies
from domain.states import FulfilmentOrderState, OrderState, RequestState, check
from ledger import audit, queue, stock
from ledger.cases import CaseDraft, open_cases
from ledger.effects import EffectDraft
from ledger.fulfilment import (
    FulfilmentRow,
    advance_fulfilment_orders,
    fulfilment_lines_of,
    give_back_units,
    record_acceptance,
)
from ledger.messages import Claim, parcel_facts, say
from ledger.orders import OrderRow, count_units, lines_of, lock_orders
from ledger.rows import group_by, insert_new, select_by
from ledger.tables import FulfilmentOrder, FulfilmentOrderLine, Payment, Shipment, ShipmentLine, ShopFulfilment
from ledger.tables.base import table_of

_shipment, _fo_line = table_of(Shipment), table_of(FulfilmentOrderLine)
FIRST_LOOK = timedelta(hours=6)  # a carrier rarely scans sooner; webhooks come by themselves
_TROUBLE = (NodeState.EXCEPTION, NodeState.ON_HOLD)


def record_node_orders(
    session: Session, said: Sequence[NodeOrder], policies: Policies, now: datetime
) -> tuple[dict[str, str], list[EffectDraft]]:
    """Take over what nodes say, each under our reference `{fulfilment order}.{attempt}`.

    Returns an outcome per reference (shipped, in_progress, cancelled, trouble, unknown_reference, stale) and the
    effects wanted. Saying the same twice changes nothing.
    """
    ids = {order.reference: order.reference.rpartition(".")[0] for order in said}
    found = {row["id"]: row for row in select_by(session, FulfilmentOrder, "id", set(ids.values()))}
    orders = lock_orders(session, [row["order_id"] for row in found.values()])
    found = {row["id"]: row for row in select_by(session, FulfilmentOrder, "id", set(ids.values()), lock=True)}
    outcome: dict[str, str] = {}
    effects: list[EffectDraft] = []
    waiting = [
        (row["id"], order.external_id)
        for order in said
        if (row := found.get(ids[order.reference])) is not None
        and row["request_state"] == RequestState.SUBMITTED
        and order.state is not NodeState.CANCELLED
        and order.reference == f"{row['id']}.{row['attempt']}"
    ]
    if waiting:
        record_acceptance(session, waiting, now)
        found |= {row["id"]: row for row in select_by(session, FulfilmentOrder, "id", [i for i, _ in waiting])}
    for order in said:
        row = found.get(ids[order.reference])
        if row is None:
            outcome[order.reference] = "unknown_reference"
        elif order.reference != f"{row['id']}.{row['attempt']}":
            outcome[order.reference] = "stale"
        else:
            outcome[order.reference], wanted = _record(session, orders[row["order_id"]], row, order, policies, now)
            effects += wanted
    return outcome, effects


def _record(
    session: Session, order: OrderRow, row: FulfilmentRow, said: NodeOrder, policies: Policies, now: datetime
) -> tuple[str, list[EffectDraft]]:
    if said.state is NodeState.CANCELLED:
        return "cancelled", node_cancelled(session, order, row, now)
    effects: list[EffectDraft] = []
    known = {s["external_id"]: s for s in select_by(session, Shipment, "fulfilment_order_id", [row["id"]])}
    outcome = "in_progress"
    for parcel in said.shipments:
        if parcel.state in _TROUBLE:
            outcome = "trouble"
            open_cases(
                session,
                [
                    CaseDraft(
                        key=f"node_trouble:{row['id']}:{parcel.detail or parcel.raw_state}",
                        kind="node_exception",
                        severity="high",
                        order_id=order["id"],
                        subject_id=row["id"],
                        facts={"state": parcel.raw_state, "detail": parcel.detail},
                        choices=["wait", "reroute", "cancel"],
                    )
                ],
                now,
            )
        if parcel.state not in (NodeState.LABELLED, NodeState.SHIPPED, NodeState.DELIVERED):
            continue
        shipment = known.get(parcel.external_id) or _new_shipment(session, order, row, parcel, policies, now)
        if parcel.state is not NodeState.LABELLED and shipment["shipped_at"] is None:
            outcome = "shipped"
            shipment = _fill(session, shipment, parcel, policies)
            effects += mark_shipped(session, order, row, shipment, parcel.lines, parcel.shipped_at or now, now)
    return outcome, effects


def _new_shipment(
    session: Session, order: OrderRow, row: FulfilmentRow, parcel: NodeShipment, policies: Policies, now: datetime
) -> Mapping[str, Any]:
    fresh = {
        "id": new_id("shp"),
        "order_id": order["id"],
        "fulfilment_order_id": row["id"],
        "external_id": parcel.external_id,
        "state": ParcelState.LABEL_CREATED,
        "tracking_number": parcel.tracking_number,
        "carrier": parcel.carrier,
        "service": parcel.service,
        "tracking_url": parcel.tracking_url or tracking_url(policies, parcel.carrier, parcel.tracking_number),
        "label_document_id": "",
        "quote_external_id": "",
        "label_cost_minor": 0,
        "label_currency": "",
        "tracker_external_id": "",
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
    add_shipment(session, fresh, now)
    return fresh


def add_shipment(session: Session, row: dict[str, Any], now: datetime) -> None:
    """Write a parcel's row with its first audit line."""
    session.execute(sa.insert(_shipment), [row])
    audit.append(session, [audit.entry("shipment", row["id"], "", row["state"], "created", now)])


def tracking_url(policies: Policies, carrier: str, number: str) -> str:
    """Where a person can follow a parcel."""
    urls = policies.shipping.tracking_urls
    return urls.get(carrier.lower(), urls["default"]).replace("{number}", number)


def _fill(session: Session, shipment: Mapping[str, Any], parcel: NodeShipment, policies: Policies) -> Mapping[str, Any]:
    """A label made earlier may have had no number yet."""
    if shipment["tracking_number"] == parcel.tracking_number:
        return shipment
    values = {
        "tracking_number": parcel.tracking_number,
        "carrier": parcel.carrier,
        "service": parcel.service,
        "tracking_url": parcel.tracking_url or tracking_url(policies, parcel.carrier, parcel.tracking_number),
    }
    session.execute(sa.update(_shipment).where(_shipment.c.id == shipment["id"]).values(**values))
    return {**shipment, **values}


def mark_shipped(
    session: Session,
    order: OrderRow,
    row: FulfilmentRow,
    shipment: Mapping[str, Any],
    content: Sequence[NodeLine],
    shipped_at: datetime,
    now: datetime,
) -> list[EffectDraft]:
    """A parcel has left the building: units, promise, shop, money, books and customer follow in one transaction."""
    lines = fulfilment_lines_of(session, [row["id"]])[row["id"]]
    taken = _match(lines, content)
    session.execute(
        sa.update(_shipment)
        .where(_shipment.c.id == shipment["id"])
        .values(shipped_at=shipped_at, polling=True, due_at=shipped_at + FIRST_LOOK)
    )
    _count_lines(session, taken)
    stock.consume(
        session, row["id"], {(t["order_line_id"], t["sku"]): n for t, n in taken}, ref=shipment["id"], now=now
    )
    units = _ordered_units(session, order["id"])
    insert_new(
        session,
        ShipmentLine,
        [
            {"shipment_id": shipment["id"], "order_line_id": line_id, "sku": sku, "quantity": count}
            for line_id, sku, count in units
        ],
        returning="shipment_id",
    )
    if all(line["quantity"] <= line["shipped"] for line in fulfilment_lines_of(session, [row["id"]])[row["id"]]):
        advance_fulfilment_orders(session, [(row, {"state": FulfilmentOrderState.CLOSED})], "shipped", now)
    queue.enqueue(session, [queue.work_row("reconcile", order["id"], now)])
    said = {line_id: count for line_id, _, count in units}
    order_lines = lines_of(session, [order["id"]])[order["id"]]
    if shipment["tracking_number"] and said:
        facts = parcel_facts(order, shipment, said, order_lines)
        facts["more_to_come"] = any(
            line["shipped"] + line["cancelled"] < line["ordered"] for line in order_lines if line["requires_shipping"]
        )
        say(session, [Claim(ClaimKind.PARCEL_SHIPPED, shipment["id"], order, facts)], now)
    return _effects(session, order, shipment)


def _match(lines: Sequence[Mapping[str, Any]], content: Sequence[NodeLine]) -> list[tuple[Mapping[str, Any], int]]:
    """Lay a parcel's SKUs onto the fulfilment order's lines, in their order."""
    left: dict[str, int] = {}
    for part in content:
        left[part.sku] = left.get(part.sku, 0) + part.quantity
    taken = []
    for line in lines:
        count = min(left.get(line["sku"], 0), line["quantity"] - line["shipped"])
        if count > 0:
            left[line["sku"]] -= count
            taken.append((line, count))
    return taken


def _count_lines(session: Session, taken: Sequence[tuple[Mapping[str, Any], int]]) -> None:
    for line, count in taken:
        session.execute(
            sa.update(_fo_line).where(_fo_line.c.id == line["id"]).values(shipped=_fo_line.c.shipped + count)
        )


def _ordered_units(session: Session, order_id: str) -> list[tuple[str, str, int]]:
    """Ordered units that became complete with this parcel (a kit counts when all its parts have left):
    (line, sku, units). Raises the lines' shipped count."""
    fulfilment_ids = [row["id"] for row in select_by(session, FulfilmentOrder, "order_id", [order_id])]
    parts = group_by(select_by(session, FulfilmentOrderLine, "fulfilment_order_id", fulfilment_ids), "order_line_id")
    fresh = []
    for line in lines_of(session, [order_id])[order_id]:
        by_sku: dict[str, int] = {}
        for part in parts.get(line["id"], []):
            by_sku[part["sku"]] = by_sku.get(part["sku"], 0) + part["shipped"] // part["per_unit"]
        complete = min(by_sku.values(), default=0)
        if complete > line["shipped"]:
            fresh.append((line["id"], line["sku"], complete - line["shipped"]))
    count_units(session, [(line_id, "shipped", count) for line_id, _, count in fresh])
    return fresh


def _effects(session: Session, order: OrderRow, shipment: Mapping[str, Any]) -> list[EffectDraft]:
    """Tell the shop, follow the parcel, take the authorised money."""
    target = f"{order['source']}/{order['account']}"
    drafts: list[EffectDraft] = []
    in_shop = bool(select_by(session, ShopFulfilment, "order_id", [order["id"]]))
    if in_shop:
        drafts.append(
            EffectDraft(
                "shop.fulfil",
                f"fulfil:{shipment['id']}",
                target,
                order["id"],
                shipment["id"],
                {"shipment_id": shipment["id"]},
            )
        )
    if shipment["tracking_number"] and not shipment["tracker_external_id"]:
        drafts.append(
            EffectDraft(
                "tracker.create",
                f"tracker:{shipment['id']}",
                "trackers",
                order["id"],
                shipment["id"],
                {"shipment_id": shipment["id"]},
            )
        )
    drafts += [
        EffectDraft(
            "shop.capture",
            f"capture:{payment['id']}:{payment['authorisation_external_id']}",
            target,
            order["id"],
            payment["id"],
            {
                "payment_id": payment["id"],
                "authorization": payment["authorisation_external_id"],
                "amount_minor": payment["authorised_minor"],
                "currency": payment["currency"],
            },
        )
        for payment in select_by(session, Payment, "order_id", [order["id"]])
        if in_shop and payment["authorised_minor"] and payment["authorisation_external_id"]
    ]
    return drafts


def node_cancelled(session: Session, order: OrderRow, row: FulfilmentRow, now: datetime) -> list[EffectDraft]:
    """The node will not ship this. When we asked for it, it is done; otherwise a person decides what next."""
    if row["state"] in (FulfilmentOrderState.CANCELLED, FulfilmentOrderState.CLOSED):
        return []
    asked = row["request_state"] == RequestState.CANCELLATION_REQUESTED or order["state"] == OrderState.CANCELLED
    stock.release(session, [row["id"]], now)
    wanted = {"state": str(FulfilmentOrderState.CANCELLED)}
    if row["request_state"] == RequestState.CANCELLATION_REQUESTED:
        wanted["request_state"] = RequestState.CANCELLED
    elif row["request_state"] == RequestState.SUBMITTED:
        wanted["request_state"] = RequestState.REJECTED
    advance_fulfilment_orders(session, [(row, wanted)], "node_cancelled", now)
    give_back_units(session, row)
    if not asked:
        open_cases(
            session,
            [
                CaseDraft(
                    key=f"node_cancelled:{row['id']}",
                    kind="node_cancelled",
                    severity="high",
                    order_id=order["id"],
                    subject_id=row["id"],
                    facts={"location": row["location_id"]},
                    choices=["reroute", "cancel"],
                )
            ],
            now,
        )
    return []


def advance_shipment(
    session: Session,
    row: Mapping[str, Any],
    to: ParcelState,
    *,
    cause: str,
    now: datetime,
    values: Mapping[str, Any] | None = None,
) -> None:
    """The one writer of a parcel's state. Raises: IllegalTransition."""
    if row["state"] != to:
        check("shipment", row["state"], to)
        audit.append(session, [audit.entry("shipment", row["id"], row["state"], to, cause, now)])
    session.execute(sa.update(_shipment).where(_shipment.c.id == row["id"]).values(state=to, **(values or {})))
