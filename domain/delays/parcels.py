"""The history of parcels as columns, and what of it was known at a moment."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
PLACES = ("carrier", "service", "origin", "destination")


@dataclass(frozen=True, slots=True)
class Codes:
    """A column of words: `names[at[i]]` is row i's. An empty word is a word like others: not told."""

    at: Ints
    names: tuple[str, ...]

    @staticmethod
    def of(words: Sequence[str]) -> "Codes":
        names, at = np.unique(np.asarray(words, dtype=object).astype(str), return_inverse=True)
        return Codes(at.astype(np.int64), tuple(names.tolist()))

    def take(self, rows: Flags | Ints) -> "Codes":
        return Codes(self.at[rows], self.names)


@dataclass(frozen=True, slots=True)
class Parcels:
    """`seen_until` is the delivery, or the last moment at which the parcel was known to be still under way.

    `words` has at least PLACES; further words and `numbers` are what was known at hand-over (NaN: not told).
    `scans` holds when a named scan was made; NaN when it was not.
    """

    ordered: Floats
    shipped: Floats
    promised: Floats
    seen_until: Floats
    delivered: Flags
    words: Mapping[str, Codes]
    numbers: Mapping[str, Floats] = field(default_factory=dict)
    scans: Mapping[str, Floats] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.shipped)

    def take(self, rows: Flags | Ints) -> "Parcels":
        return Parcels(
            self.ordered[rows],
            self.shipped[rows],
            self.promised[rows],
            self.seen_until[rows],
            self.delivered[rows],
            {name: codes.take(rows) for name, codes in self.words.items()},
            {name: values[rows] for name, values in self.numbers.items()},
            {name: times[rows] for name, times in self.scans.items()},
        )

    def known_at(self, moment: float) -> "Parcels":
        """What somebody knew just before `moment`: no later hand-over, and deliveries and scans up to there."""
        old = self.take(self.shipped < moment)
        return Parcels(
            old.ordered,
            old.shipped,
            old.promised,
            np.minimum(old.seen_until, moment),
            old.delivered & (old.seen_until < moment),
            old.words,
            old.numbers,
            {name: np.where(times < moment, times, np.nan) for name, times in old.scans.items()},
        )

    @property
    def late(self) -> Flags:
        """Delivered after the promise, or seen still under way after it."""
        return self.seen_until > self.promised


def nobody() -> Parcels:
    """A history without a parcel."""
    none = np.zeros(0)
    return Parcels(none, none, none, none, np.zeros(0, dtype=bool), {name: Codes.of([]) for name in PLACES})


def joined(parts: Sequence[Parcels]) -> Parcels:
    """Parts of one history, with the same columns and names, one after the other."""
    first = parts[0]

    def numbers(of: Callable[[Parcels], Mapping[str, Floats]]) -> dict[str, Floats]:
        return {name: np.concatenate([of(part)[name] for part in parts]) for name in of(first)}

    return Parcels(
        np.concatenate([part.ordered for part in parts]),
        np.concatenate([part.shipped for part in parts]),
        np.concatenate([part.promised for part in parts]),
        np.concatenate([part.seen_until for part in parts]),
        np.concatenate([part.delivered for part in parts]),
        {
            name: Codes(np.concatenate([part.words[name].at for part in parts]), codes.names)
            for name, codes in first.words.items()
        },
        numbers(lambda part: part.numbers),
        numbers(lambda part: part.scans),
    )
