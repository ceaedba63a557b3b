"""What the checks share: tables, the form of a question, and the words for who owns a thing."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from domain.states import ENDED_EDIT
from domain.states_returns import ExchangeState
from ledger.tables import EditRequest, Effect, Exchange, Hold, Order, ReviewCase, Work
from ledger.tables.base import UtcDateTime, table_of

Broken = sa.Select[Any]  # what breaks an invariant: its id in the first column
Check = Callable[[], Broken]
# How long ago in real time: a lease ended and a living worker has not taken over; nobody has; somebody beat.
MOMENTS = {"taken_over": timedelta(seconds=45), "never_so_long": timedelta(minutes=5), "alive": timedelta(seconds=15)}
order, effect, hold = table_of(Order), table_of(Effect), table_of(Hold)
case, work, edit = table_of(ReviewCase), table_of(Work), table_of(EditRequest)
exchange = table_of(Exchange)
_WORDS = ("mail.send", "sms.send", "helpdesk.ticket", "helpdesk.note")
OPEN_EFFECT = ("planned", "sending", "unknown")


def moment(name: str) -> sa.BindParameter[datetime]:
    """One of MOMENTS, put in when the question is asked."""
    return sa.bindparam(name, type_=UtcDateTime)


def has_open_case(order_id: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """A person looks at the order."""
    return sa.exists().where(case.c.order_id == order_id, case.c.state != "resolved")


def has_hold(order_id: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """The order waits for a hold's owner; the edit window ends by itself and needs a row in a queue."""
    return sa.exists().where(hold.c.order_id == order_id, hold.c.released_at.is_(None), hold.c.name != "edit_window")


def has_work(order_id: sa.ColumnElement[str], stages: Sequence[str]) -> sa.ColumnElement[bool]:
    """The order stands in line for one of these stages."""
    return sa.or_(*(sa.exists().where(work.c.id == f"{stage}:" + order_id) for stage in stages))


def has_open_effect(order_id: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Something about the order is still to be done outside; a word to somebody moves nothing on."""
    return sa.exists().where(
        effect.c.order_id == order_id, effect.c.state.in_(OPEN_EFFECT), effect.c.kind.not_in(_WORDS)
    )


def is_open(request: sa.FromClause) -> sa.ColumnElement[bool]:
    """An edit request has not ended."""
    return request.c.state.not_in([str(state) for state in ENDED_EDIT])


def is_edited(order_id: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """The order is fenced by an edit that has not ended, or by an exchange that joins it: whoever runs that has the
    next step."""
    fenced = order.alias("fenced")
    return sa.exists().where(fenced.c.id == order_id, fences(fenced.c.fence_token, order_id))


def fences(token: sa.ColumnElement[str], order_id: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Somebody who may fence this order goes by that name and will lift it."""
    request, swap = edit.alias("fencing"), exchange.alias("joining")
    return sa.or_(
        sa.exists().where(request.c.id == token, request.c.order_id == order_id, is_open(request)),
        sa.exists().where(swap.c.id == token, swap.c.order_id == order_id, swap.c.state == ExchangeState.ORDERING),
    )
