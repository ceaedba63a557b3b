"""Small Core helpers for many rows a statement, the same on both databases."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, cast

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel

from ledger.session import is_sqlite
from ledger.tables.base import table_of

Row = dict[str, Any]


def insert_rows(session: Session, model: type[SQLModel], rows: Sequence[Row]) -> None:
    """Plain insert of many rows; all rows carry the same keys."""
    if rows:
        session.connection().execute(_insert(model), list(rows))


@cache  # a statement that is built once is compiled once
def _insert(model: type[SQLModel]) -> sa.Insert:
    return sa.insert(table_of(model))


def insert_into(table: sa.Table, dialect: sa.Dialect) -> Any:
    """The dialect's own insert, which knows ON CONFLICT."""
    return sqlite.insert(table) if dialect.name == "sqlite" else postgresql.insert(table)


def compiled(statement: sa.Insert, names: Iterable[str], dialect: sa.Dialect) -> Any:
    """An insert of rows with these columns, to be kept and executed on a connection: with ON CONFLICT in it,
    SQLAlchemy would compile it anew each time, which costs ten times the insert of a row."""
    return statement.compile(dialect=dialect, column_keys=list(names), for_executemany=True)


def insert_new(session: Session, model: type[SQLModel], rows: Sequence[Row], *, returning: str = "id") -> set[Any]:
    """Insert the rows that do not stand yet (any unique constraint); returns `returning` of those inserted."""
    if not rows:
        return set()
    statement = _insert_new(model, returning, tuple(rows[0]), session.get_bind().dialect)
    return set(session.connection().execute(statement, list(rows)).scalars())


def insert_missing(session: Session, model: type[SQLModel], rows: Sequence[Row]) -> int:
    """Like `insert_new` where only the number matters: SQLite counts it without naming the rows."""
    if not rows:
        return 0
    key = "" if is_sqlite(session) else next(iter(table_of(model).primary_key.columns)).name
    statement = _insert_new(model, key, tuple(rows[0]), session.get_bind().dialect)
    found = session.connection().execute(statement, list(rows))
    return sum(1 for _ in found) if key else int(found.rowcount)


@lru_cache(maxsize=256)
def _insert_new(model: type[SQLModel], returning: str, names: tuple[str, ...], dialect: sa.Dialect) -> Any:
    table = table_of(model)
    statement = insert_into(table, dialect).on_conflict_do_nothing()
    return compiled(statement.returning(table.c[returning]) if returning else statement, names, dialect)


def upsert(
    session: Session, model: type[SQLModel], rows: Sequence[Row], *, keys: Sequence[str], update: Sequence[str]
) -> None:
    """Insert or overwrite `update` columns of the row with the same `keys`."""
    if rows:
        statement = _upsert(model, tuple(keys), tuple(update), tuple(rows[0]), session.get_bind().dialect)
        session.connection().execute(statement, list(rows))


@lru_cache(maxsize=256)
def _upsert(
    model: type[SQLModel], keys: tuple[str, ...], update: tuple[str, ...], names: tuple[str, ...], dialect: sa.Dialect
) -> Any:
    statement = insert_into(table_of(model), dialect)
    wanted = {name: statement.excluded[name] for name in update}
    return compiled(statement.on_conflict_do_update(index_elements=list(keys), set_=wanted), names, dialect)


def update_by(session: Session, model: type[SQLModel], rows: Sequence[Row], *, key: str = "id") -> None:
    """Set columns of many rows by `key`; all rows carry the same keys."""
    if not rows:
        return
    statement = _update(model, key, tuple(name for name in rows[0] if name != key))
    session.connection().execute(statement, [{f"b_{name}": value for name, value in row.items()} for row in rows])


@cache
def _update(model: type[SQLModel], key: str, names: tuple[str, ...]) -> sa.Update:
    table = table_of(model)
    return (
        sa.update(table)
        .where(table.c[key] == sa.bindparam(f"b_{key}"))
        .values({name: sa.bindparam(f"b_{name}") for name in names})
    )


def among(session: Session, column: sa.ColumnElement[Any], values: Iterable[str]) -> sa.ColumnElement[bool]:
    """`column` is one of the texts, which travel as one value: a list of marks would be written out each time."""
    if is_sqlite(session):
        wanted = sa.bindparam(None, orjson.dumps(list(values)).decode(), sa.Text())
        return column.in_(sa.select(sa.column("value")).select_from(sa.func.json_each(wanted)))
    array = sa.bindparam(None, list(values), postgresql.ARRAY(sa.String()))
    found: sa.ColumnElement[bool] = column == sa.func.any(array)
    return found


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
    if not wanted:
        return []
    for_sqlite = is_sqlite(session)
    statement = _select(model, column, lock, order_by, for_sqlite)
    given = {"wanted": orjson.dumps(wanted).decode() if for_sqlite else wanted}
    return cast(list[Mapping[str, Any]], session.connection().execute(statement, given).mappings().all())


@cache
def _select(model: type[SQLModel], column: str, lock: bool, order_by: str | None, for_sqlite: bool) -> sa.Select[Any]:
    """One text for any number of values: a list of its own for each number would be compiled each time."""
    table = table_of(model)
    among: sa.ColumnElement[bool]
    if for_sqlite:
        among = table.c[column].in_(sa.text("SELECT value FROM json_each(:wanted)"))
    else:
        wanted = sa.bindparam("wanted", type_=postgresql.ARRAY(table.c[column].type))
        among = table.c[column] == sa.func.any(wanted)
    statement = sa.select(table).where(among)
    if order_by or lock:
        statement = statement.order_by(*([table.c[order_by]] if order_by else table.primary_key.columns))
    return statement.with_for_update() if lock else statement


def group_by(rows: Iterable[Mapping[str, Any]], key: str) -> dict[Any, list[Mapping[str, Any]]]:
    """Rows by the value of one column, order kept."""
    groups: dict[Any, list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row[key], []).append(row)
    return groups
