"""What must always hold, checked over the whole ledger. Each check returns the ids that break it."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session

from domain.messages import CATALOGUE
from domain.states import ENDED_ORDER, OrderState
from ledger import books
from ledger.tables import (
    Effect,
    FulfilmentOrder,
    FulfilmentOrderLine,
    Hold,
    InventoryLevel,
    Message,
    Order,
    OrderLine,
    Payment,
    Reservation,
    ReviewCase,
    ShipmentLine,
    Work,
)
from ledger.tables.base import table_of

o, li, lv, rs = (table_of(m) for m in (Order, OrderLine, InventoryLevel, Reservation))
fo, fl, pay, eff = (table_of(m) for m in (FulfilmentOrder, FulfilmentOrderLine, Payment, Effect))
hd, case, work, sl, msg = (table_of(m) for m in (Hold, ReviewCase, Work, ShipmentLine, Message))
STALE_SENDING = timedelta(minutes=5)


def check_all(session: Session, *, now: datetime, real_now: datetime) -> dict[str, list[str]]:
    """Name of the invariant -> what breaks it (ids, at most 50 each)."""
    return {name: check(session, real_now)[:50] for name, check in CHECKS.items()}


def _ids(session: Session, statement: sa.Select[tuple[str]]) -> list[str]:
    return [str(value) for value in session.execute(statement.limit(50)).scalars()]


def promised_not_above_stock(session: Session, _: datetime) -> list[str]:
    """Our promises never exceed what the node offers, unless it has lost units since: that is an open case."""
    place = lv.c.location_id + "/" + lv.c.sku
    known = sa.exists().where(
        sa.and_(case.c.subject_id == place, case.c.kind == "promised_stock_gone", case.c.state != "resolved")
    )
    return _ids(
        session,
        sa.select(place).where(
            sa.or_(sa.and_(lv.c.reserved_ours > lv.c.node_free, ~known), lv.c.reserved_ours < 0, lv.c.node_free < 0)
        ),
    )


def counters_match_promises(session: Session, _: datetime) -> list[str]:
    """The counter of open promises is the sum of their rows."""
    sums = (
        sa.select(rs.c.location_id, rs.c.sku, sa.func.sum(rs.c.quantity).label("units"))
        .where(rs.c.holder == "ours")
        .group_by(rs.c.location_id, rs.c.sku)
        .subquery()
    )
    return _ids(
        session,
        sa.select(lv.c.location_id + "/" + lv.c.sku)
        .select_from(lv.outerjoin(sums, sa.and_(sums.c.location_id == lv.c.location_id, sums.c.sku == lv.c.sku)))
        .where(lv.c.reserved_ours != sa.func.coalesce(sums.c.units, 0)),
    )


def refunds_within_captures(session: Session, _: datetime) -> list[str]:
    return _ids(session, sa.select(pay.c.id).where(pay.c.refunded_minor > pay.c.captured_minor))


def units_add_up(session: Session, _: datetime) -> list[str]:
    """A line never ships more than was ordered, nor delivers more than it shipped."""
    return _ids(
        session,
        sa.select(li.c.id).where(
            sa.or_(
                li.c.shipped > li.c.ordered,
                li.c.delivered > li.c.shipped,
                li.c.reserved < 0,
                li.c.released < 0,
                li.c.reserved > li.c.ordered,
                li.c.shipped > li.c.reserved,
                li.c.backordered < 0,
            )
        ),
    )


def shipped_once(session: Session, _: datetime) -> list[str]:
    """The parcels of a line carry as many units as the line says."""
    sums = (
        sa.select(sl.c.order_line_id, sa.func.sum(sl.c.quantity).label("units")).group_by(sl.c.order_line_id).subquery()
    )
    return _ids(
        session,
        sa.select(li.c.id)
        .select_from(li.outerjoin(sums, sums.c.order_line_id == li.c.id))
        .where(li.c.shipped != sa.func.coalesce(sums.c.units, 0)),
    )


def fulfilment_lines_not_overshipped(session: Session, _: datetime) -> list[str]:
    return _ids(session, sa.select(fl.c.id).where(fl.c.shipped > fl.c.quantity))


def nothing_released_past_a_hold(session: Session, _: datetime) -> list[str]:
    """A hold placed before the release and still open would have stopped it."""
    return _ids(
        session,
        sa.select(fo.c.id)
        .join(hd, hd.c.order_id == fo.c.order_id)
        .where(
            hd.c.released_at.is_(None),
            fo.c.released_at.is_not(None),
            hd.c.placed_at < fo.c.released_at,
            hd.c.name != "edit_window",
        ),
    )


def books_balance(session: Session, _: datetime) -> list[str]:
    return books.unbalanced_entries(session)


def doubtful_effects_are_owned(session: Session, _: datetime) -> list[str]:
    """A parked effect has an open (or resolved) case."""
    return _ids(
        session, sa.select(eff.c.id).where(eff.c.state == "parked", ~sa.exists().where(case.c.subject_id == eff.c.id))
    )


def no_orphan_lease(session: Session, real_now: datetime) -> list[str]:
    """Nobody is sending for minutes without renewing the lease."""
    return _ids(
        session, sa.select(eff.c.id).where(eff.c.state == "sending", eff.c.lease_until < real_now - STALE_SENDING)
    )


def every_order_has_a_next_step(session: Session, _: datetime) -> list[str]:
    """An order that has not ended waits in a queue, under a hold, at a node, with an effect, or as a case."""
    order = o.alias("waiting")
    anything = sa.or_(
        sa.exists().where(sa.and_(work.c.subject_id == order.c.id, work.c.stage != "reconcile")),
        sa.exists().where(sa.and_(hd.c.order_id == order.c.id, hd.c.released_at.is_(None), hd.c.name != "edit_window")),
        sa.exists().where(sa.and_(fo.c.order_id == order.c.id, fo.c.state.in_(("open", "in_progress", "closed")))),
        sa.exists().where(sa.and_(eff.c.order_id == order.c.id, eff.c.state.in_(("planned", "sending", "unknown")))),
        sa.exists().where(sa.and_(case.c.order_id == order.c.id, case.c.state != "resolved")),
    )
    ended = [str(state) for state in ENDED_ORDER]
    return _ids(session, sa.select(order.c.id).where(order.c.state.not_in(ended), ~anything))


def cancelled_orders_hold_nothing(session: Session, _: datetime) -> list[str]:
    """A cancelled order keeps no promise of ours."""
    return _ids(
        session,
        sa.select(rs.c.id)
        .join(o, o.c.id == rs.c.order_id)
        .where(
            o.c.state == OrderState.CANCELLED,
            rs.c.holder == "ours",
            ~sa.exists().where(sa.and_(eff.c.order_id == o.c.id, eff.c.state.in_(("planned", "sending", "unknown")))),
            ~sa.exists().where(sa.and_(case.c.order_id == o.c.id, case.c.state != "resolved")),
        ),
    )


def said_once(session: Session, _: datetime) -> list[str]:
    """One mail per subject of every claim that may not be repeated."""
    once = [str(kind) for kind, entry in CATALOGUE.items() if not entry.repeatable]
    return _ids(
        session,
        sa.select(sa.func.min(msg.c.id))
        .where(msg.c.state == "sent", msg.c.kind.in_(once))
        .group_by(msg.c.kind, msg.c.subject_id, msg.c.channel)
        .having(sa.func.count() > 1),
    )


CHECKS: Mapping[str, Callable[[Session, datetime], list[str]]] = {
    check.__name__: check
    for check in (
        promised_not_above_stock,
        counters_match_promises,
        refunds_within_captures,
        units_add_up,
        shipped_once,
        fulfilment_lines_not_overshipped,
        nothing_released_past_a_hold,
        books_balance,
        doubtful_effects_are_owned,
        no_orphan_lease,
        every_order_has_a_next_step,
        cancelled_orders_hold_nothing,
        said_once,
    )
}
