"""Key figures of requests: plain facts in, figures of a period out, held against others. Those of edits are here.

Shares are in per cent, times in seconds, money in minor units. A figure without anything to count is None, not zero.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil
from typing import Any

from domain.states import ENDED_EDIT, EditState


class Unit(StrEnum):
    COUNT = "count"
    PER_REQUEST = "per request"
    PERCENT = "%"
    SECONDS = "s"


class Better(StrEnum):
    HIGHER = "higher"
    LOWER = "lower"


# measure -> (unit, which way is better); those that only describe are neither
Measures = Mapping[str, tuple[Unit, Better | None]]
EDIT_MEASURES: Measures = {
    "requests": (Unit.COUNT, None),
    "open": (Unit.COUNT, None),
    "applied_share": (Unit.PERCENT, Better.HIGHER),
    "untouched_share": (Unit.PERCENT, Better.HIGHER),
    "refused_share": (Unit.PERCENT, Better.LOWER),
    "error_share": (Unit.PERCENT, Better.LOWER),
    "touches": (Unit.PER_REQUEST, Better.LOWER),
    "time_p50": (Unit.SECONDS, Better.LOWER),
    "time_p95": (Unit.SECONDS, Better.LOWER),
    "payment_wait_p50": (Unit.SECONDS, None),
    "payment_wait_p95": (Unit.SECONDS, None),
    "person_wait_p50": (Unit.SECONDS, Better.LOWER),
    "person_wait_p95": (Unit.SECONDS, Better.LOWER),
}
_WAITS_FOR_PERSON = (EditState.AWAITING_REVIEW, EditState.PARKED)
_NOT_MADE = (EditState.REFUSED, EditState.EXPIRED, EditState.UNDONE)


@dataclass(frozen=True, slots=True)
class Move:
    """A request came into a state."""

    to: str
    at: datetime


@dataclass(frozen=True, slots=True)
class EditFacts:
    """One request. `moves` in their order; `received_at` and `ended_at` are by the clock of the moves. Amounts are
    what its quote asks the customer to pay and gives back. `failing`: a step of it failed so often that a person was
    asked."""

    kinds: tuple[str, ...]
    origin: str
    state: str
    touches: int
    received_at: datetime
    ended_at: datetime | None
    moves: Sequence[Move] = ()
    reason: str = ""
    currency: str = ""
    up_minor: int = 0
    down_minor: int = 0
    failing: bool = False


@dataclass(frozen=True, slots=True)
class Figures:
    """A period's figures. `values`: by measure. `counts`: by what is counted, and by word. `money`: by what it was, and
    by currency."""

    values: Mapping[str, float | None]
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    money: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Aim:
    """What a measure was before there was automation, and what it should be."""

    baseline: float
    target: float


@dataclass(frozen=True, slots=True)
class KpiPolicy:
    """`baseline_period` says in words what the baseline was measured on. A measure without an aim only describes."""

    baseline_period: str
    edits: Mapping[str, Aim]
    returns: Mapping[str, Aim]


@dataclass(frozen=True, slots=True)
class Figure:
    """One measure beside what it is held against. `met` is None where there is no target or nothing to hold."""

    measure: str
    unit: Unit
    value: float | None
    before: float | None
    baseline: float | None = None
    target: float | None = None
    met: bool | None = None


def edit_figures(requests: Sequence[EditFacts]) -> Figures:
    """All figures of the requests of a period.

    Shares are of the requests that have ended, without those that were withdrawn by whoever asked. `untouched_share`
    counts what was applied with nobody deciding; what an agent asks for was touched. Times are those of applied
    requests from when they came in; waits for a payment and for a person are taken out and stand apart. `not_made`:
    requests that were refused, undone or that nobody answered in time, by reason; `error`: requests that had each,
    whatever became of them. The money is that of applied edits.
    """
    judged = [one for one in requests if one.state in ENDED_EDIT and one.state != EditState.WITHDRAWN]
    applied = [one for one in judged if one.state == EditState.APPLIED]
    untouched = [one for one in applied if not one.touches and one.origin != "agent"]
    refused = [one for one in judged if one.state in _NOT_MADE]
    faulty = [one for one in requests if errors_of(one)]
    times = [one_time.total_seconds() for one in applied if (one_time := _own_time(one)) is not None]
    for_payment = _waits(requests, (EditState.AWAITING_PAYMENT,))
    for_person = _waits(requests, _WAITS_FOR_PERSON)
    return Figures(
        values={
            "requests": len(requests),
            "open": sum(one.state not in ENDED_EDIT for one in requests),
            "applied_share": share(applied, judged),
            "untouched_share": share(untouched, judged),
            "refused_share": share(refused, judged),
            "error_share": share(faulty, requests),
            "touches": sum(one.touches for one in requests) / len(requests) if requests else None,
            "time_p50": percentile(times, 50),
            "time_p95": percentile(times, 95),
            "payment_wait_p50": percentile(for_payment, 50),
            "payment_wait_p95": percentile(for_payment, 95),
            "person_wait_p50": percentile(for_person, 50),
            "person_wait_p95": percentile(for_person, 95),
        },
        counts={
            "kind": counted(kind for one in requests for kind in set(one.kinds)),
            "origin": counted(one.origin for one in requests),
            "not_made": counted(one.reason or one.state for one in refused),
            "error": counted(error for one in faulty for error in errors_of(one)),
        },
        money=_money(applied),
    )


def errors_of(one: EditFacts) -> set[str]:
    """undone (it was begun and taken back), parked (the sides differed and a person had to say what is), failing."""
    came_to = {move.to for move in one.moves} | {one.state}
    found = {state for state in (EditState.UNDONE, EditState.PARKED) if state in came_to}
    return {str(state) for state in found} | ({"failing"} if one.failing else set())


def compare(now: Figures, before: Figures, aims: Mapping[str, Aim], measures: Measures) -> list[Figure]:
    """Each measure beside the period before it, the baseline and the target."""
    found = []
    for measure, (unit, better) in measures.items():
        value, aim = now.values[measure], aims.get(measure)
        met = None
        if value is not None and aim is not None:
            met = value >= aim.target if better is Better.HIGHER else value <= aim.target
        baseline, target = (aim.baseline, aim.target) if aim else (None, None)
        found.append(Figure(measure, unit, value, before.values[measure], baseline, target, met))
    return found


def percentile(values: Iterable[float], percent: int) -> float | None:
    """The smallest value that so many per cent do not exceed (nearest rank); None without values."""
    ordered = sorted(values)
    return ordered[max(ceil(len(ordered) * percent / 100), 1) - 1] if ordered else None


def share(part: Sequence[Any], whole: Sequence[Any]) -> float | None:
    """Per cent; None of nothing."""
    return 100 * len(part) / len(whole) if whole else None


def counted(words: Iterable[str]) -> dict[str, int]:
    """The most frequent first."""
    return dict(sorted(Counter(words).items(), key=lambda item: (-item[1], item[0])))


def _own_time(one: EditFacts) -> timedelta | None:
    """From when it came in to its end, without the waits for others."""
    if one.ended_at is None:
        return None
    waits = _spent(one, (EditState.AWAITING_PAYMENT, *_WAITS_FOR_PERSON))
    return max(one.ended_at - one.received_at - sum(waits, timedelta()), timedelta())


def _waits(requests: Iterable[EditFacts], states: Sequence[str]) -> list[float]:
    """Seconds that each request which waited so has waited; a wait that goes on has no length yet."""
    spent = [_spent(one, states) for one in requests]
    return [sum(waits, timedelta()).total_seconds() for waits in spent if waits]


def _spent(one: EditFacts, states: Sequence[str]) -> list[timedelta]:
    return [after.at - move.at for move, after in zip(one.moves, one.moves[1:], strict=False) if move.to in states]


def _money(applied: Iterable[EditFacts]) -> dict[str, dict[str, int]]:
    up, down = Counter[str](), Counter[str]()
    for one in applied:
        if one.up_minor or one.down_minor:
            up[one.currency] += one.up_minor
            down[one.currency] += one.down_minor
    return {"paid_more": dict(sorted(up.items())), "given_back": dict(sorted(down.items()))}
