"""A worker without an engine: the same stages in the same order, pass after pass.

`python -m apps.worker [--until-idle] [--ready FILE] [--budget-s N]`. For machines on which no Prefect server is to be
had, and for whoever kills workers on purpose: it starts in two seconds. It ends on SIGTERM after the pass it is in.
"""

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa

from config import wiring
from ledger import schema
from ledger.session import what_is_wrong
from tasks import stages
from tasks.shift import Shift

FOREVER_S = 10 * 365 * 86_400.0
NO_LEDGER = 3  # exit code: the database went away; what was claimed is taken over when its lease ends
OTHER_VERSION = 4  # exit code: the ledger is older or newer than this program


async def work(budget_s: float, *, until_idle: bool = False, ready: Path | None = None) -> Shift:
    """Work until the budget is used up, SIGTERM comes, or (`until_idle`) nothing is due."""
    schema.check(wiring.current().engine)
    shift = Shift("worker", budget_s)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    if ready is not None:
        await asyncio.to_thread(ready.touch)
    while shift.goes_on() and not stop.is_set():
        if not await stages.one_pass(shift, engine=False):
            if until_idle:
                break
            await shift.rest()
    await wiring.current().aclose()
    return shift


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m apps.worker", description=__doc__)
    parser.add_argument("--until-idle", action="store_true", help="end when nothing is due")
    parser.add_argument("--ready", type=Path, help="a file to make when work begins")
    parser.add_argument("--budget-s", type=float, default=FOREVER_S)
    given = parser.parse_args(arguments)
    try:
        shift = asyncio.run(work(given.budget_s, until_idle=given.until_idle, ready=given.ready))
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
    raise SystemExit(main())
