"""What the trials come to: means with intervals, the workflow beside the same world without it, and the targets."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.text import Text

from apps.cli.output import UserError, say, table
from apps.simulate.arms import Arm
from apps.simulate.intervals import Interval, interval, paired

TITLES: Mapping[str, str] = {
    "wismo_per_100_orders": '"where is my order" per 100 orders',
    "late_told_first_percent": "late parcels told before the promise passed, %",
    "false_alarms_per_100_parcels": "false alarms per 100 parcels",
    "lost_to_offer_days": "days from lost to an offer",
    "gone_to_offer_days": "days from last seen to that offer",
    "cost_per_order": "cost per order, $",
    "messages_per_order": "messages per order",
    "contradictions": "messages that contradict others",
    "duplicates": "messages sent twice",
    "legal_breaches": "legal clocks that nobody kept",
    "late_percent": "parcels that came late or never, %",
    "gone_percent": "parcels that never came, %",
}
_WORLD = frozenset({"late_percent", "gone_percent"})  # of the world: the same in every arm
_EXACT = 1e-9
# Of the measure itself: a message that nobody heard still spares customers a carrier's notice that says the same.
_PLACEBO_MAY = 0.01


@dataclass(frozen=True, slots=True)
class Target:
    """`least`: the mean has to reach it; otherwise it is the most that it may be."""

    value: float
    least: bool = False

    def met(self, mean: float) -> bool:
        return mean >= self.value if self.least else mean <= self.value

    def __str__(self) -> str:
        return f"{'≥' if self.least else '≤'} {self.value:g}"


TARGETS: Mapping[str, Target] = {
    "late_told_first_percent": Target(90.0, least=True),
    "false_alarms_per_100_parcels": Target(1.5),
    "lost_to_offer_days": Target(1.0),
    "contradictions": Target(0.0),
    "duplicates": Target(0.0),
    "legal_breaches": Target(0.0),
}
Outcome = Mapping[str, Any]  # of one trial, see apps.simulate.trial


@dataclass(frozen=True, slots=True)
class Line:
    """One measure over all seeds. `effect`: with the workflow minus without it, `placebo`: the same of the arm in which
    nobody hears of it."""

    name: str
    found: Mapping[Arm, Interval | None]
    effect: Interval | None
    placebo: Interval | None

    @property
    def placebo_holds(self) -> bool:
        """Whether the arm of which nobody hears differs in nothing that matters."""
        usual, found = self.found.get(Arm.WITHOUT), self.placebo
        if usual is None or found is None:
            return True
        return found.holds(0.0) or abs(found.mean) <= _PLACEBO_MAY * abs(usual.mean)

    @property
    def verdict(self) -> str:
        """met, missed, or empty without a target or without anything to count."""
        target, ours = TARGETS.get(self.name), self.found.get(Arm.WITH)
        if target is None or ours is None:
            return ""
        return "met" if target.met(ours.mean) else "missed"


@dataclass(frozen=True, slots=True)
class Report:
    world: str
    seeds: Sequence[int]
    lines: Sequence[Line]
    outcomes: Sequence[Outcome]
    seconds: float

    @property
    def placebo_holds(self) -> bool:
        return all(line.placebo_holds for line in self.lines)

    @property
    def broken(self) -> list[str]:
        return sorted({name for outcome in self.outcomes for name in outcome["broken_invariants"]})

    @property
    def ok(self) -> bool:
        return self.placebo_holds and not self.broken and all(line.verdict != "missed" for line in self.lines)

    def as_json(self) -> dict[str, Any]:
        def told(found: Interval | None) -> dict[str, float | None] | None:
            return None if found is None else found.as_json()

        return {
            "world": self.world,
            "seeds": list(self.seeds),
            "seconds": round(self.seconds, 1),
            "ok": self.ok,
            "placebo_holds": self.placebo_holds,
            "broken_invariants": self.broken,
            "measures": {
                line.name: {
                    **{str(arm): told(found) for arm, found in line.found.items()},
                    "effect": told(line.effect),
                    "placebo_effect": told(line.placebo),
                    "target": str(TARGETS[line.name]) if line.name in TARGETS else None,
                    "verdict": line.verdict,
                }
                for line in self.lines
            },
            "trials": [dict(outcome) for outcome in self.outcomes],
        }


def report_of(world: str, seeds: Sequence[int], outcomes: Sequence[Outcome], seconds: float) -> Report:
    """`outcomes` hold one of each seed for every arm that was played."""
    by_arm: dict[Arm, list[Outcome]] = {}
    for outcome in sorted(outcomes, key=lambda each: seeds.index(each["seed"])):
        by_arm.setdefault(Arm(outcome["arm"]), []).append(outcome)
    values = {
        arm: {name: [each["measures"][name] for each in played] for name in TITLES} for arm, played in by_arm.items()
    }
    return Report(world, seeds, [_line(name, values) for name in TITLES], outcomes, seconds)


def _line(name: str, values: Mapping[Arm, Mapping[str, Sequence[float | None]]]) -> Line:
    def against(arm: Arm) -> Interval | None:
        both = arm in values and Arm.WITHOUT in values
        return paired(values[arm][name], values[Arm.WITHOUT][name]) if both else None

    found = {arm: interval(values[arm][name]) for arm in Arm if arm in values}
    return Line(name, found, against(Arm.WITH), against(Arm.PLACEBO))


def show(report: Report) -> None:
    """The table for people."""
    styles = {"met": "green", "missed": "bold red", "": ""}
    arms = [arm for arm in Arm if any(arm in line.found for line in report.lines)]
    columns = ("", *(str(arm) for arm in arms), "effect", "placebo's", "target", "")
    rows = [
        (
            TITLES[line.name],
            *(_text(line.found.get(arm)) for arm in arms),
            "" if line.name in _WORLD else _text(line.effect, signed=True),
            _text(line.placebo, signed=True),
            str(TARGETS.get(line.name, "")),
            Text(line.verdict, style=styles[line.verdict]),
        )
        for line in report.lines
    ]
    count = sum(outcome["orders"] for outcome in report.outcomes)
    title = f"World {report.world}: {count:,} orders in {len(report.outcomes)} trials, {report.seconds:.0f} s"
    table(title, columns, rows, right=columns[1:-1])
    say("Means over seeds with 95 % intervals; effects are differences to the same seeds without the workflow.")
    for outcome in report.outcomes:
        for sentence in outcome["wrong"]:
            say(f"seed {outcome['seed']}, {outcome['arm']}: {sentence}")
    if report.broken:
        say(f"invariants that do not hold: {', '.join(report.broken)}")
    if not report.placebo_holds:
        say("the placebo shows an effect: what is measured here is not what customers were told")


def _text(found: Interval | None, *, signed: bool = False) -> str:
    """`-` stands for nothing to count."""
    if found is None:
        return "-"
    sign = "+" if signed and abs(found.mean) > _EXACT else ""
    mean = f"{found.mean:{sign}.2f}"
    return mean if found.low is None or found.high is None else f"{mean} ({found.low:.2f} to {found.high:.2f})"


def write(report: Report, path: Path) -> None:
    """Raises: UserError when the file cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(report.as_json(), indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}") from None
