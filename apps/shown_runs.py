"""Shows requests as runs of their flows: `python -m apps.shown_runs`, started by the request runner and told of each
step by lines of JSON on its standard input, which ends with the runner.

Runs are opened two at a time, beside the steps and never waited for. A request that would wait longer than 300 ms for
its turn, or finds no engine, has no run: an artifact lists those.
"""

import asyncio
import logging.config
import signal
import sys
from collections.abc import Mapping
from datetime import timedelta
from time import monotonic
from typing import Any

import httpx
import orjson
import sqlalchemy as sa
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import ArtifactCreate
from prefect.exceptions import PrefectException

from apps.logs import LOG_CONFIG
from config import wiring
from flows.edit_order import edit_order
from flows.return_order import return_order
from tasks import courses
from tasks.driving import Done
from tasks.runtime import in_ledger
from tasks.workflows import WORKFLOWS

OPENED_AT_ONCE = 2
PATIENCE_S = 3.0  # that a request waits for its turn to have a run opened: it is to be seen within five
QUIET_S = 5.0  # that an engine which did not answer is left alone
MARK_EVERY_S = 1.0
LIST_EVERY_S = 20.0
LISTED_AFTER = timedelta(seconds=10)  # its run may still come
LISTED_FOR = timedelta(days=2)
MOST_LISTED = 500  # an artifact is one row of Prefect's database
MOST_NEW = 20 * MOST_LISTED
END_S = 10.0
LONGEST_LINE = 1 << 16
KEY = "run-missing"
FLOWS = {"edit-order": edit_order, "return-order": return_order}
AWAY = (httpx.HTTPError, PrefectException, OSError, RuntimeError)
_ABOUT = (
    "Requests without a run of their own: the engine was away, or too many came at once, or they were refused at once."
)
logger = logging.getLogger("apps.shown_runs")


class Runs:
    """`hear` each line; `keep_up` beside it; `finish` at the end."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(OPENED_AT_ONCE)
        self._followed: dict[str, courses.Followed] = {}
        self._shows: dict[str, asyncio.Task[None]] = {}
        self._quiet_until = 0.0
        self._opened: list[tuple[str, str]] = []
        self._listed: set[str] = set()

    def hear(self, news: Mapping[str, Any]) -> None:
        """{id, begins: flow} begins a request, {id, step, outcome, seconds} is a step, {id, over} its end for now."""
        request_id = str(news["id"])
        if "begins" in news:
            flow = str(news["begins"])
            course = self._followed[request_id] = courses.Followed(WORKFLOWS[flow], request_id)
            show = asyncio.create_task(self._show(flow, request_id, course, self._shows.get(request_id)))
            self._shows[request_id] = show
            show.add_done_callback(lambda done: self._forget(request_id, done))
        elif request_id not in self._followed:
            return
        elif "step" in news:
            self._followed[request_id].saw(Done(news["step"], news["outcome"], news["seconds"]))
        else:
            self._followed.pop(request_id).over()

    def _forget(self, request_id: str, done: asyncio.Task[None]) -> None:
        if self._shows.get(request_id) is done:
            del self._shows[request_id]

    async def _show(
        self, flow: str, request_id: str, course: courses.Followed, before: asyncio.Task[None] | None
    ) -> None:
        if before is not None:  # the run of its earlier steps is still being shown
            await asyncio.wait([before])
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._slots.acquire()
        except TimeoutError:
            return
        if monotonic() < self._quiet_until:
            self._slots.release()
            return
        courses.show(request_id, course)
        run = asyncio.create_task(self._run(flow, request_id))
        body = asyncio.create_task(course.opened.wait())
        try:
            await asyncio.wait({run, body}, return_when=asyncio.FIRST_COMPLETED)
            if course.opened.is_set():
                self._opened.append((flow, request_id))
        finally:
            self._slots.release()
            body.cancel()
        await run
        courses.forget(request_id)

    async def _run(self, flow: str, request_id: str) -> None:
        try:
            await FLOWS[flow](request_id)
        except AWAY as error:
            self._quiet_until = monotonic() + QUIET_S
            logger.warning("a request is not shown in Prefect: %s", type(error).__name__)
        except sa.exc.OperationalError:
            logger.warning("a request is not shown in Prefect: the database is away")

    async def keep_up(self) -> None:
        """Mark what has a run, and list what has none, until cancelled."""
        listed_at = 0.0
        while True:
            await self.mark()
            if monotonic() - listed_at > LIST_EVERY_S and monotonic() > self._quiet_until:
                listed_at = monotonic()
                await self.list_missing()
            await asyncio.sleep(MARK_EVERY_S)

    async def mark(self) -> None:
        """Those that were opened since the last time have a run."""
        opened, self._opened = self._opened, []
        if not opened:
            return
        try:
            for flow, workflow in WORKFLOWS.items():
                await in_ledger(workflow.queue.has_run, [request_id for of, request_id in opened if of == flow])
        except sa.exc.OperationalError:
            self._opened += opened

    async def list_missing(self) -> None:
        """Those without a run that no list of this process has yet, in the newest version of the artifact; in several
        when there are very many."""
        wired = wiring.current()
        until = wired.now() - LISTED_AFTER
        try:
            rows: list[Mapping[str, Any]] = []
            for workflow in WORKFLOWS.values():
                rows += await asyncio.to_thread(
                    wired.read, workflow.queue.without_run, since=until - LISTED_FOR, until=until, limit=MOST_NEW
                )
            rows.sort(key=lambda row: row["created_at"], reverse=True)
            new = [number for number, row in enumerate(rows) if row["id"] not in self._listed]
            for last in range(new[-1] + 1 if new else 0, 0, -MOST_LISTED):
                first = max(0, last - MOST_LISTED)
                await self._write([_line(row) for row in rows[first : first + MOST_LISTED]])
            self._listed = {row["id"] for row in rows}
        except (*AWAY, sa.exc.OperationalError) as error:
            logger.warning("requests without a run are not listed: %s", type(error).__name__)

    async def _write(self, lines: list[dict[str, str]]) -> None:
        async with get_client() as client:
            made = ArtifactCreate(key=KEY, type="table", data=orjson.dumps(lines).decode(), description=_ABOUT)
            await client.create_artifact(made)

    async def finish(self) -> None:
        """The runner has gone: show what it told, for a while."""
        for course in self._followed.values():
            course.over()
        if self._shows:
            await asyncio.wait(self._shows.values(), timeout=END_S)
        await self.mark()


def _line(row: Mapping[str, Any]) -> dict[str, str]:
    return {"order": row["order"], "request": row["id"], "state": row["state"], "came": row["created_at"].isoformat()}


async def main() -> None:
    loop = asyncio.get_running_loop()
    news = asyncio.StreamReader(limit=LONGEST_LINE)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(news), sys.stdin)
    runs = Runs()
    keeping = asyncio.create_task(runs.keep_up())
    while line := await news.readline():
        runs.hear(orjson.loads(line))
    keeping.cancel()
    await runs.finish()


if __name__ == "__main__":
    # The runner is told to end too, and its end is ours. Not by a handler: each run would put another one in its place.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    logging.config.dictConfig(LOG_CONFIG)
    asyncio.run(main())
