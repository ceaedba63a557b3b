"""The worker process of a measured run: prepares the ledger, then runs the real flow until it is ended.

`python -m bench.worker READY_FILE [--plain]`; settings come from the environment. `--plain` runs the same stages
without an engine, which shows what the engine costs.
"""

import argparse
import asyncio
import gc
from pathlib import Path

from config import wiring
from tasks import stages, sweeping, warehouse_sweep
from tasks.shift import Shift

FOREVER_S = 3_600.0


async def prepare() -> None:
    """What the sweeps have done long ago in an installation that runs: subscriptions, catalogue, stock."""
    await warehouse_sweep.write_locations.fn()
    for target in await sweeping.subscribers():
        await sweeping.check_subscriptions.fn(target)
    for target in await sweeping.targets():
        await sweeping.sweep_catalogue.fn(target)
    for target in await warehouse_sweep.targets():
        await warehouse_sweep.read_node_stock.fn(target)


async def with_engine(ready: Path) -> None:
    from flows.process_orders import process_orders

    await process_orders(budget_s=0.0)  # the engine's own first steps are not the pipeline's
    ready.touch()  # noqa: ASYNC240  # once, before the clock starts
    await process_orders(budget_s=FOREVER_S)


async def plain(ready: Path) -> None:
    """The same loop as the flow's."""
    shift = Shift("bench", FOREVER_S)
    ready.touch()  # noqa: ASYNC240
    while shift.goes_on():
        if not await stages.one_pass(shift, engine=False):
            await shift.rest()


async def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.worker")
    parser.add_argument("ready", type=Path)
    parser.add_argument("--plain", action="store_true")
    options = parser.parse_args()
    await prepare()
    await wiring.current().aclose()
    gc.collect()
    await (plain if options.plain else with_engine)(options.ready)


if __name__ == "__main__":
    asyncio.run(main())
