"""What was promised in time is watched, late orders are told of before their time is up, no window lies in the past."""

import sqlalchemy as sa

from domain.parcels import TERMINAL
from domain.ship_promise import Answer
from domain.states import ENDED_ORDER
from ledger import ship_notices
from ledger.invariants.base import OPEN_EFFECT, Broken, effect, has_open_case, order
from ledger.tables import Deadline, DelayNotice, OrderLine, ParcelForecast, Shipment
from ledger.tables.base import table_of

promise, line, deadline = table_of(DelayNotice), table_of(OrderLine), table_of(Deadline)
forecast, parcel = table_of(ParcelForecast), table_of(Shipment)


def every_promise_to_ship_is_watched() -> Broken:
    """An order that is to be shipped by a time and was not is looked at again, is being cancelled, is a person's, or
    its customer has agreed to wait without a date."""
    look = sa.exists().where(
        deadline.c.order_id == order.c.id, deadline.c.kind == ship_notices.KIND, sa.text("deadline.state = 'pending'")
    )
    ending = sa.exists().where(
        effect.c.order_id == order.c.id, effect.c.kind == "shop.cancel", effect.c.state.in_(OPEN_EFFECT)
    )
    notice = promise.alias("notice")
    agreed = sa.exists().where(
        notice.c.order_id == order.c.id, notice.c.answer == Answer.CONSENTED, notice.c.revised_at.is_(None)
    )
    left_over = sa.exists().where(
        line.c.order_id == order.c.id, line.c.requires_shipping, line.c.shipped + line.c.cancelled < line.c.ordered
    )
    return (
        sa.select(order.c.id)
        .join(promise, sa.and_(promise.c.order_id == order.c.id, promise.c.number == 0))
        .where(
            order.c.state.not_in([str(state) for state in ENDED_ORDER]),
            left_over,
            ~sa.or_(look, ending, agreed, has_open_case(order.c.id)),
        )
    )


def late_shipment_is_told_in_time() -> Broken:
    """The first notice that an order is shipped late comes before the time that was promised (16 CFR 435.2(b)(1)), each
    further one before the date that it revises (435.2(b)(2))."""
    before = promise.alias("before")
    return (
        sa.select(promise.c.id)
        .join(before, sa.and_(before.c.order_id == promise.c.order_id, before.c.number == promise.c.number - 1))
        .where(promise.c.created_at > before.c.revised_at)
    )


def forecasts_look_ahead() -> Broken:
    """Only parcels under way are forecast, and a window begins no sooner than it was told."""
    ended = sa.exists().where(parcel.c.id == forecast.c.id, parcel.c.state.in_([str(state) for state in TERMINAL]))
    return sa.select(forecast.c.id).where(
        sa.or_(
            sa.and_(forecast.c.followed, ended),
            forecast.c.eta_from < forecast.c.predicted_at,
            forecast.c.eta_to < forecast.c.eta_from,
        )
    )
