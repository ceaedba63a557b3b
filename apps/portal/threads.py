"""Where customers' pages are read and written: in few threads of their own, so that webhooks never wait for them."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlmodel import Session

from apps.receiver.answers import Refusal
from apps.receiver.transactions import Transactions
from config.wiring import Wiring

T = TypeVar("T")
THREADS = 2  # a page is mostly our own program's time, of which one thread at a time gets any
MOST_WAITING = 100


class Threads:
    """At most `MOST_WAITING` pages at once; whoever comes then is asked to come again."""

    def __init__(self, wiring: Wiring, transactions: Transactions) -> None:
        self._wiring, self._transactions = wiring, transactions
        self._pool = ThreadPoolExecutor(THREADS, "portal")
        self._under_way = 0

    def close(self) -> None:
        self._pool.shutdown()

    async def read(self, function: Callable[[Session], T]) -> T:
        """A transaction that only reads, with the page that is made of it. Raises: Refusal (busy)."""
        return await self.call(lambda: self._wiring.read(function))

    def write(self, function: Callable[[Session], T]) -> T:
        """A short writing transaction, in the thread that calls it. Requests of customers do not go this way but into
        the inbox, by `GroupWriter`."""
        return self._transactions.run(function)

    async def call(self, call: Callable[[], T]) -> T:
        """Anything else that takes a while: rendering, a look at the clock. Raises: Refusal (busy)."""
        if self._under_way >= MOST_WAITING:
            raise Refusal("busy")
        self._under_way += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, call)
        finally:
            self._under_way -= 1
