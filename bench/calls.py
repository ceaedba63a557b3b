"""What the sandbox takes for single calls when nothing else is going on."""

import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from bench.wishes import Bought
from config.wiring import Wiring

T = TypeVar("T")


class Calls:
    """Makes each call once per order, and remembers how long it took."""

    def __init__(self) -> None:
        self.took: dict[str, list[float]] = {}

    async def timed(self, name: str, call: Awaitable[T]) -> T:
        began = time.perf_counter()
        made = await call
        self.took.setdefault(name, []).append(1000 * (time.perf_counter() - began))
        return made


async def alone(
    wiring: Wiring, orders: Sequence[Bought], of_one: Callable[[Wiring, Bought, Calls], Awaitable[None]]
) -> dict[str, float]:
    """p50 of each call that `of_one` makes, in milliseconds. The orders are of no use afterwards."""
    calls = Calls()
    try:
        for order in orders:
            await of_one(wiring, order, calls)
    finally:
        await wiring.aclose()
    return {name: round(statistics.median(took), 1) for name, took in calls.took.items()}
