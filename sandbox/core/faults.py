"""Faults to order: which operation of which vendor misbehaves, how, and how often.

"pass" misbehaves not at all: whoever ordered it sees from `taken` that so many calls have been made.
"""

import asyncio
import itertools
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

KINDS = (
    "error", "throttle", "refuse", "timeout_after", "error_after", "truncate", "delay", "hold", "hold_before", "drop",
    "pass",
)  # fmt: skip
_DEFAULT_STATUS = {"error": 500, "error_after": 502, "throttle": 429}
_DEFAULT_DELAY_S = {"timeout_after": 120.0, "delay": 2.0}


@dataclass(frozen=True, slots=True)
class Fault:
    """One misbehaviour, taken for one request. `body` is the answer of an "error" as JSON, or None."""

    kind: str
    status: int
    delay_s: float
    body: Any = None

    @property
    def acts(self) -> bool:
        """Whether the vendor does the work before it misbehaves."""
        return self.kind not in ("error", "throttle", "refuse", "drop")


@dataclass(slots=True)
class FaultRule:
    """An order for faults; `times` counts down, None lasts until removed. `skip`: so many calls go by first."""

    id: int
    vendor: str
    operation: str
    fault: Fault
    times: int | None
    skip: int = 0
    taken: int = field(default=0)

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "vendor": self.vendor,
            "operation": self.operation,
            "kind": self.fault.kind,
            "status": self.fault.status,
            "delay_s": self.fault.delay_s,
            "body": self.fault.body,
            "times": self.times,
            "skip": self.skip,
            "taken": self.taken,
        }


class Faults:
    """The fault rules of all vendors, first match first."""

    def __init__(self) -> None:
        self._rules: list[FaultRule] = []
        self._ids = itertools.count(1)
        self._released = asyncio.Event()
        self.releases = 0  # read by the SMTP thread, which cannot wait for another loop's event

    def add(self, order: dict[str, Any]) -> FaultRule:
        """Add a rule from its control JSON. Raises ValueError on an unknown kind or a missing vendor."""
        kind, vendor = order.get("kind"), order.get("vendor")
        if kind not in KINDS or not isinstance(vendor, str):
            raise ValueError(f"a fault needs a vendor and one of the kinds {', '.join(KINDS)}")
        fault = Fault(
            kind=kind,
            status=int(order.get("status") or _DEFAULT_STATUS.get(kind, 500)),
            delay_s=float(order["delay_s"] if "delay_s" in order else _DEFAULT_DELAY_S.get(kind, 0.0)),
            body=order.get("body"),
        )
        times = order.get("times", 1)
        rule = FaultRule(
            id=next(self._ids),
            vendor=vendor,
            operation=order.get("operation") or "*",
            fault=fault,
            times=None if times is None else int(times),
            skip=int(order.get("skip") or 0),
        )
        self._rules.append(rule)
        return rule

    def take(self, vendor: str, operation: str) -> Fault | None:
        """The fault that this request shall meet; uses up one of the rule's times."""
        if not self._rules:
            return None
        for rule in self._rules:
            if rule.vendor != vendor or rule.times == 0 or not fnmatchcase(operation, rule.operation):
                continue
            if rule.skip:
                rule.skip -= 1
                continue
            rule.taken += 1
            if rule.times is not None:
                rule.times -= 1
            if rule.fault.kind != "pass":
                return rule.fault
        return None

    def rules(self) -> list[FaultRule]:
        return list(self._rules)

    def clear(self, vendor: str | None = None, number: int | None = None) -> None:
        """Take back rules: all, a vendor's, or the one with this id."""
        self._rules = [
            rule for rule in self._rules if vendor not in (None, rule.vendor) or number not in (None, rule.id)
        ]

    def release(self) -> None:
        """Let every "hold" answer that waits now go on."""
        self.releases += 1
        self._released.set()
        self._released = asyncio.Event()

    async def held(self) -> None:
        await self._released.wait()
