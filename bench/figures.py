"""From single requests to figures."""

import statistics
from collections.abc import Callable, Sequence
from typing import Any

from bench.load import Timed

Row = dict[str, Any]


def figures(made: Sequence[Timed]) -> Row:
    """`p50_ms`, `p95_ms`, `per_kind`, `failures`: of those that came to their end, and those that did not."""
    by_row = sorted(each.by_row_ms for each in made if each.reached and each.by_row_ms)
    return {
        "sent": len(made),
        **_percentiles(made),
        "answered_p50_ms": round(statistics.median(each.answered_ms for each in made), 1),
        "by_row_p50_ms": round(statistics.median(by_row), 1) if by_row else None,
        "per_kind": _parts(made, lambda each: each.wish.kind),
        "per_state": _parts(made, lambda each: each.wish.order.state),
        "per_both": _parts(made, lambda each: f"{each.wish.kind}, {each.wish.order.state}"),
        "failures": [
            {"kind": each.wish.kind, "order": each.wish.order.state, "state": each.state, "reason": each.reason}
            for each in made
            if not each.reached
        ],
    }


def _parts(made: Sequence[Timed], name: Callable[[Timed], str]) -> Row:
    names = dict.fromkeys(name(each) for each in made)
    return {part: _percentiles([each for each in made if name(each) == part]) for part in names}


def _percentiles(made: Sequence[Timed]) -> Row:
    took = sorted(each.took_ms for each in made if each.reached)
    if len(took) < 2:
        return {"reached": len(took), "p50_ms": None, "p95_ms": None, "worst_ms": None}
    points = statistics.quantiles(took, n=100, method="inclusive")
    found = {"p50_ms": points[49], "p95_ms": points[94], "worst_ms": took[-1]}
    return {"reached": len(took), **{name: round(value, 1) for name, value in found.items()}}
