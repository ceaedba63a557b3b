"""How fast one account of a vendor is asked in bulk: turns, so many side by side and so many a second."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Self


class Pace:
    """Belongs to one event loop. Without `per_second` only `at_once` holds a call back."""

    def __init__(
        self,
        *,
        at_once: int,
        per_second: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.at_once = at_once
        self._every_s = 1 / per_second if per_second else 0.0
        self._next = 0.0
        self._clock = clock
        self._sleep = sleep
        self._gate = asyncio.Semaphore(at_once)

    @classmethod
    def leaving(cls, reserved: float, *, at_once: int, per_second: float | None = None, in_a_turn: int = 1) -> Self:
        """What is left of a vendor's limits when the share `reserved` of both is for others. `in_a_turn`: calls that
        one turn makes side by side. One turn at a time at least."""
        places = int(at_once * (1 - reserved)) // in_a_turn
        rate = None if per_second is None else per_second * (1 - reserved)
        return cls(at_once=max(1, places), per_second=rate)

    @asynccontextmanager
    async def turn(self, calls: int = 1) -> AsyncIterator[None]:
        """Wait for a turn of so many calls, and keep one of `at_once` places for the length of the block. Turns are
        spread evenly: a pause is not made up for by a burst, which a vendor would count as too many."""
        async with self._gate:
            if self._every_s:
                now = self._clock()
                mine = max(now, self._next)
                self._next = mine + self._every_s * calls
                if mine > now:
                    await self._sleep(mine - now)
            yield
