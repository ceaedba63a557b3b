"""scikit-learn's HistGradientBoosting with early stopping, plain or fed with what the last weeks were like."""

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from bench.baselines.features import Encoder, lessons, numbers
from bench.baselines.kaplan_meier import KaplanMeier
from bench.baselines.orders import Floats, Orders
from bench.baselines.recent import DAYS, Recent, recent

MOST_FOR_WINDOWS = 200_000


class Boosting:
    gives_probabilities = True

    def __init__(self, *, fed: bool) -> None:
        self._fed = fed
        self.name = "boosting, drift-fed" if fed else "boosting"

    def fit(self, history: Orders, cut: float) -> None:
        self._encoder = Encoder.of(history)
        self._lanes = KaplanMeier()
        self._lanes.fit(history, cut)
        self._words = list(range(len(self._encoder.numbers)))
        self.follow(history, float(history.shipped.min()) + DAYS, cut)
        orders, now = lessons(history, cut)
        self._model = HistGradientBoostingClassifier(
            max_iter=400, learning_rate=0.06, early_stopping=True, categorical_features=self._words, random_state=0
        )
        self._model.fit(self._table(orders, now), orders.late)
        done = history.take(history.delivered)
        if len(done) > MOST_FOR_WINDOWS:
            done = done.take(np.sort(np.random.default_rng(2).choice(len(done), MOST_FOR_WINDOWS, replace=False)))
        table = self._table(done, done.shipped)
        days = np.log(np.maximum(done.seen_until - done.shipped, 0.05))
        self._windows = [
            HistGradientBoostingRegressor(
                loss="quantile", quantile=share, early_stopping=True, categorical_features=self._words, random_state=0
            ).fit(table, days)
            for share in (0.1, 0.5, 0.9)
        ]

    def follow(self, happening: Orders, first: float, last: float) -> None:
        if self._fed:
            self._recent: Recent = recent(happening, first, last, self._lanes.days(happening, 0.5))

    def late(self, orders: Orders, now: Floats) -> Floats:
        return np.asarray(self._model.predict_proba(self._table(orders, now))[:, 1], dtype=np.float64)

    def window(self, orders: Orders, now: Floats) -> tuple[Floats, Floats, Floats] | None:
        table = self._table(orders, now)
        low, middle, high = np.sort([orders.shipped + np.exp(each.predict(table)) for each in self._windows], axis=0)
        return np.maximum(low, now), np.maximum(middle, now), np.maximum(high, now)

    def _table(self, orders: Orders, now: Floats) -> Floats:
        columns = [self._encoder.words(orders), numbers(orders, now)]
        if self._fed:
            columns.append(self._recent.columns(orders, now))
        return np.column_stack(columns)
