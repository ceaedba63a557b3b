"""Plays a plan to its end on real programs, and says what is then not as it must be."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.chaos import checks
from tests.chaos.evidence import gather
from tests.chaos.killer import Killer
from tests.chaos.plan import Astray, Buy, Cancel, Deliveries, Fault, Floor, Kill, Plan, Restock, ShortAtNode, Skew
from tests.chaos.programs import ProgramError
from tests.chaos.stage import SHOPS, WORKER, NoRestError, Stage
from tests.support.sandbox import SandboxProcess

RETRIES = 40  # rounds of half an hour until every failed call has been made again
NIGHTS = 6  # days until every parcel has arrived
ORDINARY = 80  # orders from which on every check must have found something to compare
TOO_LATE = '422 {"error":"Cannot cancel an order '  # why, the shop says then
Say = Callable[[str], None]


@dataclass
class Result:
    """What a run came to; `broken` names what must not be."""

    plan: Plan
    broken: list[str] = field(default_factory=list)
    seconds: float = 0.0
    kills: int = 0
    at_call: int = 0  # kills that came at a call: the plan's own, or the next one of a shop instead
    calls: int = 0
    compared: dict[str, int] = field(default_factory=dict)  # by check, and what customers cancelled
    ends: dict[str, int] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return not self.broken

    @property
    def idle(self) -> list[str]:
        """Checks that had nothing to compare although the story is long enough: their silence proves nothing."""
        bought = sum(isinstance(event, Buy) for event in self.plan.events)
        return [name for name, count in self.compared.items() if not count] if bought >= ORDINARY else []


def play(
    plan: Plan,
    sandbox: SandboxProcess,
    url: str,
    folder: Path,
    *,
    say: Say = lambda _: None,
    worker: Sequence[str] = WORKER,
) -> Result:
    """One run on an empty, migrated ledger. Never raises for what the product does wrong."""
    result, started = Result(plan), time.monotonic()
    stage = Stage(sandbox, url, folder, worker)
    try:
        stage.open()
        run = Run(stage, plan, say)
        run.play()
        result.kills, result.at_call = stage.programs.deaths, run.killer.at_call
        evidence = gather(stage)
        found = checks.reckon(evidence)
        result.broken, result.compared = found.broken, {**found.compared, "cancellations": run.cancelled}
        result.ends, result.calls = checks.ends(evidence), evidence.calls
    except (NoRestError, ProgramError) as problem:
        result.broken = [f"comes to rest: {problem}"]
    finally:
        stage.close()
    result.broken += [f"no program ends by itself: {fault}" for fault in stage.programs.faults]
    result.broken += [f"no failure of our own: {line}" for line in stage.programs.complaints()]
    result.seconds = time.monotonic() - started
    return result


class Run:
    """The steps of one plan."""

    def __init__(self, stage: Stage, plan: Plan, say: Say) -> None:
        self.stage, self.plan, self.say = stage, plan, say
        self.killer = Killer(stage)
        self._threads = ThreadPoolExecutor(1, "killer")
        self._bought: dict[int, tuple[str, int]] = {}
        self.cancelled = 0  # orders that a shop let its customers cancel

    def play(self) -> None:
        for step, minutes in enumerate(self.plan.minutes):
            self._step(step, minutes)
        self.killer.finish()
        self._calm()

    def _step(self, step: int, minutes: int) -> None:
        events, began = self.plan.at(step), time.monotonic()
        self.stage.sandbox.control("faults", method="DELETE")
        for event in events:
            if isinstance(event, Skew):
                self.stage.skew_s = event.seconds
        self.stage.advance(minutes)
        for event in events:
            if not isinstance(event, Buy | Cancel):
                self._act(event)
        self.killer.begin()
        killing = self._threads.submit(self.killer.work_off, [event for event in events if isinstance(event, Kill)])
        try:
            self._buy([event for event in events if isinstance(event, Buy)])
            for event in events:
                if isinstance(event, Cancel):
                    self._cancel(event)
            self.stage.programs.sweep("round")
            self.stage.rest()
            self.stage.floor_works()
            self.stage.rest()
        finally:
            self.killer.enough()
            killing.result()
        self.stage.rest()
        done = f"{len(self._bought):5} orders, {self.stage.programs.deaths:3} kills, {time.monotonic() - began:5.1f} s"
        self.say(f"step {step + 1:2} of {len(self.plan.minutes)}, {self.stage.now():%a %H:%M}: {done}")

    def _buy(self, wanted: Sequence[Buy]) -> None:
        for shop in SHOPS:
            mine = [event for event in wanted if event.shop == shop]
            if mine:
                answer = self.stage.sandbox.control(f"shopify/{shop}/orders", {"orders": [e.body for e in mine]})
                made = [order["legacy_id"] for order in answer["orders"]]
                self._bought |= {e.number: (shop, order_id) for e, order_id in zip(mine, made, strict=True)}

    def _cancel(self, event: Cancel) -> None:
        shop, order_id = self._bought[event.number]
        try:
            self.stage.sandbox.control(f"shopify/{shop}/orders/{order_id}/cancel", {"reason": "CUSTOMER"})
        except AssertionError as refusal:
            if TOO_LATE not in str(refusal):
                raise
        else:
            self.cancelled += 1

    def _act(self, event: Any) -> None:
        turn = self.stage.sandbox.control
        if isinstance(event, Fault):
            self.stage.sandbox.fault(
                event.vendor, event.operation, event.kind, times=event.times, skip=event.skip,
                **({"status": event.status} if event.status else {}),
                **({"delay_s": event.delay_s} if event.delay_s else {}),
            )  # fmt: skip
        elif isinstance(event, Deliveries):
            knobs = {name: getattr(event, name) for name in ("vendor", "duplicate", "reorder", "drop", "delay_s")}
            turn("webhooks", knobs)
        elif isinstance(event, Floor):
            turn("floor/settings", {"short": event.short, "repeat": event.repeat})
        elif isinstance(event, ShortAtNode):
            turn("shipbob/settings", {"short_next": event.units})
        elif isinstance(event, Restock):
            turn("shipbob/inventory", {"levels": [{"sku": event.sku, "on_hand": event.on_hand}]})
        elif isinstance(event, Astray):
            self._send_astray(event)

    def _send_astray(self, event: Astray) -> None:
        under_way = [row["tracking_code"] for row in self.stage.sandbox.control("easypost/trackers") if row["next_at"]]
        if under_way:
            code = under_way[event.nth % len(under_way)]
            self.stage.sandbox.control(f"easypost/parcels/{code}", {"plan": event.fate})

    def _calm(self) -> None:
        """No more trouble. What failed is tried again until it is done, parcels travel until they arrive."""
        turn = self.stage.sandbox.control
        turn("faults", method="DELETE")
        for vendor in ("shopify", "shipbob", "easypost"):
            turn("webhooks", {"vendor": vendor, "duplicate": 0, "reorder": 0, "drop": 0, "delay_s": 0})
        turn("floor/settings", {"short": 0, "repeat": 0})
        turn("shipbob/settings", {"short_next": 0})
        self.stage.skew_s = 0.0
        for _ in range(NIGHTS):
            self._retries()
            if not self.stage.on_its_way() and not any(row["next_at"] for row in turn("easypost/trackers")):
                break
            self._wait(24 * 60)
        self._retries()
        self._wait(20)
        self.stage.programs.sweep("night")
        self.stage.rest()
        self.say(f"calm at {self.stage.now():%a %H:%M}, {self.stage.programs.deaths} kills")

    def _retries(self) -> None:
        for _ in range(RETRIES):
            self._wait(31)
            if not self.stage.due_before(self.stage.now() + timedelta(hours=1)):
                return

    def _wait(self, minutes: int) -> None:
        self.stage.advance(minutes)
        self.stage.programs.sweep("round")
        self.stage.rest()
        self.stage.floor_works()
        self.stage.rest()
