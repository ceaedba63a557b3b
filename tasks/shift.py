"""A worker's shift: how long it lasts, what is waiting, how it rests, and its sign of life."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from time import monotonic

import sqlalchemy as sa
from prefect import task

from config import wiring
from ledger import schema
from ledger.heartbeats import BEAT_S, beat
from ledger.queue import next_due
from ledger.session import what_is_wrong
from tasks.effect_kinds import KINDS, MAIL_KINDS
from tasks.effects import look_up_unknown, send_due
from tasks.runtime import Report, in_ledger, is_retryable

logger = logging.getLogger(__name__)
REST_S = 0.25  # an idle worker looks again so soon: a delivery never waits longer for it
FIRST_REST_S = 0.02  # just after work, when a vendor's word on it is likely to come; then twice as long each time
SMALL_PASS = 100
AWAY_REST_S = 1.0
OUTAGE_S = 60.0  # a ledger that is away for longer ends the shift; whoever keeps workers alive starts another
SWEEPS = 2  # for leftovers of dead senders, within the length of a lease


@dataclass
class Shift:
    """Ends after `budget_s`. `totals` counts outcomes per stage over the whole shift."""

    name: str
    budget_s: float
    totals: dict[str, dict[str, int]] = field(default_factory=dict)
    _started: float = field(default_factory=monotonic)
    _away_since: float = 0.0
    _compared: float = 0.0
    _swept: float = 0.0
    _next_rest_s: float = FIRST_REST_S
    moved: bool = False  # the ledger's schema, under our feet

    def goes_on(self) -> bool:
        """Whether there is time left and the ledger is still of this program's version."""
        return not self.moved and monotonic() - self._started < self.budget_s

    async def waiting(self) -> set[str]:
        """What could be taken now: nothing once the ledger has been migrated. Also clears leftovers of dead senders."""
        wired = wiring.current()
        if monotonic() - self._compared > BEAT_S:
            self._compared = monotonic()
            if not await asyncio.to_thread(schema.is_current, wired.engine):
                self.moved = True
                logger.warning("the ledger was migrated by another version of the program: this shift ends")
        if self.moved:
            return set()
        if monotonic() - self._swept > wired.settings.lease_s / SWEEPS:
            self._swept = monotonic()
            self.note(await leftovers())
        return await asyncio.to_thread(wired.read, next_due, now=wired.now(), real_now=wired.real_now())

    @asynccontextmanager
    async def alive(self) -> AsyncIterator[None]:
        """Give signs of life while the block runs, however long a stage takes."""
        ended = asyncio.Event()
        beating = asyncio.create_task(self._beat(ended))
        try:
            yield
        finally:
            ended.set()
            await asyncio.gather(beating, return_exceptions=True)

    async def _beat(self, ended: asyncio.Event) -> None:
        while not ended.is_set():
            with suppress(sa.exc.OperationalError):  # whoever works notices it too
                await in_ledger(beat, self.name, wiring.current().real_now())
                self.worked()
            with suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), BEAT_S)

    def worked(self) -> None:
        """The ledger took something: a stage, or a sign of life while one takes long."""
        if self._away_since:
            logger.warning("the database is back")
        self._away_since = 0.0

    async def outlast(self, error: sa.exc.OperationalError) -> None:
        """The ledger is away: rest before the next try. What was claimed is taken over when its lease ends.

        Raises: the error, when the ledger has been away for too long.
        """
        now = monotonic()
        if self._away_since and now - self._away_since > OUTAGE_S:
            raise error
        if not self._away_since:
            self._away_since = now
            logger.warning("the database %s", what_is_wrong(error))
        await asyncio.sleep(AWAY_REST_S)

    async def gather(self, reports: Sequence[Report]) -> None:
        """After a small pass let work come together: a task run costs as much as some thirty orders."""
        if sum(len(report.lines) for report in reports) < SMALL_PASS:
            await asyncio.sleep(REST_S)

    async def rest(self) -> None:
        """Nothing to do for a moment."""
        await asyncio.sleep(self._next_rest_s)
        self._next_rest_s = min(2 * self._next_rest_s, REST_S)

    def note(self, report: Report) -> Report:
        if report.lines:
            self._next_rest_s = FIRST_REST_S
        counts = self.totals.setdefault(report.stage, {})
        for outcome, count in report.counts.items():
            counts[outcome] = counts.get(outcome, 0) + count
        return report


async def leftovers(limit: int = 200) -> Report:
    """Effects that nobody is sending: look up what is unknown, then send what is due."""
    report = Report("send-effects")
    while await look_up_unknown(KINDS, report, limit) == limit:
        pass
    others = [kind for kind in KINDS if kind not in MAIL_KINDS]
    while await send_due(KINDS, report, limit, only=others) == limit:
        pass
    return report


@task(name="send leftovers", retries=2, retry_delay_seconds=[1, 5], retry_condition_fn=is_retryable)
async def send_leftovers() -> Report:
    """`leftovers` and mails that are due, as a task. Safe to repeat."""
    report = await leftovers()
    while await send_due(KINDS, report, 100, only=MAIL_KINDS) == 100:
        pass
    return report
