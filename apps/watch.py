"""A program's sign of life, and its end when the ledger is no longer of its version."""

import asyncio
import logging
import signal
from collections.abc import Callable
from contextlib import suppress

import sqlalchemy as sa
from sqlmodel import Session

from config.wiring import Wiring
from ledger import schema
from ledger.heartbeats import BEAT_S, beat

logger = logging.getLogger(__name__)
NAME = "receiver"


def end_process() -> None:
    """As Ctrl-C would: what is under way is answered first; the supervisor starts the program that is there now."""
    signal.raise_signal(signal.SIGTERM)


class Watch:
    """Runs beside the work; a database that is away is not its business. `transact` makes one transaction."""

    def __init__(
        self,
        wiring: Wiring,
        transact: Callable[[Callable[[Session], None]], None],
        *,
        name: str = NAME,
        every_s: float = BEAT_S,
        end: Callable[[], None] = end_process,
    ) -> None:
        self._wiring, self._transact, self._name = wiring, transact, name
        self._every_s, self._end = every_s, end
        self._task: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """A look that is under way is finished first: its connection must not outlive the pool."""
        self._stopping.set()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                current = await asyncio.to_thread(self._look)
            except sa.exc.SQLAlchemyError:  # the pool's own errors too
                current = True
            if not current:
                logger.error("the ledger was migrated by another version of the program", extra={"ends": self._name})
                self._end()
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), self._every_s)

    def _look(self) -> bool:
        if not schema.is_current(self._wiring.engine):
            return False
        now = self._wiring.real_now()
        self._transact(lambda session: beat(session, self._name, now))
        return True
