"""Sees to it that somebody works on orders: after a kill the schedule alone would take minutes to start a run, and
without Prefect nobody would."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import sqlalchemy as sa

from apps.prefect_api import PrefectApi, PrefectUnreachable
from apps.standby import StandBy
from config.wiring import Wiring
from ledger.heartbeats import heartbeats
from ledger.restarts import BEGINS_WITHIN, take_restart
from ledger.session import what_is_wrong

HEARTBEAT = DEPLOYMENT = "process-orders"
SWEEPS = ("sweep-shops/sweep-shops", "sweep-warehouses/sweep-warehouses")
SILENT_AFTER = timedelta(seconds=20)
LOOK_EVERY_S = 2.0
ASK_WITHIN_S = 15.0


class OrderWatch:
    """Reads the heartbeat of process-orders in the ledger. When it has stopped, a run is asked of Prefect; until one
    works, and when Prefect does not answer, a worker stands by."""

    def __init__(self, wiring: Wiring, say: Callable[[str], None], standby: StandBy) -> None:
        self._wiring = wiring
        self._say = say
        self._standby = standby
        self._api = PrefectApi(wiring.settings.prefect_ui_url)
        self._began_at = wiring.real_now()
        self._asked_at: datetime | None = None  # when a run was last asked for
        self._granted = True  # a start that may be asked for: the first of a supervisor's life is no restart
        self._told: set[str] = set()  # troubles since work last went on

    async def run(self) -> None:
        """Look every few seconds until cancelled."""
        try:
            while True:
                try:
                    await self.look()
                except sa.exc.DBAPIError as error:
                    self._tell_once(f"cannot look after process-orders: the ledger {what_is_wrong(error)}")
                except Exception as error:  # nobody watches the watch: whatever failed is tried again
                    self._tell_once(f"cannot look after process-orders: {type(error).__name__}: {error}")
                await asyncio.sleep(LOOK_EVERY_S)
        finally:
            await self._api.aclose()

    async def look(self) -> bool:
        """One look; returns whether a run was asked for."""
        beats = await asyncio.to_thread(self._wiring.read, heartbeats)
        beaten_at = beats[HEARTBEAT]["at"] if HEARTBEAT in beats else None
        now = self._wiring.real_now()
        answers, asked = await self._see_to_a_run(beaten_at, now)
        since = max(self._began_at, beaten_at or self._began_at)
        starting = since == self._began_at
        await self._standby.look(now - since, now, prefect_answers=answers, starting=starting)
        return asked

    async def _see_to_a_run(self, beaten_at: datetime | None, now: datetime) -> tuple[bool, bool]:
        """Whether Prefect answers as far as is known, and whether a run was asked for."""
        try:
            if not await self._api.answers():
                raise PrefectUnreachable(f"Prefect at {self._api.url} does not answer")
            if beaten_at is not None and now - beaten_at < SILENT_AFTER:
                self._told.clear()
                return True, False
            if self._asked_at is not None and now - self._asked_at < SILENT_AFTER:
                return True, False
            async with asyncio.timeout(ASK_WITHIN_S):
                return True, await self._ask_for_a_run(now)
        except (PrefectUnreachable, TimeoutError) as error:
            self._tell_once(f"cannot look after process-orders: {str(error) or 'Prefect takes too long to answer'}")
            return False, False

    async def _ask_for_a_run(self, now: datetime) -> bool:
        deployment = await self._api.deployment_id(f"{DEPLOYMENT}/{DEPLOYMENT}")
        if deployment is None or await self._api.coming_runs(
            deployment, before=now + SILENT_AFTER, pending_since=now - BEGINS_WITHIN
        ):
            return False
        if not self._granted:
            self._granted = await asyncio.to_thread(self._take_restart, now)
        if not self._granted:
            self._asked_at = now
            self._tell_once("process-orders dies again and again; see `aftercart cases list`")
            return False
        await self._api.start_run(deployment)  # when it fails, the grant is kept: a slow Prefect is nobody's death
        self._asked_at, self._granted = now, False
        self._say("process-orders was silent; a run was started")
        return True

    def _take_restart(self, now: datetime) -> bool:
        return self._wiring.ledger(take_restart, DEPLOYMENT, now=self._wiring.now(), real_now=now)

    def _tell_once(self, trouble: str) -> None:
        if trouble not in self._told:
            self._say(trouble)
        self._told.add(trouble)

    async def bury_lost_runs(self) -> None:
        """Before the worker starts: what a killed supervisor left as running in Prefect is not running."""
        lost = await self._api.crash_lost_runs()
        if lost:
            self._say(f"{lost} runs had ended with an earlier start; Prefect was told")

    async def catch_up(self) -> None:
        """Sweep at once: it makes webhook subscriptions, reads stock, and takes what was missed."""
        for name in SWEEPS:
            deployment = await self._api.deployment_id(name)
            if deployment:
                await self._api.start_run(deployment)
