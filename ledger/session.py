"""Engines for both databases.

SQLite: WAL, `synchronous=FULL`, one writer; every writing transaction begins IMMEDIATE so that it never fails
half-way for a lock. PostgreSQL: read committed, row locks where the code asks for them.
"""

import random
from collections.abc import Callable
from time import sleep
from typing import Any, TypeVar

import orjson
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlmodel import Session

BUSY_TIMEOUT_MS = 5_000
COLLISIONS = 6  # tries of a transaction that another one keeps getting in the way of
T = TypeVar("T")
JSON: dict[str, Any] = {
    "json_serializer": lambda value: orjson.dumps(value).decode(),
    "json_deserializer": orjson.loads,
}
# A server or a network that falls silent is noticed within half a minute, not after hours. In libpq's words; whoever
# writes one of them into the address is obeyed.
_NOTICE_SILENCE = {
    "connect_timeout": 5,  # seconds, as the next
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,  # milliseconds
}


def make_engine(url: str) -> Engine:
    """Build the engine for `sqlite:///…` or `postgresql+psycopg://…`.

    `hide_parameters` keeps values out of error messages, which end in run logs.
    """
    options: dict[str, Any] = {"hide_parameters": True, **JSON}
    if url.startswith("sqlite"):
        engine = sa.create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000}, **options)
        _tune_sqlite(engine)
        return engine
    given = sa.make_url(url).query
    noticing = {name: value for name, value in _NOTICE_SILENCE.items() if name not in given}
    engine = sa.create_engine(url, pool_size=8, max_overflow=8, pool_pre_ping=True, connect_args=noticing, **options)
    event.listen(engine, "handle_error", _without_values)
    return engine


def _without_values(context: Any) -> None:
    """PostgreSQL explains an error with the values of the row in further lines, past `hide_parameters`."""
    for error in (context.original_exception, context.sqlalchemy_exception):
        if error is not None and error.args:
            error.args = (str(error.args[0]).partition("\n")[0], *error.args[1:])


def _tune_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        cursor.execute("PRAGMA cache_size=-16384")  # KiB a connection; the system caches the file too
        cursor.close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: sa.Connection) -> None:
        options = connection.get_execution_options()
        if options.get("read_only"):
            connection.exec_driver_sql("BEGIN")
        elif take_turn := options.get("take_turn"):
            take_turn(connection)  # waits for the writer's lock in its own way, and begins
        else:
            connection.exec_driver_sql("BEGIN IMMEDIATE")


def writing(engine: Engine) -> Session:
    """A session whose transaction may write."""
    return Session(engine, expire_on_commit=False)


def reading(engine: Engine) -> Session:
    """A session that only reads: on SQLite it does not wait for the writer."""
    return Session(engine.execution_options(read_only=True), expire_on_commit=False)


def said_by(error: sa.exc.DBAPIError) -> str:
    """The first line of the database's own words."""
    return str(error.orig).strip().partition("\n")[0]


def what_is_wrong(error: sa.exc.DBAPIError) -> str:
    """What ails the database, as the end of a sentence that begins with its name; the mend where there is one."""
    text = said_by(error)
    name = str(getattr(error.orig, "sqlite_errorname", "") or getattr(error.orig, "sqlstate", "") or "")
    if name == "SQLITE_FULL" or name == "53100" or name == "SQLITE_IOERR_WRITE":
        return "has no room on its disk: free some space, work goes on by itself"
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")) or name == "55P03":
        return "is locked by another process for too long: see who holds it; work goes on when it lets go"
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN")):
        return f"cannot be written ({text}): check the owner and rights of its file and folder"
    return f"went away: {text}" if text else "went away"


def gave_way(error: sa.exc.DBAPIError) -> bool:
    """Whether PostgreSQL ended this transaction so that another could go on: a deadlock, or a serialisation failure."""
    return getattr(error.orig, "sqlstate", None) in ("40P01", "40001")


def made_again(transaction: Callable[[], T]) -> T:
    """What the whole transaction returns; one that the database gave up for another's sake did nothing and is made
    again."""
    for tries in range(1, COLLISIONS):
        try:
            return transaction()
        except sa.exc.OperationalError as error:
            if not gave_way(error):
                raise
        sleep(random.uniform(0, 0.05 * tries))
    return transaction()


def is_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"
