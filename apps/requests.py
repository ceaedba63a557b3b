"""The request runner: customers' and agents' requests, one by one and at once.

`python -m apps.requests [--until-idle] [--ready FILE] [--budget-s N] [--no-engine]`, or `aftercart requests`. The steps
of a request never wait for the engine: they run as plain functions here, and another process shows them as runs named
after the orders (apps/shown_runs.py). It ends on SIGTERM: requests under way are free for the next runner after the
step that they are in.
"""

import argparse
import asyncio
import logging.config
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import monotonic

import sqlalchemy as sa
from sqlmodel import Session

from apps import loops
from apps.logs import LOG_CONFIG
from apps.nudge import Nudged
from apps.programs import REQUESTS as NAME
from apps.showing import Showing
from apps.watch import Watch
from config import wiring
from config.accounts import ConfigError
from ledger import audit, schema
from ledger.claims import Lease
from ledger.queue import next_due
from ledger.session import what_is_wrong
from tasks.driving import Workflow
from tasks.editing import payments
from tasks.runtime import Report, read_ledger
from tasks.stage import log_failure
from tasks.workflows import WORKFLOWS

FOREVER_S = 10 * 365 * 86_400.0
POLL_S = 0.2
AT_ONCE = 8  # requests worked on side by side
TAKEN = 20
AWAY_REST_S = 1.0
NO_LEDGER, OTHER_VERSION, NOT_SET_UP = 3, 4, 5  # exit codes; the first two as of the worker
INBOX = "inbox:"
logger = logging.getLogger(__name__)


def waiting(session: Session, *, now: datetime, real_now: datetime) -> set[str]:
    """What could be taken now, by reading alone: `inbox:{source}` when a source has delivered something, the flow of
    requests whose next step may be tried."""
    found = {name for name in next_due(session, now=now, real_now=real_now) if name.startswith(INBOX)}
    return found | {f for f, w in WORKFLOWS.items() if w.queue.any_due(session, now=now, real_now=real_now)}


@dataclass
class Runner:
    """Claims what is due and drives each request on its own. `stop` ends it, `moved` too: the ledger is of another
    version then."""

    showing: Showing | None
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    moved: bool = False
    _live: set[asyncio.Task[None]] = field(default_factory=set)

    async def one_pass(self) -> bool:
        """Take what has come in and what is due; whether there was anything."""
        wired = wiring.current()
        there = await read_ledger(waiting, now=wired.now(), real_now=wired.real_now())
        busy = False
        for workflow in WORKFLOWS.values():
            if not there & {workflow.flow, f"{INBOX}{workflow.source}"}:
                continue
            taken = await workflow.take_and_claim(TAKEN, AT_ONCE - len(self._live))
            for row in taken.due.rows:
                task = asyncio.create_task(self._drive(workflow, row["id"], taken.due.lease))
                self._live.add(task)
                task.add_done_callback(self._live.discard)
            busy |= bool(taken.came or taken.due.rows)
        if f"{INBOX}{wired.payment_page.partition('/')[0]}" in there:
            busy |= bool(await payments.take_payment_events(Report(NAME), TAKEN))
        return busy

    async def _drive(self, workflow: Workflow, request_id: str, lease: Lease) -> None:
        def goes_on() -> bool:
            return not self.stop.is_set()

        try:
            if self.showing is None:
                await workflow.advance(request_id, lease, goes_on=goes_on)
            else:
                with self.showing.of(workflow.flow, request_id) as seen:
                    await workflow.advance(request_id, lease, seen=seen, goes_on=goes_on)
        except sa.exc.OperationalError as error:  # the lease ends, and any runner goes on
            logger.warning("the database %s", what_is_wrong(error))
        except Exception as failure:  # one request must not end the others: its lease ends, and it is tried again
            log_failure(NAME, request_id, failure)

    async def rest(self, nudged: Nudged) -> None:
        """Until there is room for another request, and then until a nudge or a fifth of a second."""
        if len(self._live) >= AT_ONCE:
            await asyncio.wait(self._live, return_when=asyncio.FIRST_COMPLETED)
        else:
            await nudged.wait(POLL_S)

    async def finish(self) -> None:
        """Let what is under way come to its next rest."""
        while self._live:
            await asyncio.wait(self._live)

    def end(self) -> None:
        """The ledger is of another version."""
        self.moved = True
        self.stop.set()


async def work(budget_s: float, *, until_idle: bool = False, ready: Path | None = None, engine: bool = True) -> Runner:
    """Work until the budget is used up, SIGTERM comes, or (`until_idle`) nothing is due."""
    wired = wiring.current()
    schema.check(wired.engine)
    _ = wired.policies, wired.accounts
    audit.actor.set(NAME)
    runner = Runner(Showing(f"{wired.settings.prefect_ui_url}/api") if engine else None)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, runner.stop.set)
    watch = Watch(wired, wired.ledger, name=NAME, end=runner.end)
    ends = monotonic() + budget_s
    watch.start()
    if runner.showing is not None:
        runner.showing.start()
    try:
        async with Nudged.listening(wired.settings.requests_port) as nudged:
            if ready is not None:
                await asyncio.to_thread(ready.touch)
            while not runner.stop.is_set() and monotonic() < ends:
                if not await _patiently(runner):
                    if until_idle:
                        await runner.finish()
                        if not await _patiently(runner):
                            break
                    await runner.rest(nudged)
            await runner.finish()
    finally:
        await watch.stop()
        if runner.showing is not None:
            await runner.showing.finish()
        await wired.aclose()
    return runner


async def _patiently(runner: Runner) -> bool:
    """A pass; a ledger that is away is outlasted, for whoever waits is not helped by an end of this process."""
    try:
        return await runner.one_pass()
    except sa.exc.OperationalError as error:
        logger.warning("the database %s", what_is_wrong(error))
        await asyncio.sleep(AWAY_REST_S)
        return True


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m apps.requests", description=__doc__)
    parser.add_argument("--until-idle", action="store_true", help="end when nothing is due")
    parser.add_argument("--ready", type=Path, help="a file to make when work begins")
    parser.add_argument("--budget-s", type=float, default=FOREVER_S)
    parser.add_argument("--no-engine", action="store_true", help="show no runs")
    given = parser.parse_args(arguments)
    return run(given.budget_s, until_idle=given.until_idle, ready=given.ready, engine=not given.no_engine)


def run(
    budget_s: float = FOREVER_S, *, until_idle: bool = False, ready: Path | None = None, engine: bool = True
) -> int:
    """`work` in a process of its own; returns the exit code, and says on standard error what is wrong."""
    try:
        runner = loops.run(work(budget_s, until_idle=until_idle, ready=ready, engine=engine))
    except ConfigError as error:
        sys.stderr.write(f"requests: {error}\n")
        return NOT_SET_UP
    except schema.SchemaError as error:
        sys.stderr.write(f"requests: {error}\n")
        return OTHER_VERSION
    except sa.exc.OperationalError as error:
        place = wiring.current().engine.url.render_as_string(hide_password=True)
        sys.stderr.write(f"requests: the database {place} {what_is_wrong(error)}\n")
        return NO_LEDGER
    return OTHER_VERSION if runner.moved else 0


if __name__ == "__main__":
    logging.config.dictConfig(LOG_CONFIG)
    raise SystemExit(main())
