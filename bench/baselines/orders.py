"""Orders as columns, and what a predictor has to answer. Times are days since 1970-01-01 UTC, NaN when unknown."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Words:
    """`names[at[i]]` is row i's word; empty when it is not told."""

    at: Ints
    names: tuple[str, ...]

    def take(self, rows: Flags | Ints) -> "Words":
        return Words(self.at[rows], self.names)


@dataclass(frozen=True, slots=True)
class Orders:
    """`seen_until`: the delivery, or when the order was last known to be under way."""

    ordered: Floats
    shipped: Floats
    promised: Floats
    seen_until: Floats
    delivered: Flags
    words: Mapping[str, Words]
    numbers: Mapping[str, Floats] = field(default_factory=dict)
    scans: Mapping[str, Floats] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.shipped)

    def take(self, rows: Flags | Ints) -> "Orders":
        return Orders(
            self.ordered[rows],
            self.shipped[rows],
            self.promised[rows],
            self.seen_until[rows],
            self.delivered[rows],
            {name: words.take(rows) for name, words in self.words.items()},
            {name: values[rows] for name, values in self.numbers.items()},
            {name: times[rows] for name, times in self.scans.items()},
        )

    def known_at(self, cut: float) -> "Orders":
        """What was known just before `cut`: outcomes that came later are censored, not dropped."""
        old = self.take(self.shipped < cut)
        return Orders(
            old.ordered,
            old.shipped,
            old.promised,
            np.minimum(old.seen_until, cut),
            old.delivered & (old.seen_until < cut),
            old.words,
            old.numbers,
            {name: np.where(times < cut, times, np.nan) for name, times in old.scans.items()},
        )

    @property
    def late(self) -> Flags:
        """Delivered after the promise, or still under way when it had passed."""
        return self.seen_until > self.promised


class Predictor(Protocol):
    """`fit` once, `follow` what happens, then answer for any of its moments."""

    name: str
    gives_probabilities: bool

    def fit(self, history: Orders, cut: float) -> None:
        """Learn from what was known at `cut`; `history` holds nothing else."""

    def follow(self, happening: Orders, first: float, last: float) -> None:
        """See orders after the cut. An answer for a moment may use only what had happened before that moment."""

    def late(self, orders: Orders, now: Floats) -> Floats:
        """A score that rises with the danger of missing the promise, for orders under way `now`."""

    def window(self, orders: Orders, now: Floats) -> tuple[Floats, Floats, Floats] | None:
        """The 10 %, 50 % and 90 % points of the delivery, or None when it has no idea."""
