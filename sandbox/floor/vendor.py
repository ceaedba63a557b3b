"""The floor's polling loop and its knobs."""

import asyncio
import contextlib
import time
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

import aiohttp

from sandbox.core.http import BadJsonError, Reply, Request, Router, html_reply, json_reply
from sandbox.core.world import World
from sandbox.floor.dock import AT_DOOR, Dock
from sandbox.floor.work import Job, Settings, Work

_POLL_EVERY_S = 0.5
_SETTINGS = {field.name for field in fields(Settings)}


class Floor:
    """Polls the receiver's open pick lists, sends scans as work gets done, and opens parcels that come back."""

    name = "floor"

    def __init__(self, world: World) -> None:
        self._world = world
        self.work = Work()
        self.dock = Dock()
        self._task: asyncio.Task[None] | None = None
        self._polled_at = 0.0
        self._session: aiohttp.ClientSession | None = None
        self._rounds = 0  # finished ones: a driver waits for one that began after its own doing
        self._problem: str | None = None
        self.app = Router(world, self.name)
        self.app.add("GET", "/", self._page)
        self.control = self._knobs()

    async def start(self) -> None:
        """Nothing to do until a tick."""

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self._session is not None:
            await self._session.close()
            self._session = None

    def tick(self, now: datetime) -> None:
        """Start a round, unless one runs or the last one is too fresh by real time."""
        busy = self._task is not None and not self._task.done()
        if not self.work.settings.enabled or busy or time.monotonic() - self._polled_at < _POLL_EVERY_S:
            return
        self._polled_at = time.monotonic()
        self._task = asyncio.get_running_loop().create_task(self.round())

    async def round(self) -> None:
        """Read the lists of every location, then send the scans that are due and open what stands at the door."""
        try:
            for location in self.work.settings.locations:
                self.work.read(location, await self._lists(location), self._world.clock.now())
            # As often as there are events: a clock that jumped far makes several due at once.
            for _ in range(3):
                for job in self.work.due(self._world.clock.now()):
                    await self._send(job)
            await self.dock.round(self._call)
            self._problem = None
            self._rounds += 1
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, KeyError, TypeError) as problem:
            self._problem = f"{type(problem).__name__}: {problem}"

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10))
        return self._session

    def _url(self, location: str, tail: str) -> str:
        return f"{self.work.settings.base_url.rstrip('/')}/warehouse/{location}/{tail}"

    async def _lists(self, location: str) -> list[dict[str, Any]]:
        url = self._url(location, "pick-lists?state=open")
        async with self._client().get(url, headers=self._headers()) as answer:
            answer.raise_for_status()
            found = await answer.json()
        lists: list[dict[str, Any]] = found["pick_lists"]
        return lists

    def _headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.work.settings.token}"}

    async def _send(self, job: Job) -> None:
        """Send a scan; twice when told so. A scan that got no answer is sent again in a later round."""
        scan = self.work.scan(job)
        repeat = self.work.settings.repeat > 0
        self.work.settings.repeat -= repeat
        status, body = await self._post(job, scan)
        if repeat:
            await self._post(job, scan)
        self._world.counters.request("floor", f"scan {scan['event']}", status)
        if status == 200:
            self._world.counters.accepted("floor", scan["event"], str(scan["fulfilment_order_id"]))
            self.work.accepted(job, scan)
        elif status == 409:
            self.work.refused(job, scan, str(body.get("reason")))
        else:
            self._problem = f"the receiver answered {status}"

    async def _post(self, job: Job, scan: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        return await self._call("POST", job.location, "scans", scan)

    async def _call(
        self, method: str, location: str, tail: str, content: dict[str, Any] | None
    ) -> tuple[int, dict[str, Any]]:
        url = self._url(location, tail)
        async with self._client().request(method, url, json=content, headers=self._headers()) as answer:
            body = await answer.json() if answer.content_type == "application/json" else {}
            return answer.status, body if isinstance(body, dict) else {}

    def _knobs(self) -> Router:
        router = Router(self._world, "_control", bad_json=_refuse)
        router.add("GET", "/settings", self._settings)
        router.add("POST", "/settings", self._change_settings)
        router.add("GET", "/packed", lambda _request: json_reply(200, self.work.packed))
        router.add("GET", "/jobs", self._jobs)
        router.add("GET", "/returns", lambda _request: json_reply(200, [asdict(each) for each in self.dock.parcels]))
        router.add("POST", "/returns", self._bring)
        return router

    def _settings(self, _request: Request) -> Reply:
        return json_reply(200, asdict(self.work.settings) | {"problem": self._problem, "rounds": self._rounds})

    def _change_settings(self, request: Request) -> Reply:
        values = request.object()
        unknown = sorted(set(values) - _SETTINGS)
        if unknown:
            return json_reply(400, {"error": f"unknown settings: {', '.join(unknown)}"})
        for name, value in values.items():
            setattr(self.work.settings, name, value)
        self._polled_at = 0.0  # an empty change asks for a round now
        return self._settings(request)

    def _bring(self, request: Request) -> Reply:
        """A parcel of a return stands at the door: {"location", "code", "contents": [{"sku", "grade"}]}."""
        said = request.object()
        contents = said.get("contents", [])
        if not all(isinstance(said.get(name), str) and said[name] for name in ("location", "code")) or not all(
            isinstance(unit, dict) and {"sku", "grade"} == set(unit) for unit in contents
        ):
            return json_reply(400, {"error": "location, code and contents with sku and grade are needed"})
        self.dock.bring(said["location"], said["code"], contents)
        self._polled_at = 0.0
        return json_reply(200, {"waiting": sum(each.stage == AT_DOOR for each in self.dock.parcels)})

    def _jobs(self, _request: Request) -> Reply:
        return json_reply(
            200,
            [
                {
                    "fulfilment_order_id": job.order["fulfilment_order_id"],
                    "location": job.location,
                    "pick_list_id": job.pick_list_id,
                    "stage": job.stage,
                    "refused": job.refused,
                }
                for job in self.work.jobs.values()
            ],
        )

    def _page(self, _request: Request) -> Reply:
        packed = len(self.work.packed)
        return html_reply(
            "<!doctype html><html lang=en><meta charset=utf-8><title>Warehouse floor</title>"
            f"<h1>Warehouse floor</h1><p>{len(self.work.jobs)} orders seen, {packed} parcels packed.</p>"
        )


def _refuse(problem: BadJsonError) -> Reply:
    return json_reply(400, {"error": str(problem)})


def build(world: World) -> Floor:
    return Floor(world)
