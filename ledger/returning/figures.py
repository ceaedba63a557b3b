"""What was sent and what of it came back, for `domain.returns.analysis`: read from the rows that the work itself leaves
behind, nothing is counted beside it, and nobody is in it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.money import allocate
from domain.parcels import ParcelState
from domain.returns.analysis import SEVERAL, Cell
from domain.states_returns import ReturnLineState, ReturnState
from ledger.rows import group_by, mappings, select_by
from ledger.tables import (
    FulfilmentOrder,
    Order,
    OrderLine,
    Product,
    ProductVariant,
    ReturnLine,
    ReturnParcel,
    ReturnRequest,
    Shipment,
    ShipmentLine,
)
from ledger.tables.base import table_of

NEW, RETURNING = "new", "returning"
NO_REASON = "withdrawal"  # none is asked there
_order, _line, _fo = table_of(Order), table_of(OrderLine), table_of(FulfilmentOrder)
_parcel, _content = table_of(Shipment), table_of(ShipmentLine)
_request, _part = table_of(ReturnRequest), table_of(ReturnLine)
_ALIKE = ("sku", "location", "carrier", "customers", "currency")
_Alike = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sent:
    """`names`: of products and variants, for people, by the names that the cells have."""

    cells: list[Cell]
    names: Mapping[str, str]


def sent_and_returned(session: Session, since: datetime, until: datetime, ripe: timedelta) -> Sent:
    """Order lines that were sent within [since, until), and which of them were asked to be returned within `ripe`.

    A line in several parcels counts once, from its first of the period. It has what was given back for it so far, less
    fees, and its part of the labels for the way back. Orders that are tests are left out.
    """
    lines = _lines(since, until).subquery()
    alike = [lines.c[name] for name in _ALIKE]
    totals = Counter[_Alike]()
    for row in mappings(session, sa.select(*alike, sa.func.count().label("many")).group_by(*alike)):
        totals[_alike(row)] += row["many"]
    asked = mappings(
        session,
        sa.select(
            lines, _part.c.id.label("part_id"), _part.c.request_id, _part.c.reason, _part.c.gross_minor,
            _part.c.fee_minor, _request.c.created_at,
        )
        .select_from(
            lines.join(_part, _part.c.order_line_id == lines.c.line_id).join(
                _request, _request.c.id == _part.c.request_id
            )
        )
        .where(
            _part.c.state.not_in([ReturnLineState.DECLINED, ReturnLineState.CANCELLED]),
            _request.c.state.not_in([ReturnState.DECLINED, ReturnState.CANCELLED]),
        )
        .order_by(_request.c.created_at, _part.c.id),
    )  # fmt: skip
    timely = [row for row in asked if row["created_at"] <= row["sent_at"] + ripe]
    products, names = _products(session, {alike[0] for alike in totals})
    return Sent(_cells(totals, timely, _labels(session, timely), products), names)


def _lines(since: datetime, until: datetime) -> sa.Select[Any]:
    """Each line of the period with what it is compared by."""
    places, carriers = _fo.c.location_id, _parcel.c.carrier
    sent = (
        sa.select(
            _content.c.order_line_id.label("line_id"),
            sa.func.min(_parcel.c.shipped_at).label("sent_at"),
            _one_or_several(places).label("location"),
            _one_or_several(carriers).label("carrier"),
        )
        .select_from(
            _content.join(_parcel, _parcel.c.id == _content.c.shipment_id).join(
                _fo, _fo.c.id == _parcel.c.fulfilment_order_id
            )
        )
        .where(_parcel.c.shipped_at >= since, _parcel.c.shipped_at < until, _parcel.c.state != ParcelState.CANCELLED)
        .group_by(_content.c.order_line_id)
        .subquery()
    )
    before = _order.alias("before")
    came_before = sa.exists().where(
        before.c.customer_id == _order.c.customer_id, before.c.placed_at < _order.c.placed_at
    )
    return (
        sa.select(sent, _line.c.sku, _order.c.currency, sa.case((came_before, RETURNING), else_=NEW).label("customers"))
        .select_from(sent.join(_line, _line.c.id == sent.c.line_id).join(_order, _order.c.id == _line.c.order_id))
        .where(_order.c.test.is_(False), _line.c.requires_shipping)
    )


def _one_or_several(column: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    return sa.case((sa.func.min(column) == sa.func.max(column), sa.func.min(column)), else_=SEVERAL)


def _alike(row: Mapping[str, Any]) -> _Alike:
    return tuple(str(row[name]) for name in _ALIKE)


def _labels(session: Session, asked: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Of each part of a request its share of the labels that were bought for it, in the order's currency."""
    parts = group_by(asked, "request_id")
    shares: dict[str, int] = {}
    for request_id, parcels in group_by(
        select_by(session, ReturnParcel, "request_id", list(parts)), "request_id"
    ).items():
        mine = parts[request_id]
        known = sum(one["label_cost_minor"] for one in parcels if one["label_currency"] == mine[0]["currency"])
        shares |= dict(zip([part["part_id"] for part in mine], allocate(known, [1] * len(mine)), strict=True))
    return shares


def _products(session: Session, skus: Iterable[str]) -> tuple[dict[str, str], dict[str, str]]:
    """By SKU its product, which is one for all shops that sell it; and the names of both."""
    products: dict[str, str] = {}
    variants: dict[str, Mapping[str, Any]] = {}
    for row in sorted(select_by(session, ProductVariant, "sku", set(skus)), key=lambda row: str(row["product_id"])):
        products.setdefault(row["sku"], row["product_id"])
        variants.setdefault(row["sku"], row)
    titles = {row["id"]: row["title"] for row in select_by(session, Product, "id", set(products.values()))}
    names = dict(titles)
    for sku, row in variants.items():
        names[sku] = " ".join(part for part in (titles.get(row["product_id"], ""), row["title"], f"({sku})") if part)
    return products, names


def _cells(
    totals: Mapping[_Alike, int],
    asked: Sequence[Mapping[str, Any]],
    labels: Mapping[str, int],
    products: Mapping[str, str],
) -> list[Cell]:
    back: dict[tuple[_Alike, str], list[int]] = {}
    for parts in group_by(asked, "line_id").values():
        cost = sum(part["gross_minor"] - part["fee_minor"] + labels.get(part["part_id"], 0) for part in parts)
        reason = parts[0]["reason"] or NO_REASON  # of the first request; a second one is no second decision to buy
        back.setdefault((_alike(parts[0]), reason), []).append(cost)
    left = Counter(totals)
    cells = []
    for (alike, reason), costs in back.items():
        left[alike] -= len(costs)
        cells.append(_cell(alike, reason, len(costs), products, sum(costs), sum(cost * cost for cost in costs)))
    cells += [_cell(alike, "", lines, products) for alike, lines in left.items() if lines > 0]
    return cells


def _cell(alike: _Alike, reason: str, lines: int, products: Mapping[str, str], cost: int = 0, squares: int = 0) -> Cell:
    sku, location, carrier, customers, currency = alike
    return Cell(products.get(sku, sku), sku, location, carrier, customers, currency, reason, lines, cost, squares)
