"""One trial, a process of its own: `python -m apps.simulate.trial PLAN OUT` plays one seed in one arm.

Each step of the world's clock: what customers bought comes in, the product works everything off, carriers are asked,
the workflow (where the arm has it) acts, and customers read what they were sent.
"""

import asyncio
import json
import logging.config
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

from sqlmodel import Session

from apps.logs import LOG_CONFIG
from apps.processes import StartError
from apps.simulate import arms, reading
from apps.simulate.arms import Arm
from apps.simulate.errors import SimulationError
from apps.simulate.outcomes import contradictions, duplicates, measures
from apps.simulate.stage import SHOP, Stage, opened
from config import wiring as wiring_module
from ledger.invariants import check_all

_CHUNK = 250  # orders that one call to the fake shop makes
_EXAMPLES = 5  # sentences that are kept of what went wrong


@dataclass(frozen=True, slots=True)
class Plan:
    """`step_h`: how far the clock moves at once; `days` ends a run early, 0 plays the whole world."""

    world: str
    seed: int
    orders: int
    arm: Arm
    step_h: float
    folder: Path
    shipments: str = ""
    engine: bool = False
    days: float = 0.0

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "folder": str(self.folder), "arm": str(self.arm)}

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> "Plan":
        return replace(cls(**told), folder=Path(told["folder"]), arm=Arm(told["arm"]))


class Trial:
    """The course of one trial. `numbers`: customer by the name of their order."""

    def __init__(self, stage: Stage, plan: Plan) -> None:
        self._stage, self._plan = stage, plan
        self._steps = arms.steps(plan.arm, engine=plan.engine)
        self.numbers: dict[str, int] = {}
        self._orders: dict[str, int] = {}
        self._read_until: datetime | None = None
        self._asked: set[str] = set()
        self._decided: dict[str, datetime] = {}

    async def play(self) -> dict[str, Any]:
        """Returns what came of it, as JSON."""
        plan, began = self._plan, perf_counter()
        begin: dict[str, Any] = {"world": plan.world, "seed": plan.seed, "orders": plan.orders}
        if plan.shipments:
            begin["shipments"] = plan.shipments
        wiring = self._stage.wiring
        wiring.policies = arms.policies_of(plan.arm, wiring.policies)
        told = await self._stage.set_up(begin)
        now, step = datetime.fromisoformat(told["starts"]), timedelta(hours=plan.step_h)
        ends = datetime.fromisoformat(told["ends"])
        if plan.days:
            ends = min(ends, now + timedelta(days=plan.days))
        while now < ends:
            now = min(now + step, ends)
            await self._step(now)
        return await self._came_of_it(told, ends, perf_counter() - began)

    async def _step(self, now: datetime) -> None:
        await self._stage.move_to(now)
        await self._buy(now)
        await self._stage.settle()
        await self._stage.look_after()
        for each in self._steps:
            await each.look(now)
        await self._stage.settle()
        await self._let_decide(now)
        await self._let_read()

    async def _buy(self, now: datetime) -> None:
        due = (await self._stage.ask("world/purchases", {"until": now.isoformat()}))["purchases"]
        for at in range(0, len(due), _CHUNK):
            part = due[at : at + _CHUNK]
            bodies = [each["checkout"] for each in part]
            made = (await self._stage.ask(f"shopify/{SHOP}/orders", {"orders": bodies}))["orders"]
            self.numbers |= {order["name"]: each["number"] for order, each in zip(made, part, strict=True)}

    async def _let_read(self) -> None:
        """Customers read what was sent to them, each message once."""
        rows = self._stage.wiring.read(reading.messages_sent, self._read_until)
        if not rows:
            return
        self._read_until = rows[-1]["sent_at"]
        self._know_orders()
        told = []
        for row in rows:
            number = self._orders.get(row["order_id"])
            if number is not None:
                until = reading.window_ends(row["facts"])
                named = {"until": until.isoformat()} if until else {}
                told.append({"number": number, "at": row["sent_at"].isoformat(), **named})
        await self._stage.ask("world/heard", {"told": told})

    async def _let_decide(self, now: datetime) -> None:
        """Customers look at new offers, and those whose time has come take one."""
        if self._plan.arm is not Arm.WITH:
            return
        self._know_orders()
        offers = [row for row in self._stage.wiring.read(arms.offers_made) if arms.is_open(row)]
        new = [row for row in offers if row["id"] not in self._asked and row["order_id"] in self._orders]
        self._asked |= {row["id"] for row in new}
        bodies = [
            {
                "id": row["id"],
                "number": self._orders[row["order_id"]],
                "kind": row["kind"],
                "at": row["created_at"].isoformat(),
            }
            for row in new
        ]
        if bodies:
            for each in (await self._stage.ask("world/offers", {"offers": bodies}))["taken"]:
                self._decided[each["id"]] = datetime.fromisoformat(each["at"])
        for offer_id in [offer_id for offer_id, at in self._decided.items() if at <= now]:
            del self._decided[offer_id]
            await asyncio.to_thread(arms.accept, self._stage.wiring, offer_id, now)
        await self._stage.settle()
        await self._know_settled(now)

    async def _know_settled(self, now: datetime) -> None:
        rows = self._stage.wiring.read(arms.offers_made)
        numbers = {
            self._orders[row["order_id"]]
            for row in rows
            if arms.is_taken(row) and arms.is_settling(row) and row["order_id"] in self._orders
        }
        if numbers:
            await self._stage.ask("world/settled", {"numbers": sorted(numbers), "at": now.isoformat()})

    def _know_orders(self) -> None:
        known = self._stage.wiring.read(reading.orders)
        self._orders = {i: self.numbers[name] for i, (name, _) in known.items() if name in self.numbers}

    async def _came_of_it(self, told: Mapping[str, Any], ends: datetime, seconds: float) -> dict[str, Any]:
        truth = (await self._stage.controls.look("world/truth"))["orders"]
        slack = timedelta(hours=self._plan.step_h + 1)

        def everything(session: Session) -> Any:
            costs, arm = told["costs"], self._plan.arm
            return reading.trial_of(session, truth, self.numbers, costs, arm=arm, ends=ends, slack=slack)

        wiring = self._stage.wiring
        trial = wiring.read(everything)
        broken = wiring.ledger(check_all, real_now=wiring.real_now())
        wrong = [*contradictions(trial.said), *duplicates(trial.said)]
        return {
            "world": self._plan.world,
            "seed": self._plan.seed,
            "arm": str(self._plan.arm),
            "orders": len(trial.truths),
            "seconds": round(seconds, 1),
            "measures": measures(trial),
            "overdue": dict(trial.overdue),
            "wrong": wrong[:_EXAMPLES],
            "broken_invariants": sorted(name for name, ids in broken.items() if ids),
        }


async def played(plan: Plan) -> dict[str, Any]:
    """One trial from nothing to its outcome. Raises: SimulationError, StartError."""
    async with opened(plan.folder, engine=plan.engine) as stage:
        return await Trial(stage, plan).play()


async def _played_or_ended(plan: Plan) -> dict[str, Any]:
    """Whoever ends us by SIGTERM leaves no vendors behind."""
    playing = asyncio.ensure_future(played(plan))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, playing.cancel)
    return await playing


def main(arguments: Sequence[str]) -> int:
    """Exit codes: 0 played, 1 with a line that says what was wrong, 130 ended."""
    source, out = Path(arguments[0]), Path(arguments[1])
    plan = Plan.from_json(json.loads(source.read_text(encoding="utf-8")))
    logging.config.dictConfig(LOG_CONFIG)
    try:
        found = asyncio.run(_played_or_ended(plan))
    except (SimulationError, StartError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except (asyncio.CancelledError, KeyboardInterrupt):
        return 130
    finally:
        wiring_module.replace(None)
    out.write_text(json.dumps(found), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
