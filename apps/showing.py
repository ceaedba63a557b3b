"""Tells the process that shows requests as runs (`apps.shown_runs`) of each step, and starts it again when it ends.

Nothing here waits for it. It is a process of its own because opening a run costs some 0.2 s of CPU, which the steps of
other requests would wait for. What it was not told of stays marked `run_missing`.
"""

import asyncio
import logging
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import orjson

from config.settings import ROOT
from tasks.driving import Done

MODULE = "apps.shown_runs"
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0  # between two starts
MOST_UNREAD = 1_000_000  # bytes: it does not read any more
END_S = 12.0  # for what it is still showing when the runner ends
logger = logging.getLogger(__name__)


class Showing:
    """`start`, then `of` around the steps of each request, then `finish`. `api_url` is the engine's."""

    def __init__(self, api_url: str) -> None:
        self._env = {"PREFECT_API_URL": api_url, **os.environ}
        self._process: Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._over = asyncio.Event()

    def start(self) -> None:
        self._keeper = asyncio.create_task(self._keep())

    @contextmanager
    def of(self, flow: str, request_id: str) -> Iterator["Teller"]:
        """Within the block: call what this gives with each step. `flow`: whose run shows the request."""
        teller = Teller(self, request_id)
        self.tell({"id": request_id, "begins": flow})
        try:
            yield teller
        finally:
            self.tell({"id": request_id, "over": True})

    def tell(self, news: Mapping[str, Any]) -> None:
        """Never waits and never fails."""
        process = self._process
        if process is None or process.stdin is None or process.returncode is not None:
            return
        if process.stdin.transport.get_write_buffer_size() > MOST_UNREAD:
            logger.warning("the process that shows requests as runs does not read; it is started again")
            self._process = None
            process.kill()
            return
        process.stdin.write(orjson.dumps(news) + b"\n")

    async def finish(self) -> None:
        """Let it show what it was told, for a while."""
        self._over.set()
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
        if self._keeper is not None:
            await asyncio.wait([self._keeper], timeout=END_S)
            if not self._keeper.done() and self._process is not None:
                logger.warning("not all steps are shown in Prefect")
                with suppress(ProcessLookupError):
                    self._process.kill()
            await self._keeper

    async def _keep(self) -> None:
        pause = FIRST_PAUSE_S
        loop = asyncio.get_running_loop()
        while not self._over.is_set():
            began = loop.time()
            self._process = process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", MODULE, stdin=PIPE, stdout=DEVNULL, cwd=ROOT, env=self._env
            )
            if self._over.is_set() and process.stdin is not None:
                process.stdin.close()
            code = await process.wait()
            if self._over.is_set():
                return
            if loop.time() - began > LONGEST_PAUSE_S:
                pause = FIRST_PAUSE_S
            logger.warning("the process that shows requests as runs ended with %s", code)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), pause)
            pause = min(pause * 2, LONGEST_PAUSE_S)


class Teller:
    """What hears of the steps of one request."""

    def __init__(self, showing: Showing, request_id: str) -> None:
        self._showing, self._id = showing, request_id

    def __call__(self, done: Done) -> None:
        self._showing.tell({"id": self._id, "step": done.name, "outcome": done.outcome, "seconds": done.seconds})
