"""How late the event loop is: more requests than the processor can answer show there first."""

import asyncio

from apps.receiver.answers import Refusal

TICK_S = 0.05
MOST_LATE_S = 0.5  # beyond it vendors are asked to come again, before their delivery is read


class Load:
    """Measures beside the requests."""

    def __init__(self) -> None:
        self._late_s = self._before_s = 0.0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def check(self) -> None:
        """Raises: Refusal (busy) when taking this delivery in would make everybody wait longer."""
        if min(self._late_s, self._before_s) > MOST_LATE_S:  # twice in a row: a single hiccup refuses nobody
            raise Refusal("busy")

    def note(self, late_s: float) -> None:
        """So late was the loop this time."""
        self._before_s, self._late_s = self._late_s, late_s

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            await asyncio.sleep(TICK_S)
            self.note(loop.time() - began - TICK_S)
