"""Small Core helpers for many rows a statement, the same on both databases."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel

from ledger.session import is_sqlite
from ledger.tables.base import table_of

Row = dict[str, Any]


def insert_rows(session: Session, model: type[SQLModel], rows: Sequence[Row]) -> None:
    """Plain insert of many rows; all rows carry the same keys."""
    if rows:
        session.execute(sa.insert(table_of(model)), list(rows))


def insert_into(session: Session, model: type[SQLModel]) -> Any:
    """The dialect's own insert, which knows ON CONFLICT."""
    return sqlite.insert(table_of(model)) if is_sqlite(session) else postgresql.insert(table_of(model))


def insert_new(session: Session, model: type[SQLModel], rows: Sequence[Row], *, returning: str = "id") -> set[Any]:
    """Insert the rows that do not stand yet (any unique constraint); returns `returning` of those inserted."""
    if not rows:
        return set()
    table = table_of(model)
    statement = insert_into(session, model).on_conflict_do_nothing().returning(table.c[returning])
    return set(session.execute(statement, list(rows)).scalars())


def upsert(
    session: Session, model: type[SQLModel], rows: Sequence[Row], *, keys: Sequence[str], update: Sequence[str]
) -> None:
    """Insert or overwrite `update` columns of the row with the same `keys`."""
    if not rows:
        return
    statement = insert_into(session, model)
    statement = statement.on_conflict_do_update(
        index_elements=list(keys), set_={name: statement.excluded[name] for name in update}
    )
    session.execute(statement, list(rows))


def update_by(session: Session, model: type[SQLModel], rows: Sequence[Row], *, key: str = "id") -> None:
    """Set columns of many rows by `key`; all rows carry the same keys."""
    if not rows:
        return
    table = table_of(model)
    names = [name for name in rows[0] if name != key]
    statement = (
        sa.update(table)
        .where(table.c[key] == sa.bindparam(f"b_{key}"))
        .values({name: sa.bindparam(f"b_{name}") for name in names})
    )
    session.connection().execute(statement, [{f"b_{name}": value for name, value in row.items()} for row in rows])


def mappings(session: Session, statement: sa.Executable) -> list[Mapping[str, Any]]:
    """Rows of a statement by column name."""
    return cast(list[Mapping[str, Any]], session.execute(statement).mappings().all())


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
    table = table_of(model)
    statement = sa.select(table).where(table.c[column].in_(wanted))
    if order_by or lock:
        statement = statement.order_by(*([table.c[order_by]] if order_by else table.primary_key.columns))
    if lock:
        statement = statement.with_for_update()
    return mappings(session, statement)


def group_by(rows: Iterable[Mapping[str, Any]], key: str) -> dict[Any, list[Mapping[str, Any]]]:
    """Rows by the value of one column, order kept."""
    groups: dict[Any, list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row[key], []).append(row)
    return groups
