"""The columns that the learned baselines see: everything that the file tells, at a moment of an order's life."""

from dataclasses import dataclass

import numpy as np

from bench.baselines.orders import Floats, Orders, Words

MONDAY = 4
MOST_WORDS = 250  # HistGradientBoosting takes at most 255 categories
PER_ORDER = 4  # moments after hand-over at which an order is shown to a classifier
MOST_ROWS = 1_200_000


@dataclass(frozen=True, slots=True)
class Encoder:
    """The words that were frequent enough while training, each with a number."""

    numbers: dict[str, dict[str, int]]

    @staticmethod
    def of(orders: Orders) -> "Encoder":
        found = {}
        for name, words in sorted(orders.words.items()):
            held = np.bincount(words.at, minlength=len(words.names))
            order = [at for at in np.argsort(-held, kind="stable")[:MOST_WORDS].tolist() if held[at]]
            found[name] = {words.names[at]: number for number, at in enumerate(order)}
        return Encoder(found)

    def words(self, orders: Orders) -> Floats:
        """One column per kind of word; a rare or new one is the number after the last."""
        return np.column_stack([self._column(orders.words[name], known) for name, known in self.numbers.items()])

    def _column(self, words: Words, known: dict[str, int]) -> Floats:
        return np.array([known.get(name, len(known)) for name in words.names], dtype=np.float64)[words.at]


def numbers(orders: Orders, now: Floats) -> Floats:
    """Columns of numbers, NaN where nothing is told."""
    window = np.maximum(orders.promised - orders.shipped, 0.01)
    columns = [
        now - orders.shipped,
        orders.promised - now,
        window,
        (now - orders.shipped) / window,
        orders.shipped - orders.ordered,
        orders.promised - orders.ordered,
        (now - MONDAY) % 7,
        (orders.shipped - MONDAY) % 7,
        (orders.promised - MONDAY) % 7,
        orders.shipped % 365.25,
    ]
    columns += [values for _, values in sorted(orders.numbers.items())]
    columns += [np.where(times <= now, now - times, np.nan) for _, times in sorted(orders.scans.items())]
    return np.column_stack(columns)


def lessons(history: Orders, cut: float) -> tuple[Orders, Floats]:
    """Orders whose outcome is sure for all that share their promise, each at hand-over and on some days after it."""
    known = history.take(history.promised < cut)
    rng = np.random.default_rng(0)
    if len(known) > MOST_ROWS // (1 + PER_ORDER):
        known = known.take(np.sort(rng.choice(len(known), MOST_ROWS // (1 + PER_ORDER), replace=False)))
    end = np.minimum(known.seen_until, known.promised)
    rows, moments = [np.arange(len(known))], [known.shipped]
    for _ in range(PER_ORDER):
        moment = known.shipped + np.ceil(rng.random(len(known)) * np.maximum(known.promised - known.shipped, 0))
        under_way = np.flatnonzero(moment < end)
        rows.append(under_way)
        moments.append(moment[under_way])
    return known.take(np.concatenate(rows)), np.concatenate(moments)
