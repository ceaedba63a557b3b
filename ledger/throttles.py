"""Throttles: at most so many tries of one thing within a window, counted in rows that all processes share."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

import sqlalchemy as sa
from sqlmodel import Session

from ledger.prepared import Prepared
from ledger.rows import insert_of
from ledger.session import is_sqlite
from ledger.tables import Throttle, UtcDateTime
from ledger.tables.base import table_of

LONGEST_WINDOW = timedelta(days=1)  # older rows count nothing and are forgotten
_throttle = table_of(Throttle)
_FORGET = Prepared(sa.delete(_throttle).where(_throttle.c.window_start < sa.bindparam("before")))

_GIVE_BACK = Prepared(
    sa.update(_throttle)
    .where(_throttle.c.key == sa.bindparam("key", required=True), _throttle.c.count > 0)
    .values(count=_throttle.c.count - 1)
)


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` tries within a window, which begins with the first try."""

    most: int
    window: timedelta


def take(session: Session, wanted: Mapping[str, Limit], now: datetime) -> dict[str, datetime]:
    """Count one more try under each key; returns the keys that are over their limit, with the end of their window.

    A key names nobody: it is a hash (`config.links.fingerprint`). A refused try counts too, and moves no window.
    """
    over = {}
    for key, limit in sorted(wanted.items()):  # locked in a fixed order
        [row] = _count(is_sqlite(session)).rows(session, key=key, window_start=now, count=1, old=now - limit.window)
        if row["count"] > limit.most:
            over[key] = row["window_start"] + limit.window
    return over


def give_back(session: Session, keys: Iterable[str]) -> None:
    """One try under each key was none of those that are counted."""
    for key in sorted(keys):  # locked in a fixed order
        _GIVE_BACK.run(session, key=key)


@cache
def _count(for_sqlite: bool) -> Prepared:
    statement = insert_of(Throttle, for_sqlite)
    old: sa.BindParameter[datetime] = sa.bindparam("old", type_=UtcDateTime(), required=True)
    # a window that begins in the future is of a clock that has been set back
    over = sa.or_(_throttle.c.window_start <= old, _throttle.c.window_start > statement.excluded.window_start)
    statement = statement.on_conflict_do_update(
        index_elements=["key"],
        set_={
            "count": sa.case((over, 1), else_=_throttle.c.count + 1),
            "window_start": sa.case((over, statement.excluded.window_start), else_=_throttle.c.window_start),
        },
    )
    return Prepared(statement.returning(*_throttle.c), ("key", "window_start", "count"))


def forget(session: Session, now: datetime) -> int:
    """Delete what counts no longer."""
    return _FORGET.run(session, before=now - LONGEST_WINDOW)
