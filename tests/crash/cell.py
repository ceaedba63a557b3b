"""One cell of the matrix: a worker dies at a point of an effect's life, another one is started, and all is well."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
import sqlalchemy as sa

from config import wiring as wiring_module
from config.settings import Settings
from config.wiring import Wiring
from ledger.queue import next_due
from tests.crash.programs import WORKER, Launcher, Started
from tests.crash.promises import ACTED, REPEATED, promises
from tests.crash.scenarios import SCENARIOS, Scenario, deeds
from tests.support.sandbox import SandboxProcess
from tests.support.world import World, free_port, make_settings
from tests.tasks.steps import later

AS_PROMISED = "as promised"
KEPT, BROKEN, UNPROVEN = "kept", "broken", "unproven"
SHORT_LEASE_S = 1.5
TRUE_LEASE_S: float = Settings.model_fields["lease_s"].default
NOBODY_LEFT_S, ONE_LEFT_S = 60.0, 45.0  # from the kill until what was abandoned is done, with leases of that length
PATIENCE_S = 240.0  # a machine that others use as well
_HELD = """
    SELECT state AS what FROM effect WHERE state IN ('sending', 'unknown')
    UNION SELECT 'deadline' FROM deadline WHERE state = 'pending' AND lease_until IS NOT NULL
"""


@dataclass(frozen=True)
class Cell:
    effect: str
    point: str
    database: str

    def __str__(self) -> str:
        return f"{self.effect} {self.point} {self.database}"


@dataclass(frozen=True)
class Result:
    """What became of a cell. `recovery_s` counts from the kill until nothing was left to do. `verdict` is `kept`,
    `broken` (done twice, lost, or a person asked in vain or not at all), or `unproven`: not seen to its end, or done
    once without a word of it in the ledger."""

    effect: str
    point: str
    database: str
    accepted: int
    expected: str
    case_open: bool
    outcome: str
    recovery_s: float
    verdict: str


async def played(cell: Cell, playing: Awaitable[Result]) -> Result:
    """What became of it; a cell that cannot be played does not take the others with it."""
    try:
        return await playing
    except (AssertionError, OSError, httpx.HTTPError, sa.exc.OperationalError) as failure:
        text = next(iter(str(failure).splitlines()), type(failure).__name__)
        expected = promises()[cell.effect].expected(cell.point)
        return Result(
            cell.effect, cell.point, cell.database, 0, expected, False, f"not played: {text}", 0.0, UNPROVEN
        )  # fmt: skip


@asynccontextmanager
async def opened_world(url: str, sandbox: SandboxProcess, folder: Path) -> AsyncIterator[World]:
    """A world on this ledger with the fake vendors in their seeded state."""
    sandbox.reset()
    port = free_port()
    made = Wiring(make_settings(url, sandbox, folder, public_url=f"http://127.0.0.1:{port}"))
    wiring_module.replace(made)
    world = World(made, sandbox, port)
    try:
        await world.open()
        yield world
    finally:
        await world.close()
        wiring_module.replace(None)
        made.engine.dispose()


class Play:
    """Plays a cell in a fresh world. `program` is what is killed and started again; with `standby` a second one
    lives already when the first is killed, and carries on."""

    def __init__(
        self, cell: Cell, world: World, launcher: Launcher, folder: Path,
        *, program: str = WORKER, lease_s: float = SHORT_LEASE_S, standby: bool = False,
        patience_s: float = PATIENCE_S,
    ) -> None:  # fmt: skip
        self.cell, self.world, self.folder = cell, world, folder
        self.scenario: Scenario = SCENARIOS[cell.effect]
        self._launcher, self._program = launcher, program
        self._env = {**world.environment, "AFTERCART_LEASE_S": str(lease_s)}
        self._patience_s, self._standby = patience_s, standby
        self._living: list[Started] = []
        self._before = 0
        self._rows_before: set[str] = set()

    async def run(self) -> Result:
        """Kill, start again, wait until nothing is left to do, judge."""
        try:
            await self.scenario.trigger(self.world)
            self._before = self._deeds()
            self._rows_before = {row["id"] for row in self._rows()}
            killed_at = await self.kill()
            if not await self.recovered() and (left := self.left()):
                return self._result(self._doubled(), [f"never at rest: {sorted(left)}"], monotonic() - killed_at)
            recovery_s = monotonic() - killed_at
            await self.stop()
            return await self.judge(recovery_s)
        finally:
            self.end_all()

    async def kill(self) -> float:
        """Let a worker get to the point and die of SIGKILL there; says when."""
        if self.cell.point == ACTED:
            return await self._kill_while_the_vendor_answers()
        log = self.folder / "failpoint"
        name = f"{self.cell.effect}:{self.cell.point}"
        worker = self.start({"AFTERCART_FAIL_POINT": name, "AFTERCART_FAIL_LOG": str(log)})
        killed_at = await self._reaped(worker)
        assert log.read_text("ascii") == f"{name} {worker.pid}\n", "it died elsewhere"
        return killed_at

    async def _kill_while_the_vendor_answers(self) -> float:
        sandbox, scenario = self.world.sandbox, self.scenario
        sandbox.fault(scenario.vendor, scenario.operation, "hold")
        worker = self.start({})
        await self.world.until(
            lambda: self._deeds() > self._before, what="the vendor acts", deadline_s=PATIENCE_S
        )  # fmt: skip
        [fault] = sandbox.control("faults")["faults"]
        assert fault["taken"] == 1, "the answer is held back"
        if self._standby:
            await self._next_worker()
            assert "sending" in [row["state"] for row in self._fresh()], (
                "the call ended before the kill: this machine is too slow"
            )
        os.kill(worker.pid, signal.SIGKILL)
        killed_at = await self._reaped(worker)
        sandbox.control("faults", method="DELETE")
        sandbox.control("release", {})
        return killed_at

    async def _reaped(self, worker: Started) -> float:
        status = await self._ended(worker)
        now = monotonic()
        assert status == -signal.SIGKILL, f"ended with {status}: {self.log}"
        return now

    async def _ended(self, worker: Started) -> int | None:
        """Its exit status; None while it lives even so."""
        status = await asyncio.to_thread(worker.wait, PATIENCE_S)
        if status is not None:
            self._living.remove(worker)
        return status

    async def _next_worker(self) -> Started:
        ready = self.folder / "ready"
        worker = self.start({}, "--ready", str(ready))
        await self.world.until(ready.exists, what="the next worker begins", deadline_s=PATIENCE_S)
        return worker

    async def recovered(self) -> bool:
        """Let the next worker work until the effect is there and nothing is left to do; false when that never comes."""
        if not self._living:
            await self._next_worker()
        ends = monotonic() + self._patience_s
        while not (self._fresh() and self.at_rest()):
            if monotonic() > ends:
                return False
            await asyncio.sleep(0.05)
        return True

    async def stop(self) -> None:
        """Workers end as an operator ends them."""
        for worker in list(self._living):
            os.kill(worker.pid, signal.SIGTERM)
            assert await self._ended(worker) == 0, self.log

    async def judge(self, recovery_s: float) -> Result:
        """First what the vendor accepted, then the ledger, then the invariants; an hour later the order is through."""
        accepted, promise, cases = self._deeds() - self._before, promises()[self.cell.effect], self._cases()
        states = {row["id"]: row["state"] for row in self._fresh()}
        asked = [case for case in cases if case["kind"] == "effect_parked" and case["subject_id"] in states]
        kept = promise.kept(
            point=self.cell.point, accepted=accepted, asked=bool(asked), done=set(states.values()) == {"done"}
        )
        broken, unproven = [], []
        if not kept or len(cases) > len(asked):  # nobody is promised to be asked about anything else
            kinds = ", ".join(case["kind"] for case in cases) or "none"
            said = f"accepted {accepted}, effect {' '.join(states.values()) or 'missing'}, cases: {kinds}"
            # the vendor has it once and the ledger no word of it: neither done twice nor lost
            (unproven if accepted == 1 and not states and not cases else broken).append(said)
        broken += [*self._doubled(), *self._invariants()]
        found = self._result(broken, unproven, recovery_s)
        unproven += await self._an_hour_later()
        broken += self._invariants()
        return replace(found, outcome=_outcome([*broken, *unproven]), verdict=_verdict(broken, unproven))

    def _doubled(self) -> list[str]:
        """Deeds of whatever kind that a vendor has accepted twice, but for those that are free to repeat."""
        said = promises()
        free = {SCENARIOS[kind].operation for kind in SCENARIOS if said[kind].expected(self.cell.point) == REPEATED}
        return [
            f"{operation} accepted {count} times"
            for deeds_of in self.world.sandbox.control("counters")["accepted"].values()
            for operation, keys in deeds_of.items()
            for count in keys.values()
            if count > 1 and operation not in free
        ]

    def _invariants(self) -> list[str]:
        return [f"{name}: {len(ids)}" for name, ids in self.world.broken().items()]

    def _result(self, broken: Sequence[str], unproven: Sequence[str], recovery_s: float) -> Result:
        cell = self.cell
        return Result(
            cell.effect, cell.point, cell.database, self._deeds() - self._before,
            promises()[cell.effect].expected(cell.point), bool(self._cases()),
            _outcome([*broken, *unproven]), round(recovery_s, 2), _verdict(broken, unproven),
        )  # fmt: skip

    async def _an_hour_later(self) -> list[str]:
        """What is wrong with the order then: nothing, or that it is somewhere else or still moving."""
        try:
            await later(self.world, 1.0)
        except AssertionError as failure:
            return [f"an hour later: {failure}"]
        states = [row["state"] for row in self.world.rows("SELECT state FROM orders")]
        wanted = [self.scenario.ends] if self.scenario.ends else []
        return [] if states == wanted else [f"order is {' '.join(states) or 'missing'}"]

    def at_rest(self) -> bool:
        return not self.left() and not self.world.sandbox.control("webhooks")["queued"] and not self.left()

    def left(self) -> set[str]:
        """What is due, being sent, unknown, or leased by anybody."""
        now = self.world.wiring.now()
        due: set[str] = self.world.wiring.read(next_due, now=now, real_now=now.max.replace(tzinfo=now.tzinfo))
        return due | {row["what"] for row in self.world.rows(_HELD)}

    def start(self, armed: dict[str, str], *options: str) -> Started:
        args = [*options, *(argument for duty in self.scenario.also for argument in ("--also", duty))]
        worker = self._launcher.start(self._program, args, {**self._env, **armed}, self.folder / "worker.log")
        self._living.append(worker)
        return worker

    def end_all(self) -> None:
        for worker in self._living:
            with suppress(ProcessLookupError):
                os.kill(worker.pid, signal.SIGKILL)
            worker.wait(PATIENCE_S)

    @property
    def log(self) -> str:
        """What the workers wrote, for a failing assertion."""
        path = self.folder / "worker.log"
        return path.read_text("utf-8", errors="replace")[-3000:] if path.exists() else ""

    def _cases(self) -> Any:
        return self.world.rows("SELECT kind, subject_id FROM review_case WHERE state <> 'resolved'")

    def _deeds(self) -> int:
        return sum(deeds(self.world, self.scenario).values())

    def _fresh(self) -> Any:
        """Effects of the kind that this cell has made."""
        return [row for row in self._rows() if row["id"] not in self._rows_before]

    def _rows(self) -> Any:
        return self.world.rows("SELECT id, state FROM effect WHERE kind = :kind", kind=self.cell.effect)


def _outcome(problems: Sequence[str]) -> str:
    return "; ".join(dict.fromkeys(problems)) or AS_PROMISED


def _verdict(broken: Sequence[str], unproven: Sequence[str]) -> str:
    if broken:
        return BROKEN
    return UNPROVEN if unproven else KEPT
