"""What a return is judged by: its lines, orders and customer as the ledger has them. Nothing personal."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.parcels import TERMINAL, ParcelState
from domain.policy import Policies
from domain.returns.facts import CustomerFacts, LineFacts, OrderFacts
from domain.returns.judge import LineKey
from domain.returns.words import ReturnKind
from domain.states import OrderState
from domain.states_returns import AWAITED_RETURN, ReturnLineState, ReturnState
from ledger.disputes import open_disputes
from ledger.orders import OrderRow, lines_of
from ledger.rows import group_by, mappings, select_by
from ledger.tables import (
    Order,
    OrderLine,
    Product,
    ProductVariant,
    ReturnLine,
    ReturnRequest,
    Shipment,
    ShipmentLine,
)
from ledger.tables.base import table_of

FINAL_SALE = frozenset({"final-sale", "final sale"})
_order, _line = table_of(Order), table_of(OrderLine)
_request, _part = table_of(ReturnRequest), table_of(ReturnLine)


@dataclass(frozen=True, slots=True)
class Facts:
    lines: Mapping[LineKey, LineFacts]
    orders: Mapping[str, OrderFacts]
    customer: CustomerFacts


def return_facts(
    session: Session, orders: Sequence[OrderRow], policies: Policies, now: datetime, *, without: str = ""
) -> Facts:
    """Of orders of one customer. `without`: a request whose own units do not count as being in a return."""
    ids = [order["id"] for order in orders]
    lines = lines_of(session, ids)
    parcels = [row for row in select_by(session, Shipment, "order_id", ids) if row["shipped_at"] is not None]
    content = group_by(select_by(session, ShipmentLine, "shipment_id", [p["id"] for p in parcels]), "order_line_id")
    by_id = {parcel["id"]: parcel for parcel in parcels}
    own = Counter[str]()
    for part in select_by(session, ReturnLine, "request_id", [without] if without else []):
        own[part["order_line_id"]] += part["waiting"]
    found: dict[LineKey, LineFacts] = {}
    for order in orders:
        products = _products(session, order, [line["sku"] for line in lines[order["id"]]])
        promise = _promise(order, policies)
        for line in lines[order["id"]]:
            carried = [by_id[part["shipment_id"]] for part in content.get(line["id"], [])]
            facts = _line_facts(order, line, carried, products.get(line["sku"]), promise, own[line["id"]])
            found[order["id"], line["id"]] = facts
    mine = group_by(parcels, "order_id")
    disputed = {row["order_id"] for row in open_disputes(session, ids)}
    return Facts(
        found,
        {o["id"]: _order_facts(o, lines[o["id"]], mine.get(o["id"], []), o["id"] in disputed) for o in orders},
        _customer_facts(session, str(orders[0]["customer_id"]), policies, now, without),
    )


def _products(session: Session, order: OrderRow, skus: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    variants = [
        row
        for row in select_by(session, ProductVariant, "sku", set(skus))
        if (row["system"], row["account"]) == (order["source"], order["account"])
    ]
    products = {row["id"]: row for row in select_by(session, Product, "id", {row["product_id"] for row in variants})}
    return {row["sku"]: products[row["product_id"]] for row in variants if row["product_id"] in products}


def _promise(order: OrderRow, policies: Policies) -> timedelta:
    """How long the parcel may take once it has left."""
    days = policies.shipping.max_days.get(order["shipping_code"], policies.shipping.default_max_days)
    return timedelta(days=days)


def _line_facts(
    order: OrderRow,
    line: Mapping[str, Any],
    parcels: Sequence[Mapping[str, Any]],
    product: Mapping[str, Any] | None,
    promise: timedelta,
    own: int,
) -> LineFacts:
    sold = line["ordered"] - line["cancelled"]
    full = line["unit_price_minor"] * sold
    paid = full - line["discount_minor"] + (0 if order["taxes_included"] else line["tax_minor"])
    tags = frozenset(tag.lower() for tag in product["tags"]) if product else frozenset()
    shipped_at = max((parcel["shipped_at"] for parcel in parcels), default=None)
    arrived = [parcel["delivered_at"] for parcel in parcels]
    return LineFacts(
        order_id=order["id"],
        line_id=line["id"],
        sku=line["sku"],
        sold=sold,
        shipped=line["shipped"],
        delivered=line["delivered"],
        in_return=line["return_requested"] - own,
        returned=line["returned"] + line["written_off"],
        paid_minor=max(paid, 0),
        discount_percent=line["discount_minor"] * 100 // full if full else 0,
        category=product["category"] if product else "",
        tags=tags,
        final_sale=bool(tags & FINAL_SALE),
        shipped_at=shipped_at,
        delivered_at=max(arrived) if arrived and None not in arrived else None,
        on_its_way=any(_is_on_its_way(parcel) for parcel in parcels),
        promised_by=shipped_at + promise if shipped_at is not None else None,
    )


def _is_on_its_way(parcel: Mapping[str, Any]) -> bool:
    return bool(parcel["polling"]) and parcel["state"] not in TERMINAL


def _order_facts(
    order: OrderRow, lines: Sequence[Mapping[str, Any]], parcels: Sequence[Mapping[str, Any]], disputed: bool
) -> OrderFacts:
    goods = [line for line in lines if line["requires_shipping"] and line["ordered"] > line["cancelled"]]
    all_sent = bool(goods) and all(line["shipped"] >= line["ordered"] - line["cancelled"] for line in goods)
    delivered = [parcel["delivered_at"] for parcel in parcels if parcel["state"] != ParcelState.CANCELLED]
    return OrderFacts(
        order_id=order["id"],
        currency=order["currency"],
        country=order["country"],
        placed_at=order["placed_at"],
        region=order["region"],
        complete_at=max(delivered) if all_sent and delivered and None not in delivered else None,
        all_sent_at=max((parcel["shipped_at"] for parcel in parcels), default=None) if all_sent else None,
        on_its_way=any(_is_on_its_way(parcel) for parcel in parcels),
        cancelled=order["state"] == OrderState.CANCELLED,
        changing=bool(order["fence_token"]),
        disputed=disputed,
    )


def _customer_facts(
    session: Session, customer_id: str, policies: Policies, now: datetime, without: str
) -> CustomerFacts:
    policy = policies.returns
    since = now - policy.history
    sums = sa.select(
        sa.func.count(_order.c.id.distinct()).label("orders"),
        sa.func.coalesce(sa.func.sum(_line.c.delivered), 0).label("delivered"),
        sa.func.coalesce(sa.func.sum(_line.c.returned), 0).label("returned"),
    ).join(_line, _line.c.order_id == _order.c.id)
    [all_time] = mappings(
        session, sums.where(_order.c.customer_id == customer_id, _order.c.state != OrderState.CANCELLED)
    )
    [recent] = mappings(session, sums.where(_order.c.customer_id == customer_id, _order.c.placed_at >= since))
    asked = mappings(
        session,
        sa.select(
            _request.c.id, _request.c.state, _request.c.keep, _request.c.instant, _request.c.created_at,
            _part.c.kind, _part.c.state.label("line_state"), _part.c.written_off, _part.c.gross_minor,
            _order.c.currency,
        )
        .join(_part, _part.c.request_id == _request.c.id)
        .join(_order, _order.c.id == _part.c.order_id)
        .where(
            _request.c.customer_id == customer_id, _request.c.id != without,
            _request.c.created_at >= now - max(policy.history, policy.keep.period),
        ),
    )  # fmt: skip
    good = [row for row in asked if row["line_state"] not in (ReturnLineState.DECLINED, ReturnLineState.CANCELLED)]
    kept = [row for row in good if row["keep"] and row["created_at"] >= now - policy.keep.period]
    kept_minor, ahead = Counter[str](), Counter[str]()
    for row in kept:
        kept_minor[row["currency"]] += row["gross_minor"]
    for row in good:
        if row["instant"] and row["state"] in AWAITED_RETURN:
            ahead[row["currency"]] += row["gross_minor"]
    lately = [row for row in good if row["created_at"] >= since]
    return CustomerFacts(
        customer_id=customer_id,
        orders=int(all_time["orders"]),
        return_percent=recent["returned"] * 100 // recent["delivered"] if recent["delivered"] else 0,
        returns=len({row["id"] for row in lately}),
        claims=len({row["id"] for row in lately if row["kind"] == ReturnKind.CLAIM}),
        unreturned=len({row["id"] for row in lately if row["instant"] and row["state"] == ReturnState.EXPIRED}),
        kept_units=sum(row["written_off"] for row in kept),
        kept_minor=dict(kept_minor),
        ahead_minor=dict(ahead),
    )
