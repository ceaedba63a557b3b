"""Fit the delay model to a history by predicting parts of it from what was known before them."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from domain.delays.calibration import Calibration, Guess, Sample, calibrate
from domain.delays.drift import COLUMNS, Drift, measure_drift
from domain.delays.model import DelayModel, no_drift
from domain.delays.parcels import PLACES, Floats, Parcels, joined
from domain.delays.policy import ColdStart
from domain.delays.scale import LANE_TERMS, Scale, fit_scale, log_elapsed, recency
from domain.delays.survival import Curve, curve

FOLDS = (0.3, 0.45, 0.6, 0.8)  # shares of the history after which it is predicted from what was known there
LEAST_TRIED = 100.0  # deliveries predicted in advance, below which the fit's own residuals make the curve
LEAST_SCANNED = 100  # parcels with a scan, below which the curve goes on from hand-over
SETTLED = 0.97  # share of deliveries within the days after which a hand-over day counts as known for the drift's weight
BELIEF = 1.0  # a hundred parcels' worth, at a usual drift of a tenth, of belief that it lasts in full


@dataclass(frozen=True, slots=True)
class _Trial:
    """Part of the history, with a scale and a drift from before it."""

    scale: Scale
    drift: Drift
    parcels: Parcels


def fit_delays(history: Parcels, now: float, cold: ColdStart) -> DelayModel:
    """Learn from what was known just before `now`; nothing later is looked at. Without history it is the cold start.

    Scale, drift and curve first predict parts of the history from what was known before them. Those predictions, not
    the fit's own residuals, say how far parcels scatter and how a probability has to be corrected.
    """
    known = history.known_at(now)
    scale = fit_scale(known, now, cold)
    trials = _trials(known, now, cold)
    trust = _trust(trials, now)
    pooled = _pooled(trials, trust, scale, known, now)
    plain = DelayModel(scale, trust, pooled, _after_scans(scale, known, now), Calibration())
    return replace(plain, calibration=_calibrated(plain, trials, now))


def _trials(known: Parcels, now: float, cold: ColdStart) -> list[_Trial]:
    if not len(known):
        return []
    edges = [*np.quantile(known.shipped, FOLDS).tolist(), now]
    trials = []
    for start, end in pairwise(edges):
        rows = (known.shipped >= start) & (known.shipped < end)
        if end - start < 1 or not rows.any():
            continue
        before = fit_scale(known.known_at(start), start, cold)
        drift = measure_drift(before, known, int(np.floor(start)), int(np.floor(now)))
        trials.append(_Trial(before, drift, known.take(rows)))
    return trials


def _trust(trials: list[_Trial], now: float) -> Floats:
    """Ridge regression of what was left after the scale on the drift that was measured at hand-over."""
    size = COLUMNS
    bend, pull = BELIEF * np.eye(size + 1), BELIEF * np.append(np.ones(size), 0.0)  # the last is the intercept's
    for trial in trials:
        parcels, scale = trial.parcels, trial.scale
        taken = parcels.seen_until - parcels.shipped
        done = parcels.delivered
        if not done.any():
            continue
        # Of the newest hand-overs only the quick ones have arrived: they would say that every drift is over.
        parcels = parcels.take(parcels.shipped < now - float(np.quantile(taken[done], SETTLED)))
        if not len(parcels):
            continue
        groups = scale.groups(parcels)
        width = scale.width(groups, len(parcels))
        left = log_elapsed(scale.clock, parcels.shipped, parcels.seen_until) - scale.log_days(parcels, groups)
        left = np.clip(left, -2.0, 2.0) / width
        drift = (
            np.column_stack([trial.drift.at(parcels.words, parcels.shipped), np.ones(len(parcels))]) / width[:, None]
        )
        weights = recency(parcels, now)
        bend += (drift * weights[:, None]).T @ drift
        pull += drift.T @ (weights * left)
    return np.asarray(np.clip(np.linalg.solve(bend, pull)[:size], 0.0, 1.5), dtype=np.float64)


def _pooled(trials: list[_Trial], trust: Floats, scale: Scale, known: Parcels, now: float) -> Curve:
    parts = [_residuals(trial.scale, trial.drift, trust, trial.parcels) for trial in trials]
    tried = [trial.parcels for trial in trials]
    if sum(float(parcels.delivered.sum()) for parcels in tried) < LEAST_TRIED:
        parts, tried = [_residuals(scale, no_drift(now), trust, known)], [known]
    return curve(
        np.concatenate(parts),
        np.concatenate([parcels.delivered for parcels in tried]),
        np.concatenate([recency(parcels, now) for parcels in tried]),
        scale.cold.prior,
    )


def _residuals(scale: Scale, drift: Drift, trust: Floats, parcels: Parcels) -> Floats:
    groups = scale.groups(parcels)
    expected = scale.log_days(parcels, groups) + drift.at(parcels.words, parcels.shipped) @ trust
    times = log_elapsed(scale.clock, parcels.shipped, parcels.seen_until)
    return np.asarray((times - expected) / scale.width(groups, len(parcels)), dtype=np.float64)


def _after_scans(scale: Scale, known: Parcels, now: float) -> dict[str, Curve]:
    """A curve per kind of scan: what is left of the expected time once it was made."""
    found = {}
    for name, times in sorted(known.scans.items()):
        rows = np.isfinite(times) & (times >= known.shipped) & (times <= known.seen_until)
        if rows.sum() < LEAST_SCANNED:
            continue
        parcels = known.take(rows)
        groups = scale.groups(parcels)
        left = log_elapsed(scale.clock, times[rows], parcels.seen_until) - scale.log_days(parcels, groups)
        left = left / scale.width(groups, len(parcels))
        found[name] = curve(left, parcels.delivered, recency(parcels, now), scale.cold.prior)
    return found


def _calibrated(model: DelayModel, trials: list[_Trial], now: float) -> Calibration:
    at_start, later = _Made([], []), _Made([], [])
    for trial in trials:
        as_then = replace(model, scale=trial.scale)
        # Of parcels with a later promise only the punctual ones are known.
        parcels = trial.parcels.take(trial.parcels.promised <= now)
        window = parcels.promised - parcels.shipped
        at_start.add(as_then, trial.drift, parcels, parcels.shipped)
        for moment in (parcels.shipped + window / 2, parcels.promised - 2):
            rows = (moment > parcels.shipped) & (moment < parcels.seen_until)
            later.add(as_then, trial.drift, parcels.take(rows), moment[rows])
    if not sum(map(len, at_start.parcels)):
        return Calibration()
    start, parcels = at_start.sample(now)
    features = sorted(model.scale.groups(parcels).keys() - {*PLACES, "weekday"})
    after, others = later.sample(now)
    terms = (*LANE_TERMS, *((name,) for name in features))
    return calibrate(start, model.scale.groups(parcels), terms, after, model.scale.groups(others))


@dataclass(frozen=True, slots=True)
class _Made:
    """Predictions that were made, trial by trial."""

    guesses: list[Guess]
    parcels: list[Parcels]

    def add(self, model: DelayModel, drift: Drift, parcels: Parcels, moments: Floats) -> None:
        self.guesses.append(model.guess(parcels, model.scale.groups(parcels), moments, drift))
        self.parcels.append(parcels)

    def sample(self, now: float) -> tuple[Sample, Parcels]:
        parcels = joined(self.parcels)
        guess = Guess(
            np.concatenate([each.probability for each in self.guesses]),
            np.concatenate([each.gone for each in self.guesses]),
            np.concatenate([each.traits for each in self.guesses]),
        )
        return Sample(guess, parcels.late, recency(parcels, now)), parcels
