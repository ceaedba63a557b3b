"""The claim: the one way in which a worker takes rows, on every claimable table.

PostgreSQL takes rows with `FOR UPDATE SKIP LOCKED`; SQLite's transaction is IMMEDIATE, so nobody else writes
meanwhile. All rows of a claim carry one rising token; every later write names it and is refused when a newer
claim has taken the row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from ledger.prepared import Prepared, listed
from ledger.session import is_sqlite
from ledger.tables import Claimable, ClaimCounter
from ledger.tables.base import table_of

LEASE = timedelta(seconds=20)
LEASE_OF_SESSION = "lease"  # where a session carries another length
_counter = table_of(ClaimCounter)
_NEXT = Prepared(
    sa.update(_counter).where(_counter.c.id == 1).values(value=_counter.c.value + 1).returning(_counter.c.value)
)
_NEXT_OF_SEQUENCE = Prepared(sa.text("SELECT nextval('claim_token')"))


@dataclass(frozen=True, slots=True)
class Lease:
    token: int
    until: datetime  # real time


@dataclass(frozen=True, slots=True)
class Claimed:
    lease: Lease
    rows: list[Mapping[str, Any]]


def lease_of(session: Session) -> timedelta:
    """How long a claim made in this session holds without being renewed."""
    length: timedelta = session.info.get(LEASE_OF_SESSION, LEASE)
    return length


def new_lease(session: Session, *, real_now: datetime) -> Lease:
    """A fresh token with its end."""
    [token] = (_NEXT if is_sqlite(session) else _NEXT_OF_SEQUENCE).scalars(session)
    return Lease(int(token), real_now + lease_of(session))


class Claims:
    """How rows of one table are claimed: due rows that nobody holds, further conditions (`where`) with named values.

    `values` are set in the same statement. Columns that are large and not needed are left out by `without`.
    `free_only=False` takes rows whose lease columns do not guard them (effects: their state does).
    """

    def __init__(
        self,
        model: type[Claimable],
        *where: sa.ColumnElement[bool] | sa.TextClause,
        order_by: Sequence[str] = ("due_at",),
        values: Mapping[str, Any] | None = None,
        free_only: bool = True,
        without: Sequence[str] = (),
    ) -> None:
        table = table_of(model)
        real_now: sa.BindParameter[datetime] = sa.bindparam("real_now", required=True)
        free = sa.or_(table.c.lease_until.is_(None), table.c.lease_until < real_now)
        due = table.c.due_at <= sa.bindparam("now", required=True)
        found = sa.select(table.c.id).where(due, *where, *([free] if free_only else []))
        found = found.order_by(*(table.c[name] for name in order_by)).limit(sa.bindparam("limit", type_=sa.Integer))
        self._order_by = order_by
        self._find = Prepared(found.with_for_update(skip_locked=True))
        lease: dict[str, Any] = {"lease_token": sa.bindparam("token"), "lease_until": sa.bindparam("until")}
        self._take = Prepared(
            sa.update(table)
            .where(listed(table.c.id, "ids"))
            .values(**lease, attempts=table.c.attempts + 1, **(values or {}))
            .returning(*(column for column in table.c if column.name not in without))
        )

    def take(self, session: Session, *, limit: int, now: datetime, real_now: datetime, **values: Any) -> Claimed:
        """Claim up to `limit` rows."""
        ids = self._find.scalars(session, limit=limit, now=now, real_now=real_now, **values)
        if not ids:
            return Claimed(Lease(0, real_now), [])
        taken = new_lease(session, real_now=real_now)
        rows = self._take.rows(session, ids=ids, token=taken.token, until=taken.until)
        return Claimed(taken, sorted(rows, key=lambda row: [row[name] for name in self._order_by]))


def still_held(session: Session, model: type[Claimable], ids: Sequence[str], token: int) -> set[str]:
    """Those of the rows that the token still holds, locked until the end of the transaction."""
    return set(_held(model).scalars(session, ids=ids, token=token)) if ids else set()


@cache
def _held(model: type[Claimable]) -> Prepared:
    table = table_of(model)
    mine = table.c.lease_token == sa.bindparam("token")
    return Prepared(sa.select(table.c.id).where(listed(table.c.id, "ids"), mine).order_by(table.c.id).with_for_update())


def renew(session: Session, model: type[Claimable], ids: Sequence[str], lease: Lease, *, real_now: datetime) -> bool:
    """Push the end of a lease that is still held; whether all of its rows still were."""
    table = table_of(model)
    pushed = session.connection().execute(
        sa.update(table)
        .where(table.c.id.in_(ids), table.c.lease_token == lease.token)
        .values(lease_until=real_now + lease_of(session))
    )
    return bool(pushed.rowcount == len(ids))
