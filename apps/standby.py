"""A worker without Prefect, for as long as no run of process-orders works: orders do not wait for their engine.

Leases make it harmless that it and a run overlap.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import psutil

from apps.processes import Child, end

NAME = "standby-worker"
AT_START = timedelta(seconds=30)  # for the first run: Prefect starts one in ten
LONG = timedelta(seconds=15)  # of silence: three missed signs of life; it is there when the dead one's leases end
UNANSWERED = timedelta(seconds=12)  # of silence, when Prefect does not answer either
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=2), timedelta(seconds=30)  # between two starts, when it dies
LAST_PASS_S = 30.0  # how long it may take to end its pass


class StandBy:
    """`look` starts and ends it. `child` is `python -m apps.worker`, not started yet."""

    def __init__(self, child: Child, say: Callable[[str], None]) -> None:
        self._child = child
        self._say = say
        self._not_before: datetime | None = None
        self._pause = FIRST_PAUSE

    async def look(self, silence: timedelta, now: datetime, *, prefect_answers: bool, starting: bool = False) -> None:
        """`silence`: since the last sign of life of process-orders; `starting`: there has been none yet."""
        patience = (AT_START if starting else LONG) if prefect_answers else UNANSWERED
        if self._child.alive:
            if silence < UNANSWERED:
                self._say("process-orders works again; the worker without Prefect ends")
                await self._end()
            return
        if silence < patience:
            self._pause, self._not_before = FIRST_PAUSE, None
            return
        if self._not_before is not None and now < self._not_before:
            return
        self._not_before, self._pause = now + self._pause, min(self._pause * 2, LONGEST_PAUSE)
        why = "" if prefect_answers else "Prefect does not answer, "
        self._say(f"{why}nobody works on orders for {silence.seconds} s; a worker without Prefect takes over")
        await self._child.spawn()

    async def _end(self) -> None:
        assert self._child.process is not None
        await end([psutil.Process(self._child.process.pid)], patience_s=LAST_PASS_S)
        await self._child.process.wait()
