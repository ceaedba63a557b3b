"""A disk that is full, and a database that somebody else has locked, for SQLite."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.pool import Pool

_PLENTY = 2**30


class Disk:
    """Room for so many further pages of 4 kB in the file; every connection of this process keeps to it."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._pages = _PLENTY

    def leave(self, pages: int) -> None:
        with closing(sqlite3.connect(self._file)) as connection:
            [(used,)] = connection.execute("PRAGMA page_count").fetchall()
        self._pages = used + pages

    def free(self) -> None:
        self._pages = _PLENTY

    def checked_out(self, connection: Any, _record: Any, _proxy: Any) -> None:
        connection.execute(f"PRAGMA max_page_count={self._pages}")


@contextmanager
def disk(url: str) -> Iterator[Disk]:
    """The disk under a database of this process."""
    made = Disk(file_of(url))
    event.listen(Pool, "checkout", made.checked_out)
    try:
        yield made
    finally:
        event.remove(Pool, "checkout", made.checked_out)
        made.free()


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Another process holds SQLite's writer."""
    with closing(sqlite3.connect(file_of(url))) as rival:
        rival.isolation_level = None
        rival.execute("BEGIN IMMEDIATE")
        yield
        rival.execute("ROLLBACK")


def file_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))
