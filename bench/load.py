"""Requests at a steady pace, each timed from before its first byte to the moment at which another connection sees what
was asked for. Open loop: a slow request delays no other."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import aiohttp
import sqlalchemy as sa

from bench.processes import BenchError
from bench.wishes import Wish
from config.wiring import Wiring

LOOK_EVERY_S = 0.01
PATIENCE_S = 60.0  # after the last request


@dataclass(frozen=True, slots=True)
class Goal:
    """What is watched. `rows` selects `id` (which is `key`), `state`, `at` (the row's own time of its end, or null) and
    `reasons`; a request is over in one of `ends`, and well when that is `reached`."""

    rows: sa.Select[Any]
    key: sa.ColumnElement[str]
    reached: str
    ends: frozenset[str]


class Asked(Protocol):
    """What a load sends."""

    @property
    def wish(self) -> Wish: ...


A = TypeVar("A", bound=Asked)
Send = Callable[[A], Awaitable[str]]  # returns the id that is watched


@dataclass
class Timed:
    """What became of one request. `sent`: epoch seconds; `took_ms` until it was seen to have ended, `answered_ms`
    until the answer to what was sent, `by_row_ms` by the row's own time (which is taken before its commit)."""

    wish: Wish
    sent: float
    id: str = ""
    state: str = "lost"
    reason: str = ""
    took_ms: float = 0.0
    answered_ms: float = 0.0
    by_row_ms: float = 0.0
    reached: bool = False


class Load(Generic[A]):
    """Sends; `run` returns when all have ended, or `PATIENCE_S` after the last. `send` may raise BenchError and
    aiohttp.ClientError."""

    def __init__(self, wiring: Wiring, goal: Goal, send: Send[A]) -> None:
        self._engine, self._goal, self._to = wiring.engine.execution_options(read_only=True), goal, send
        self._made: list[Timed] = []
        self._open: dict[str, Timed] = {}
        self._all_sent = False

    async def run(self, asked: Sequence[A], per_second: float) -> list[Timed]:
        began = time.perf_counter()
        sending: list[asyncio.Task[None]] = []
        watching = asyncio.create_task(self._watch())
        for number, each in enumerate(asked):
            await asyncio.sleep(max(0.0, began + number / per_second - time.perf_counter()))
            sending.append(asyncio.create_task(self._send(each)))
        await asyncio.gather(*sending)
        self._all_sent = True
        await asyncio.wait([watching], timeout=PATIENCE_S)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        return self._made

    async def _send(self, asked: A) -> None:
        timed = Timed(asked.wish, time.time())
        self._made.append(timed)
        try:
            timed.id = await self._to(asked)
        except (aiohttp.ClientError, BenchError, TimeoutError) as error:
            timed.state, timed.reason = "not taken", str(error)
            return
        timed.answered_ms = 1000 * (time.time() - timed.sent)
        self._open[timed.id] = timed

    async def _watch(self) -> None:
        with self._engine.connect() as connection:
            while self._open or not self._all_sent:
                self._look(connection)
                await asyncio.sleep(LOOK_EVERY_S)

    def _look(self, connection: sa.Connection) -> None:
        if not self._open:
            return
        rows = connection.execute(self._goal.rows.where(self._goal.key.in_(list(self._open)))).all()
        connection.rollback()  # the next look sees what was committed meanwhile
        seen = time.time()
        for row in rows:
            if row.state in self._goal.ends:
                timed = self._open.pop(row.id)
                timed.state, timed.reached = row.state, row.state == self._goal.reached
                timed.reason = str(row.reasons[0].get("code", "")) if row.reasons else ""
                timed.took_ms = 1000 * (seen - timed.sent)
                timed.by_row_ms = 1000 * (row.at.timestamp() - timed.sent) if row.at else 0.0
