"""The database's schema: brought up to date at start, by whichever process comes first.

A whole upgrade is one transaction on both databases. On PostgreSQL an advisory lock lets one process through at a
time; on SQLite the transaction begins IMMEDIATE (see ledger.session), so the second waits for the first and then
finds nothing to do. Nobody migrates under workers that are alive, and a program refuses a ledger that is older or
newer than itself.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from time import monotonic, sleep

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Engine

from ledger.heartbeats import SILENT_S, Sign, last_sign
from ledger.session import make_engine, reading

_LOCK = 0x4166_7465_7263_6172  # any number that nobody else locks: "Aftercar"
LOCK_TIMEOUT_S = 30  # PostgreSQL: how long a migration waits for whoever uses a table
LOOK_AGAIN_S = 0.2


class SchemaError(Exception):
    """The ledger cannot be used or migrated as it stands; the message says why and the mend."""


def upgrade(target: Engine | str, revision: str = "head", *, force: bool = False) -> None:
    """Bring the schema up to date; a SQLite file and its folder are created. Does nothing when it is current.

    Raises: SchemaError for a ledger of a newer version, and while a worker is alive on it, unless `force`.
    """
    with _engine(target) as engine:
        _make_folder(engine)
        if revision == "head":
            if is_current(engine):
                return
            _refuse_newer(engine)
        if not force:
            wait_for_silence(engine, "migrate")
        with _migrating(engine) as config:
            command.upgrade(config, revision)


def check(engine: Engine) -> str:
    """The revision that this program and the ledger share. Raises: SchemaError when they do not."""
    found = current_revision(engine)
    if found == head():
        return found
    if found is None:
        raise SchemaError(f"{_place(engine)} has not been set up; run `aftercart migrate`")
    _refuse_newer(engine)
    raise SchemaError(f"{_place(engine)} is at the older revision {found}; stop all workers, run `aftercart migrate`")


def _refuse_newer(engine: Engine) -> None:
    found = current_revision(engine)
    if found is not None and not is_known(found):
        raise SchemaError(
            f"{_place(engine)} is at revision {found}, which a newer version of this program has made; update this one"
        )


def wait_for_silence(engine: Engine, what: str) -> None:
    """Wait until no worker can be alive on this ledger: who ended some seconds ago looks like one who works.

    Raises: SchemaError as soon as one gives a sign of life.
    """
    first = _last_sign(engine)
    patience = monotonic() + SILENT_S
    while first is not None and first.age_s < SILENT_S and monotonic() < patience:
        sleep(LOOK_AGAIN_S)
        now = _last_sign(engine)
        if now is not None and now.at != first.at:
            raise SchemaError(
                f"cannot {what}: {now.name} is at work on {_place(engine)}; stop it (Ctrl-C ends `aftercart up`) first"
            )
        if now is None or now.age_s >= SILENT_S:
            return


def _last_sign(engine: Engine) -> Sign | None:
    if not sa.inspect(engine).has_table("heartbeat"):
        return None
    with reading(engine) as session:
        return last_sign(session)


def _place(engine: Engine) -> str:
    return f"the database {engine.url.render_as_string(hide_password=True)}"


def downgrade(target: Engine | str, revision: str = "base") -> None:
    """Take migrations back. `base` drops every table with all that is in it."""
    with _engine(target) as engine, _migrating(engine) as config:
        command.downgrade(config, revision)


def current_revision(engine: Engine) -> str | None:
    """The revision that the database is at; none when it has never been migrated."""
    with engine.execution_options(read_only=True).connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def is_current(engine: Engine) -> bool:
    """Whether the database is what this version of the program expects."""
    return current_revision(engine) == head()


@cache
def head() -> str:
    """The revision that this version of the program expects."""
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    assert newest is not None
    return newest


def is_known(revision: str) -> bool:
    """Whether this version of the program has heard of the revision: a newer one's it has not."""
    return revision in {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}


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
            connection.execute(sa.text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT_S}s'"))
        config.attributes["connection"] = connection
        yield config


def _make_folder(engine: Engine) -> None:
    path = engine.url.database
    if engine.dialect.name == "sqlite" and path and path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
