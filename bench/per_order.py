"""One Prefect flow run per order with a task per stage: what the obvious design costs.

`python -m bench.per_order RECIPE.json`. The calls are the floor's; only the engine is added.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from prefect import flow, task

from bench.floor import HOLD, Floor, Node

AT_ONCE = 8  # flow runs side by side; more make the server slower, not the orders faster


@task
async def capture(floor: "PerOrder", order_id: str) -> Node:
    [order] = await floor._fetch([order_id])
    floor._orders[order_id] = order
    await floor._ledger.keep_orders("captured", [order_id])
    return order


@task
async def validate(floor: "PerOrder", order: Node) -> None:
    await floor._verify(order)
    await floor._ledger.keep_orders("validated", [order["id"]])


@task
async def route(floor: "PerOrder", order: Node) -> None:
    await floor._ledger.keep_orders("released", [order["id"]])


@task
async def fulfil(floor: "PerOrder", order: Node) -> None:
    opened = order["fulfillmentOrders"]["nodes"][0]["id"]
    await floor.hold_and_release(opened)
    await floor._hand_over(order)


@task
async def communicate(floor: "PerOrder", order: Node) -> None:
    await floor._mail(order, "c")


@task
async def reconcile(floor: "PerOrder", order: Node) -> None:
    node_id = next(number for number, known in floor._by_node.items() if known is order)
    await floor.packed(node_id)
    await floor._ship([node_id])


@flow(name="one-order", log_prints=False)
async def one_order(number: str) -> None:
    floor = PerOrder.current
    order_id = f"gid://shopify/Order/{number}"
    order = await capture(floor, order_id)
    await validate(floor, order)
    await route(floor, order)
    await fulfil(floor, order)
    await communicate(floor, order)
    await reconcile(floor, order)


class PerOrder(Floor):
    """The floor, but each new order is a flow run."""

    current: "PerOrder"

    def __init__(self, recipe: dict[str, Any]) -> None:
        super().__init__(recipe)
        PerOrder.current = self
        self._packed: dict[str, asyncio.Event] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)

    def _loops(self) -> list[Any]:
        return [
            self._take(self._new, self._start, 50),
            self._take(self._shipped, self._note, 50),
            self._take(self._trackers, self._track, 25),
            self._take(self._echo, self._refetch, 50),
        ]

    async def _start(self, ids: list[str]) -> None:
        async def one(order_id: str) -> None:
            async with self._slots:
                await one_order(order_id.rpartition("/")[2])

        self._running = [*getattr(self, "_running", []), *(asyncio.create_task(one(i)) for i in ids)]

    async def _note(self, ids: list[str]) -> None:
        for node_id in ids:
            self._packed.setdefault(node_id, asyncio.Event()).set()

    async def packed(self, node_id: str) -> None:
        """Until ShipBob has said that the parcel has left."""
        await self._packed.setdefault(node_id, asyncio.Event()).wait()

    async def hold_and_release(self, opened: str) -> None:
        [held] = await self._mutate("hold", [{"id": opened, "fulfillmentHold": HOLD}])
        await self._mutate("release", [{"id": opened, "holdIds": [held["fulfillmentHold"]["id"]]}])


if __name__ == "__main__":
    from bench import per_order

    asyncio.run(per_order.PerOrder(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))).run())
