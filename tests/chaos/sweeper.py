"""The periodic flows' work without an engine, as a program: a line on stdin asks for a round, `done` answers it.

What a sweep cannot reach it leaves to its next round, as its flow does.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from config import wiring
from connectors.errors import ConnectorError
from tasks import deadlines, nightly, sweeping, tracking, warehouse_sweep

MOST = 2_000


async def opening() -> None:
    """What the first sweeps do: subscriptions, catalogue, stock."""
    await warehouse_sweep.write_locations.fn()
    for target in await sweeping.subscribers():
        await sweeping.check_subscriptions.fn(target)
    await shops()
    await warehouses()


async def shops() -> None:
    for target in await sweeping.targets():
        await sweeping.sweep_catalogue.fn(target)
        await sweeping.sweep_orders.fn(target)
    await sweeping.compare_catalogues.fn()


async def warehouses() -> None:
    for target in await warehouse_sweep.targets():
        await warehouse_sweep.read_node_stock.fn(target)
        await warehouse_sweep.sweep_node_orders.fn(target)
    await warehouse_sweep.open_own_stock.fn()
    for target in await sweeping.targets():
        await warehouse_sweep.compare_shop_stock.fn(target)


async def parcels() -> None:
    await tracking.look_at_parcels.fn(MOST)
    await deadlines.run_deadlines.fn(MOST)
    await deadlines.purge.fn()


async def night() -> None:
    for target in await sweeping.targets():
        await nightly.compare_money.fn(target)


async def _round() -> None:
    for sweep in (shops, warehouses, parcels):
        try:
            await sweep()
        except ConnectorError as error:  # its flow run would fail and the next one go on
            sys.stderr.write(f"sweep {sweep.__name__}: {type(error).__name__} {error.vendor} {error.operation}\n")


ROUNDS: dict[str, Callable[[], Awaitable[Any]]] = {"open": opening, "round": _round, "night": night}


async def serve() -> None:
    while line := await asyncio.to_thread(sys.stdin.readline):
        await ROUNDS[line.strip()]()
        sys.stdout.write("done\n")
        sys.stdout.flush()
    await wiring.current().aclose()


if __name__ == "__main__":
    asyncio.run(serve())
