"""What all tasks share: transactions, leases that are kept alive, chunks worked on side by side, reports."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from time import perf_counter
from typing import Any, Concatenate, ParamSpec, TypeVar

import sqlalchemy as sa
from sqlmodel import Session

from config import wiring
from connectors.errors import Retryable
from ledger.claims import Lease, renew
from ledger.tables import Claimable

P = ParamSpec("P")
T = TypeVar("T")
X = TypeVar("X")
logger = logging.getLogger(__name__)
RENEWALS = 4  # within the length of a lease
CHUNK_WORKERS = 4


async def in_ledger(function: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
    """One whole transaction, in a worker thread."""
    return await wiring.current().in_ledger(function, *args, **kwargs)


async def read_ledger(function: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
    """A transaction that only reads, in a worker thread: on SQLite it waits for no writer."""
    return await asyncio.to_thread(partial(wiring.current().read, function, *args, **kwargs))


@dataclass(slots=True)
class Held:
    """Rows that a claim holds. `until` is when others may take them, in real time."""

    until: datetime

    @property
    def lapsed(self) -> bool:
        """Stopped or cut off from the ledger for so long that somebody else may be at it, or told so."""
        return wiring.current().real_now() >= self.until


@asynccontextmanager
async def kept(
    model: type[Claimable], ids: Sequence[str], token: int, *, until: datetime | None = None
) -> AsyncIterator[Held]:
    """Renew the lease of these rows every few seconds while the block runs: a slow vendor is not a dead worker.
    `until` is the lease's end where the caller asks whether it has lapsed."""
    held = Held(until or datetime.max.replace(tzinfo=UTC))
    keeper = asyncio.create_task(_renew(model, list(ids), token, held))
    try:
        yield held
    finally:
        keeper.cancel()


async def _renew(model: type[Claimable], ids: list[str], token: int, held: Held) -> None:
    length = timedelta(seconds=wiring.current().settings.lease_s)
    while True:
        await asyncio.sleep(length.total_seconds() / RENEWALS)
        real_now = wiring.current().real_now()
        with suppress(sa.exc.OperationalError):  # a moment's absence of the database must not end the renewing
            whole = await in_ledger(renew, model, ids, Lease(token, real_now), real_now=real_now)
            held.until = real_now + length if whole else real_now


@dataclass(frozen=True, slots=True)
class Line:
    """What became of one subject in a batch. Nothing personal: numbers, ids and codes."""

    name: str
    order_id: str
    outcome: str
    reason: str = ""


@dataclass
class Report:
    """What one stage did in one pass."""

    stage: str
    lines: list[Line] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, name: str, order_id: str, outcome: str, reason: str = "") -> None:
        self.lines.append(Line(name, order_id, outcome, reason))

    @property
    def counts(self) -> Mapping[str, int]:
        counts: dict[str, int] = {}
        for line in self.lines:
            counts[line.outcome] = counts.get(line.outcome, 0) + 1
        return counts


async def work_off(
    stage: str,
    step: Callable[[Report, int], Awaitable[int]],
    *,
    limit: int,
    chunk: int,
    workers: int = CHUNK_WORKERS,
) -> Report:
    """Let a few workers take chunks until nothing is due or `limit` subjects are through.

    `step(report, size)` claims and finishes up to `size` subjects and returns how many it took.
    """
    report = Report(stage)
    left = limit
    started = perf_counter()

    async def worker() -> None:
        nonlocal left
        while left > 0:
            size = min(chunk, left)
            left -= size
            taken = await step(report, size)
            left += size - taken
            if taken < size:
                return

    results = await asyncio.gather(*(worker() for _ in range(workers)), return_exceptions=True)
    report.seconds = perf_counter() - started
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return report


def is_retryable(_task: Any, _run: Any, state: Any) -> bool:
    """Prefect's retry condition: only what surely did nothing is worth another try of the whole batch."""
    failure = state.result(raise_on_failure=False)
    return isinstance(failure, Retryable | ConnectionError) or type(failure).__name__ == "OperationalError"


async def each(function: Callable[[X], Awaitable[T]], items: Iterable[X], *, at_once: int) -> list[T]:
    """Call it for each item side by side, at most so many at once; results in order."""
    gate = asyncio.Semaphore(at_once)

    async def one(item: X) -> T:
        async with gate:
            return await function(item)

    return list(await asyncio.gather(*(one(item) for item in items)))


def place_of(failure: BaseException) -> str:
    """Module and line where it happened: enough to find it, without any value."""
    trace = failure.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}" if trace else ""
