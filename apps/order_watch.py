"""Sees to it that somebody works on orders: after a kill the schedule alone would take minutes to start a run."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from apps.prefect_api import PrefectApi, PrefectUnreachable
from config.wiring import Wiring
from ledger.heartbeats import heartbeats

HEARTBEAT = "process-orders"
DEPLOYMENT = "process-orders/process-orders"
SWEEPS = ("sweep-shops/sweep-shops", "sweep-warehouses/sweep-warehouses")
SILENT_AFTER = timedelta(seconds=20)
LOOK_EVERY_S = 10.0


class OrderWatch:
    """Reads the heartbeat of process-orders in the ledger and asks Prefect for a run when it has stopped."""

    def __init__(self, wiring: Wiring, say: Callable[[str], None]) -> None:
        self._wiring = wiring
        self._say = say
        self._api = PrefectApi(wiring.settings.prefect_ui_url)
        self._asked_at = datetime.min.replace(tzinfo=UTC)  # when a run was last asked for

    async def run(self) -> None:
        """Look every few seconds until cancelled."""
        try:
            while True:
                try:
                    await self.look()
                except (PrefectUnreachable, sa.exc.DBAPIError) as error:
                    self._say(f"cannot look after process-orders: {str(error).splitlines()[0]}")
                await asyncio.sleep(LOOK_EVERY_S)
        finally:
            await self._api.aclose()

    async def look(self) -> bool:
        """Ask for a run when nobody works and none is coming; returns whether it did."""
        now = self._wiring.real_now()
        beats = await asyncio.to_thread(self._wiring.read, heartbeats)
        signs = [self._asked_at, *(row["at"] for name, row in beats.items() if name == HEARTBEAT)]
        if now - max(signs) < SILENT_AFTER:
            return False
        deployment = await self._api.deployment_id(DEPLOYMENT)
        if deployment is None or await self._api.coming_runs(deployment, before=now + SILENT_AFTER):
            return False
        await self._api.start_run(deployment)
        self._asked_at = now
        self._say("process-orders was silent; a run was started")
        return True

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
