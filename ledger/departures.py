"""Parcels that have left the building: units, promise, shop, money, books and customer follow in one transaction.

Many parcels at a time: every table is read once and written once, whatever their number.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from domain.messages import ClaimKind
from domain.nodes import NodeLine
from domain.parcels import TERMINAL, ParcelState
from domain.states import FulfilmentOrderState
from ledger import forecasts, queue, stock
from ledger.capture_money import capture_drafts
from ledger.cases import CaseDraft, open_cases
from ledger.completing import count_delivered
from ledger.effects import EffectDraft
from ledger.fulfilment import FulfilmentRow, advance_fulfilment_orders
from ledger.messages import Claim, parcel_facts, say
from ledger.orders import OrderRow, count_units, lines_of
from ledger.rows import Row, group_by, insert_missing, select_by, update_by
from ledger.tables import FulfilmentOrder, FulfilmentOrderLine, Payment, Shipment, ShipmentLine, ShopFulfilment

FIRST_LOOK = timedelta(hours=6)  # a carrier rarely scans sooner; webhooks come by themselves


@dataclass(frozen=True, slots=True)
class Departure:
    """A parcel of a fulfilment order, and what is in it."""

    order: OrderRow
    row: FulfilmentRow
    shipment: Mapping[str, Any]
    content: Sequence[NodeLine]
    shipped_at: datetime


def mark_shipped(session: Session, departures: Sequence[Departure], now: datetime) -> list[EffectDraft]:
    """Record parcels that left, in their order; returns the effects wanted. The caller holds the order locks."""
    if not departures:
        return []
    books = _Books(session, departures)
    consumed: list[stock.Consumed] = []
    content: list[Row] = []
    claims: list[Claim] = []
    for departure in departures:
        taken = books.take(departure)
        shipment, order = departure.shipment, departure.order
        consumed.append(stock.Consumed(departure.row["id"], taken, shipment["id"]))
        units = books.complete(order["id"])
        content += [
            {"shipment_id": shipment["id"], "order_line_id": line_id, "sku": sku, "quantity": count}
            for line_id, sku, count in units
        ]
        if shipment["tracking_number"] and units:
            claims.append(_claim(departure, {line_id: count for line_id, _, count in units}, books.lines[order["id"]]))
    books.write(session, now)
    update_by(
        session,
        Shipment,
        [
            {
                "id": d.shipment["id"],
                "shipped_at": d.shipped_at,
                "polling": d.shipment["state"] not in TERMINAL,
                "due_at": d.shipped_at + FIRST_LOOK,
                "inspect_at": now,
            }
            for d in departures
        ],
    )
    under_way = [d for d in departures if d.shipment["tracking_number"] and d.shipment["state"] not in TERMINAL]
    forecasts.expect(session, [(d.shipment["id"], d.order["id"]) for d in under_way], now)
    stock.consume(session, consumed, now)
    insert_missing(session, ShipmentLine, content)
    _count_arrived(session, departures, content, now)
    _report_untracked(session, departures, now)
    queue.enqueue(session, [queue.work_row("reconcile", order_id, now) for order_id in books.lines])
    say(session, claims, now)
    return [draft for departure in departures for draft in books.effects(departure)]


def _report_untracked(session: Session, departures: Sequence[Departure], now: datetime) -> None:
    """Of a parcel without a number no carrier will ever tell that it has arrived: a person finds out."""
    open_cases(
        session,
        [
            CaseDraft(
                key=f"untold:{d.shipment['id']}",
                kind="parcel_not_tracked",
                order_id=d.order["id"],
                subject_id=d.shipment["id"],
                facts={"carrier": d.shipment["carrier"], "looks": 0},
                choices=["retry", "ask_carrier"],
            )
            for d in departures
            if not d.shipment["tracking_number"]
        ],
        now,
    )


def _count_arrived(session: Session, departures: Sequence[Departure], content: Sequence[Row], now: datetime) -> None:
    """Parcels that arrived before we heard of their leaving: what is in them is known only now."""
    for departure in departures:
        if departure.shipment["state"] == ParcelState.DELIVERED:
            mine = [row for row in content if row["shipment_id"] == departure.shipment["id"]]
            count_delivered(session, departure.order, {r["order_line_id"]: r["quantity"] for r in mine}, now)


class _Books:
    """The rows that a departure touches, read once and counted on in memory."""

    def __init__(self, session: Session, departures: Sequence[Departure]) -> None:
        ids = list(dict.fromkeys(d.order["id"] for d in departures))
        self.lines: dict[str, list[Row]] = {i: [dict(e) for e in rows] for i, rows in lines_of(session, ids).items()}
        fulfilments = select_by(session, FulfilmentOrder, "order_id", ids)
        parts = select_by(
            session, FulfilmentOrderLine, "fulfilment_order_id", [row["id"] for row in fulfilments], order_by="id"
        )
        self._parts: list[Row] = [dict(part) for part in parts]
        self._of_fulfilment = group_by(self._parts, "fulfilment_order_id")
        self._of_line = group_by(self._parts, "order_line_id")
        self._in_shop = group_by(select_by(session, ShopFulfilment, "order_id", ids), "order_id")
        self._payments = group_by(select_by(session, Payment, "order_id", ids), "order_id")
        self._rows = {d.row["id"]: d.row for d in departures}
        self._counted: set[str] = set()
        self._shipped: list[tuple[str, str, int]] = []

    def take(self, departure: Departure) -> dict[tuple[str, str], int]:
        """Lay a parcel's SKUs onto the fulfilment order's lines, in their order: units by (order line, sku)."""
        left: dict[str, int] = {}
        for part in departure.content:
            left[part.sku] = left.get(part.sku, 0) + part.quantity
        taken: dict[tuple[str, str], int] = {}
        for line in self._of_fulfilment.get(departure.row["id"], []):
            count = min(left.get(line["sku"], 0), line["quantity"] - line["shipped"])
            if count > 0:
                left[line["sku"]] -= count
                line["shipped"] += count  # type: ignore[index]  # our own copy
                self._counted.add(line["id"])
                key = (line["order_line_id"], line["sku"])
                taken[key] = taken.get(key, 0) + count
        return taken

    def complete(self, order_id: str) -> list[tuple[str, str, int]]:
        """Ordered units that became complete with this parcel (a kit counts when all its parts have left):
        (line, sku, units)."""
        fresh = []
        for line in self.lines[order_id]:
            by_sku: dict[str, int] = {}
            for part in self._of_line.get(line["id"], []):
                by_sku[part["sku"]] = by_sku.get(part["sku"], 0) + part["shipped"] // part["per_unit"]
            count = min(by_sku.values(), default=0) - line["shipped"]
            if count > 0:
                line["shipped"] += count
                fresh.append((line["id"], line["sku"], count))
        self._shipped += [(line_id, "shipped", count) for line_id, _, count in fresh]
        return fresh

    def write(self, session: Session, now: datetime) -> None:
        """Counted units, and fulfilment orders of which everything has left."""
        counted = [{"id": e["id"], "shipped": e["shipped"]} for e in self._parts if e["id"] in self._counted]
        update_by(session, FulfilmentOrderLine, counted)
        count_units(session, self._shipped)
        closed = [
            (row, {"state": str(FulfilmentOrderState.CLOSED)})
            for row_id, row in self._rows.items()
            if all(line["quantity"] <= line["shipped"] for line in self._of_fulfilment.get(row_id, []))
        ]
        advance_fulfilment_orders(session, closed, "shipped", now)

    def effects(self, departure: Departure) -> list[EffectDraft]:
        """Tell the shop, follow the parcel, take the authorised money."""
        order, shipment = departure.order, departure.shipment
        target = f"{order['source']}/{order['account']}"
        about = {"shipment_id": shipment["id"]}
        drafts: list[EffectDraft] = []
        in_shop = order["id"] in self._in_shop
        if in_shop:
            key = f"fulfil:{shipment['id']}"
            drafts.append(EffectDraft("shop.fulfil", key, target, order["id"], shipment["id"], about))
        if shipment["tracking_number"] and not shipment["tracker_external_id"]:
            key = f"tracker:{shipment['id']}"
            drafts.append(EffectDraft("tracker.create", key, "trackers", order["id"], shipment["id"], about))
        return drafts + (capture_drafts(order, self._payments.get(order["id"], [])) if in_shop else [])


def _claim(departure: Departure, units: Mapping[str, int], lines: Sequence[Mapping[str, Any]]) -> Claim:
    facts = parcel_facts(departure.order, departure.shipment, units, lines)
    facts["more_to_come"] = any(
        line["shipped"] + line["cancelled"] < line["ordered"] for line in lines if line["requires_shipping"]
    )
    return Claim(ClaimKind.PARCEL_SHIPPED, departure.shipment["id"], departure.order, facts)
