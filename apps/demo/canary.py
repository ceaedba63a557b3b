"""Looks for the customers' markers where nothing personal may be: Prefect's database, logs, columns not listed."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from domain.privacy import personal_columns


def leaks(engine: Engine, folder: Path, markers: Sequence[str]) -> list[str]:
    """Where markers were found: in the ledger outside the columns that may name people, and in any database or
    other file under `folder`, the ledger excepted. Never says what was found beside the marker."""
    ledger = Path(engine.url.database or "").resolve() if engine.dialect.name == "sqlite" else None
    found = list(_in_tables(engine, markers))
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        if ledger is not None and path.resolve().name.startswith(ledger.name):
            continue
        if path.suffix == ".db":
            found += _in_database(path, markers)
        elif not path.name.endswith(("-wal", "-shm")):  # read through their database
            found += [f"{path.name}: {marker}" for marker in _marks(path.read_bytes(), markers)]
    return found


def _marks(content: bytes | str, markers: Sequence[str]) -> list[str]:
    text = content.decode("utf-8", "replace") if isinstance(content, bytes) else content
    text = text.lower()
    return [marker for marker in markers if marker in text]


def _in_tables(engine: Engine, markers: Sequence[str]) -> Iterator[str]:
    allowed = personal_columns()
    tables = sa.MetaData()
    tables.reflect(engine)
    with engine.connect() as connection:
        for table in tables.sorted_tables:
            columns = [column for column in table.c if (table.name, column.name) not in allowed]
            for row in connection.execute(sa.select(*columns)) if columns else ():
                for column, value in zip(columns, row, strict=True):
                    if isinstance(value, str | bytes | list | dict):
                        text = value if isinstance(value, str | bytes) else json.dumps(value, ensure_ascii=False)
                        yield from (f"{table.name}.{column.name}: {marker}" for marker in _marks(text, markers))


def _in_database(path: Path, markers: Sequence[str]) -> Iterator[str]:
    """Every value of every table of an SQLite file."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in names:
            cursor = connection.execute(f'SELECT * FROM "{name}"')
            columns = [column[0] for column in cursor.description]
            for row in cursor:
                for column, value in zip(columns, row, strict=True):
                    if isinstance(value, str | bytes):
                        yield from (f"{path.name} {name}.{column}: {mark}" for mark in _marks(value, markers))
    finally:
        connection.close()
