"""Migrations: up and down on both databases, the same as the models, once however many processes start."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.engine import Engine
from sqlmodel import SQLModel

from config.wiring import engine_url
from ledger import schema
from ledger.session import make_engine
from ledger.tables import Clock
from ledger.tables.base import table_of
from tests.support.databases import Postgres, Sqlite
from tests.support.shared import ROOT
from tests.support.waiting import PATIENCE_S


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty_url(request: pytest.FixtureRequest) -> Iterator[str]:
    server: Postgres | Sqlite = request.getfixturevalue(request.param)
    with server.database(migrated=False) as url:
        yield engine_url(url)


@pytest.fixture
def engine(empty_url: str) -> Iterator[Engine]:
    engine = make_engine(empty_url)
    yield engine
    engine.dispose()


def tables(engine: Engine) -> set[str]:
    return set(sa.inspect(engine).get_table_names()) - {"alembic_version"}


def indexes(engine: Engine) -> set[str]:
    """Definitions of all indexes, with their conditions."""
    statement = (
        "SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        if engine.dialect.name == "sqlite"
        else "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
    )
    with engine.connect() as connection:
        return {" ".join(text.split()) for text in connection.execute(sa.text(statement)).scalars()}


def test_upgrade_downgrade_and_upgrade_again(engine: Engine) -> None:
    for _ in range(2):
        assert not schema.is_current(engine)

        schema.upgrade(engine)

        assert schema.is_current(engine)
        assert tables(engine) == set(SQLModel.metadata.tables)
        schema.downgrade(engine)
        assert tables(engine) == set()
        assert schema.current_revision(engine) is None


def test_upgraded_schema_is_that_of_the_models(engine: Engine) -> None:
    schema.upgrade(engine)

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, SQLModel.metadata) == []


def test_partial_indexes_are_those_of_the_models(engine: Engine) -> None:
    schema.upgrade(engine)
    migrated = indexes(engine)
    schema.downgrade(engine)
    SQLModel.metadata.create_all(engine)

    assert indexes(engine) == migrated


def test_upgrade_of_a_current_schema_touches_nothing(engine: Engine) -> None:
    schema.upgrade(engine)
    with engine.begin() as connection:
        connection.execute(sa.update(table_of(Clock)).values(offset_s=7.0))

    schema.upgrade(engine)

    with engine.connect() as connection:
        assert connection.execute(sa.select(table_of(Clock).c.offset_s)).scalars().all() == [7.0]


def test_processes_that_start_at_once_migrate_once(empty_url: str, engine: Engine) -> None:
    code = "import sys; from ledger import schema; sys.stdin.read(1); schema.upgrade(sys.argv[1])"
    command = [sys.executable, "-W", "error", "-c", code, empty_url]
    processes = [subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE) for _ in range(4)]
    for process in processes:  # all are importing; let them go together
        assert process.stdin is not None
        process.stdin.close()

    assert [process.wait(timeout=PATIENCE_S) for process in processes] == [0] * 4
    assert schema.is_current(engine)
    with engine.connect() as connection:
        assert connection.execute(sa.select(table_of(Clock).c.id)).scalars().all() == [1]


def test_upgrade_creates_the_folder_of_a_new_sqlite_file(sqlite: Sqlite, tmp_path: object) -> None:
    url = f"sqlite:///{tmp_path}/var/deeper/ledger.db"

    schema.upgrade(url)

    engine = make_engine(url)
    assert schema.is_current(engine)
    engine.dispose()


def test_upgrade_that_fails_leaves_nothing_behind(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    from alembic.operations import Operations

    def fail(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("disk full")

    monkeypatch.setattr(Operations, "bulk_insert", fail)  # the last step of the first migrations

    with pytest.raises(RuntimeError, match="disk full"):
        schema.upgrade(engine)

    assert tables(engine) == set()
    assert schema.current_revision(engine) is None
