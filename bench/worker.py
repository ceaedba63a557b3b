"""A worker process of a measured run: prepares the ledger, then works until it is ended.

`python -m bench.worker READY_FILE [--plain] [--after FILE]`; settings come from the environment. It runs the real flow;
`--plain` runs the product's worker without an engine instead, which shows what the engine costs. `--after`: another
worker prepares the ledger and then makes this file.
"""

import argparse
import asyncio
import gc
from pathlib import Path

from apps import loops
from apps.worker import work
from config import wiring
from tasks.opening import read_vendors

FOREVER_S = 3_600.0


async def with_engine(ready: Path) -> None:
    from flows.process_orders import process_orders

    await process_orders(budget_s=0.0)  # the engine's own first steps are not the pipeline's
    ready.touch()  # noqa: ASYNC240  # once, before the clock starts
    await process_orders(budget_s=FOREVER_S)


async def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.worker")
    parser.add_argument("ready", type=Path)
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--after", type=Path)
    options = parser.parse_args()
    if options.after:
        while not options.after.exists():  # noqa: ASYNC110  # before the clock starts
            await asyncio.sleep(0.05)
    else:
        await read_vendors()
        await wiring.current().aclose()
    gc.collect()
    if options.plain:
        await work(FOREVER_S, ready=options.ready)
    else:
        await with_engine(options.ready)


if __name__ == "__main__":
    loops.run(main())
