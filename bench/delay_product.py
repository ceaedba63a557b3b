"""The product's model as one of the predictors of `bench.delays`."""

from pathlib import Path

import numpy as np

from bench.baselines.orders import Floats, Orders
from config.delay_policy import delay_policy
from config.reading import read_toml
from domain.delays.drift import Drift
from domain.delays.fitting import fit_delays
from domain.delays.model import DelayModel
from domain.delays.parcels import Codes, Parcels

POLICY = Path(__file__).parents[1] / "config" / "policies" / "delays.toml"


class Aftercart:
    name, gives_probabilities = "aftercart", True

    def __init__(self) -> None:
        self._cold = delay_policy(read_toml(POLICY)).cold_start
        self._model: DelayModel
        self._drift: Drift

    def fit(self, history: Orders, cut: float) -> None:
        self._model = fit_delays(parcels(history), cut, self._cold)

    def follow(self, happening: Orders, first: float, last: float) -> None:
        self._drift = self._model.drift(parcels(happening), first, last)

    def late(self, orders: Orders, now: Floats) -> Floats:
        return self._model.late(parcels(orders), now, self._drift)

    def window(self, orders: Orders, now: Floats) -> tuple[Floats, Floats, Floats] | None:
        found = self._model.window(parcels(orders), now, self._drift)
        return found.low, found.middle, found.high


def parcels(orders: Orders) -> Parcels:
    return Parcels(
        np.minimum(orders.ordered, orders.shipped),
        orders.shipped,
        orders.promised,
        orders.seen_until,
        orders.delivered,
        {name: Codes(words.at, words.names) for name, words in orders.words.items()},
        orders.numbers,
        orders.scans,
    )
