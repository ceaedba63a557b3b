"""The claim: the one way in which a worker takes rows, on every claimable table.

PostgreSQL takes rows with `FOR UPDATE SKIP LOCKED`; SQLite's transaction is IMMEDIATE, so nobody else writes
meanwhile. All rows of a claim carry one rising token; every later write names it and is refused when a newer
claim has taken the row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from ledger.rows import mappings
from ledger.session import is_sqlite
from ledger.tables import Claimable, ClaimCounter
from ledger.tables.base import table_of

LEASE = timedelta(seconds=20)


class LeaseLost(Exception):
    """Another worker has taken the row since; nothing was written."""


@dataclass(frozen=True, slots=True)
class Lease:
    token: int
    until: datetime  # real time


@dataclass(frozen=True, slots=True)
class Claimed:
    lease: Lease
    rows: list[Mapping[str, Any]]


def new_lease(session: Session, *, real_now: datetime, lease: timedelta = LEASE) -> Lease:
    """A fresh token with its end."""
    if is_sqlite(session):
        table = table_of(ClaimCounter)
        statement = sa.update(table).where(table.c.id == 1).values(value=table.c.value + 1).returning(table.c.value)
        token = session.execute(statement).scalar_one()
    else:
        token = session.execute(sa.text("SELECT nextval('claim_token')")).scalar_one()
    return Lease(int(token), real_now + lease)


def claim(
    session: Session,
    model: type[Claimable],
    *,
    where: Sequence[sa.ColumnElement[bool]],
    limit: int,
    now: datetime,
    real_now: datetime,
    order_by: Sequence[str] = ("due_at",),
    values: Mapping[str, Any] | None = None,
    lease: timedelta = LEASE,
    free_only: bool = True,
) -> Claimed:
    """Take up to `limit` due rows that nobody holds; `values` are set in the same statement.

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
    taken = new_lease(session, real_now=real_now, lease=lease)
    session.execute(
        sa.update(table)
        .where(key.in_(ids))
        .values(lease_token=taken.token, lease_until=taken.until, attempts=table.c.attempts + 1, **(values or {}))
    )
    rows = mappings(session, sa.select(table).where(key.in_(ids)).order_by(*(table.c[n] for n in order_by)))
    return Claimed(taken, rows)


def still_held(session: Session, model: type[Claimable], ids: Sequence[str], token: int) -> set[str]:
    """Those of the rows that the token still holds, locked until the end of the transaction."""
    if not ids:
        return set()
    table = table_of(model)
    statement = sa.select(table.c.id).where(table.c.id.in_(ids), table.c.lease_token == token)
    return set(session.execute(statement.order_by(table.c.id).with_for_update()).scalars())


def renew(session: Session, model: type[Claimable], ids: Sequence[str], lease: Lease, *, real_now: datetime) -> None:
    """Push the end of a lease that is still held."""
    table = table_of(model)
    session.execute(
        sa.update(table)
        .where(table.c.id.in_(ids), table.c.lease_token == lease.token)
        .values(lease_until=real_now + LEASE)
    )
