"""The claim: the one way in which a worker takes rows, on every claimable table.

PostgreSQL takes rows with `FOR UPDATE SKIP LOCKED`; SQLite's transaction is IMMEDIATE, so nobody else writes
meanwhile. All rows of a claim carry one rising token; every later write names it and is refused when a newer
claim has taken the row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa
from sqlmodel import Session

from ledger.rows import among
from ledger.session import is_sqlite
from ledger.tables import Claimable, ClaimCounter
from ledger.tables.base import table_of

LEASE = timedelta(seconds=20)
LEASE_OF_SESSION = "lease"  # where a session carries another length
_counter = table_of(ClaimCounter)
_NEXT = sa.update(_counter).where(_counter.c.id == 1).values(value=_counter.c.value + 1).returning(_counter.c.value)
_NEXT_OF_SEQUENCE = sa.text("SELECT nextval('claim_token')")


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
    if is_sqlite(session):
        token = session.connection().execute(_NEXT).scalar_one()
    else:
        token = session.connection().execute(_NEXT_OF_SEQUENCE).scalar_one()
    return Lease(int(token), real_now + lease_of(session))


def claim(
    session: Session,
    model: type[Claimable],
    *,
    where: Sequence[sa.ColumnElement[bool] | sa.TextClause],
    limit: int,
    now: datetime,
    real_now: datetime,
    order_by: Sequence[str] = ("due_at",),
    values: Mapping[str, Any] | None = None,
    free_only: bool = True,
    without: Sequence[str] = (),
) -> Claimed:
    """Take up to `limit` due rows that nobody holds; `values` are set in the same statement. Columns that are
    large and not needed are left out by `without`.

    `free_only=False` takes rows whose lease columns do not guard them (effects: their state does).
    """
    table = table_of(model)
    free = sa.or_(table.c.lease_until.is_(None), table.c.lease_until < real_now)
    conditions = [table.c.due_at <= now, *where, *([free] if free_only else [])]
    key = table.c.id
    found = sa.select(key).where(*conditions).order_by(*(table.c[name] for name in order_by)).limit(limit)
    if not is_sqlite(session):
        found = found.with_for_update(skip_locked=True)
    ids = list(session.execute(found).scalars())
    if not ids:
        return Claimed(Lease(0, real_now), [])
    taken = new_lease(session, real_now=real_now)
    rows = session.connection().execute(
        sa.update(table)
        .where(among(session, key, ids))
        .values(lease_token=taken.token, lease_until=taken.until, attempts=table.c.attempts + 1, **(values or {}))
        .returning(*(column for column in table.c if column.name not in without))
    )
    found_rows = cast(list[Mapping[str, Any]], rows.mappings().all())
    return Claimed(taken, sorted(found_rows, key=lambda row: [row[name] for name in order_by]))


def still_held(session: Session, model: type[Claimable], ids: Sequence[str], token: int) -> set[str]:
    """Those of the rows that the token still holds, locked until the end of the transaction."""
    if not ids:
        return set()
    table = table_of(model)
    statement = sa.select(table.c.id).where(among(session, table.c.id, ids), table.c.lease_token == token)
    return set(session.execute(statement.order_by(table.c.id).with_for_update()).scalars())


def renew(session: Session, model: type[Claimable], ids: Sequence[str], lease: Lease, *, real_now: datetime) -> None:
    """Push the end of a lease that is still held."""
    table = table_of(model)
    session.execute(
        sa.update(table)
        .where(table.c.id.in_(ids), table.c.lease_token == lease.token)
        .values(lease_until=real_now + lease_of(session))
    )
