"""Units are neither made nor lost, promised once and shipped once."""

from typing import Any

import sqlalchemy as sa

from ledger.invariants.base import Broken, case
from ledger.stock_alarms import CHOICES as UNITS_GONE
from ledger.tables import (
    FulfilmentOrder,
    FulfilmentOrderLine,
    InventoryLevel,
    OrderLine,
    Reservation,
    ShipmentLine,
    StockMovement,
)
from ledger.tables.base import table_of

level, promise, movement = table_of(InventoryLevel), table_of(Reservation), table_of(StockMovement)
line, request, part = table_of(OrderLine), table_of(FulfilmentOrder), table_of(FulfilmentOrderLine)
content = table_of(ShipmentLine)
LIVE = sa.text("reservation.holder IN ('ours', 'at_node')")  # in the words of its partial index
_PLACE = (level.c.location_id + "/" + level.c.sku).label("place")


def promised_not_above_stock() -> Broken:
    """Our promises never exceed what the node offers, unless it has lost units since: that is an open case, or one
    that a person has answered since the last reading; the next asks again.

    What a node has taken over it counts itself: those units are no longer in what it offers."""
    answered = sa.and_(case.c.resolution.in_(UNITS_GONE), case.c.resolved_at >= level.c.read_at)
    known = sa.exists().where(
        case.c.subject_id == _PLACE,
        case.c.kind == "promised_stock_gone",
        sa.or_(case.c.state != "resolved", answered),
    )
    return sa.select(_PLACE).where(
        sa.or_(
            sa.and_(level.c.reserved_ours > level.c.node_free, ~known),
            level.c.reserved_ours < 0,
            level.c.node_free < 0,
        )
    )


def counters_match_promises() -> Broken:
    """The counter of open promises is the sum of their rows."""
    ours = sa.and_(LIVE, promise.c.holder == "ours")
    return _differs(level.c.reserved_ours, promise, promise.c.quantity, ours)


def movements_explain_stock() -> Broken:
    """What lies at a node is the sum of what came and went."""
    return _differs(level.c.on_hand, movement, movement.c.delta, sa.true())


def _differs(
    counter: sa.ColumnElement[int],
    table: sa.Table,
    units: sa.ColumnElement[int],
    where: Any,
) -> Broken:
    sums = (
        sa.select(table.c.location_id, table.c.sku, sa.func.sum(units).label("units"))
        .where(where)
        .group_by(table.c.location_id, table.c.sku)
        .subquery()
    )
    same = sa.and_(sums.c.location_id == level.c.location_id, sums.c.sku == level.c.sku)
    return (
        sa.select(_PLACE).select_from(level.outerjoin(sums, same)).where(counter != sa.func.coalesce(sums.c.units, 0))
    )


def promises_belong_to_open_requests() -> Broken:
    """No unit is kept for a fulfilment order that has ended, nor counted as the node's before it has accepted."""
    return (
        sa.select(promise.c.id)
        .join(request, request.c.id == promise.c.fulfilment_order_id)
        .where(
            LIVE,
            sa.case(
                (promise.c.holder == "ours", request.c.state.not_in(("scheduled", "open"))),
                else_=request.c.state != "in_progress",
            ),
        )
    )


def units_add_up() -> Broken:
    """A line never ships more than was ordered, nor delivers more than it shipped."""
    return sa.select(line.c.id).where(
        sa.or_(
            line.c.shipped > line.c.ordered,
            line.c.delivered > line.c.shipped,
            line.c.reserved < 0,
            line.c.released < 0,
            line.c.reserved > line.c.ordered,
            line.c.shipped > line.c.reserved,
            line.c.backordered < 0,
            line.c.cancelled < 0,
        )
    )


def _whole_units(units: sa.ColumnElement[int]) -> sa.Subquery:
    """Ordered units that fulfilment orders make up, by order line: a kit counts when all its parts are there."""
    by_sku = (
        sa.select(part.c.order_line_id, part.c.sku, sa.func.sum(units // part.c.per_unit).label("units"))
        .join(request, request.c.id == part.c.fulfilment_order_id)
        .group_by(part.c.order_line_id, part.c.sku)
        .subquery()
    )
    least = sa.func.min(by_sku.c.units).label("units")
    return sa.select(by_sku.c.order_line_id, least).group_by(by_sku.c.order_line_id).subquery()


def _lines_unlike(counter: sa.ColumnElement[int], sums: sa.Subquery) -> Broken:
    return (
        sa.select(line.c.id)
        .select_from(line.outerjoin(sums, sums.c.order_line_id == line.c.id))
        .where(counter != sa.func.coalesce(sums.c.units, 0))
    )


def lines_match_promises() -> Broken:
    """A line's reserved units are those of its fulfilment orders; of a withdrawn one only what had left."""
    units = sa.case((request.c.state == "cancelled", part.c.shipped), else_=part.c.quantity)
    return _lines_unlike(line.c.reserved, _whole_units(units))


def shipped_once() -> Broken:
    """The parcels of a line carry as many units as the line says."""
    sums = (
        sa.select(content.c.order_line_id, sa.func.sum(content.c.quantity).label("units"))
        .group_by(content.c.order_line_id)
        .subquery()
    )
    return _lines_unlike(line.c.shipped, sums)


def shipped_from_one_request() -> Broken:
    """Every shipped unit was shipped for exactly one fulfilment order."""
    return _lines_unlike(line.c.shipped, _whole_units(part.c.shipped))


def parcels_took_their_promises() -> Broken:
    """Every unit that left was promised to its fulfilment order. One that left although it was withdrawn had no
    promise any more: that is a person's case."""
    sums = (
        sa.select(
            promise.c.fulfilment_order_id, promise.c.order_line_id, promise.c.sku,
            sa.func.sum(promise.c.quantity).label("units"),
        )
        .where(promise.c.holder == "consumed")
        .group_by(promise.c.fulfilment_order_id, promise.c.order_line_id, promise.c.sku)
        .subquery()
    )  # fmt: skip
    same = sa.and_(
        sums.c.fulfilment_order_id == part.c.fulfilment_order_id,
        sums.c.order_line_id == part.c.order_line_id,
        sums.c.sku == part.c.sku,
    )
    return (
        sa.select(part.c.id)
        .select_from(part.join(request, request.c.id == part.c.fulfilment_order_id).outerjoin(sums, same))
        .where(request.c.state != "cancelled", part.c.shipped != sa.func.coalesce(sums.c.units, 0))
    )


def fulfilment_lines_not_overshipped() -> Broken:
    """No node ships more than it was asked for."""
    return sa.select(part.c.id).where(part.c.shipped > part.c.quantity)
