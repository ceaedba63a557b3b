"""Statements that are compiled once: their text, and how values and columns are turned, the same on both databases.

SQLAlchemy names, looks up and binds a statement anew each time it is executed, which costs several times what the
database does for it. The hot paths keep theirs as constants and run them from here, on the driver's own cursor
within the session's transaction:

    _HELD = Prepared(sa.select(table.c.id).where(listed(table.c.id, "ids")))
    _HELD.scalars(session, ids=["a", "b"])
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import psycopg
from sqlalchemy.dialects.sqlite import pysqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.types import TypeDecorator
from sqlmodel import Session

from ledger.session import JSON

# Where a session of one transaction keeps its connection once it has one: looking it up takes longer.
CONNECTION_OF_SESSION = "connection"
Turn = Callable[[Any], Any]
_DIALECTS: dict[str, sa.Dialect] = {
    "sqlite": pysqlite.dialect(**JSON),
    "postgresql": psycopg.dialect(**JSON),  # type: ignore[no-untyped-call]  # this one has no types
}


class Prepared:
    """A Core statement with named parameters (`sa.bindparam`, `listed`). `names`: the columns of an insert."""

    def __init__(self, statement: sa.Executable, names: Sequence[str] = ()) -> None:
        self._statement, self._names = statement, names
        self._forms: dict[str, _Form] = {}

    def run(self, session: Session, /, **values: Any) -> int:
        """Returns the number of rows touched."""
        form, connection = self._form(session)
        return int(_executed(connection, form.text, form.bind(values)).rowcount)

    def many(self, session: Session, rows: Sequence[Mapping[str, Any]]) -> int:
        """Once for each row of values, all with the same keys; returns the number of rows touched."""
        form, connection = self._form(session)
        return int(_executed(connection, form.text, [form.bind(row) for row in rows]).rowcount)

    def rows(self, session: Session, /, **values: Any) -> list[Mapping[str, Any]]:
        """What it selects or returns, by column name."""
        form, connection = self._form(session)
        return form.read(_executed(connection, form.text, form.bind(values)).fetchall())

    def scalars(self, session: Session, /, **values: Any) -> list[Any]:
        """The first column."""
        form, connection = self._form(session)
        return [row[0] for row in _executed(connection, form.text, form.bind(values)).fetchall()]

    def _form(self, session: Session) -> "tuple[_Form, sa.Connection]":
        connection = session.info.get(CONNECTION_OF_SESSION)
        if connection is None:
            connection = session.connection()
            if CONNECTION_OF_SESSION in session.info:
                session.info[CONNECTION_OF_SESSION] = connection
        name = connection.dialect.name
        form = self._forms.get(name)
        if form is None:
            form = self._forms[name] = _Form(self._statement, self._names, _DIALECTS[name])
        return form, connection


def _executed(connection: sa.Connection, text: str, values: Any) -> Any:
    """The cursor after the statement, once or (a list) for each row of values. SQLAlchemy's own execution costs more
    than SQLite's; it is taken where somebody listens to it. Raises: what SQLAlchemy makes of the driver's error."""
    if connection.dispatch.before_cursor_execute or connection.dispatch.after_cursor_execute:
        return connection.exec_driver_sql(text, values)
    cursor = connection.connection.cursor()
    try:
        if isinstance(values, list):
            cursor.executemany(text, values)
        else:
            cursor.execute(text, values)
    except Exception as error:
        # its name, its listeners and what becomes of a lost connection; there is no public way to it
        connection._handle_dbapi_exception(error, text, values, cursor, None)
    return cursor


class _Form:
    """The statement as one database takes it."""

    def __init__(self, statement: sa.Executable, names: Sequence[str], dialect: sa.Dialect) -> None:
        compiled: Any = statement.compile(  # type: ignore[attr-defined]  # every executable of ours is a clause
            dialect=dialect, column_keys=list(names) or None
        )
        binds = {name: bind for bind, name in compiled.bind_names.items()}
        given_later = dict.fromkeys(name for name, bind in binds.items() if bind.required)
        expanded = compiled.construct_expanded_state(given_later)  # each fixed list as one mark for each of its values
        self.text = expanded.statement
        turns: dict[str, Turn] = {
            name: turn
            for name, bind in binds.items()
            if (turn := bind.type.dialect_impl(dialect).bind_processor(dialect)) is not None
        }
        turns |= {n: turn for n, turn in expanded.processors.items() if n not in binds and turn is not None}
        fixed = {n: v for n, v in expanded.parameters.items() if n not in given_later}
        fixed |= {column.key: _default(column) for column in compiled.insert_prefetch}
        self._fixed = {name: turns[name](value) if name in turns else value for name, value in fixed.items()}
        self._turned = [(n, turn) for n, turn in turns.items() if n in given_later and n not in fixed]
        self._order = expanded.positiontup if compiled.positional else None
        self._pick = itemgetter(*self._order) if self._order and len(self._order) > 1 else None
        columns = list(getattr(statement, "exported_columns", ()))
        self._columns = [column.name for column in columns]
        self._reads = [(column.name, turn) for column in columns if (turn := _reader(column.type, dialect)) is not None]

    def bind(self, values: Mapping[str, Any]) -> Any:
        """Values as the driver takes them: by place or by name."""
        given = {**self._fixed, **values}
        for name, turn in self._turned:
            given[name] = turn(given[name])
        if self._order is None:
            return given
        return self._pick(given) if self._pick else tuple(given[name] for name in self._order)

    def read(self, found: Iterable[Sequence[Any]]) -> list[Mapping[str, Any]]:
        columns, reads = self._columns, self._reads
        rows: list[Any] = [dict(zip(columns, row, strict=True)) for row in found]
        for name, turn in reads:
            for row in rows:
                row[name] = turn(row[name])
        return rows


def _reader(kind: sa.types.TypeEngine[Any], dialect: sa.Dialect) -> Turn | None:
    """What makes of a driver's value ours. Numbers with a fraction come as such from both drivers; SQLAlchemy would ask
    for the driver's type code, which is known only once a row was read."""
    return None if isinstance(kind, sa.Float) else kind.dialect_impl(dialect).result_processor(dialect, None)


def _default(column: sa.Column[Any]) -> Any:
    """What a row gets that does not name the column."""
    default: Any = column.default
    return default.arg if default.is_scalar else default.arg(None)


class TextList(TypeDecorator[Sequence[str]]):
    """Any number of texts as one value: a list of marks would be another statement for each number."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> Any:
        return dialect.type_descriptor(sa.Text() if dialect.name == "sqlite" else postgresql.ARRAY(sa.String()))

    def process_bind_param(self, value: Iterable[str] | None, dialect: sa.Dialect) -> Any:
        texts = list(value or ())
        return orjson.dumps(texts).decode() if dialect.name == "sqlite" else texts


class _Listed(sa.ColumnElement[bool]):
    inherit_cache = True
    type = sa.Boolean()

    def __init__(self, column: sa.ColumnElement[Any], values: sa.BindParameter[Any]) -> None:
        self.column, self.values = column, values

    def self_group(self, against: Any = None) -> "_Listed":
        """As it stands: SQLAlchemy would write `(...) = 1` for SQLite, which then reads the whole table."""
        return self


def listed(column: sa.ColumnElement[Any], name: str) -> sa.ColumnElement[bool]:
    """Whether `column` is one of the texts that are given as `name`."""
    return _Listed(column, sa.bindparam(name, type_=TextList(), required=True))


@compiles(_Listed, "sqlite")
def _in_sqlite(element: Any, compiler: Any, **more: Any) -> str:
    values = compiler.process(element.values, **more)
    return f"{compiler.process(element.column, **more)} IN (SELECT value FROM json_each({values}))"


@compiles(_Listed, "postgresql")
def _in_postgresql(element: Any, compiler: Any, **more: Any) -> str:
    return f"{compiler.process(element.column, **more)} = ANY({compiler.process(element.values, **more)})"
