"""Column kinds and mixins shared by the tables."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

_NO_OFFSET = len("2026-03-01 12:00:00.000000")


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, kept in UTC. A naive one is refused here, at the record.

    SQLite keeps text without an offset that sorts by time; PostgreSQL keeps `timestamptz`.
    """

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def bind_processor(self, dialect: sa.Dialect) -> Callable[[datetime | None], Any]:
        return _as_text if dialect.name == "sqlite" else _in_utc

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> Callable[[Any], datetime | None]:
        return _from_text if dialect.name == "sqlite" else _in_utc


def _in_utc(value: datetime | None) -> datetime | None:
    if value is None or value.tzinfo is UTC:
        return value
    if value.tzinfo is None:
        raise ValueError("naive datetime at the ledger")
    return value.astimezone(UTC)


def _as_text(value: datetime | None) -> str | None:
    utc = _in_utc(value)
    return None if utc is None else _utc_text(utc)


@lru_cache(maxsize=1024)  # a transaction writes the same few moments again and again
def _utc_text(value: datetime) -> str:
    """Kept for moments in UTC alone: where clocks are put back, two moments of one hour are equal to Python."""
    return value.isoformat(" ", "microseconds")[:_NO_OFFSET]


def _from_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value + "Z")  # five times as fast as `replace`


NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
SQLModel.metadata.naming_convention = NAMING


def partial_index(name: str, *columns: str, where: str, unique: bool = False) -> sa.Index:
    """An index of the rows for which `where` holds, on both kinds of database."""
    return sa.Index(name, *columns, unique=unique, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def json_field() -> Any:
    """A JSON object or list; never personal unless `domain/privacy.py` says so."""
    return Field(default_factory=dict, sa_type=sa.JSON, nullable=False)


def time_field(*, index: bool = False) -> Any:
    return Field(sa_type=UtcDateTime, nullable=False, index=index)


def maybe_time() -> Any:
    return Field(default=None, sa_type=UtcDateTime, nullable=True)


def table_of(model: type[SQLModel]) -> sa.Table:
    """The Core table under a model: hot paths speak Core, many rows a statement."""
    table: sa.Table = model.__table__  # type: ignore[attr-defined]  # set by SQLModel's metaclass
    return table


class Claimable(SQLModel):
    """Columns of a row that a worker takes under a lease. See `ledger.claims`.

    `due_at` is on the product's clock; `lease_until` is real time, because a lease guards a living process and
    must not run out when tests or the demo move the clock.
    """

    due_at: datetime = time_field()
    attempts: int = 0
    lease_token: int = Field(default=0, sa_type=sa.BigInteger)
    lease_until: datetime | None = maybe_time()
    error: str = ""
