"""One cell of the matrix: a worker dies at a point of an effect's life, another one is started, and all is well."""

import asyncio
import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Any

import sqlalchemy as sa

from config.settings import Settings
from ledger.queue import next_due
from ledger.tables.base import UtcDateTime
from tests.crash import result
from tests.crash.doubles import doubled, free_to_repeat
from tests.crash.programs import RUNNER, UNPROTECTED, Launcher, Started
from tests.crash.promises import ACTED, promises
from tests.crash.result import Cell, Result
from tests.crash.scenario import Scenario, deeds
from tests.crash.scenarios import SCENARIOS
from tests.support.world import World
from tests.tasks.steps import later

SHORT_LEASE_S = 1.5
TRUE_LEASE_S: float = Settings.model_fields["lease_s"].default
NOBODY_LEFT_S, ONE_LEFT_S = 60.0, 45.0  # from the kill until what was abandoned is done, with leases of that length
LOOK_S = 0.2  # between two looks, each of which takes from the programs what it costs
PATIENCE_S = 240.0  # a machine that others use as well
# A lease that has run out on what waits for somebody else or for later is nobody's: whoever takes it next has it.
_LEASED = "lease_until IS NOT NULL AND (lease_until > :real_now OR due_at <= :now)"
_HELD = sa.text(f"""
    SELECT state AS what FROM effect WHERE state IN ('sending', 'unknown')
    UNION SELECT 'deadline' FROM deadline WHERE state = 'pending' AND {_LEASED}
    UNION SELECT state FROM edit_request WHERE ended_at IS NULL AND (
        state NOT IN ('awaiting_review', 'awaiting_payment', 'parked') OR {_LEASED} OR error = 'again'
    )
    UNION SELECT state FROM return_request WHERE ended_at IS NULL AND (
        state IN ('requested', 'approved', 'inspected', 'resolved') OR {_LEASED} OR error = 'again'
    )
""").bindparams(sa.bindparam("now", type_=UtcDateTime()), sa.bindparam("real_now", type_=UtcDateTime()))


@dataclass(frozen=True)
class _Living:
    """A program that was started and not reaped."""

    program: str
    process: Started


class Play:
    """Plays a cell in a fresh world. The scenario's programs are started, one of them (where a vendor holds its answer
    back: all) is killed and started again; with `standby` further ones live already, and carry on. Without
    `protected` they are the ones that know no protocol."""

    def __init__(
        self, cell: Cell, world: World, launcher: Launcher, folder: Path,
        *, protected: bool = True, lease_s: float = SHORT_LEASE_S, standby: bool = False,
        patience_s: float = PATIENCE_S,
    ) -> None:  # fmt: skip
        self.cell, self.world, self.folder = cell, world, folder
        self.scenario: Scenario = self._scenario()
        self._launcher, self._protected = launcher, protected
        self._lease_s = lease_s
        self._patience_s, self._standby = patience_s, standby
        self._living: list[_Living] = []
        self._before = 0
        self._rows_before: set[str] = set()

    @property
    def _env(self) -> dict[str, str]:
        # two programs of two cells would listen at one port; a runner without one looks by itself
        own = {"AFTERCART_LEASE_S": str(self._lease_s), "AFTERCART_REQUESTS_PORT": "0"}
        return self.world.environment | own

    def _scenario(self) -> Scenario:
        return SCENARIOS[self.cell.effect]

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

    @property
    def fail_point(self) -> str:
        return f"{self.scenario.kind}:{self.cell.point}"

    async def kill(self) -> float:
        """Let a program get to the point and die of SIGKILL there; says when."""
        if self.cell.point == ACTED:
            return await self._kill_while_the_vendor_answers()
        log = self.folder / "failpoint"
        self.start_all({"AFTERCART_FAIL_POINT": self.fail_point, "AFTERCART_FAIL_LOG": str(log)})
        dead, killed_at = await self._first_to_die()
        assert log.read_text("ascii") == f"{self.fail_point} {dead.process.pid}\n", "it died elsewhere"
        return killed_at

    async def _first_to_die(self) -> tuple[_Living, float]:
        ends = monotonic() + PATIENCE_S
        while monotonic() < ends:
            for each in self._living:
                status = await asyncio.to_thread(each.process.wait, 0.0)
                if status is not None:
                    return each, self._reaped(each, status)
            await asyncio.sleep(LOOK_S)
        raise AssertionError(f"nobody gets to {self.fail_point}: {self.log}")

    async def _kill_while_the_vendor_answers(self) -> float:
        sandbox, scenario = self.world.sandbox, self.scenario
        sandbox.fault(scenario.vendor, scenario.operation, "hold")
        self.start_all({})
        await self.world.until(
            lambda: self._deeds() > self._before, what="the vendor acts", deadline_s=PATIENCE_S
        )  # fmt: skip
        [fault] = [each for each in sandbox.control("faults")["faults"] if each["kind"] == "hold"]
        assert fault["taken"] == 1, "the answer is held back"
        doomed = list(self._living)
        if self._standby:
            await self._next_ones()
            assert "sending" in [row["state"] for row in self._fresh()], (
                "the call ended before the kill: this machine is too slow"
            )
        for each in doomed:
            os.kill(each.process.pid, signal.SIGKILL)
        killed_at = max([self._reaped(each, await self._ended(each)) for each in doomed])
        sandbox.control("faults", method="DELETE")
        sandbox.control("release", {})
        return killed_at

    def _reaped(self, dead: _Living, status: int | None) -> float:
        now = monotonic()
        assert status == -signal.SIGKILL, f"ended with {status}: {self.log}"
        if dead in self._living:
            self._living.remove(dead)
        return now

    async def _ended(self, each: _Living) -> int | None:
        """Its exit status; None while it lives even so."""
        status = await asyncio.to_thread(each.process.wait, PATIENCE_S)
        if status is not None:
            self._living.remove(each)
        return status

    async def _next_ones(self) -> None:
        """Start anew what has died, or a second one of each where nobody has."""
        living = {each.program for each in self._living}
        missing = [program for program in self.scenario.programs if program not in living]
        begun = []
        for number, program in enumerate(missing or self.scenario.programs):
            begun.append(self.folder / f"ready-{number}")
            self.start(program, {}, "--ready", str(begun[-1]))
        for ready in begun:
            await self.world.until(ready.exists, what="the next one begins", deadline_s=PATIENCE_S)

    async def recovered(self) -> bool:
        """Let the next ones work until the effect is there and nothing is left to do; false when that never comes."""
        if {each.program for each in self._living} != set(self.scenario.programs):
            await self._next_ones()
        ends = monotonic() + self._patience_s
        while not (self._made() and self.at_rest()):
            if monotonic() > ends:
                return False
            await asyncio.sleep(LOOK_S)
        return True

    def _made(self) -> bool:
        return bool(self._fresh())

    async def stop(self) -> None:
        """Programs end as an operator ends them."""
        for each in list(self._living):
            os.kill(each.process.pid, signal.SIGTERM)
            assert await self._ended(each) == 0, self.log

    async def judge(self, recovery_s: float) -> Result:
        """First what the vendor accepted, then the ledger, then the invariants; where all that holds, the order is
        through some time later, and what was shown is what was packed."""
        broken, unproven = self._promise_broken()
        broken += [*self._doubled(), *self._invariants()]
        found = self._result(broken, unproven, recovery_s)
        if broken:  # nothing that comes later mends it
            return found
        unproven += await self._some_time_later()
        broken += [*self._invariants(), *self.scenario.unlike(self.world)]
        return replace(
            found, outcome=result.outcome([*broken, *unproven]), verdict=result.verdict(broken, unproven)
        )  # fmt: skip

    def _promise_broken(self) -> tuple[list[str], list[str]]:
        """What speaks against the promise, and what only leaves it open."""
        accepted, promise, cases = self._deeds() - self._before, promises()[self.scenario.kind], self._cases()
        states = {row["id"]: row["state"] for row in self._fresh()}
        asked = [case for case in cases if case["kind"] == "effect_parked" and case["subject_id"] in states]
        mails = self._mails_in_doubt()
        others = [case["kind"] for case in cases if case not in asked and case["subject_id"] not in mails]
        kept = promise.kept(
            point=self.cell.point, accepted=accepted, asked=bool(asked), done=set(states.values()) == {"done"}
        )
        if kept and sorted(others) == sorted(self.scenario.asks):
            return [], []
        kinds = ", ".join(case["kind"] for case in cases) or "none"
        said = f"accepted {accepted}, effect {' '.join(states.values()) or 'missing'}, cases: {kinds}"
        # the vendor has it once and the ledger no word of it: neither done twice nor lost
        return ([], [said]) if accepted == 1 and not states and not cases else ([said], [])

    def _mails_in_doubt(self) -> set[str]:
        """Mails that were being handed over beside it: each is a person's case, as promised of mails."""
        parked = self.world.rows("SELECT id FROM effect WHERE kind = 'mail.send' AND state = 'parked'")
        return {row["id"] for row in parked} if self.scenario.kind != "mail.send" else set()

    def _doubled(self) -> list[str]:
        """Deeds of whatever kind."""
        return doubled(self.world.sandbox.control("counters")["accepted"], free_to_repeat())

    def _invariants(self) -> list[str]:
        return [f"{name}: {len(ids)}" for name, ids in self.world.broken().items()]

    def _result(self, broken: Sequence[str], unproven: Sequence[str], recovery_s: float) -> Result:
        cell = self.cell
        return Result(
            cell.effect, cell.point, cell.database, self._deeds() - self._before,
            cell.expected, bool(self._cases()),
            result.outcome([*broken, *unproven]), round(recovery_s, 2), result.verdict(broken, unproven),
        )  # fmt: skip

    async def _some_time_later(self) -> list[str]:
        """What is wrong with the order then: nothing, or that it is somewhere else or still moving."""
        try:
            await later(self.world, self.scenario.hours)
        except AssertionError as failure:
            return [f"some time later: {failure}"]
        states = sorted(row["state"] for row in self.world.rows("SELECT state FROM orders"))
        return [] if states == sorted(self.scenario.ends.split()) else [f"order is {' '.join(states) or 'missing'}"]

    def at_rest(self) -> bool:
        return not self.left() and not self.world.sandbox.control("webhooks")["queued"] and not self.left()

    def left(self) -> set[str]:
        """What is due, being sent, unknown, or leased by anybody."""
        wiring = self.world.wiring
        now, real_now = wiring.now(), wiring.real_now()
        due: set[str] = wiring.read(next_due, now=now, real_now=now.max.replace(tzinfo=now.tzinfo))
        with wiring.engine.connect() as connection:
            return due | set(connection.execute(_HELD, {"now": now, "real_now": real_now}).scalars())

    def start_all(self, armed: dict[str, str]) -> None:
        for program in self.scenario.programs:
            self.start(program, armed)

    def start(self, program: str, armed: dict[str, str], *options: str) -> None:
        more = ["--no-engine"] if program == RUNNER else []
        args = [*options, *more, *(argument for duty in self.scenario.also for argument in ("--also", duty))]
        name = program if self._protected else UNPROTECTED[program]
        process = self._launcher.start(name, args, {**self._env, **armed}, self.folder / "worker.log")
        self._living.append(_Living(program, process))

    def end_all(self) -> None:
        for each in self._living:
            with suppress(ProcessLookupError):
                os.kill(each.process.pid, signal.SIGKILL)
            each.process.wait(PATIENCE_S)

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
        return self.world.rows("SELECT id, state FROM effect WHERE kind = :kind", kind=self.scenario.kind)
