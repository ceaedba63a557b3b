"""The own warehouse's door: parcels that came back are opened, and each unit gets its grade, by a handheld's calls."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from bench.door import AT_ONCE, calling
from bench.load import Send, Timed
from bench.processes import BenchError
from bench.wishes import Wish
from config.wiring import Wiring
from domain.ids import new_id
from ledger.returning.requests import return_parcels
from tasks.runtime import each

LOCATION = "brooklyn"
ENTERED_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a person has decided about every unit of a parcel, on the point of being sent."""

    wish: Wish
    request_id: str
    grades: dict[str, str]


@asynccontextmanager
async def at_the_bench(
    wiring: Wiring, labelled: Sequence[Timed]
) -> AsyncIterator[tuple[list[Inspection], Send[Inspection]]]:
    """All parcels lie opened, their units entered. Raises: BenchError."""
    async with calling(wiring) as client:
        handheld = _Handheld(wiring, client)
        yield await each(handheld.open, labelled, at_once=AT_ONCE), handheld.grade


class _Handheld:
    def __init__(self, wiring: Wiring, client: aiohttp.ClientSession) -> None:
        self._wiring, self._client, self._path = wiring, client, f"/warehouse/{LOCATION}/returns"
        self._headers = {"authorization": f"Bearer {wiring.accounts.floor_tokens[LOCATION]}"}

    async def open(self, asked: Timed) -> Inspection:
        """Scan the label; everything is in the parcel, and as new."""
        code = self._wiring.read(return_parcels, asked.id)[-1]["tracking_number"]
        path = f"{self._path}/{code}"
        awaited = await self._call("GET", path)
        units = [{"sku": line["sku"]} for line in awaited["lines"] for _ in range(line["awaited"])]
        await self._call("POST", self._path, {"scan_id": new_id("scan"), "code": code, "units": units})
        ends = time.monotonic() + ENTERED_WITHIN_S
        while time.monotonic() < ends:
            found = await self._call("GET", path)
            if len(found["units"]) == len(units):
                return Inspection(asked.wish, asked.id, {unit["id"]: "a" for unit in found["units"]})
            await asyncio.sleep(0.2)
        raise BenchError(f"the units of a parcel were not entered: its request is {found['state']}")

    async def grade(self, done: Inspection) -> str:
        """Send the grades; returns the order whose money is awaited. Raises: BenchError, aiohttp.ClientError."""
        body = {"scan_id": new_id("scan"), "grades": done.grades}
        await self._call("POST", f"{self._path}/{done.request_id}/grades", body)
        return done.wish.order.id

    async def _call(self, method: str, path: str, body: Any = None) -> Any:
        async with self._client.request(method, path, json=body, headers=self._headers) as answer:
            if answer.status != 200:
                raise BenchError(f"the receiver answered {answer.status} to a handheld")
            return await answer.json()
