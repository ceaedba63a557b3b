"""From the curve's probabilities to ones that hold, learned from predictions that were made as they would have been.

Platt's line on log-odds (J. Platt, "Probabilistic outputs for support vector machines", 1999), held near the identity
by a few parcels' worth of belief, so that little history changes little. Beside it stand a few traits: a stall costs
days wherever it happens, so a short window is missed more often than the curve over the scale says. Places that keep
being better or worse get an offset of their own, shrunk like every effect. What is added for the share of the window
that is gone is never negative: with the same facts, a parcel that is still under way later is never likelier on time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from domain.delays.effects import NOTHING, Additive, Groups, fitted
from domain.delays.parcels import Flags, Floats

FAR = 9.0  # log-odds: nothing is surer than 1 in 8,000
BELIEF = 10.0  # in units of information, p (1 - p) summed: forty parcels at even odds
OFFSET_K = 30.0
LARGEST_OFFSET = 3.0
LEAST_SLOPE = 0.05
ROUNDS = 3  # of line and offsets in turn
STEPS = 25


@dataclass(frozen=True, slots=True)
class Guess:
    """What the curve says. `gone`: the window's share, 0 at hand-over. `traits`: one column each of what lasts a
    parcel's life (the logs of window and scale) and of the drift."""

    probability: Floats
    gone: Floats
    traits: Floats


@dataclass(frozen=True, slots=True)
class Sample:
    """Guesses that were made before the outcome, and the outcome."""

    guess: Guess
    late: Flags
    weights: Floats


@dataclass(frozen=True, slots=True)
class Traits:
    """Beyond `least` and `most` of what was learned from, a trait says no more."""

    least: Floats
    most: Floats

    def of(self, values: Floats) -> Floats:
        return np.asarray(np.clip(values, self.least, self.most) - (self.least + self.most) / 2, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Calibration:
    """`line`: intercept, slope and what each trait adds. The default changes nothing."""

    line: tuple[float, ...] = (0.0, 1.0)
    traits: Traits | None = None
    gone: float = 0.0
    offsets: Additive = NOTHING

    def of(self, guess: Guess, groups: Groups) -> Floats:
        line = _design(guess, self.traits) @ np.array(self.line) + self.gone * guess.gone
        return odds_to(line + _offset(self.offsets, groups, len(line)))


def log_odds(probability: Floats) -> Floats:
    least = 1 / (1 + np.exp(FAR))
    held = np.clip(probability, least, 1 - least)
    return np.asarray(np.log(held) - np.log1p(-held), dtype=np.float64)


def odds_to(line: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(line, -30, 30))), dtype=np.float64)


def calibrate(
    at_start: Sample, groups: Groups, terms: Sequence[tuple[str, ...]], later: Sample, later_groups: Groups
) -> Calibration:
    """Intercept, slope and offsets from guesses at hand-over; what the window's age adds from `later` ones.

    Traits last a parcel's life, so what they add is learned from both.
    """
    values = at_start.guess.traits
    traits = Traits(np.quantile(values, 0.01, axis=0), np.quantile(values, 0.99, axis=0))
    design = _design(at_start.guess, traits)
    added = _line(
        np.vstack([design, _design(later.guess, traits)]),
        np.concatenate([at_start.late, later.late]),
        np.concatenate([at_start.weights, later.weights]),
        np.zeros(len(design) + len(later.late)),
    )[2:]
    by_traits, moved, effects = design[:, 2:] @ added, np.zeros(len(design)), NOTHING
    for _ in range(ROUNDS):
        line = _line(design[:, :2], at_start.late, at_start.weights, by_traits + moved)
        held = odds_to(design[:, :2] @ line + by_traits + moved)
        information = np.maximum(held * (1 - held), 1e-3)
        pulled = moved + (at_start.late - held) / information
        found = fitted(groups, terms, pulled, at_start.weights * information, least_k=OFFSET_K)
        effects = Additive(0.0, found.terms)
        moved = _offset(effects, groups, len(design))
    line = _line(design[:, :2], at_start.late, at_start.weights, by_traits + moved)
    start = Calibration((*line.tolist(), *added.tolist()), traits, 0.0, effects)
    return replace(start, gone=_age(start, later, later_groups))


def _offset(effects: Additive, groups: Groups, count: int) -> Floats:
    return np.clip(effects.of(groups, count), -LARGEST_OFFSET, LARGEST_OFFSET)


def _design(guess: Guess, traits: Traits | None) -> Floats:
    columns = [np.ones(len(guess.gone)), log_odds(guess.probability)]
    return np.column_stack(columns if traits is None else [*columns, traits.of(guess.traits)])


def _line(design: Floats, late: Flags, weights: Floats, moved: Floats) -> Floats:
    """Newton's steps to the line, with the one that changes nothing as the prior's centre. The slope stays positive."""
    centre = np.zeros(design.shape[1])
    centre[1] = 1.0
    found = centre.copy()
    for _ in range(STEPS):
        held = odds_to(design @ found + moved)
        slope = design.T @ (weights * (late - held)) - BELIEF * (found - centre)
        bend = (design * (weights * held * (1 - held))[:, None]).T @ design + BELIEF * np.eye(len(centre))
        step = np.clip(np.linalg.solve(bend, slope), -1.0, 1.0)
        found = found + step
        if np.abs(step).max() < 1e-8:
            break
    found[1] = max(found[1], LEAST_SLOPE)
    return found


def _age(start: Calibration, later: Sample, groups: Groups) -> float:
    found = 0.0
    base, gone = log_odds(start.of(later.guess, groups)), later.guess.gone
    for _ in range(STEPS):
        held = odds_to(base + found * gone)
        slope = float(gone @ (later.weights * (later.late - held))) - BELIEF * found
        bend = float(gone**2 @ (later.weights * held * (1 - held))) + BELIEF
        step = float(np.clip(slope / bend, -1.0, 1.0))
        found += step
        if abs(step) < 1e-8:
            break
    return max(found, 0.0)
