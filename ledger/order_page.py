"""Everything that an order's page shows, read in one go as plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from domain.edits import EditKind
from domain.order_status import HoldFact, OrderFacts, ParcelFact, ScanFact
from domain.parcels import ParcelState
from domain.states import EditState, OrderState
from ledger.orders import OrderRow, lines_of
from ledger.rows import group_by, select_by
from ledger.tables import (
    AuditEvent,
    EditRequest,
    FulfilmentOrder,
    Hold,
    Payment,
    Product,
    ProductVariant,
    Shipment,
    ShipmentLine,
    TrackingEventRow,
)

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LineView:
    """One line of the basket. `quantity` is wanted now; amounts are of one unit and of all that is wanted."""

    id: str
    title: str
    sku: str
    options: str
    image_url: str
    quantity: int
    cancelled: int
    shipped: int
    unit_price_minor: int
    total_minor: int


@dataclass(frozen=True, slots=True)
class ParcelView:
    """One parcel with what is in it: (title, units)."""

    id: str
    number: int
    fact: ParcelFact
    carrier: str
    tracking_number: str
    tracking_url: str
    estimated_delivery: datetime | None
    content: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Totals:
    """As the shop has them; `refunded_minor` went back."""

    currency: str
    subtotal_minor: int
    discount_minor: int
    shipping_minor: int
    tax_minor: int
    total_minor: int
    taxes_included: bool
    refunded_minor: int


@dataclass(frozen=True, slots=True)
class OrderView:
    facts: OrderFacts
    lines: tuple[LineView, ...]
    parcels: tuple[ParcelView, ...]
    totals: Totals


def read_order_page(session: Session, order: OrderRow) -> OrderView:
    """`order` is its row; what is read is not locked."""
    lines = lines_of(session, [order["id"]])[order["id"]]
    parcels = _parcels(session, order["id"], {line["id"]: line["title"] for line in lines})
    return OrderView(_facts(session, order, lines, parcels), _lines(session, order, lines), parcels, _totals(
        order, lines, select_by(session, Payment, "order_id", [order["id"]])
    ))  # fmt: skip


def _facts(session: Session, order: OrderRow, lines: Sequence[Row], parcels: Sequence[ParcelView]) -> OrderFacts:
    shipping = [line for line in lines if line["requires_shipping"]]
    trail = select_by(session, AuditEvent, "aggregate_id", [order["id"]], order_by="id")
    releases = [row["released_at"] for row in select_by(session, FulfilmentOrder, "order_id", [order["id"]])]
    return OrderFacts(
        state=OrderState(order["state"]),
        placed_at=order["placed_at"],
        to_ship=sum(line["ordered"] - line["cancelled"] for line in shipping),
        shipped=sum(line["shipped"] for line in shipping),
        delivered=sum(line["delivered"] for line in shipping),
        accepted_at=next((e["at"] for e in trail if _is_of_order(e) and e["to_state"] == OrderState.ACCEPTED), None),
        released_at=min((at for at in releases if at is not None), default=None),
        cancelled_at=_cancelled_at(order, trail),
        changed_at=_changed_at(session, order["id"]),
        holds=tuple(
            HoldFact(row["name"], row["placed_at"], row["released_at"])
            for row in select_by(session, Hold, "order_id", [order["id"]])
        ),
        parcels=tuple(parcel.fact for parcel in parcels),
    )


def _cancelled_at(order: OrderRow, trail: Sequence[Row]) -> datetime | None:
    if order["state"] != OrderState.CANCELLED:
        return None
    told: datetime | None = order["cancelled_at"]
    return told or next((e["at"] for e in trail if _is_of_order(e) and e["to_state"] == OrderState.CANCELLED), None)


def _changed_at(session: Session, order_id: str) -> tuple[datetime, ...]:
    """A cancel has a line of its own."""
    rows = select_by(session, EditRequest, "order_id", [order_id])
    return tuple(
        row["ended_at"]
        for row in rows
        if row["state"] == EditState.APPLIED and row["ended_at"] and row["quote"].get("kinds") != [EditKind.CANCEL]
    )


def _is_of_order(event: Row) -> bool:
    return bool(event["aggregate"] == "order")


def _parcels(session: Session, order_id: str, titles: Mapping[str, str]) -> tuple[ParcelView, ...]:
    """In the order in which they left; a label that was given back is no parcel."""
    rows = [row for row in select_by(session, Shipment, "order_id", [order_id]) if row["state"] != "cancelled"]
    ids = [row["id"] for row in rows]
    scans = group_by(select_by(session, TrackingEventRow, "shipment_id", ids), "shipment_id")
    content = group_by(select_by(session, ShipmentLine, "shipment_id", ids), "shipment_id")
    rows.sort(key=lambda row: (row["shipped_at"] is None, row["shipped_at"] or row["created_at"], row["id"]))
    return tuple(
        ParcelView(
            id=row["id"],
            number=number,
            fact=ParcelFact(
                ParcelState(row["state"]), row["shipped_at"], row["delivered_at"], _scans(scans.get(row["id"], []))
            ),
            carrier=row["carrier"],
            tracking_number=row["tracking_number"],
            tracking_url=row["tracking_url"],
            estimated_delivery=row["estimated_delivery"],
            content=tuple(
                (titles[part["order_line_id"]], part["quantity"])
                for part in content.get(row["id"], [])
                if part["order_line_id"] in titles
            ),
        )
        for number, row in enumerate(rows, start=1)
    )


def _scans(rows: Sequence[Row]) -> tuple[ScanFact, ...]:
    return tuple(
        ScanFact(ParcelState(row["state"]), row["occurred_at"], ", ".join(filter(None, (row["city"], row["country"]))))
        for row in sorted(rows, key=lambda row: (row["occurred_at"], row["digest"]))
    )


def _lines(session: Session, order: OrderRow, lines: Sequence[Row]) -> tuple[LineView, ...]:
    variants = {
        row["sku"]: row
        for row in select_by(session, ProductVariant, "sku", {line["sku"] for line in lines if line["sku"]})
        if (row["system"], row["account"]) == (order["source"], order["account"])
    }
    products = {
        row["id"]: row for row in select_by(session, Product, "id", {v["product_id"] for v in variants.values()})
    }
    return tuple(_line(line, variants.get(line["sku"], {}), products) for line in lines)


def _line(line: Row, variant: Row, products: Mapping[str, Row]) -> LineView:
    product = products.get(variant.get("product_id", ""), {})
    wanted = line["ordered"] - line["cancelled"]
    return LineView(
        id=line["id"],
        title=line["title"],
        sku=line["sku"],
        options=", ".join(str(value) for value in (variant.get("options") or {}).values() if value != "Default Title"),
        image_url=variant.get("image_url") or product.get("image_url") or "",
        quantity=wanted,
        cancelled=line["cancelled"],
        shipped=line["shipped"],
        unit_price_minor=line["unit_price_minor"],
        total_minor=line["unit_price_minor"] * wanted,
    )


def _totals(order: OrderRow, lines: Sequence[Row], payments: Sequence[Row]) -> Totals:
    return Totals(
        currency=order["currency"],
        subtotal_minor=sum(line["unit_price_minor"] * (line["ordered"] - line["cancelled"]) for line in lines),
        discount_minor=order["discount_minor"],
        shipping_minor=order["shipping_minor"],
        tax_minor=order["tax_minor"],
        total_minor=order["total_minor"],
        taxes_included=bool(order["taxes_included"]),
        refunded_minor=sum(payment["refunded_minor"] for payment in payments),
    )
