"""Kills programs at the calls that a plan names.

The fake vendor stops at the call, so the moment is counted, not timed.
"""

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tests.chaos.plan import Kill
from tests.chaos.stage import Stage

LOOK_S = 0.02
SOON: dict[str, Any] = {"vendor": "shopify", "operation": "*", "skip": 0}


class Killer:
    """Works off a step's kills in a thread of its own. One whose call its step never came to takes the next step's
    first call of the shop, and where there is none happens to programs at rest."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._over = threading.Event()
        self._late: list[Kill] = []
        self.at_call = 0

    def begin(self) -> None:
        self._over.clear()

    def enough(self) -> None:
        """The step is over."""
        self._over.set()

    def work_off(self, kills: Sequence[Kill]) -> None:
        """Until all are done or `enough` is said."""
        waiting = {self._order(kill): kill for kill in [*self._late, *kills]}
        while waiting and not self._over.wait(LOOK_S):
            for number in self._taken() & waiting.keys():
                self._stage.programs.kill(waiting.pop(number).programs)
                self._stage.sandbox.control("release", {})
                self.at_call += 1
        for number in waiting:
            self._stage.sandbox.control(f"faults?id={number}", method="DELETE")
        for kill in waiting.values():
            if kill in self._late:
                self._stage.programs.kill(kill.programs)
        self._late = [replace(kill, **SOON) for kill in waiting.values() if kill not in self._late]

    def finish(self) -> None:
        """What the story's calls never gave occasion to."""
        for kill in self._late:
            self._stage.programs.kill(kill.programs)
        self._late = []

    def _order(self, kill: Kill) -> int:
        wanted = {"vendor": kill.vendor, "operation": kill.operation, "kind": kill.moment, "skip": kill.skip}
        return int(self._stage.sandbox.control("faults", wanted)["id"])

    def _taken(self) -> set[int]:
        return {rule["id"] for rule in self._stage.sandbox.control("faults")["faults"] if rule["taken"]}
