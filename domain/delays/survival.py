"""The pooled curve: which share of parcels is still under way after so much of its expected time.

Nelson and Aalen's estimate with weights (O. Aalen, "Nonparametric inference for a family of counting processes",
Annals of Statistics 6 (1978) 701-726): who is still under way counts among those at risk as long as it was seen. Past
the last few parcels the curve goes on at a constant rate per unit of log-time, which is a Pareto tail (B. Hill,
Annals of Statistics 3 (1975) 1163-1174): nobody there is surely near.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from domain.delays.parcels import Flags, Floats
from domain.delays.policy import Prior

POINTS, TAIL_POINTS, PRIOR_POINTS = 160, 60, 40
TAIL = 4.0  # cumulative hazard from which on the tail's rate holds: the last 1.8 %
LEAST_RATE = 0.2  # per unit of log-time: a tail that never ends would make a lost parcel a promise


@dataclass(frozen=True, slots=True)
class Curve:
    """`hazard` is cumulative (minus the log of the share still under way) at the rising log-times `at`."""

    at: Floats
    hazard: Floats
    rate: float

    def spent(self, log_time: Floats) -> Floats:
        """Cumulative hazard at any log-time; 0 at minus infinity."""
        inside = np.interp(log_time, self.at, self.hazard, left=0.0)
        return np.asarray(inside + self.rate * np.maximum(log_time - self.at[-1], 0.0), dtype=np.float64)

    def log_time(self, spent: Floats) -> Floats:
        """The inverse of `spent`; the first point for 0."""
        inside = np.interp(spent, self.hazard, self.at)
        return np.asarray(inside + np.maximum(spent - self.hazard[-1], 0.0) / self.rate, dtype=np.float64)

    def later_than(self, log_time: Floats, *, after: Floats) -> Floats:
        """The chance to last beyond `log_time` for what has lasted to `after`; 1 where that is already past."""
        return np.asarray(np.exp(np.minimum(self.spent(after) - self.spent(log_time), 0.0)), dtype=np.float64)


def curve(log_times: Floats, delivered: Flags, weights: Floats, prior: Prior) -> Curve:
    """Fit to log-times, of which some only say how long a parcel was seen under way."""
    normal = NormalDist(0, prior.spread)
    extra = np.array([normal.inv_cdf((number + 0.5) / PRIOR_POINTS) for number in range(PRIOR_POINTS)])
    extra_weights = np.full(PRIOR_POINTS, prior.parcels / PRIOR_POINTS)
    times = np.concatenate([log_times, extra])
    events = np.concatenate([np.where(delivered, weights, 0.0), extra_weights])
    all_weights = np.concatenate([weights, extra_weights])
    # Of the same moment, arrivals come before what was last seen under way; the rest makes any order of rows the same.
    order = np.lexsort((all_weights, events == 0, times))
    times, events, all_weights = times[order], events[order], all_weights[order]
    at_risk = np.cumsum(all_weights[::-1])[::-1]
    # Arrivals of one moment leave the risk one after the other: whole days are ties, and all of them may arrive in one.
    hazard = np.cumsum(events / at_risk)[np.searchsorted(times, times, side="right") - 1]
    top = min(float(hazard[-1]), TAIL)
    levels = np.concatenate([np.linspace(0, top / 2, POINTS)[1:], np.linspace(top / 2, top, TAIL_POINTS)[1:]])
    chosen = np.unique(np.concatenate([[0], np.minimum(np.searchsorted(hazard, levels), len(times) - 1)]))
    at, unique = np.unique(times[chosen], return_index=True)
    spent = hazard[chosen][unique]
    beyond = times > at[-1]
    exposure = float(all_weights[beyond] @ (times[beyond] - at[-1]))
    rate = (float(events[beyond].sum()) + 1.0) / (exposure + 0.5)
    start = at[0] - 0.25  # the first parcel's own share of the hazard lies before it
    return Curve(np.concatenate([[start], at]), np.concatenate([[0.0], spent]), max(rate, LEAST_RATE))
