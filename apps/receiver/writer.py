"""Group commit: deliveries that arrive together are stored in one transaction, and each waits for its commit.

What may wait is bounded, by number once it is read, and by bytes also while it is being read; beyond it the vendor is
asked to come again. Customers have places of their own and go first, so that no flood of webhooks keeps them out.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from apps.nudge import nudge
from apps.receiver.answers import Refusal
from apps.receiver.transactions import Transactions
from config.wiring import Wiring
from ledger import failpoints
from ledger.editing.intake import SOURCE as EDITS
from ledger.inbox import Delivery, store
from ledger.returning.intake import SOURCE as RETURNS
from ledger.session import what_is_wrong

logger = logging.getLogger(__name__)
LINGER_S = 0.002
LARGEST_GROUP = 200
LARGEST_GROUP_BYTES = 8_000_000
MOST_WAITING = 2_000
MOST_WAITING_BYTES = 64_000_000
CUSTOMERS = 200  # places that only customers' requests take; they are small


@dataclass(slots=True)
class _Waiting:
    delivery: Delivery
    stored: asyncio.Future[None]


class GroupWriter:
    """`answer_within_s`: an impatient vendor gives up after 5 s."""

    def __init__(self, wiring: Wiring, transactions: Transactions, *, answer_within_s: float = 4.0) -> None:
        self._wiring, self._transactions, self._answer_within_s = wiring, transactions, answer_within_s
        self._for_runner = (EDITS, RETURNS, wiring.payment_page.partition("/")[0])
        self._waiting: deque[_Waiting] = deque()
        self._customers: deque[_Waiting] = deque()
        self._bytes = 0
        self._reading = 0
        self._arrived = asyncio.Event()
        self._away = False
        self._closing = False
        self._task: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, "inbox")

    @property
    def waiting(self) -> int:
        return len(self._waiting) + len(self._customers)

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Store what waits, then end."""
        self._closing = True
        self._arrived.set()
        if self._task is not None:
            await self._task
        self._thread.shutdown()

    @contextmanager
    def room(self) -> Iterator[Callable[[int], None]]:
        """Room for a body while it is read: what has come of it counts, not what it announces, for until its
        signature is checked anybody may announce anything. Call what this gives with the size of each part.

        Raises: Refusal (busy) before a byte is read, and by the call for a part that there is no room for.
        """
        if len(self._waiting) >= MOST_WAITING or self._bytes + self._reading >= MOST_WAITING_BYTES:
            raise Refusal("busy")
        taken = 0

        def take(size: int) -> None:
            nonlocal taken
            if self._bytes + self._reading + size > MOST_WAITING_BYTES:
                raise Refusal("busy")
            taken += size
            self._reading += size

        try:
            yield take
        finally:
            self._reading -= taken

    async def keep(self, delivery: Delivery, *, customer: bool = False) -> None:
        """Return when the delivery is committed. Raises: Refusal (busy, database_away)."""
        line, places = (self._customers, CUSTOMERS) if customer else (self._waiting, MOST_WAITING)
        full = len(line) >= places or (not customer and self._bytes + len(delivery.body) > MOST_WAITING_BYTES)
        if full or self._closing:
            raise Refusal("busy")
        entry = _Waiting(delivery, asyncio.get_running_loop().create_future())
        line.append(entry)
        self._bytes += len(delivery.body)
        self._arrived.set()
        try:
            async with asyncio.timeout(self._answer_within_s):
                await entry.stored
        except TimeoutError:
            raise Refusal("busy") from None

    async def _run(self) -> None:
        while True:
            if not self.waiting:
                if self._closing:
                    return
                self._arrived.clear()
                await self._arrived.wait()
            if not self._closing:
                await asyncio.sleep(LINGER_S)
            group = self._next_group()
            if group:
                await self._commit(group)

    def _next_group(self) -> list[_Waiting]:
        """What is stored next; whoever has given up waiting is left out: the vendor sends it again."""
        group: list[_Waiting] = []
        size = 0
        while self.waiting and len(group) < LARGEST_GROUP and size < LARGEST_GROUP_BYTES:
            entry = (self._customers or self._waiting).popleft()
            self._bytes -= len(entry.delivery.body)
            if not entry.stored.done():
                group.append(entry)
                size += len(entry.delivery.body)
        return group

    async def _commit(self, group: list[_Waiting]) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._thread, self._store, [entry.delivery for entry in group])
        except sa.exc.DBAPIError as error:
            if not self._away:
                reason = what_is_wrong(error)
                logger.error("inbox database away", extra={"error_type": type(error.orig).__name__, "reason": reason})
            self._away = True
            self._settle(group, "database_away")
        except Exception as error:  # a bug must not end the writer: whoever waits is answered, the next group is tried
            logger.exception("inbox write failed", extra={"error_type": type(error).__name__})
            self._settle(group, "internal_error")
        else:
            if self._away:
                logger.warning("inbox database back")
            self._away = False
            if any(entry.delivery.source in self._for_runner for entry in group):
                nudge(self._wiring.settings.requests_port)
            self._settle(group, None)

    def _settle(self, group: list[_Waiting], code: str | None) -> None:
        for entry in group:
            if entry.stored.done():
                continue
            if code is None:
                entry.stored.set_result(None)
            else:
                entry.stored.set_exception(Refusal(code))

    def _store(self, deliveries: list[Delivery]) -> None:
        now = self._wiring.now()
        self._transactions.run(lambda session: _write(session, deliveries, now))
        if failpoints.ARMED:
            failpoints.reached(failpoints.AFTER_RECORD, ["inbox"])


def _write(session: Session, deliveries: list[Delivery], now: datetime) -> None:
    store(session, deliveries, now)
    if failpoints.ARMED:
        failpoints.reached(failpoints.BEFORE_INTENT, ["inbox"])
