"""The database's schema: brought up to date at start, by whichever process comes first.

A whole upgrade is one transaction on both databases. On PostgreSQL an advisory lock lets one process through at a
time; on SQLite the transaction begins IMMEDIATE (see ledger.session), so the second waits for the first and then
finds nothing to do.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Engine

from ledger.session import make_engine

_LOCK = 0x4166_7465_7263_6172  # any number that nobody else locks: "Aftercar"


def upgrade(target: Engine | str, revision: str = "head") -> None:
    """Bring the schema up to date; a SQLite file and its folder are created. Does nothing when it is current."""
    with _engine(target) as engine:
        _make_folder(engine)
        if revision == "head" and is_current(engine):
            return
        with _migrating(engine) as config:
            command.upgrade(config, revision)


def downgrade(target: Engine | str, revision: str = "base") -> None:
    """Take migrations back. `base` drops every table with all that is in it."""
    with _engine(target) as engine, _migrating(engine) as config:
        command.downgrade(config, revision)


def current_revision(engine: Engine) -> str | None:
    """The revision that the database is at; none when it has never been migrated."""
    with engine.execution_options(read_only=True).connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def is_current(engine: Engine) -> bool:
    """Whether the database is what this version of the program expects."""
    return current_revision(engine) == ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


@contextmanager
def _engine(target: Engine | str) -> Iterator[Engine]:
    if isinstance(target, Engine):
        yield target
        return
    engine = make_engine(target)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def _migrating(engine: Engine) -> Iterator[Config]:
    """One transaction that nobody else migrates beside."""
    config = _config()
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        config.attributes["connection"] = connection
        yield config


def _make_folder(engine: Engine) -> None:
    path = engine.url.database
    if engine.dialect.name == "sqlite" and path and path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
