"""Means over seeds with 95 % intervals of Student's t; differences are paired, seed by seed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

# 97.5 % quantiles of Student's t for 1 to 30 degrees of freedom: NIST/SEMATECH e-Handbook of Statistical Methods,
# section 1.3.6.7.2.
_T = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip
_NORMAL = 1.96


@dataclass(frozen=True, slots=True)
class Interval:
    """`low` and `high` are None from a single seed: nothing is known of the spread then."""

    mean: float
    low: float | None
    high: float | None

    def holds(self, value: float) -> bool:
        """Whether the value lies within; from a single seed only the mean itself does."""
        if self.low is None or self.high is None:
            return math.isclose(self.mean, value)
        return self.low <= value <= self.high or math.isclose(self.mean, value)

    def as_json(self) -> dict[str, float | None]:
        return {"mean": self.mean, "low": self.low, "high": self.high}


def interval(values: Sequence[float | None]) -> Interval | None:
    """Of the seeds that have a value; None when none has."""
    known = [value for value in values if value is not None]
    if not known:
        return None
    mean = math.fsum(known) / len(known)
    if len(known) == 1:
        return Interval(mean, None, None)
    variance = math.fsum((value - mean) ** 2 for value in known) / (len(known) - 1)
    free = len(known) - 1
    half = (_T[free - 1] if free <= len(_T) else _NORMAL) * math.sqrt(variance / len(known))
    return Interval(mean, mean - half, mean + half)


def paired(ours: Sequence[float | None], theirs: Sequence[float | None]) -> Interval | None:
    """Ours minus theirs, of the seeds that have both. Raises: ValueError for different numbers of seeds."""
    pairs = zip(ours, theirs, strict=True)
    return interval([None if one is None or other is None else one - other for one, other in pairs])
