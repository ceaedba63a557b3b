"""The gap of a restored ledger: what happened after its backup and before the loss of the one that it replaces.

Two cursors; a ledger that was never restored has none, and pays one look at them in a process's life.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session

from ledger.cursors import move_cursor, read_cursor
from ledger.tables import Order
from ledger.tables.base import table_of

TAKEN, LOST = "restored:taken", "restored:lost"
_order = table_of(Order)
_gaps: WeakKeyDictionary[Engine, "Gap | None"] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Gap:
    """On the product's clock: what happened after `taken` and not after `lost` is unknown."""

    taken: datetime
    lost: datetime


def gap_of(session: Session) -> Gap | None:
    """Read once in a process's life: a restore wants all processes stopped."""
    bind = session.get_bind()
    engine = bind.engine if isinstance(bind, sa.Connection) else bind
    if engine not in _gaps:
        taken, lost = read_cursor(session, TAKEN), read_cursor(session, LOST)
        _gaps[engine] = Gap(taken, lost) if taken and lost else None
    return _gaps[engine]


def set_gap(session: Session, gap: Gap) -> None:
    for name, at in ((TAKEN, gap.taken), (LOST, gap.lost)):
        move_cursor(session, name, at)
    forget()


def forget() -> None:
    """Read the gap anew: the ledger was replaced in this process."""
    _gaps.clear()


def doubted(session: Session, order_ids: Collection[str]) -> set[str]:
    """Those of the orders for which something may have been done that this ledger does not know."""
    gap = gap_of(session)
    if gap is None or not order_ids:
        return set()
    old = sa.select(_order.c.id).where(_order.c.id.in_(sorted(order_ids)), _order.c.placed_at <= gap.lost)
    return set(session.execute(old).scalars())
