"""A small world for whole-path tests: sandbox, receiver on a real port, ledger, clock; stages without an engine."""

import asyncio
import shutil
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import uvicorn

from apps.receiver.app import create_app
from config import wiring as wiring_module
from config.policies import load_policies
from config.settings import Settings
from config.wiring import Wiring
from ledger.invariants import check_all
from tasks import stages
from tasks.opening import read_vendors
from tasks.shift import Shift
from tests.support.databases import move_clock, wired
from tests.support.fake_vendors import free_port
from tests.support.sandbox import SandboxProcess
from tests.support.shared import ROOT
from tests.support.waiting import PATIENCE_S, until

ADDRESS = {
    "first_name": "Ada",
    "last_name": "Lovelace",
    "address1": "12 Main Street",
    "city": "Boston",
    "province_code": "MA",
    "zip": "02110",
    "country_code": "US",
    "phone": "+16175550123",
}
FLOOR_TOKEN = "sandbox-floor-token"


def checkout(**changes: Any) -> dict[str, Any]:
    """A customer's checkout in the sandbox's words; a test states only what it is about."""
    body: dict[str, Any] = {
        "lines": [{"sku": "MUG-ENA-WHT", "quantity": 1}],
        "customer": {"first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.com", "phone": "+16175550123"},
        "shipping_address": dict(ADDRESS),
        "payment": "paid",
        "risk": "low",
        "shipping": {"title": "Standard", "code": "standard", "price": "5.00"},
    }
    body["shipping_address"] |= changes.pop("address", {})
    body["customer"] |= changes.pop("customer", {})
    return body | changes


def make_settings(url: str, sandbox: SandboxProcess, folder: Path, *, public_url: str) -> Settings:
    """The sandbox's accounts on the ports where it really listens."""
    accounts = (ROOT / "config" / "accounts.sandbox.toml").read_text(encoding="utf-8")
    accounts = accounts.replace("127.0.0.1:9400", sandbox.url.removeprefix("http://"))
    accounts = accounts.replace("port = 9425", f"port = {sandbox.smtp_port}")
    path = folder / "accounts.toml"
    path.write_text(accounts, encoding="utf-8")
    return Settings(  # type: ignore[call-arg]
        _env_file=None,
        database_url=url,
        accounts_file=path,
        public_url=public_url,
        link_secret="s" * 40,
        sandbox_control_url=sandbox.url,
    )


class World:
    """Customers buy in the sandbox; `settle` runs the six stages until nothing is due."""

    def __init__(self, wiring: Wiring, sandbox: SandboxProcess, port: int) -> None:
        self.wiring, self.sandbox = wiring, sandbox
        self.shift = Shift("test", 600.0)
        self._port = port

    async def start_receiver(self) -> None:
        self._server = uvicorn.Server(uvicorn.Config(create_app(self.wiring), port=self._port, log_level="critical"))
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        await self.until(lambda: self._server.started, what="the receiver starts")

    async def stop_receiver(self) -> None:
        self._server.should_exit = True
        await asyncio.to_thread(self._thread.join, PATIENCE_S)

    async def open(self) -> None:
        """Receiver up, subscriptions, catalogue and stock read."""
        await self.start_receiver()
        await read_vendors()
        self.sandbox.control(
            "floor/settings",
            {
                "base_url": self.wiring.settings.public_url,
                "token": FLOOR_TOKEN,
                "locations": ["brooklyn"],
                "enabled": True,
            },
        )

    async def close(self) -> None:
        await self.stop_receiver()
        await self.wiring.aclose()

    def buy(self, *bodies: dict[str, Any], shop: str = "alpha") -> list[dict[str, Any]]:
        """Orders made in a shop: [{id, name, legacy_id}]."""
        made: list[dict[str, Any]] = self.sandbox.control(f"shopify/{shop}/orders", {"orders": list(bodies)})["orders"]
        return made

    async def delivered(self) -> None:
        """All webhooks of the vendors are with the receiver."""
        await self.until(lambda: not self.sandbox.control("webhooks")["queued"], what="all webhooks are delivered")

    async def settle(self, *, deadline_s: float = PATIENCE_S) -> None:
        """Deliver all webhooks, so that what happened together is worked on together, and work off all that is due."""
        await self.delivered()
        quiet = 0
        loop = asyncio.get_running_loop()
        ends = loop.time() + deadline_s
        while quiet < 2:
            assert loop.time() < ends, "the world does not come to rest"
            reports = await stages.one_pass(self.shift, engine=False)
            queued = await asyncio.to_thread(self.sandbox.control, "webhooks")
            quiet = 0 if reports or queued["queued"] else quiet + 1
            if quiet:
                await asyncio.sleep(0)

    def move_clock(self, hours: float) -> None:
        """Time goes by for us and the vendors, and nobody works."""
        move_clock(self.wiring, timedelta(hours=hours))
        self.sandbox.control("clock", {"offset_s": self.row("SELECT offset_s FROM clock")["offset_s"]})

    async def advance(self, hours: float) -> None:
        """`move_clock`, then settle."""
        await asyncio.to_thread(self.move_clock, hours)
        await self.settle()
        await self._floor_works()
        await self.settle()

    async def _floor_works(self) -> None:
        """Let the handhelds make two rounds: the first may have begun before what they should see."""
        for _ in range(2):
            done = self.sandbox.control("floor/settings", {})["rounds"]
            await self.until(
                lambda done=done: self.sandbox.control("floor/settings")["rounds"] > done, what="the floor works"
            )

    def rule(self, file: str, line: str, instead: str) -> None:
        """A business rule in this world's own files, for programs too."""
        settings = self.wiring.settings
        own = settings.accounts_file.parent / "policies"
        if settings.policies_dir != own:
            shutil.copytree(settings.policies_dir, own)
            settings.policies_dir = own
        text = (own / file).read_text("utf-8")
        assert line in text, f"{file} has no {line}"
        (own / file).write_text(text.replace(line, instead), "utf-8")
        self.wiring.policies = load_policies(own)

    @property
    def environment(self) -> dict[str, str]:
        """What a program needs in its environment to work in this world."""
        settings = self.wiring.settings
        return {
            "AFTERCART_DATABASE_URL": settings.database_url,
            "AFTERCART_ACCOUNTS_FILE": str(settings.accounts_file),
            "AFTERCART_POLICIES_DIR": str(settings.policies_dir),
            "AFTERCART_PUBLIC_URL": settings.public_url,
            "AFTERCART_LINK_SECRET": settings.link_secret.get_secret_value(),
            "AFTERCART_SANDBOX_CONTROL_URL": settings.sandbox_control_url,
        }

    def rows(self, statement: str, **values: Any) -> Sequence[Any]:
        """Look into the ledger with plain SQL."""
        with self.wiring.engine.connect() as connection:
            return connection.execute(sa.text(statement), values).mappings().all()

    def row(self, statement: str, **values: Any) -> Any:
        [found] = self.rows(statement, **values)
        return found

    def broken(self) -> dict[str, list[str]]:
        """Invariants that do not hold; every whole-path test ends with `assert not world.broken()`."""
        found = self.wiring.ledger(check_all, real_now=self.wiring.real_now())
        return {name: ids for name, ids in found.items() if ids}

    async def until(self, condition: Callable[[], Any], *, what: str, deadline_s: float = PATIENCE_S) -> None:
        """Wait for a condition with a deadline."""
        await until(condition, what, patience_s=deadline_s)

    def orders(self, shop: str = "alpha") -> list[dict[str, Any]]:
        """What the shop itself shows of its orders, oldest first."""
        found: list[dict[str, Any]] = self.sandbox.control(f"shopify/{shop}/orders")["orders"]
        return sorted(found, key=lambda order: str(order["name"]))

    def mails(self, **query: Any) -> list[dict[str, Any]]:
        """The sandbox's mailbox."""
        answer = self.sandbox.get("/mail/api/messages", **query)
        found: list[dict[str, Any]] = answer["messages"]
        return found


@asynccontextmanager
async def opened_world(url: str, sandbox: SandboxProcess, folder: Path, *, sound: bool = False) -> AsyncIterator[World]:
    """A world on this ledger, everything read; `sound`: what is done with it leaves all invariants true."""
    port = free_port()
    made = wired(make_settings(url, sandbox, folder, public_url=f"http://127.0.0.1:{port}"))
    wiring_module.replace(made)
    world = World(made, sandbox, port)
    try:
        try:
            await world.open()
            yield world
        finally:
            await world.close()
        if sound:
            assert not world.broken(), "the test leaves broken invariants behind"
    finally:
        wiring_module.replace(None)
        made.engine.dispose()


__all__ = ["ADDRESS", "World", "checkout", "free_port", "make_settings", "opened_world"]
