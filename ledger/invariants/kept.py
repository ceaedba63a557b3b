"""What was said is kept: holds, cancellations, one mail for one claim."""

import sqlalchemy as sa

from domain.messages import CATALOGUE
from domain.states import OrderState
from ledger.invariants.base import Broken, has_open_case, has_open_effect, hold, order
from ledger.tables import FulfilmentOrder, Message, Reservation
from ledger.tables.base import table_of

request, promise, message = table_of(FulfilmentOrder), table_of(Reservation), table_of(Message)


def nothing_released_past_a_hold() -> Broken:
    """A hold placed before the release and still open would have stopped it."""
    return (
        sa.select(request.c.id)
        .join(hold, hold.c.order_id == request.c.order_id)
        .where(
            hold.c.released_at.is_(None),
            request.c.released_at.is_not(None),
            hold.c.placed_at < request.c.released_at,
            hold.c.name != "edit_window",
        )
    )


def cancelled_orders_hold_nothing() -> Broken:
    """A cancelled order keeps no promise of ours."""
    return (
        sa.select(promise.c.id)
        .join(order, order.c.id == promise.c.order_id)
        .where(
            order.c.state == OrderState.CANCELLED,
            promise.c.holder == "ours",
            ~has_open_effect(order.c.id),
            ~has_open_case(order.c.id),
        )
    )


def said_once() -> Broken:
    """One mail per subject of every claim that may not be repeated."""
    once = [str(kind) for kind, entry in CATALOGUE.items() if not entry.repeatable]
    return (
        sa.select(sa.func.min(message.c.id))
        .where(message.c.state == "sent", message.c.kind.in_(once))
        .group_by(message.c.kind, message.c.subject_id, message.c.channel)
        .having(sa.func.count() > 1)
    )
