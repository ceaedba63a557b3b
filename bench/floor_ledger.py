"""Row writes of the floor: raw drivers, the product's rows by number and bytes, at the product's durability."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

import psycopg

Statement = tuple[str, list[tuple[Any, ...]]]


class Table(NamedTuple):
    """So many rows of so many bytes for each order, written when the order has come to `phase`."""

    name: str
    phase: str
    rows: int
    size: int


@dataclass
class _Waiting:
    statements: Sequence[Statement]
    written: asyncio.Future[None]


class Ledger:
    """One writing thread; what waits is written in one transaction, and each waits for its commit."""

    def __init__(self, url: str, tables: Sequence[Table]) -> None:
        self._tables = tables
        self._thread = ThreadPoolExecutor(1)
        self._sqlite = url.startswith("sqlite")
        self._connection = self._thread.submit(self._connect, url).result()
        self._waiting: list[_Waiting] = []
        self._arrived = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._run())

    def _connect(self, url: str) -> Any:
        connection: Any
        if self._sqlite:
            connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-65536"):
                connection.execute(f"PRAGMA {pragma}")
        else:
            connection = psycopg.connect(url, autocommit=True)
        blob = "BLOB" if self._sqlite else "BYTEA"
        for table in self._tables:
            connection.execute(f"CREATE TABLE t_{table.name} (id TEXT PRIMARY KEY, order_id TEXT, content TEXT)")
            connection.execute(f"CREATE INDEX i_{table.name} ON t_{table.name} (order_id)")
        connection.execute(f"CREATE TABLE t_inbox (id TEXT PRIMARY KEY, topic TEXT, subject TEXT, body {blob})")
        connection.execute("CREATE INDEX i_inbox ON t_inbox (subject)")
        return connection

    async def keep(self, row: tuple[str, str, str, bytes]) -> None:
        """Store a webhook; returns when it is committed."""
        await self._write([(self._insert("inbox", 4, "ON CONFLICT DO NOTHING"), [row])])

    async def keep_orders(self, phase: str, orders: Sequence[str]) -> None:
        """Write what the product's ledger holds of these orders after this phase; returns after the commit."""
        statements = []
        for table in self._tables:
            if table.phase == phase:
                content = "x" * max(table.size - 60, 1)
                rows = [
                    (f"{order}:{number}", order, content) for order in orders for number in range(1, table.rows + 1)
                ]
                statements.append((self._insert(table.name, 3), rows))
        await self._write(statements)

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.get_running_loop().run_in_executor(self._thread, self._connection.close)
        self._thread.shutdown()

    def _insert(self, table: str, columns: int, more: str = "") -> str:
        marks = ", ".join(["?" if self._sqlite else "%s"] * columns)
        return f"INSERT INTO t_{table} VALUES ({marks}) {more}"

    async def _write(self, statements: Sequence[Statement]) -> None:
        entry = _Waiting(statements, asyncio.get_running_loop().create_future())
        self._waiting.append(entry)
        self._arrived.set()
        await entry.written

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            group, self._waiting = self._waiting, []
            await loop.run_in_executor(self._thread, self._commit, [s for entry in group for s in entry.statements])
            for entry in group:
                entry.written.set_result(None)

    def _commit(self, statements: Sequence[Statement]) -> None:
        merged: dict[str, list[tuple[Any, ...]]] = {}
        for statement, rows in statements:
            merged.setdefault(statement, []).extend(rows)
        execute: Callable[..., Any] = self._connection.execute
        execute("BEGIN IMMEDIATE" if self._sqlite else "BEGIN")
        many = self._connection if self._sqlite else self._connection.cursor()
        for statement, rows in merged.items():
            many.executemany(statement, rows)
        execute("COMMIT")
