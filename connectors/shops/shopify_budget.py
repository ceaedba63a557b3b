"""Shopify's leaky bucket of query cost, kept per shop and process.

Bulk work leaves a share of the bucket to interactive calls, and slows down before the bucket is empty; the
vendor's own figures correct ours with every answer.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from connectors.errors import Retryable

VENDOR = "shopify"
RESERVED_SHARE = 0.2
LONGEST_WAIT_S = 10.0

_interactive: ContextVar[bool] = ContextVar("shopify_interactive", default=False)


@contextmanager
def interactive() -> Iterator[None]:
    """Calls inside may use the reserved share: somebody is waiting for the answer."""
    token = _interactive.set(True)
    try:
        yield
    finally:
        _interactive.reset(token)


class Throttled(Retryable):
    """The bucket has too little left. Nothing happened at the vendor."""


class CostBudget:
    """One shop's bucket. Unknown until the first answer, and then never waited for in vain."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._maximum = 0.0
        self._available = 0.0
        self._rate = 1.0
        self._at = clock()
        self._in_flight = 0.0
        self._costs: dict[str, float] = {}

    async def acquire(self, operation: str, document: str, guess: float) -> float:
        """Wait until the document is affordable; hand the returned cost to `release` after the answer.

        Raises: Throttled with `after_s` when the wait would be longer than a call should take.
        """
        cost = self._costs.get(document, guess)
        waited = 0.0
        while (wait := self._wait_s(cost)) > 0:
            if waited + wait > LONGEST_WAIT_S:
                raise Throttled(VENDOR, operation, "throttled", wait)
            await self._sleep(wait)
            waited += wait
        self._in_flight += cost
        return cost

    def release(self, cost: float) -> None:
        self._in_flight -= cost

    def learn(self, document: str, cost: dict[str, Any]) -> None:
        """Take `extensions.cost` of an answer."""
        if requested := cost.get("requestedQueryCost"):
            self._costs[document] = float(requested)
        status = cost.get("throttleStatus") or {}
        if "currentlyAvailable" in status:
            self._available = float(status["currentlyAvailable"])
            self._maximum = float(status.get("maximumAvailable") or self._available)
            self._rate = max(float(status.get("restoreRate") or 1), 0.001)
            self._at = self._clock()

    def shortage_s(self, document: str) -> float:
        """Seconds until the bucket affords the document; after a throttled answer."""
        missing = self._costs.get(document, 0.0) - self._now()
        return max(missing / self._rate, 0.1)

    def _now(self) -> float:
        return min(self._maximum, self._available + self._rate * (self._clock() - self._at))

    def _wait_s(self, cost: float) -> float:
        if not self._maximum:
            return 0.0
        reserved = 0.0 if _interactive.get() else RESERVED_SHARE * self._maximum
        # a document larger than what is left beside the reserve must still get its turn
        needed = min(cost + reserved, self._maximum)
        missing = needed + max(self._in_flight, 0.0) - self._now()
        # less than a thousandth of a point is rounding, and would be waited for again and again
        return missing / self._rate if missing > 0.001 else 0.0
