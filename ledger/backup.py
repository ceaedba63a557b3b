"""One file with the whole ledger, taken while everything runs.

The file is a SQLite ledger of its own, whichever database it comes from: SQLite is copied page by page by its online
backup, PostgreSQL row by row out of one snapshot. A table of its own, the seal, says when it was taken, at which
revision, and how many rows with which digest each table has; nothing is believed before it has been checked.
"""

import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from ledger import schema
from ledger.session import make_engine
from ledger.tables import UtcDateTime

SEAL = "backup_seal"
ROWS_AT_ONCE = 1_000
Progress = Callable[[str, int], None]


class BackupError(Exception):
    """The file or the ledger cannot be used for this; the message says why and the mend."""


@dataclass(frozen=True, slots=True)
class Seal:
    """What a backup says of itself. `taken_at` is real time, `product_time` the product's clock at that moment."""

    taken_at: datetime
    product_time: datetime
    revision: str
    source: str  # sqlite or postgresql
    tables: Mapping[str, tuple[int, str]]  # name -> rows, digest of their content

    @property
    def rows(self) -> int:
        return sum(count for count, _ in self.tables.values())


def nothing(_table: str, _rows: int) -> None:
    """Progress that nobody watches."""


def take(
    engine: Engine, path: Path, *, taken_at: datetime, product_time: datetime, progress: Progress = nothing
) -> Seal:
    """Write a checked backup; the file appears whole or not at all. Raises: BackupError."""
    revision = schema.current_revision(engine)
    if revision is None:
        raise BackupError("there is no ledger to back up; run `aftercart migrate` first")
    path.parent.mkdir(parents=True, exist_ok=True)
    with _beside(path) as making:
        if engine.dialect.name == "sqlite":
            _copy_pages(engine, making)
        else:
            _copy_rows(engine, making, revision, progress)
        tables = _digests(making)
        seal = Seal(taken_at, product_time, revision, engine.dialect.name, tables)
        _write_seal(making, seal)
        _check(making)
        settle_file(making, path)
    return seal


def read_seal(path: Path) -> Seal:
    """What the file says of itself, not checked yet. Raises: BackupError when it is no backup."""
    if not path.is_file():
        raise BackupError(f"{path} is not there")
    try:
        with closing(_connect(path, "ro")) as connection:
            [(text,)] = connection.execute(f"SELECT said FROM {SEAL}").fetchall()
        said = orjson.loads(text)
        return Seal(
            datetime.fromisoformat(said["taken_at"]),
            datetime.fromisoformat(said["product_time"]),
            said["revision"],
            said["source"],
            {name: (count, digest) for name, (count, digest) in said["tables"].items()},
        )
    except (sqlite3.DatabaseError, ValueError, KeyError, TypeError):
        raise BackupError(f"{path} is not a backup of this program, or it is damaged at its beginning") from None


def verify(path: Path) -> Seal:
    """Prove that the file is whole and as it was sealed. Raises: BackupError."""
    seal = read_seal(path)
    if not schema.is_known(seal.revision):
        raise BackupError(f"{path} is of revision {seal.revision}, made by a newer version; update this program first")
    try:
        _check(path)
        found = _digests(path)
    except sqlite3.DatabaseError as error:
        raise BackupError(f"{path} is damaged: {error}") from None
    wrong = sorted(name for name in found.keys() | seal.tables.keys() if found.get(name) != seal.tables.get(name))
    if wrong:
        raise BackupError(f"{path} is damaged: it is not as it was sealed in {', '.join(wrong)}")
    return seal


def settle_file(making: Path, path: Path) -> None:
    """Put a finished file in its place: on the disk before it is seen, and seen whole."""
    sync(making)
    os.replace(making, path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Whatever happens next, this file, or the names in this folder, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A name in the same folder to write under; nothing stays of it."""
    making = path.with_name(f".{path.name}.{os.getpid()}.making")
    try:
        yield making
    finally:
        for end in ("", "-wal", "-shm", "-journal"):
            making.with_name(making.name + end).unlink(missing_ok=True)


def _connect(path: Path, mode: str = "rwc") -> sqlite3.Connection:
    return sqlite3.connect(f"file:{path}?mode={mode}", uri=True, isolation_level=None)


def _copy_pages(engine: Engine, making: Path) -> None:
    """In one step: readers and the writer go on meanwhile, and the copy is of one moment."""
    with closing(_connect(making)) as copy:
        with closing(sqlite3.connect(str(engine.url.database))) as source:
            source.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, no log beside it


def _copy_rows(engine: Engine, making: Path, revision: str, progress: Progress) -> None:
    """Out of one snapshot; the file's tables are made by the same migrations."""
    copy = make_engine(f"sqlite:///{making}")
    try:
        schema.upgrade(copy, revision)
        with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
            connection.execute(sa.text("SET TRANSACTION READ ONLY"))
            with copy.begin() as into:
                for table in _tables_of(connection):
                    into.execute(sa.delete(table))
                    copy_table(connection, into, table, progress)
                token = connection.execute(sa.text("SELECT last_value FROM claim_token")).scalar_one()
                into.execute(sa.text("UPDATE claim_counter SET value = :token"), {"token": token})
    finally:
        copy.dispose()
    with closing(_connect(making)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")


def _tables_of(connection: sa.Connection) -> list[sa.Table]:
    """The ledger's tables as they are there, whatever the revision; types that both databases read alike."""
    found = sa.MetaData()

    def plain(_inspector: object, _table: str, column: dict[str, Any]) -> None:
        kind = column["type"].as_generic()
        column["type"] = UtcDateTime() if isinstance(kind, sa.DateTime) else kind

    for name in sorted(sa.inspect(connection).get_table_names()):
        if name not in ("alembic_version", SEAL):
            sa.Table(name, found, autoload_with=connection, listeners=[("column_reflect", plain)])
    return [found.tables[name] for name in sorted(found.tables)]


def copy_table(source: sa.Connection, into: sa.Connection, table: sa.Table, progress: Progress) -> None:
    """All rows, a thousand at a time."""
    rows = source.execution_options(yield_per=ROWS_AT_ONCE).execute(sa.select(table))
    for part in rows.mappings().partitions(ROWS_AT_ONCE):
        into.execute(sa.insert(table), [dict(row) for row in part])
        progress(table.name, len(part))


def _digests(path: Path) -> dict[str, tuple[int, str]]:
    with closing(_connect(path, "ro")) as connection:
        names = [
            name
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
            if name != SEAL and not name.startswith("sqlite_")
        ]
        return {name: _digest(connection, name) for name in names}


def _digest(connection: sqlite3.Connection, name: str) -> tuple[int, str]:
    total, digest = 0, hashlib.sha256()
    cursor = connection.execute(f'SELECT * FROM "{name}" ORDER BY rowid')
    while rows := cursor.fetchmany(ROWS_AT_ONCE):
        total += len(rows)
        digest.update(repr(rows).encode())
    return total, digest.hexdigest()


def _check(path: Path) -> None:
    with closing(_connect(path, "ro")) as connection:
        [(found,), *_] = connection.execute("PRAGMA integrity_check(1)").fetchall()
    if found != "ok":
        raise BackupError(f"{path} is damaged: {found}")


def _write_seal(path: Path, seal: Seal) -> None:
    said = {
        "taken_at": seal.taken_at.astimezone(UTC).isoformat(),
        "product_time": seal.product_time.astimezone(UTC).isoformat(),
        "revision": seal.revision,
        "source": seal.source,
        "tables": seal.tables,
    }
    with closing(_connect(path)) as connection:
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(f"DROP TABLE IF EXISTS {SEAL}")
        connection.execute(f"CREATE TABLE {SEAL} (said TEXT NOT NULL)")
        connection.execute(f"INSERT INTO {SEAL} VALUES (?)", (orjson.dumps(said).decode(),))
