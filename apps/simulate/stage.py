"""One product in this process and its fake vendors in another, on a clock that stands still between steps."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
import uvicorn

from apps.demo.controls import Controls
from apps.processes import Child, StartError, python
from apps.receiver.app import create_app
from apps.sandbox_env import sandbox_env
from apps.simulate.errors import SimulationError
from config import wiring as wiring_module
from config.clock import ProductClock
from config.settings import ROOT, Settings
from config.wiring import Wiring
from ledger import schema
from tasks import deadlines, stages, tracking
from tasks.opening import read_vendors
from tasks.shift import Shift, leftovers

HOST = "127.0.0.1"
VENDORS = "shopify,shipbob,easypost,ups,shipengine,stripe,zendesk,twilio,chat,mail,world"
SHOP = "alpha"
_PLENTY = 1_000_000
_UP_WITHIN_S = 90.0
_REST_WITHIN_S = 300.0  # thousands of orders may come in at once on a slow machine
_LOOK_S = 0.01
_MOST = 20_000


class SteppedClock(ProductClock):
    """Stands where it was put. Leases run on the machine's time all the same."""

    def __init__(self, at: datetime) -> None:
        super().__init__(lambda: 0.0)
        self._at = at

    def now(self) -> datetime:
        return self._at

    @property
    def fresh(self) -> bool:
        return True

    def stand_at(self, moment: datetime) -> None:
        self._at = moment


class Stage:
    """What a trial is played on. `engine`: steps that have a flow are run through Prefect."""

    def __init__(self, wiring: Wiring, clock: SteppedClock, controls: Controls, *, engine: bool) -> None:
        self.wiring, self.controls = wiring, controls
        self._clock, self._engine = clock, engine
        self._shift = Shift("simulation", 86_400.0)

    async def set_up(self, begin: dict[str, Any]) -> dict[str, Any]:
        """The world begins, vendors have no limits and plenty of goods, and the product has read them all. Raises:
        SimulationError for a world that cannot be."""
        answer: dict[str, Any] = await self.ask("world/begin", begin)
        self._clock.stand_at(datetime.fromisoformat(answer["starts"]))
        sku = answer["sku"]
        await self.ask(f"shopify/{SHOP}/settings", {"max_available": 1e9, "restore_rate": 1e9})
        # A parcel's end is the carrier's to tell: the 3PL's own guess of it would be one too many.
        await self.ask("shipbob/settings", {"rate_limit_per_minute": None, "deliver_after_s": 1e9})
        await self.ask("shipbob/inventory", {"levels": [{"sku": sku, "on_hand": _PLENTY}]})
        stock = {"sku": sku, "location": "Reno DC", "available": _PLENTY}
        await self.ask(f"shopify/{SHOP}/inventory", stock)
        await read_vendors()
        return answer

    async def ask(self, knob: str, body: dict[str, Any]) -> Any:
        """Turn a knob. Raises: SimulationError with the sandbox's own words."""
        try:
            return await self.controls.turn(knob, body)
        except httpx.HTTPStatusError as error:
            raise SimulationError(f"{knob}: {_said(error.response)}") from None

    async def move_to(self, moment: datetime) -> None:
        """Time goes by for us, then for the vendors, who begin to deliver at once: what they sign for this moment must
        not come before it. Nothing of the moment before is on its way any more, because `settle` has waited for it."""
        self._clock.stand_at(moment)
        await self.ask("clock", {"at": moment.isoformat()})

    async def settle(self) -> None:
        """Until all webhooks are delivered and nothing is due. Raises: SimulationError."""
        quiet, ends = 0, monotonic() + _REST_WITHIN_S
        while quiet < 2:
            if monotonic() > ends:
                raise SimulationError(f"the product did not come to rest within {_REST_WITHIN_S:.0f} s")
            reports = await stages.one_pass(self._shift, engine=False)
            waits = await self.controls.queued()
            quiet = 0 if reports or waits else quiet + 1
            if waits and not reports:
                await asyncio.sleep(_LOOK_S)

    async def look_after(self) -> None:
        """What schedules do in life: parcels are asked about, deadlines watched, leftovers sent."""
        await leftovers()
        if self._engine:
            from flows.track_parcels import track_parcels
            from flows.watch_deadlines import watch_deadlines

            await track_parcels()
            await watch_deadlines()
            return
        await tracking.look_at_parcels.fn(_MOST)
        await deadlines.run_deadlines.fn(_MOST)


def _said(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["error"])
    except (ValueError, KeyError, TypeError):
        return f"status {answer.status_code}"


@asynccontextmanager
async def opened(folder: Path, *, engine: bool) -> AsyncIterator[Stage]:
    """Vendors, a fresh ledger and a receiver, all under `folder`; gone at the end. Raises: StartError."""
    receiver_port, sandbox_port, smtp_port = _free_ports(3)
    made = _wiring(folder, receiver_port, sandbox_port, smtp_port)
    command = python("-m", "sandbox", "--port", str(sandbox_port), "--smtp-port", str(smtp_port), "--only", VENDORS)
    sandbox = Child("fake vendors", command, folder / "sandbox.log", {}, ROOT)
    made.clock = clock = SteppedClock(made.real_now())
    wiring_module.replace(made)
    controls = Controls(f"http://{HOST}:{sandbox_port}")
    try:
        await sandbox.spawn()
        await _until(lambda: _answers(controls), f"the fake vendors do not start: {sandbox.log}")
        async with _receiver(made, receiver_port):
            yield Stage(made, clock, controls, engine=engine)
    finally:
        await controls.aclose()
        await made.aclose()
        await _stop(sandbox)
        wiring_module.replace(None)
        made.engine.dispose()


def _wiring(folder: Path, receiver_port: int, sandbox_port: int, smtp_port: int) -> Wiring:
    """On a fresh ledger. Whatever the user's own settings are, these accounts are the sandbox's."""
    folder.mkdir(parents=True, exist_ok=True)
    env = sandbox_env(HOST, sandbox_port, smtp_port, folder)
    settings = Settings.model_validate(
        {
            "database_url": f"sqlite:///{folder.resolve() / 'ledger.db'}",
            "accounts_file": env["AFTERCART_ACCOUNTS_FILE"],
            "public_url": f"http://{HOST}:{receiver_port}",
            "link_secret": env["AFTERCART_LINK_SECRET"],
            "sandbox_control_url": env["AFTERCART_SANDBOX_CONTROL_URL"],
            "requests_port": 0,
        }
    )
    made = Wiring(settings)
    schema.upgrade(made.engine)
    return made


@asynccontextmanager
async def _receiver(wiring: Wiring, port: int) -> AsyncIterator[None]:
    server = uvicorn.Server(uvicorn.Config(create_app(wiring), host=HOST, port=port, log_level="critical"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()

    async def started() -> bool:
        return server.started

    try:
        await _until(started, "the receiver does not start")
        yield
    finally:
        server.should_exit = True
        await asyncio.to_thread(thread.join, _UP_WITHIN_S)


async def _answers(controls: Controls) -> bool:
    try:
        await controls.look("clock")
    except httpx.HTTPError:
        return False
    return True


async def _until(condition: Callable[[], Awaitable[bool]], what: str) -> None:
    ends = monotonic() + _UP_WITHIN_S
    while not await condition():
        if monotonic() > ends:
            raise StartError(what)
        await asyncio.sleep(_LOOK_S)


async def _stop(child: Child) -> None:
    if child.process is None or not child.alive:
        return
    child.process.terminate()
    try:
        await asyncio.wait_for(child.process.wait(), 10)
    except TimeoutError:
        child.process.kill()
        await child.process.wait()


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind((HOST, 0))
        return [int(each.getsockname()[1]) for each in sockets]
    finally:
        for each in sockets:
            each.close()
