"""A backup becomes the ledger again, on either database: whole or not at all, and made safe before anybody works.

SQLite: a copy of the file is migrated and made safe beside the ledger and then takes its name; the ledger that stood
there is kept beside it. PostgreSQL: everything happens in one transaction.
"""

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session, SQLModel

from ledger import schema
from ledger.backup import SEAL, BackupError, Progress, Seal, copy_table, nothing, settle_file, sync, verify
from ledger.session import make_engine, writing
from ledger.tables import Effect, InboxEvent, Order
from ledger.tables.base import table_of

T = TypeVar("T")
_OURS = (table_of(Order), table_of(InboxEvent), table_of(Effect))


def restore(
    engine: Engine,
    path: Path,
    make_safe: Callable[[Session, Seal], T],
    *,
    replace: bool = False,
    force: bool = False,
    progress: Progress = nothing,
) -> tuple[Seal, T]:
    """Put a checked backup in the ledger's place; `make_safe` runs in the same transaction or on the same copy.

    Raises: BackupError for a bad file and, unless `replace`, for a ledger with something in it; SchemaError while a
    worker is alive, unless `force`, and for a backup of a newer version.
    """
    seal = verify(path)
    if _is_used(engine) and not replace:
        raise BackupError("the ledger has orders or deliveries already; add --replace to put the backup in its place")
    if not force and _is_readable(engine):
        schema.wait_for_silence(engine, "restore")
    migrated = _migrated_copy(path, _folder_for(engine, path))
    try:
        if engine.dialect.name == "sqlite":
            made = _in_place_of(engine, migrated, lambda session: make_safe(session, seal))
        else:
            made = _into(engine, migrated, lambda session: make_safe(session, seal), progress)
    finally:
        for file in _files_of(migrated):
            file.unlink(missing_ok=True)
    return seal, made


def _is_readable(engine: Engine) -> bool:
    if engine.dialect.name == "sqlite" and not Path(str(engine.url.database)).is_file():
        return False
    try:
        return schema.current_revision(engine) is not None
    except sa.exc.DatabaseError as error:
        if isinstance(error, sa.exc.OperationalError) and engine.dialect.name != "sqlite":
            raise  # the server is away: there is nothing to restore into
        return False


def _is_used(engine: Engine) -> bool:
    """A file that nobody can read counts as used: it may be all that is left."""
    if engine.dialect.name == "sqlite" and not Path(str(engine.url.database)).is_file():
        return False
    if not _is_readable(engine):
        return engine.dialect.name == "sqlite" and Path(str(engine.url.database)).stat().st_size > 0
    known = sa.inspect(engine)
    with engine.execution_options(read_only=True).connect() as connection:
        return any(
            known.has_table(table.name) and connection.execute(sa.select(table.c.id).limit(1)).first() is not None
            for table in _OURS
        )


def _folder_for(engine: Engine, path: Path) -> Path:
    """Where the last rename stays on one file system."""
    return Path(str(engine.url.database)).resolve().parent if engine.dialect.name == "sqlite" else path.resolve().parent


def _migrated_copy(path: Path, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    copy = folder / f".{path.name}.restoring"
    shutil.copyfile(path, copy)
    engine = make_engine(f"sqlite:///{copy}")
    try:
        with engine.begin() as connection:
            connection.execute(sa.text(f"DROP TABLE {SEAL}"))
        schema.upgrade(engine, force=True)  # whoever gave signs of life in it is long gone
    finally:
        engine.dispose()
    return copy


def _in_place_of(engine: Engine, copy: Path, make_safe: Callable[[Session], T]) -> T:
    safe = make_engine(f"sqlite:///{copy}")
    try:
        with writing(safe) as session, session.begin():
            made = make_safe(session)
    finally:
        safe.dispose()
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    ledger = Path(str(engine.url.database))
    sync(copy)
    _set_aside(ledger)
    settle_file(copy, ledger)
    return made


def _set_aside(ledger: Path) -> None:
    """Keep the ledger under a second name of its own until the first one is taken over: where no file is found, the
    next start makes an empty one. Its log leaves the first name: beside another file it would be played into that."""
    names = (ledger.with_name(f"{ledger.name}.replaced-{number}") for number in count(1))
    aside = next(name for name in names if not any(file.exists() for file in _files_of(name)))
    for found, kept in zip(_files_of(ledger), _files_of(aside), strict=True):
        if found == ledger and ledger.exists():
            os.link(ledger, aside)
        elif found.exists():
            found.replace(kept)
    sync(ledger.parent)


def _files_of(ledger: Path) -> list[Path]:
    return [ledger.with_name(ledger.name + end) for end in ("", "-wal", "-shm")]


def _into(engine: Engine, copy: Path, make_safe: Callable[[Session], T], progress: Progress) -> T:
    schema.upgrade(engine, force=True)
    source = make_engine(f"sqlite:///{copy}")
    try:
        with writing(engine) as session, session.begin():
            into = session.connection()
            tables = [SQLModel.metadata.tables[name] for name in sorted(SQLModel.metadata.tables)]
            into.execute(sa.text(f"TRUNCATE {', '.join(_quoted(table) for table in tables)}"))
            with source.execution_options(read_only=True).connect() as connection:
                for table in tables:
                    copy_table(connection, into, table, progress)
            for name, rows in (("claim_token", "claim_counter"), ("audit_event_id_seq", "audit_event")):
                column = "value" if rows == "claim_counter" else "id"
                newest = f"(SELECT greatest(max({column}), 1) FROM {rows})"
                into.execute(sa.text(f"SELECT setval('{name}', {newest})"))
            return make_safe(session)
    finally:
        source.dispose()


def _quoted(table: sa.Table) -> str:
    return f'"{table.name}"'
