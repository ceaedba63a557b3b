"""A worker without an engine: the same stages in the same order, pass after pass.

`python -m apps.worker [--until-idle] [--ready FILE] [--budget-s N] [--also DUTY]`. For machines on which no Prefect
server is to be had, and for whoever kills workers on purpose. It ends on SIGTERM after the pass it is in. What other
flows do beside the stages is done where it is asked for: `deadlines`, `shown-stock`, `troubles`.
"""

import argparse
import asyncio
import logging.config
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import sqlalchemy as sa

from apps import loops
from apps.logs import LOG_CONFIG
from config import wiring
from ledger import schema
from ledger.session import what_is_wrong
from tasks import deadlines, stages, sweeping, warehouse_sweep
from tasks.customers import attended
from tasks.delays import acting, detecting, incidents
from tasks.shift import SWEEPS, Shift

FOREVER_S = 10 * 365 * 86_400.0
NO_LEDGER = 3  # exit code: the database went away; what was claimed is taken over when its lease ends
OTHER_VERSION = 4  # exit code: the ledger is older or newer than this program
MOST_DEADLINES = 1_000
MOST_PARCELS = 10_000
STOCK_EVERY_S = 600.0  # as often as its own flow


async def _run_deadlines() -> None:
    await deadlines.run_deadlines.fn(MOST_DEADLINES)


async def _compare_shown_stock() -> None:
    for target in await sweeping.targets():
        await warehouse_sweep.compare_shop_stock.fn(target)


async def _handle_delays() -> None:
    await detecting.look_for_trouble.fn(MOST_PARCELS)
    await incidents.group_troubles.fn()
    await acting.act_on_trouble.fn(MOST_PARCELS)


@dataclass
class Duty:
    """Something else that is done now and then between two passes."""

    act: Callable[[], Awaitable[None]]
    every_s: Callable[[], float]
    due_at: float = 0.0

    async def when_due(self, shift: Shift) -> None:
        """A ledger that is away is outlasted: the duty is due again after the next pass. Raises as `outlast`."""
        if monotonic() < self.due_at:
            return
        try:
            async with attended():
                await self.act()
        except sa.exc.OperationalError as error:
            await shift.outlast(error)
        else:
            self.due_at = monotonic() + self.every_s()


def _abandoned_ones_soon() -> float:
    return wiring.current().settings.lease_s / SWEEPS


DUTIES: Mapping[str, Callable[[], Duty]] = {
    "deadlines": lambda: Duty(_run_deadlines, _abandoned_ones_soon),
    "shown-stock": lambda: Duty(_compare_shown_stock, lambda: STOCK_EVERY_S),
    "troubles": lambda: Duty(_handle_delays, _abandoned_ones_soon),
}


async def work(
    budget_s: float, *, until_idle: bool = False, ready: Path | None = None, also: Sequence[str] = ()
) -> Shift:
    """Work until the budget is used up, SIGTERM comes, or (`until_idle`) nothing is due."""
    schema.check(wiring.current().engine)
    shift = Shift("worker", budget_s)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    if ready is not None:
        await asyncio.to_thread(ready.touch)
    duties = [DUTIES[name]() for name in also]
    try:
        async with shift.alive():
            while shift.goes_on() and not stop.is_set():
                for duty in duties:
                    await duty.when_due(shift)
                if not await stages.patient_pass(shift, engine=False):
                    if until_idle:
                        break
                    await shift.rest()
    finally:
        await wiring.current().aclose()
    return shift


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m apps.worker", description=__doc__)
    parser.add_argument("--until-idle", action="store_true", help="end when nothing is due")
    parser.add_argument("--ready", type=Path, help="a file to make when work begins")
    parser.add_argument("--budget-s", type=float, default=FOREVER_S)
    parser.add_argument("--also", action="append", choices=sorted(DUTIES), default=[], help="a duty beside the stages")
    given = parser.parse_args(arguments)
    try:
        shift = loops.run(work(given.budget_s, until_idle=given.until_idle, ready=given.ready, also=given.also))
    except schema.SchemaError as error:
        sys.stderr.write(f"worker: {error}\n")
        return OTHER_VERSION
    except sa.exc.OperationalError as error:
        place = wiring.current().engine.url.render_as_string(hide_password=True)
        sys.stderr.write(f"worker: the database {place} {what_is_wrong(error)}\n")
        return NO_LEDGER
    if shift.moved:
        sys.stderr.write("worker: the ledger was migrated by another version of the program; start that one\n")
        return OTHER_VERSION
    return 0


if __name__ == "__main__":
    logging.config.dictConfig(LOG_CONFIG)
    raise SystemExit(main())
