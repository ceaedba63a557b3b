"""Sends vendors' webhooks at least once, and badly when told to: doubled, late, out of order, lost."""

import asyncio
import contextlib
import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import aiohttp
from multidict import CIMultiDict

CONCURRENCY = 32
MAX_TRIES = 40
_FIRST_BACKOFF_S = 0.5
_MAX_BACKOFF_S = 30.0
_TIMEOUT_S = 10.0
_HOLD_BACK_S = 1.0  # a reordered webhook with no successor goes out after this


@dataclass(slots=True)
class Knobs:
    """How badly a vendor delivers: probabilities and seconds."""

    duplicate: float = 0.0
    reorder: float = 0.0
    delay_s: float = 0.0
    drop: float = 0.0


@dataclass(slots=True)
class Tally:
    """What became of a vendor's webhooks; queued counts every one that is not settled yet."""

    queued: int = 0
    delivered: int = 0
    failed: int = 0
    dropped: int = 0


@dataclass(slots=True)
class Delivery:
    """One webhook on its way; a retry and a duplicate repeat the same headers and bytes."""

    vendor: str
    topic: str
    url: str
    headers: dict[str, str]
    body: bytes
    delivery_id: str
    tries: int = field(default=0)


class WebhookSender:
    """One queue and a handful of workers for all vendors; starts itself inside the running event loop."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._knobs: dict[str, Knobs] = defaultdict(Knobs)
        self._tally: dict[str, Tally] = defaultdict(Tally)
        self._held_back: dict[str, Delivery] = {}
        self._backlog: list[Delivery] = []
        self._queue: asyncio.Queue[Delivery] = asyncio.Queue()
        self._workers: list[asyncio.Task[None]] = []
        self._timers: set[asyncio.TimerHandle] = set()
        self._session: aiohttp.ClientSession | None = None

    def send(self, vendor: str, topic: str, url: str, headers: dict[str, str], body: bytes, delivery_id: str) -> None:
        """Queue one signed webhook and return at once."""
        knobs, tally = self._knobs[vendor], self._tally[vendor]
        delivery = Delivery(vendor, topic, url, headers, body, delivery_id)
        if knobs.drop and self._rng.random() < knobs.drop:
            tally.dropped += 1
            return
        tally.queued += 1
        self._begin(delivery, knobs)
        if knobs.duplicate and self._rng.random() < knobs.duplicate:
            tally.queued += 1
            self._later(knobs.delay_s, Delivery(vendor, topic, url, headers, body, delivery_id))

    def _begin(self, delivery: Delivery, knobs: Knobs) -> None:
        earlier = self._held_back.pop(delivery.vendor, None)
        if earlier is None and knobs.reorder and self._rng.random() < knobs.reorder:
            self._held_back[delivery.vendor] = delivery
            self._call_later(_HOLD_BACK_S, lambda: self._let_go(delivery))
            return
        self._later(knobs.delay_s, delivery)
        if earlier is not None:
            # The queue keeps order only among free workers, so the late one gets a distance that shows.
            self._later(knobs.delay_s + 0.05, earlier)

    def _let_go(self, delivery: Delivery) -> None:
        if self._held_back.get(delivery.vendor) is delivery:
            del self._held_back[delivery.vendor]
            self._queue.put_nowait(delivery)

    def _later(self, delay_s: float, delivery: Delivery) -> None:
        if not self._running():
            self._backlog.append(delivery)
        elif delay_s > 0:
            self._call_later(delay_s, lambda: self._queue.put_nowait(delivery))
        else:
            self._queue.put_nowait(delivery)

    def _call_later(self, delay_s: float, act: Callable[[], None]) -> None:
        if not self._running():
            return

        def due() -> None:
            self._timers.discard(timer)
            act()

        timer: asyncio.TimerHandle = asyncio.get_running_loop().call_later(delay_s, due)
        self._timers.add(timer)

    def _running(self) -> bool:
        """Whether workers run; starts them when called inside an event loop."""
        if self._workers:
            return True
        with contextlib.suppress(RuntimeError):
            asyncio.get_running_loop()
            self._queue = asyncio.Queue()
            self._workers = [asyncio.create_task(self._work()) for _ in range(CONCURRENCY)]
            for delivery in self._backlog:
                self._queue.put_nowait(delivery)
            self._backlog.clear()
            return True
        return False

    async def _work(self) -> None:
        while True:
            delivery = await self._queue.get()
            delivery.tries += 1
            tally = self._tally[delivery.vendor]
            taken = await self._post(delivery)
            if tally is not self._tally[delivery.vendor]:
                continue  # forgotten by a reset while it was on its way
            if taken:
                tally.delivered += 1
                tally.queued -= 1
            elif delivery.tries >= MAX_TRIES:
                tally.failed += 1
                tally.queued -= 1
            else:
                self._later(min(_FIRST_BACKOFF_S * 2 ** (delivery.tries - 1), _MAX_BACKOFF_S), delivery)

    async def _post(self, delivery: Delivery) -> bool:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S),
                connector=aiohttp.TCPConnector(limit=CONCURRENCY),
            )
        headers = CIMultiDict({"content-type": "application/json"})
        headers.update(delivery.headers)
        try:
            async with self._session.post(delivery.url, data=delivery.body, headers=headers) as answer:
                await answer.read()
                return 200 <= answer.status < 300
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return False

    def set_knobs(self, vendor: str, values: dict[str, Any]) -> None:
        """Change the knobs that are named; raises ValueError for an unknown one."""
        unknown = set(values) - {"duplicate", "reorder", "delay_s", "drop"}
        if unknown:
            raise ValueError(f"unknown webhook knobs: {', '.join(sorted(unknown))}")
        for name, value in values.items():
            setattr(self._knobs[vendor], name, float(value))

    def tally(self, vendor: str) -> Tally:
        return self._tally[vendor]

    def snapshot(self) -> dict[str, Any]:
        """Totals plus knobs and tallies per vendor."""
        names = sorted(set(self._knobs) | set(self._tally))
        total = {key: sum(getattr(t, key) for t in self._tally.values()) for key in asdict(Tally())}
        vendors = {name: asdict(self._knobs[name]) | asdict(self._tally[name]) for name in names}
        return total | {"vendors": vendors}

    def clear(self) -> None:
        """Forget everything that has not been sent, and all knobs and tallies."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        while not self._queue.empty():
            self._queue.get_nowait()
        self._held_back.clear()
        self._backlog.clear()
        self._knobs.clear()
        self._tally.clear()

    async def close(self) -> None:
        self.clear()
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        self._workers.clear()
        if self._session is not None:
            await self._session.close()
            self._session = None
