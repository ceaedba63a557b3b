"""The whole product with its request runner, customers who order all the while, and one load played on it."""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from bench.figures import figures
from bench.load import Asked, Goal, Load, Send, Timed
from bench.ours import Product
from bench.processes import BenchError, Child
from bench.wishes import long_ago
from config.settings import Settings
from config.wiring import Wiring

EDIT_WINDOW = "45 min"  # as shipped
READY_WITHIN_S = 300.0
RUNNER_UP_S = 60.0
FIRST_OF_BULK = 1_000_000  # numbers of bulk customers: nobody's order of the load
SETTLES_S = 5.0  # that the bulk has been running when the first request comes
_QUIET = (
    "SELECT count(*) FROM inbox_event WHERE handled_at IS NULL",
    "SELECT count(*) FROM effect WHERE state NOT IN ('done', 'cancelled')",
    "SELECT count(*) FROM work WHERE lease_until IS NOT NULL",
)
A = TypeVar("A", bound=Asked)
T = TypeVar("T")
Row = dict[str, Any]
# Opens a way to the product: what is sent, and how one is sent.
Prepare = Callable[[Wiring], AbstractAsyncContextManager[tuple[Sequence[A], Send[A]]]]


@dataclass(frozen=True, slots=True)
class Pace:
    """One load. `bulk`: new orders a second beside it."""

    name: str
    per_second: float
    seconds: float
    bulk: float = 0.0

    @property
    def requests(self) -> int:
        return round(self.per_second * self.seconds)


@contextmanager
def runner_of(product: Product, folder: Path) -> Iterator[Child]:
    """`aftercart requests` for this product."""
    ready = folder / "ready-requests"
    ready.unlink(missing_ok=True)
    child = Child("requests", ["-m", "apps.requests", "--ready", str(ready)], folder / "requests.log", product.env)
    try:
        child.wait_for(ready.exists, seconds=RUNNER_UP_S)
        yield child
    finally:
        child.stop()


def wiring_of(product: Product) -> Wiring:
    """The product's own settings, for whoever stores requests and looks at them."""
    given = {name.removeprefix("AFTERCART_").lower(): value for name, value in product.env.items()}
    return Wiring(Settings.model_validate(given))


def once_quiet(product: Product, what: str, find: Callable[[], T | None]) -> T:
    """What `find` finds, when nothing is under way any more. Raises: BenchError."""
    ends = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < ends:
        found = find()
        if found is not None and not any(product.count(statement) for statement in _QUIET):
            return found
        time.sleep(0.5)
    raise BenchError(f"{what} did not get ready:\n{product.workers[0].last_words()}")


@asynccontextmanager
async def bulk(product: Product, per_second: float) -> AsyncIterator[list[int]]:
    """Customers who order all the while; yields how many have."""
    bought = [0]

    async def buy() -> None:
        began = time.perf_counter()
        for second in range(3_600):
            await asyncio.sleep(max(0.0, began + second - time.perf_counter()))
            wanted = round(per_second * (second + 1)) - bought[0]
            number = FIRST_OF_BULK + int(time.time() * 1000) % 100_000_000
            await asyncio.to_thread(product.vendors.buy, wanted, first=number, created_at=long_ago())
            bought[0] += wanted

    buying = asyncio.create_task(buy()) if per_second else None
    try:
        yield bought
    finally:
        if buying is not None:
            buying.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await buying


def play(product: Product, runner: Child, pace: Pace, goal: Goal, prepare: Prepare[A]) -> tuple[Row, list[Timed]]:
    """One load: its figures, and what became of each request."""
    began, cpu = time.perf_counter(), runner.cpu_s()
    made, bought = asyncio.run(_play(product, pace, goal, prepare))
    row = {
        "name": pace.name,
        "per_second": pace.per_second,
        "seconds": pace.seconds,
        "bulk_per_s": pace.bulk,
        "bulk_orders": bought,
        **figures(made),
        "runner_cpu_ms_per_request": round(1000 * (runner.cpu_s() - cpu) / max(1, len(made)), 1),
        "took_s": round(time.perf_counter() - began, 1),
        "load_average": round(os.getloadavg()[0], 1),
    }
    return row, made


async def _play(product: Product, pace: Pace, goal: Goal, prepare: Prepare[A]) -> tuple[list[Timed], int]:
    wiring = wiring_of(product)
    try:
        async with prepare(wiring) as (asked, send), bulk(product, pace.bulk) as bought:
            await asyncio.sleep(SETTLES_S if pace.bulk else 0)
            return await Load(wiring, goal, send).run(asked, pace.per_second), bought[0]
    finally:
        wiring.engine.dispose()
