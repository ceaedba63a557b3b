"""Everything on one machine: migrations, the fake vendors if wanted, Prefect's server, deployments, receiver, worker.

What dies is started again, after 1, 2, 4 … 30 seconds. Prefect keeps its files under var/prefect, children write to
var/log. All of it ends with the supervisor.
"""

import asyncio
import os
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from time import monotonic
from typing import Any

import httpx
import psutil
import sqlalchemy as sa

from apps.desk.seeding import DeskLogin, seed_agent
from apps.order_watch import OrderWatch
from apps.processes import MARK, Child, StartError, check_port, end, marked, python, rotate
from apps.programs import REQUESTS, Options, Program, programs
from apps.sandbox_env import sandbox_env
from apps.standby import NAME as STANDBY
from apps.standby import StandBy
from config.links import is_ready
from config.settings import ROOT, Settings
from config.wiring import Wiring
from ledger import schema
from ledger.session import said_by

__all__ = ["Options", "StartError", "Supervisor"]

START_S = 90.0
LONGEST_BACKOFF_S = 30.0
STEADY_S = 60.0  # who lived this long starts again without a growing delay
STOP_S = 15.0


class Supervisor:
    """`await start()`, use `addresses` and `wiring`, `await stop()`."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.desk_login: DeskLogin | None = None  # with fake vendors only
        self._keepers: list[asyncio.Task[None]] = []
        self._children: list[Child] = []
        self._mark = f"{options.var.resolve()}:"

    @cached_property
    def env(self) -> Mapping[str, str]:
        """What children and the command line see beside the environment."""
        o = self.options
        env = {
            "AFTERCART_PREFECT_UI_URL": f"http://{o.host}:{o.prefect_port}",
            "AFTERCART_PUBLIC_URL": os.environ.get("AFTERCART_PUBLIC_URL", f"http://{o.host}:{o.receiver_port}"),
            "AFTERCART_DESK_URL": os.environ.get("AFTERCART_DESK_URL", f"http://{o.host}:{o.desk_port}"),
            "AFTERCART_REQUESTS_PORT": os.environ.get("AFTERCART_REQUESTS_PORT", str(o.requests_port)),
            "PREFECT_API_URL": f"http://{o.host}:{o.prefect_port}/api",
            "PREFECT_HOME": str(o.var.resolve() / "prefect"),
            "DO_NOT_TRACK": "1",
            "PYTHONUNBUFFERED": "1",
        }
        if o.sandbox:
            env |= sandbox_env(o.host, o.sandbox_port, o.smtp_port, o.var)
        return env

    @cached_property
    def settings(self) -> Settings:
        """The settings that the children have."""
        names = {f"AFTERCART_{name.upper()}": name for name in Settings.model_fields}
        given: dict[str, Any] = {names[key]: value for key, value in self.env.items() if key in names}
        return Settings(**given)

    @cached_property
    def wiring(self) -> Wiring:
        return Wiring(self.settings)

    @property
    def addresses(self) -> Mapping[str, str]:
        """By what there is to see."""
        o = self.options
        found = {
            "Prefect UI": f"http://{o.host}:{o.prefect_port}",
            "webhooks": f"http://{o.host}:{o.receiver_port}",
            "desk": f"http://{o.host}:{o.desk_port}",
        }
        if o.sandbox:
            sandbox = f"http://{o.host}:{o.sandbox_port}"
            found |= {"sandbox": sandbox, "sandbox mailbox": f"{sandbox}/mail/"}
        return found

    async def start(self) -> None:
        """Start everything in order and wait until it serves. Raises: StartError, ConfigError.

        When it fails, what had been started is stopped.
        """
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def _start(self) -> None:
        self._check_settings()
        await self._end_leftovers()
        self._check_ports()
        (self.options.var / "log").mkdir(parents=True, exist_ok=True)
        await asyncio.to_thread(self._migrate)
        has_desk = is_ready(self.settings)
        if not has_desk:
            self.options.say("the desk is left out: set AFTERCART_LINK_SECRET to at least 32 characters")
        elif self.options.sandbox:
            self.desk_login = await asyncio.to_thread(seed_agent, self.wiring)
        run = programs(self.options, desk=has_desk)
        if self.options.sandbox:
            await self._begin(self._child(run.sandbox))
            await self._set_sandbox_clock()
        deploying = self._child(run.deploying)
        await deploying.spawn()  # imports the flows while the server starts
        await asyncio.gather(*(self._begin(self._child(one)) for one in run.services))
        await self._finish(deploying)
        if self.options.worker:
            watch = OrderWatch(self.wiring, self.options.say, StandBy(self._child(run.standby), self.options.say))
            await watch.bury_lost_runs()
            await self._begin(self._child(run.requests))
            await self._begin(self._child(run.worker))
            if self.options.sweep:
                await watch.catch_up()
            self._keepers.append(asyncio.create_task(watch.run()))

    async def stop(self) -> None:
        """End all children, those that work on orders first. Safe to call twice."""
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        self._keepers.clear()
        mine = marked(f"{self._mark}{os.getpid()}")
        workers = ("worker", STANDBY, REQUESTS)
        services = {child.process.pid for child in self._children if child.process and child.name not in workers}
        await end([process for process in mine if process.pid not in services], patience_s=STOP_S)
        await end([process for process in mine if process.pid in services], patience_s=STOP_S)
        await end(marked(f"{self._mark}{os.getpid()}"), patience_s=1)
        for child in self._children:
            if child.process is not None:
                await child.process.wait()  # reap it
        self._children.clear()

    def _check_settings(self) -> None:
        _ = self.wiring.accounts, self.wiring.policies, self.wiring.brand, self.wiring.engine

    def _check_ports(self) -> None:
        o = self.options
        wanted = [
            (o.prefect_port, "Prefect server", "--prefect-port"),
            (o.receiver_port, "receiver", "--receiver-port"),
            (o.desk_port, "desk", "--desk-port"),
        ]
        if o.sandbox:
            wanted += [(o.sandbox_port, "sandbox", "--sandbox-port"), (o.smtp_port, "sandbox's mail", "--smtp-port")]
        for port, what, option in wanted:
            check_port(o.host, port, what, option)

    async def _end_leftovers(self) -> None:
        """What a killed supervisor of this folder left behind; a living one is left in peace."""
        found = marked(self._mark)
        for process in found:
            with suppress(psutil.Error, ValueError):
                owner = int(process.environ()[MARK].removeprefix(self._mark))
                if owner != os.getpid() and psutil.pid_exists(owner):
                    raise StartError(f"Aftercart is up already (process {owner}); stop it first")
        if found:
            self.options.say(f"ending {len(found)} processes that an earlier start left behind")
            await end(found, patience_s=5)

    def _migrate(self) -> None:
        try:
            schema.upgrade(self.wiring.engine)
        except schema.SchemaError as error:
            raise StartError(str(error)) from None
        except sa.exc.DBAPIError as error:
            place = self.wiring.engine.url.render_as_string(hide_password=True)
            raise StartError(f"the database {place} cannot be used: {said_by(error)}") from None

    def _child(self, program: Program) -> Child:
        log = self.options.var / "log" / f"{program.name}.log"
        rotate(log)
        env = {**self.env, MARK: f"{self._mark}{os.getpid()}"}
        child = Child(program.name, python(*program.arguments), log, env, ROOT, program.ready_url)
        self._children.append(child)
        return child

    async def _begin(self, child: Child) -> None:
        """Start a child, wait until it serves, keep it alive from then on. Raises: StartError."""
        began = monotonic()
        await child.spawn()
        await self._until_ready(child)
        self.options.say(f"{child.name} is up ({monotonic() - began:.1f} s)")
        self._keepers.append(asyncio.create_task(self._keep(child)))

    async def _until_ready(self, child: Child) -> None:
        if not child.ready_url:
            return
        deadline = monotonic() + START_S
        async with httpx.AsyncClient(timeout=5) as client:
            while monotonic() < deadline:
                if not child.alive:
                    raise StartError(f"{child.name} did not start: {child.last_words()} (see {child.log})")
                with suppress(httpx.HTTPError):
                    if (await client.get(child.ready_url)).is_success:
                        return
                await asyncio.sleep(0.1)
        raise StartError(f"{child.name} did not answer within {START_S:.0f} s; see {child.log}")

    async def _finish(self, child: Child) -> None:
        assert child.process is not None
        if await child.process.wait():
            raise StartError(f"{child.name} failed: {child.last_words()} (see {child.log})")
        self.options.say("deployments are in place")

    async def _keep(self, child: Child) -> None:
        delay = 1.0
        while True:
            assert child.process is not None
            began = monotonic()
            code = await child.process.wait()
            if monotonic() - began > STEADY_S:
                delay = 1.0
            self.options.say(f"{child.name} ended with {code}; starting it again in {delay:.0f} s (see {child.log})")
            await asyncio.sleep(delay)
            delay = min(delay * 2, LONGEST_BACKOFF_S)
            await child.spawn()

    async def _set_sandbox_clock(self) -> None:
        """A new sandbox begins at real time; the ledger may be ahead of it."""
        ahead = self.wiring.clock.now() - self.wiring.real_now()
        async with httpx.AsyncClient(timeout=10) as client:
            url = f"{self.settings.sandbox_control_url}/clock"
            (await client.post(url, json={"offset_s": ahead.total_seconds()})).raise_for_status()
