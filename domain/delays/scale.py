"""How long a parcel should take when the network is as usual: a log-linear scale, and how far parcels scatter."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from domain.delays.clock import MONDAY, Clock
from domain.delays.effects import NOTHING, Additive, Groups, fitted
from domain.delays.parcels import PLACES, Codes, Flags, Floats, Parcels
from domain.delays.policy import ColdStart
from domain.delays.survival import Curve, curve

SHORTEST = 0.25  # working days: below it a log-time is about the scanner, not the way
HALF_LIFE = 240.0  # days after which a parcel counts half: lanes change, seasons come back only once a year
BINS = 20  # of a number, with equally many parcels each: no shape is assumed of distance or weight
CLIP = 3.5  # robust spreads beyond which a residual pulls no harder: one lost parcel is not a slow lane
ROUNDS = 3  # of filling in those still under way and fitting anew
QUANTILES = (np.arange(10) + 0.5) / 10
LANE_TERMS: tuple[tuple[str, ...], ...] = (
    ("carrier",),
    ("carrier", "service"),
    ("origin",),
    ("destination",),
    ("origin", "destination"),
    ("carrier", "service", "origin", "destination"),
)
WIDTHS = (-1.2, 0.8)  # logs: nobody scatters less than a third or more than twice as far as usual
SPREAD_K = 40.0  # the log of a residual's size scatters by itself far more than groups differ in it


@dataclass(frozen=True, slots=True)
class Scale:
    """`plain` is the curve of log-times over the scale before drift and spread: what drift is measured against."""

    clock: Clock
    cold: ColdStart
    edges: Mapping[str, Floats]
    level: Additive
    spread: Additive
    plain: Curve

    def groups(self, parcels: Parcels) -> Groups:
        return _groups(parcels, self.edges)

    def log_days(self, parcels: Parcels, groups: Groups) -> Floats:
        return _usual(self.cold, parcels.words["service"]) + self.level.of(groups, len(parcels))

    def width(self, groups: Groups, count: int) -> Floats:
        """How many times as far as usual these scatter, in log-time."""
        return np.asarray(np.exp(np.clip(self.spread.of(groups, count), *WIDTHS)), dtype=np.float64)


def recency(parcels: Parcels, now: float) -> Floats:
    return np.asarray(np.exp2(-np.maximum(now - parcels.shipped, 0.0) / HALF_LIFE), dtype=np.float64)


def log_elapsed(clock: Clock, since: Floats, until: Floats) -> Floats:
    return np.asarray(np.log(np.maximum(clock.reading(until) - clock.reading(since), SHORTEST)), dtype=np.float64)


def fit_scale(known: Parcels, now: float, cold: ColdStart) -> Scale:
    """Fit to what is known `now`; parcels under way count with the time that they must still expect."""
    weights = recency(known, now)
    done = known.delivered
    clock = Clock.learned(known.seen_until[done], weights[done])
    edges = {name: _edges(values) for name, values in _numbers(known).items()}
    groups = _groups(known, edges)
    terms = (*LANE_TERMS, ("weekday",), *((name,) for name in sorted({*groups} - {*PLACES, "weekday"})))
    times = log_elapsed(clock, known.shipped, known.seen_until)
    start = _usual(cold, known.words["service"])
    target, expected, counted = times, start, np.where(done, weights, 0.0)
    level, plain = NOTHING, curve(np.zeros(0), np.zeros(0, bool), np.zeros(0), cold.prior)
    for _ in range(ROUNDS):
        level = fitted(groups, terms, target - start, counted, doubt=cold.prior.parcels)
        expected = start + level.of(groups, len(known))
        plain = curve(times - expected, done, weights, cold.prior)
        target = _clipped(_filled(times, expected, done, plain), expected, done)
        counted = weights
    return Scale(clock, cold, edges, level, _spread(groups, terms, times - expected, done, weights), plain)


def _usual(cold: ColdStart, service: Codes) -> Floats:
    days = np.array([cold.days.get(name, cold.other) for name in service.names])
    return np.asarray(np.log(days)[service.at], dtype=np.float64)


def _filled(times: Floats, expected: Floats, done: Flags, plain: Curve) -> Floats:
    """Log-times, those still under way with their mean by the curve (J. Buckley and I. James, Biometrika 66, 1979)."""
    open_ = ~done
    after = plain.spent(times[open_] - expected[open_])
    filled = times.copy()
    filled[open_] = expected[open_]
    for share in QUANTILES:
        filled[open_] += plain.log_time(after - np.log1p(-share)) / len(QUANTILES)
    return filled


def _clipped(times: Floats, expected: Floats, done: Flags) -> Floats:
    if not done.any():
        return times
    left = times - expected
    middle = float(np.median(left[done]))
    reach = CLIP * 1.4826 * float(np.median(np.abs(left[done] - middle))) + 0.1
    return np.asarray(expected + np.clip(left, middle - reach, middle + reach), dtype=np.float64)


def _spread(groups: Groups, terms: tuple[tuple[str, ...], ...], left: Floats, done: Flags, weights: Floats) -> Additive:
    if done.sum() < 2:
        return NOTHING
    size = np.abs(left - np.median(left[done]))
    usual = float(np.median(size[done]))
    found = fitted(groups, terms, np.log(size + 0.25 * usual + 1e-3), np.where(done, weights, 0.0), least_k=SPREAD_K)
    return Additive(0.0, found.terms)


def _numbers(parcels: Parcels) -> dict[str, Floats]:
    return {**parcels.numbers, "handling": parcels.shipped - parcels.ordered}


def _edges(values: Floats) -> Floats:
    told = values[np.isfinite(values)]
    if not len(told):
        return np.zeros(0)
    return np.unique(np.quantile(told, np.arange(1, BINS) / BINS))


def _groups(parcels: Parcels, edges: Mapping[str, Floats]) -> Groups:
    weekday = np.floor(parcels.shipped - MONDAY).astype(np.int64) % 7
    found = {**parcels.words, "weekday": Codes(weekday, tuple("0123456"))}
    for name, values in _numbers(parcels).items():
        if name in edges:
            found[f"{name} in"] = _binned(values, edges[name])
    return found


def _binned(values: Floats, edges: Floats) -> Codes:
    told = np.isfinite(values)
    at = np.where(told, np.searchsorted(edges, np.where(told, values, 0.0), side="right"), len(edges) + 1)
    return Codes(at.astype(np.int64), (*map(str, range(len(edges) + 1)), ""))
