"""The whole sandbox as one ASGI app: vendors under their prefix, the control API, the index page."""

import asyncio
import contextlib
import html
import logging
from collections.abc import Callable
from typing import Any

from sandbox.core.clock import parse_time, stamp
from sandbox.core.http import (
    ASGIApp,
    BadJsonError,
    Receive,
    Reply,
    Request,
    Router,
    Scope,
    Send,
    html_reply,
    json_reply,
    send_reply,
)
from sandbox.core.world import Meets, Resets, Runs, Vendor, World
from sandbox.parcels.control import Control as ParcelControl

TICK_S = 0.2
Builder = Callable[[World], Vendor]

_log = logging.getLogger("sandbox")


class Sandbox:
    """All vendors of one process. A reset builds the vendors anew; the world stays."""

    def __init__(self, world: World, builders: list[Builder]) -> None:
        self.world = world
        self._builders = builders
        self.vendors: dict[str, Vendor] = {}
        self._mounts: dict[str, ASGIApp] = {}
        self._ticking: asyncio.Task[None] | None = None
        self._control = self._control_routes()
        self._parcels = ParcelControl(world).app
        self._build()

    def _build(self) -> None:
        """Build each vendor, or let it reset itself when it is there already and can."""
        earlier: list[Vendor | None] = [*self.vendors.values()] or [None for _ in self._builders]
        made: list[Vendor] = []
        for vendor, build in zip(earlier, self._builders, strict=True):
            if vendor is not None and isinstance(vendor, Resets):
                vendor.reset()
                made.append(vendor)
            else:
                made.append(build(self.world))
        self.vendors = {vendor.name: vendor for vendor in made}
        self._mounts = {f"/{name}": vendor.app for name, vendor in self.vendors.items()}
        self._mounts |= {f"/_control/{name}": vendor.control for name, vendor in self.vendors.items()}
        self._mounts["/_control/parcels"] = self._parcels
        for vendor in self.vendors.values():
            if isinstance(vendor, Meets):
                vendor.meet(self.vendors)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        path: str = scope["path"]
        head = path.find("/", 1)
        if path.startswith("/_control/"):
            head = path.find("/", len("/_control/"))
        prefix = path if head < 0 else path[:head]
        app = self._mounts.get(prefix)
        if app is None:
            await self._own(path, scope, receive, send)
            return
        # Changed in place: one server owns the scope, and copying it for each request would cost.
        scope["root_path"] = scope.get("root_path", "") + prefix
        await app(scope, receive, send)

    async def _own(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        if path == "/_control/reset" and scope["method"] == "POST":
            await self.reset()
            await send_reply(send, json_reply(200, {"ok": True}))
            return
        await self._control(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await self.start()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def start(self) -> None:
        for vendor in self.vendors.values():
            await _start(vendor)
        self._ticking = asyncio.create_task(self._tick_forever())

    async def stop(self) -> None:
        if self._ticking is not None:
            self._ticking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._ticking
        for vendor in self.vendors.values():
            await _stop(vendor)
        await self.world.webhooks.close()

    async def reset(self) -> None:
        """Back to the seeded state: vendors, clock, faults, counters and undelivered webhooks."""
        running = self._ticking is not None
        before = list(self.vendors.values())
        self.world.reset()
        self._build()
        for old, new in zip(before, list(self.vendors.values()), strict=True):
            if running and old is not new:
                await _stop(old)
                await _start(new)

    def tick(self) -> None:
        """Let every parcel and every vendor do what is due; one's fault never stops the others."""
        now = self.world.clock.now()
        due = {"the road": self.world.road.tick} | {vendor.name: vendor.tick for vendor in self.vendors.values()}
        for name, tick in due.items():
            try:
                tick(now)
            except Exception:
                _log.exception("tick of %s failed", name)

    async def _tick_forever(self) -> None:
        while True:
            self.tick()
            await asyncio.sleep(TICK_S)

    def _control_routes(self) -> Router:
        def refuse(problem: BadJsonError) -> Reply:
            return json_reply(400, {"error": str(problem)})

        router = Router(self.world, "_control", bad_json=refuse)
        router.add("GET", "/", self._index)
        router.add("GET", "/_control/clock", self._clock)
        router.add("POST", "/_control/clock", self._move_clock)
        router.add("GET", "/_control/faults", self._faults)
        router.add("POST", "/_control/faults", self._add_fault)
        router.add("DELETE", "/_control/faults", self._clear_faults)
        router.add("GET", "/_control/counters", self._counters)
        router.add("GET", "/_control/webhooks", self._webhooks)
        router.add("POST", "/_control/webhooks", self._set_webhooks)
        router.add("POST", "/_control/release", self._release)
        return router

    def _clock(self, _request: Request) -> Reply:
        clock = self.world.clock
        return json_reply(200, {"now": clock.now().isoformat(), "offset_s": clock.offset_s})

    def _move_clock(self, request: Request) -> Reply:
        """{"offset_s"} from real time, or {"at"} to stand still there."""
        values = request.object()
        try:
            if "at" in values:
                self.world.clock.stand_at(parse_time(str(values["at"])))
            else:
                self.world.clock.set_offset(float(values["offset_s"]))
        except (KeyError, TypeError, ValueError, OverflowError):
            return json_reply(400, {"error": "offset_s must be a number of seconds, or at a time"})
        self.tick()
        return self._clock(request)

    def _faults(self, _request: Request) -> Reply:
        return json_reply(200, {"faults": [rule.as_json() for rule in self.world.faults.rules()]})

    def _add_fault(self, request: Request) -> Reply:
        try:
            return json_reply(201, self.world.faults.add(request.object()).as_json())
        except (TypeError, ValueError) as problem:
            return json_reply(400, {"error": str(problem)})

    def _clear_faults(self, request: Request) -> Reply:
        """All of them, a `?vendor=`'s, or one by its `?id=`."""
        number = request.query("id")
        if number is not None and not number.isdecimal():
            return json_reply(400, {"error": "id must be the number of a fault"})
        self.world.faults.clear(request.query("vendor"), int(number) if number else None)
        return self._faults(request)

    def _counters(self, _request: Request) -> Reply:
        return json_reply(200, {key: dict(value) for key, value in self.world.counters.snapshot().items()})

    def _webhooks(self, _request: Request) -> Reply:
        return json_reply(200, self.world.webhooks.snapshot())

    def _set_webhooks(self, request: Request) -> Reply:
        values: dict[str, Any] = request.object()
        vendor = values.pop("vendor", None)
        try:
            if not isinstance(vendor, str):
                raise ValueError("vendor is missing")
            self.world.webhooks.set_knobs(vendor, values)
        except (TypeError, ValueError) as problem:
            return json_reply(400, {"error": str(problem)})
        return self._webhooks(request)

    def _release(self, _request: Request) -> Reply:
        self.world.faults.release()
        return json_reply(200, {"ok": True})

    def _index(self, _request: Request) -> Reply:
        names = sorted(self.vendors)
        links = [(f"/{name}/", name) for name in names] + [
            ("/_control/counters", "counters"),
            ("/_control/webhooks", "webhooks"),
            ("/_control/faults", "faults"),
            ("/_control/clock", "clock"),
            ("/_control/parcels", "parcels"),
        ]
        items = "".join(f'<li><a href="{url}">{html.escape(text)}</a></li>' for url, text in links)
        now = stamp(self.world.clock.now())
        return html_reply(
            "<!doctype html><html lang=en><meta charset=utf-8><title>Sandbox</title>"
            f"<body><h1>Sandbox</h1><p>Its time is {now}.</p><ul>{items}</ul></body></html>"
        )


async def _start(vendor: Vendor) -> None:
    if isinstance(vendor, Runs):
        await vendor.start()


async def _stop(vendor: Vendor) -> None:
    if isinstance(vendor, Runs):
        await vendor.stop()
