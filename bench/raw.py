"""What the sandbox alone can serve: the floor's calls with nothing behind them, no webhooks, no database.

`python -m bench.raw RECIPE.json`; the recipe also names the orders.
"""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp
import uvloop

from bench.floor import CHUNK, FETCH, Floor
from bench.floor_mail import Mailer


class _Nothing:
    async def keep_orders(self, phase: str, orders: Sequence[str]) -> None:
        """Nothing is kept."""


class Raw(Floor):
    """The floor's calls, driven by a list instead of webhooks."""

    async def run(self) -> None:
        recipe = self._recipe
        self._ledger = _Nothing()  # type: ignore[assignment]  # it keeps nothing
        self._mailer = Mailer(recipe["smtp_port"], 16)
        self._told: list[str] = []
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=recipe["at_once"])) as self._http:
            started = time.perf_counter()
            ids = recipe["ids"]
            await self._side_by_side(self._create, ids, FETCH)
            await self._side_by_side(self._ship_when_packed, list(self._by_node), CHUNK)
            await self._side_by_side(self._refetch, ids, FETCH)
            print(json.dumps({"seconds": time.perf_counter() - started}), flush=True)
        await self._mailer.close()

    async def _side_by_side(self, work: Any, ids: Sequence[str], size: int) -> None:
        gate = asyncio.Semaphore(6)

        async def one(part: Sequence[str]) -> None:
            async with gate:
                await work(part)

        await asyncio.gather(*(one(ids[start : start + size]) for start in range(0, len(ids), size)))

    async def _ship_when_packed(self, ids: Sequence[str]) -> None:
        # the vendor is asked: no event of ours could tell
        while not (await self._get("shipbob", f"/2026-01/order/{ids[-1]}"))["shipments"][0]["tracking"]:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        await self._ship(ids)
        await self._track(self._told)
        self._told.clear()

    async def _post(self, vendor: str, path: str, body: Any, headers: dict[str, str] | None = None) -> Any:
        answer = await super()._post(vendor, path, body, headers)
        if path == "/v2/trackers":
            self._told.append(answer["id"])
        return answer


if __name__ == "__main__":
    uvloop.run(Raw(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))).run())
