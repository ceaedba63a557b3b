"""Sums of group effects, each shrunk towards nothing by how much its groups really differ (empirical Bayes).

A group of n parcels keeps n / (n + k) of its own mean, with k the variance within groups over that between them, by
the method of moments (C. Morris, "Parametric empirical Bayes inference", JASA 78 (1983) 47-55). Finer groups are fitted
on what the coarser ones leave, so a rare lane falls back on its ends, its service and its carrier. Groups that do not
differ get nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from domain.delays.parcels import Codes, Floats, Ints

Groups = Mapping[str, Codes]
PASSES = 4  # over the terms in turn; effects move by less than a hundredth of a spread after that
LEAST_K = 4.0  # parcels' worth of doubt about every group, whatever the variances say
JOIN = "\x1f"


@dataclass(frozen=True, slots=True)
class Term:
    """Effects of one column, or of the combinations of several."""

    columns: tuple[str, ...]
    effects: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Additive:
    """`base` plus one effect of each term; a group that was never seen has none, nor has a column that is not told."""

    base: float
    terms: tuple[Term, ...]

    def of(self, groups: Groups, count: int) -> Floats:
        total = np.full(count, self.base)
        for term in self.terms:
            if not groups.keys() >= {*term.columns}:
                continue
            codes = combined([groups[name] for name in term.columns])
            total += np.array([term.effects.get(name, 0.0) for name in codes.names])[codes.at]
        return total


NOTHING = Additive(0.0, ())


def combined(columns: Sequence[Codes]) -> Codes:
    """One column of the combinations that occur."""
    first, *others = columns
    for other in others:
        first = _both(first, other)
    return first


def _both(left: Codes, right: Codes) -> Codes:
    size = max(len(right.names), 1)
    pairs, at = np.unique(left.at * size + right.at, return_inverse=True)
    names = tuple(f"{left.names[pair // size]}{JOIN}{right.names[pair % size]}" for pair in pairs.tolist())
    return Codes(at.astype(np.int64), names)


def fitted(
    groups: Groups,
    terms: Sequence[tuple[str, ...]],
    values: Floats,
    weights: Floats,
    *,
    least_k: float = LEAST_K,
    doubt: float = 0.0,
) -> Additive:
    """Weighted effects that explain `values`; the base is shrunk towards nothing by `doubt` parcels.

    Rows may come in any order; without rows everything is nothing.
    """
    total = float(weights.sum())
    if total <= 0:
        return NOTHING
    base = float(weights @ values) / (total + doubt)
    columns = [combined([groups[name] for name in term]) for term in terms]
    found = [np.zeros(len(codes.names)) for codes in columns]
    left = values - base
    for _ in range(PASSES):
        for number, codes in enumerate(columns):
            left += found[number][codes.at]
            found[number] = _shrunk(codes.at, len(codes.names), left, weights, least_k)
            left -= found[number][codes.at]
    kept = tuple(
        Term(term, {name: effect for name, effect in zip(codes.names, effects.tolist(), strict=True) if effect})
        for term, codes, effects in zip(terms, columns, found, strict=True)
    )
    return Additive(base, kept)


def _shrunk(at: Ints, size: int, values: Floats, weights: Floats, least_k: float) -> Floats:
    held = np.bincount(at, weights, minlength=size)
    some = held > 0
    means = np.divide(np.bincount(at, weights * values, minlength=size), held, out=np.zeros(size), where=some)
    total, groups = float(held.sum()), int(some.sum())
    spare = total - float((held**2).sum()) / total
    if groups < 2 or spare <= 0:
        return np.zeros(size)
    within = float(weights @ (values - means[at]) ** 2) / max(total - groups, 1.0)
    centre = float(held @ means) / total
    between = (float(held @ (means - centre) ** 2) - (groups - 1) * within) / spare
    if between <= 0:
        return np.zeros(size)
    return np.asarray((means - centre) * held / (held + max(within / between, least_k)), dtype=np.float64)
