"""The strict trial of `bench.delays`: what each predictor says of orders after the cut, and how much earlier it warns.

Everything that is chosen (fits, calibration, thresholds) is chosen on the training side. Thresholds come from its
last part, predicted by the same predictor fitted to what was known before that part: a threshold from scores of
orders that a model has learned would be too good to be true. Then it is fitted anew to all that is known at the cut.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from bench.baselines.orders import Flags, Floats, Ints, Orders, Predictor
from bench.delay_scores import threshold

PRECISIONS = (0.8, 0.5)
TUNED_FROM = 0.65  # share of the training side's orders before its last part
LEAST_ALERTS = 20  # on the training side, below which a precision is luck
MOST_ORDERS = 150_000  # followed day by day on either side; more change no digit and take minutes
MOST_DAYS = 120
CHUNK = 400_000  # moments at a time
MOMENTS: dict[str, Callable[[Orders], Floats]] = {
    "hand-over": lambda orders: orders.shipped,
    "half of the window gone": lambda orders: (orders.shipped + orders.promised) / 2,
    "two days before the promise": lambda orders: orders.promised - 2,
}


class BadSplit(Exception):
    """Why this cut cannot be judged, and what to do."""


@dataclass(frozen=True, slots=True)
class Sides:
    """`known` at the cut; `tuned` are its last orders whose promise had passed; `judged` the orders after the cut."""

    known: Orders
    tune_cut: float
    tuned: Orders
    judged: Orders
    everything: Orders
    cut: float


@dataclass
class Answers:
    """What one predictor said of the judged orders. Scores are by moment, for the rows under way then."""

    name: str
    gives_probabilities: bool
    scores: dict[str, Floats] = field(default_factory=dict)
    window: tuple[Floats, Floats, Floats] | None = None
    thresholds: dict[float, float | None] = field(default_factory=dict)
    lead: dict[float, Floats] = field(default_factory=dict)  # days before the promise per order, 0 if not warned
    alerts: dict[float, Flags] = field(default_factory=dict)


def split(everything: Orders, cut: float, until: float) -> Sides:
    """Raises: BadSplit."""
    if not float(everything.shipped.min()) < cut <= float(everything.shipped.max()):
        raise BadSplit("the cut lies outside the data: choose a day after the first and before the last shipped_at")
    known = everything.known_at(cut)
    judged = everything.take((everything.shipped >= cut) & (everything.promised < until))
    tune_cut = float(np.quantile(known.shipped, TUNED_FROM))
    tuned = known.take((known.shipped >= tune_cut) & (known.promised < cut))
    for side, orders, move in (("before", tuned, "later"), ("after", judged, "earlier")):
        if not len(orders):
            raise BadSplit(f"no promise of the orders {side} the cut has passed in time: choose a {move} cut")
        if orders.late.all() or not orders.late.any():
            which = "no late order" if not orders.late.any() else "only late orders"
            raise BadSplit(f"there is {which} among the {len(orders):,} to judge {side} the cut: choose a {move} cut")
    return Sides(known, tune_cut, _some(tuned), _some(judged), everything, cut)


def _some(orders: Orders) -> Orders:
    if len(orders) <= MOST_ORDERS:
        return orders
    return orders.take(np.sort(np.random.default_rng(3).choice(len(orders), MOST_ORDERS, replace=False)))


def under_way(orders: Orders, moment: Floats) -> Flags:
    return (moment >= orders.shipped) & (moment < orders.seen_until) & (moment < orders.promised)


def trial(predictor: Predictor, sides: Sides) -> Answers:
    """Fit, choose thresholds, fit again, answer."""
    answers = Answers(predictor.name, predictor.gives_probabilities)
    predictor.fit(sides.known.known_at(sides.tune_cut), sides.tune_cut)
    predictor.follow(sides.known, sides.tune_cut, sides.cut)
    highest, _ = _followed(predictor, sides.tuned, {})
    for precision in PRECISIONS:
        answers.thresholds[precision] = threshold(sides.tuned.late, highest, precision, LEAST_ALERTS)
    predictor.fit(sides.known, sides.cut)
    predictor.follow(sides.everything, sides.cut, float(sides.judged.promised.max()))
    for name, moment_of in MOMENTS.items():
        orders, moment = sides.judged, moment_of(sides.judged)
        rows = under_way(orders, moment) if name != "hand-over" else np.ones(len(orders), dtype=bool)
        answers.scores[name] = predictor.late(orders.take(rows), moment[rows])
    answers.window = predictor.window(sides.judged, sides.judged.shipped)
    _, first = _followed(predictor, sides.judged, answers.thresholds)
    for precision in PRECISIONS:
        warned = np.isfinite(first[precision])
        answers.alerts[precision] = warned
        before = np.where(warned, sides.judged.promised - np.where(warned, first[precision], 0.0), 0.0)
        answers.lead[precision] = np.maximum(before, 0.0)
    return answers


def _followed(
    predictor: Predictor, orders: Orders, thresholds: dict[float, float | None]
) -> tuple[Floats, dict[float, Floats]]:
    """Each order's highest score on the days of its life before the promise, and when each threshold was first met."""
    highest = np.full(len(orders), -np.inf)
    first = {precision: np.full(len(orders), np.inf) for precision in thresholds}
    for rows, now in _days(orders):
        score = predictor.late(orders.take(rows), now)
        np.maximum.at(highest, rows, score)
        for precision, least in thresholds.items():
            if least is not None:
                met = score >= least
                np.minimum.at(first[precision], rows[met], now[met])
    return highest, first


def _days(orders: Orders) -> Iterator[tuple[Ints, Floats]]:
    """(row, moment): hand-over and each day after it, while the order is under way and the promise stands."""
    rows, moments, held = [], [], 0
    for age in range(MOST_DAYS):
        moment = orders.shipped + age
        live = np.flatnonzero(under_way(orders, moment))
        if not len(live):
            break
        rows.append(live)
        moments.append(moment[live])
        held += len(live)
        if held >= CHUNK:
            yield np.concatenate(rows), np.concatenate(moments)
            rows, moments, held = [], [], 0
    if held:
        yield np.concatenate(rows), np.concatenate(moments)
