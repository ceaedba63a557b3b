"""The rules that shops use: so many days before the promise, and longer under way than nine in ten on this lane."""

import numpy as np

from bench.baselines.kaplan_meier import KaplanMeier
from bench.baselines.orders import Floats, Orders


class Calendar:
    """Warn k days before the promise; the threshold that is chosen on the training side is k."""

    name, gives_probabilities = "k days before", False

    def fit(self, history: Orders, cut: float) -> None:
        pass

    def follow(self, happening: Orders, first: float, last: float) -> None:
        pass

    def late(self, orders: Orders, now: Floats) -> Floats:
        return now - orders.promised

    def window(self, orders: Orders, now: Floats) -> tuple[Floats, Floats, Floats] | None:
        return None


class NinetiethPercentile:
    """Warn when more time is gone than 90 % of the lane's parcels needed. At hand-over it knows nothing."""

    name, gives_probabilities = "elapsed > p90", False

    def __init__(self) -> None:
        self._lanes = KaplanMeier()

    def fit(self, history: Orders, cut: float) -> None:
        self._lanes.fit(history, cut)

    def follow(self, happening: Orders, first: float, last: float) -> None:
        pass

    def late(self, orders: Orders, now: Floats) -> Floats:
        return np.asarray((now - orders.shipped) / self._lanes.days(orders, 0.9), dtype=np.float64)

    def window(self, orders: Orders, now: Floats) -> tuple[Floats, Floats, Floats] | None:
        return None
