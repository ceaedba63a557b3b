"""A Kaplan-Meier curve per carrier, service and lane; with few parcels the lane's, its destination's, or all's."""

import numpy as np

from bench.baselines.orders import Flags, Floats, Ints, Orders

LEAST = 40  # deliveries for a curve of one's own
LEVELS = (("carrier", "service", "origin", "destination"), ("origin", "destination"), ("destination",), ())
Key = tuple[str, ...]


class KaplanMeier:
    name, gives_probabilities = "lane Kaplan-Meier", True

    def __init__(self) -> None:
        self._curves: dict[tuple[Key, Key], tuple[Floats, Floats]] = {}

    def fit(self, history: Orders, cut: float) -> None:
        days = history.seen_until - history.shipped
        for level in LEVELS:
            keys, at = _keys(history, level)
            order = np.argsort(at, kind="stable")
            for number, rows in zip(*_runs(at[order], order), strict=True):
                if history.delivered[rows].sum() >= LEAST or not level:
                    self._curves[level, keys[number]] = _curve(days[rows], history.delivered[rows])

    def follow(self, happening: Orders, first: float, last: float) -> None:
        pass

    def late(self, orders: Orders, now: Floats) -> Floats:
        found = np.zeros(len(orders))
        for (times, alive), rows in self._of(orders):
            left = _alive(times, alive, orders.promised[rows] - orders.shipped[rows])
            found[rows] = left / np.maximum(_alive(times, alive, now[rows] - orders.shipped[rows]), 1e-9)
        return np.where(now >= orders.promised, 1.0, np.minimum(found, 1.0))

    def days(self, orders: Orders, share: float) -> Floats:
        """After how many days this share has arrived."""
        found = np.zeros(len(orders))
        for (times, alive), rows in self._of(orders):
            found[rows] = _quantile(times, alive, np.full(len(rows), share))
        return found

    def window(self, orders: Orders, now: Floats) -> tuple[Floats, Floats, Floats] | None:
        ends = np.zeros((3, len(orders)))
        for (times, alive), rows in self._of(orders):
            gone = 1 - _alive(times, alive, now[rows] - orders.shipped[rows])
            for end, share in zip(ends, (0.1, 0.5, 0.9), strict=True):
                end[rows] = orders.shipped[rows] + _quantile(times, alive, gone + (1 - gone) * share)
        low, middle, high = np.maximum(ends, now)
        return low, middle, high

    def _of(self, orders: Orders) -> list[tuple[tuple[Floats, Floats], Ints]]:
        open_, found = np.ones(len(orders), dtype=bool), []
        for level in LEVELS:
            keys, at = _keys(orders, level)
            order = np.argsort(at, kind="stable")
            for number, rows in zip(*_runs(at[order], order), strict=True):
                curve = self._curves.get((level, keys[number]))
                rows = rows[open_[rows]]
                if curve is not None and len(rows):
                    found.append((curve, rows))
                    open_[rows] = False
        return found


def _keys(orders: Orders, level: Key) -> tuple[list[Key], Ints]:
    if not level:
        return [()], np.zeros(len(orders), dtype=np.int64)
    codes = np.zeros(len(orders), dtype=np.int64)
    for name in level:
        codes = codes * len(orders.words[name].names) + orders.words[name].at
    _, first, at = np.unique(codes, return_index=True, return_inverse=True)
    columns = [np.array(orders.words[name].names, dtype=object)[orders.words[name].at[first]] for name in level]
    return list(zip(*columns, strict=True)), at.astype(np.int64)


def _runs(sorted_at: Ints, order: Ints) -> tuple[list[int], list[Ints]]:
    if not len(sorted_at):
        return [], []
    starts = np.flatnonzero(np.r_[True, np.diff(sorted_at) > 0])
    return sorted_at[starts].tolist(), np.split(order, starts[1:])


def _curve(days: Floats, delivered: Flags) -> tuple[Floats, Floats]:
    order = np.argsort(days, kind="stable")
    at_risk = np.arange(len(days), 0, -1)
    alive = np.cumprod(1 - delivered[order] / at_risk)
    return days[order], np.asarray(alive, dtype=np.float64)


def _alive(times: Floats, alive: Floats, days: Floats) -> Floats:
    return np.concatenate([[1.0], alive])[np.searchsorted(times, days, side="right")]


def _quantile(times: Floats, alive: Floats, share: Floats) -> Floats:
    at = np.searchsorted(-alive, -(1 - share) - 1e-12)
    return times[np.minimum(at, len(times) - 1)]
