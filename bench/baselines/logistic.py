"""Logistic regression on all columns, words as indicators, missing numbers as the median and a flag."""

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from bench.baselines.features import Encoder, lessons, numbers
from bench.baselines.orders import Floats, Orders

MOST_ROWS = 300_000


class Logistic:
    name, gives_probabilities = "logistic regression", True

    def fit(self, history: Orders, cut: float) -> None:
        orders, now = lessons(history, cut)
        if len(orders) > MOST_ROWS:
            rows = np.sort(np.random.default_rng(1).choice(len(orders), MOST_ROWS, replace=False))
            orders, now = orders.take(rows), now[rows]
        self._encoder = Encoder.of(history)
        table = self._table(orders, now)
        words = list(range(len(self._encoder.numbers)))
        prepare = ColumnTransformer(
            [
                ("words", OneHotEncoder(handle_unknown="ignore"), words),
                (
                    "numbers",
                    make_pipeline(SimpleImputer(add_indicator=True, keep_empty_features=True), StandardScaler()),
                    list(range(len(words), table.shape[1])),
                ),
            ]
        )
        self._model = make_pipeline(prepare, LogisticRegression(max_iter=300))
        self._model.fit(table, orders.late)

    def follow(self, happening: Orders, first: float, last: float) -> None:
        pass

    def late(self, orders: Orders, now: Floats) -> Floats:
        return np.asarray(self._model.predict_proba(self._table(orders, now))[:, 1], dtype=np.float64)

    def window(self, orders: Orders, now: Floats) -> tuple[Floats, Floats, Floats] | None:
        return None

    def _table(self, orders: Orders, now: Floats) -> Floats:
        return np.column_stack([self._encoder.words(orders), numbers(orders, now)])
