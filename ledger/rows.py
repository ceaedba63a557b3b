"""Many rows a statement, the same on both databases; each shape of a statement is compiled once."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel

from ledger.prepared import Prepared, listed
from ledger.session import is_sqlite
from ledger.tables.base import table_of

Row = dict[str, Any]


def insert_rows(session: Session, model: type[SQLModel], rows: Sequence[Row]) -> None:
    """Plain insert of many rows; all rows carry the same keys."""
    if rows:
        _insert(model, tuple(rows[0])).many(session, rows)


@cache
def _insert(model: type[SQLModel], names: tuple[str, ...]) -> Prepared:
    return Prepared(sa.insert(table_of(model)), names)


def insert_missing(session: Session, model: type[SQLModel], rows: Sequence[Row]) -> int:
    """Insert the rows that do not stand yet (any unique constraint); returns how many did not."""
    return _insert_missing(model, tuple(rows[0]), is_sqlite(session)).many(session, rows) if rows else 0


@cache
def _insert_missing(model: type[SQLModel], names: tuple[str, ...], for_sqlite: bool) -> Prepared:
    return Prepared(insert_of(model, for_sqlite).on_conflict_do_nothing(), names)


def insert_new(session: Session, model: type[SQLModel], rows: Sequence[Row], *, key: str = "id") -> set[Any]:
    """Like `insert_missing`; returns the `key` of those inserted, a value that was made for this row alone."""
    made = {row[key] for row in rows}
    count = insert_missing(session, model, rows)
    if count in (0, len(rows)):  # as nearly always: no need to ask which
        return made if count else set()
    return {row[key] for row in select_by(session, model, key, made)}


def upsert(
    session: Session, model: type[SQLModel], rows: Sequence[Row], *, keys: Sequence[str], update: Sequence[str]
) -> None:
    """Insert or overwrite `update` columns of the row with the same `keys`."""
    if rows:
        _upsert(model, tuple(rows[0]), tuple(keys), tuple(update), is_sqlite(session)).many(session, rows)


@cache
def _upsert(
    model: type[SQLModel], names: tuple[str, ...], keys: tuple[str, ...], update: tuple[str, ...], for_sqlite: bool
) -> Prepared:
    statement = insert_of(model, for_sqlite)
    values = {name: statement.excluded[name] for name in update}
    return Prepared(statement.on_conflict_do_update(index_elements=list(keys), set_=values), names)


def insert_of(model: type[SQLModel], for_sqlite: bool) -> Any:
    """The dialect's own insert, which knows ON CONFLICT."""
    return (sqlite if for_sqlite else postgresql).insert(table_of(model))


def update_by(session: Session, model: type[SQLModel], rows: Sequence[Row], *, key: str = "id") -> None:
    """Set columns of many rows by `key`; all rows carry the same keys."""
    if rows:
        statement = _update(model, key, tuple(name for name in rows[0] if name != key))
        statement.many(session, [{f"b_{name}": value for name, value in row.items()} for row in rows])


@cache
def _update(model: type[SQLModel], key: str, names: tuple[str, ...]) -> Prepared:
    table = table_of(model)
    values: Row = {name: sa.bindparam(f"b_{name}") for name in names}
    return Prepared(sa.update(table).where(table.c[key] == sa.bindparam(f"b_{key}")).values(values))


def update_listed(session: Session, model: type[SQLModel], ids: Sequence[str], **values: Any) -> int:
    """Set the same values in the rows of these ids; returns how many there were."""
    given = {f"b_{name}": value for name, value in values.items()}
    return _update_listed(model, tuple(values)).run(session, ids=ids, **given) if ids else 0


@cache
def _update_listed(model: type[SQLModel], names: tuple[str, ...]) -> Prepared:
    table = table_of(model)
    values: Row = {name: sa.bindparam(f"b_{name}") for name in names}
    return Prepared(sa.update(table).where(listed(table.c.id, "ids")).values(values))


def mappings(session: Session, statement: sa.Executable) -> list[Mapping[str, Any]]:
    """Rows of a statement by column name."""
    return cast(list[Mapping[str, Any]], session.execute(statement).mappings().all())


def pairs(session: Session, statement: sa.Executable) -> dict[Any, Any]:
    """First column -> second."""
    return {row[0]: row[1] for row in session.execute(statement)}


def select_by(
    session: Session,
    model: type[SQLModel],
    column: str,
    values: Iterable[Any],
    *,
    lock: bool = False,
    order_by: str | None = None,
) -> list[Mapping[str, Any]]:
    """Rows as mappings where `column` is one of `values`; `lock` takes row locks (in a fixed order)."""
    wanted = list(values)
    return _select(model, column, lock, order_by).rows(session, wanted=wanted) if wanted else []


@cache
def _select(model: type[SQLModel], column: str, lock: bool, order_by: str | None) -> Prepared:
    table = table_of(model)
    statement = sa.select(table).where(listed(table.c[column], "wanted"))
    if order_by or lock:
        statement = statement.order_by(*([table.c[order_by]] if order_by else table.primary_key.columns))
    return Prepared(statement.with_for_update() if lock else statement)


def group_by(rows: Iterable[Mapping[str, Any]], key: str) -> dict[Any, list[Mapping[str, Any]]]:
    """Rows by the value of one column, order kept."""
    groups: dict[Any, list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row[key], []).append(row)
    return groups
