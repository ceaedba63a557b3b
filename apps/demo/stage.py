"""What the story is played on: one clock for all, the moment when everything has come to rest, runs of deployments."""

import asyncio
from datetime import timedelta
from time import monotonic
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from apps.demo.controls import Controls
from apps.prefect_api import PrefectApi, PrefectUnreachable
from config.clock import REFRESH_S
from config.wiring import Wiring
from ledger.editing.requests import OPEN
from ledger.returning.requests import OPEN as OPEN_RETURN
from ledger.tables import Clock, EditRequest, Effect, InboxEvent, ReturnRequest, Work
from ledger.tables.base import table_of

_inbox, _work, _effect = (table_of(model) for model in (InboxEvent, Work, Effect))
_edit, _return = table_of(EditRequest), table_of(ReturnRequest)
_LOOK_S = 0.1
PATIENCE_S = 300.0  # Prefect's own database may be locked for more than a minute on a busy machine
_MINUTE = timedelta(minutes=1)
_ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


def set_clock(session: Session, offset_s: float) -> None:
    """Put the product's clock so far ahead of real time."""
    session.execute(sa.update(table_of(Clock)).where(table_of(Clock).c.id == 1).values(offset_s=offset_s))


class StoryError(Exception):
    """The demo cannot go on; the message says what did not happen in time."""


class Stage:
    """The production processes are elsewhere; this looks at them and moves the clock."""

    def __init__(self, wiring: Wiring, controls: Controls, prefect: PrefectApi) -> None:
        self.wiring, self.controls, self.prefect = wiring, controls, prefect
        self.runs: dict[str, str] = {}  # id of the run -> name of its deployment

    async def until(self, condition: Any, *, what: str) -> Any:
        """Wait until an awaitable condition gives something true. Raises: StoryError."""
        ends = monotonic() + PATIENCE_S
        while not (found := await condition()):
            if monotonic() > ends:
                raise StoryError(f"waited {PATIENCE_S:.0f} s in vain: {what}")
            await asyncio.sleep(_LOOK_S)
        return found

    async def settle(self, *, doubts: bool = True) -> None:
        """Until all webhooks are delivered and nothing is due. `doubts`: unknown outcomes count too."""
        quiet = 0

        async def rests() -> bool:
            nonlocal quiet
            busy = await self.controls.queued() or await asyncio.to_thread(self.wiring.read, self._busy, doubts)
            quiet = 0 if busy else quiet + 1
            return quiet >= 3

        await self.until(rests, what="the orders come to rest")

    def _busy(self, session: Session, doubts: bool) -> int:
        now = self.wiring.now()
        states = ["planned", "unknown"] if doubts else ["planned"]
        return int(
            session.execute(
                sa.select(
                    sa.select(sa.func.count())
                    .select_from(_inbox)
                    .where(
                        _inbox.c.handled_at.is_(None), sa.or_(_inbox.c.due_at <= now, _inbox.c.lease_until.is_not(None))
                    )
                    .scalar_subquery()
                    + sa.select(sa.func.count())
                    .select_from(_work)
                    .where(sa.or_(_work.c.due_at <= now, _work.c.lease_until.is_not(None)))
                    .scalar_subquery()
                    + sa.select(sa.func.count())
                    .select_from(_edit)
                    .where(OPEN, sa.or_(_edit.c.due_at <= now, _edit.c.lease_until.is_not(None)))
                    .scalar_subquery()
                    + sa.select(sa.func.count())
                    .select_from(_return)
                    .where(OPEN_RETURN, sa.or_(_return.c.due_at <= now, _return.c.lease_until.is_not(None)))
                    .scalar_subquery()
                    + sa.select(sa.func.count())
                    .select_from(_effect)
                    .where(
                        sa.or_(
                            _effect.c.state == "sending",
                            sa.and_(_effect.c.state.in_(states), _effect.c.due_at <= now),
                        )
                    )
                    .scalar_subquery()
                )
            ).scalar_one()
        )

    async def advance(self, step: timedelta, *, doubts: bool = True) -> None:
        """Move the one clock for us and the vendors, let the own warehouse's people work, and wait for rest."""
        ahead = (self.wiring.now() - self.wiring.real_now() + step).total_seconds()
        # Vendors first: a delivery signed by a clock behind ours would stay too old for good, one ahead is repeated.
        await self.controls.turn("clock", {"offset_s": ahead})
        await asyncio.to_thread(self.wiring.ledger, set_clock, ahead)
        self.wiring.clock.forget()
        await asyncio.sleep(REFRESH_S + 0.05)  # until every process has looked at the offset
        await self.settle(doubts=doubts)
        await self._floor_works()
        await self.settle(doubts=doubts)

    async def breathe(self, *, minutes: int = 20) -> None:
        """Minute by minute while something waits for a vendor's limit or a short backoff."""
        for _ in range(minutes):
            if not await asyncio.to_thread(self.wiring.read, self._due_soon):
                return
            await self.advance(_MINUTE)

    def _due_soon(self, session: Session) -> int:
        now = self.wiring.now()
        open_effects = _effect.c.state.in_(["planned", "unknown"])
        soon = now + 2 * _MINUTE
        return int(
            session.execute(
                sa.select(sa.func.count()).select_from(_effect).where(open_effects, _effect.c.due_at.between(now, soon))
            ).scalar_one()
            + session.execute(
                sa.select(sa.func.count())
                .select_from(_inbox)
                .where(_inbox.c.handled_at.is_(None), _inbox.c.due_at.between(now, soon))
            ).scalar_one()
        )

    async def _floor_works(self) -> None:
        """Two rounds of the handhelds: the first may have begun before what it should see."""
        for _ in range(2):
            done = (await self.controls.turn("floor/settings", {}))["rounds"]

            async def moved(done: int = done) -> bool:
                return bool((await self.controls.look("floor/settings"))["rounds"] > done)

            await self.until(moved, what="the own warehouse's people make a round")

    async def start(self, *names: str) -> list[str]:
        """Ask for runs of these deployments; returns their ids."""
        started = []
        for name in names:
            deployment = await self.prefect.deployment_id(f"{name}/{name}")
            if deployment is None:
                raise StoryError(f"there is no deployment {name}")
            run = await self._started(deployment, name)
            self.runs[run] = name
            started.append(run)
        return started

    async def _started(self, deployment: str, name: str) -> str:
        """Prefect refuses while its database is busy; should it have begun a run all the same, two share the work."""

        async def taken() -> str:
            try:
                return await self.prefect.start_run(deployment)
            except PrefectUnreachable:
                return ""

        run: str = await self.until(taken, what=f"Prefect takes a run of {name}")
        return run

    async def finish(self, runs: list[str]) -> None:
        """Wait for runs to complete. Raises: StoryError when one ends otherwise."""

        async def ended() -> bool:
            return all([(await self.prefect.state_of(run))[0] in _ENDED for run in runs])

        await self.until(ended, what=f"{', '.join(self.runs[run] for run in runs)} end")
        for run in runs:
            state, message = await self.prefect.state_of(run)
            if state != "COMPLETED":
                url = f"{self.prefect.url}/runs/flow-run/{run}"
                raise StoryError(f"the run of {self.runs[run]} ended as {state} ({message}); see {url} and the logs")

    async def run(self, *names: str) -> None:
        """Runs of deployments side by side, to their end."""
        await self.finish(await self.start(*names))
