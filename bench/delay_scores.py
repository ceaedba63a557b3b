"""Figures of merit, each over rows that may be weighted (a bootstrap gives a row the number of its draws)."""

import numpy as np

from bench.baselines.orders import Flags, Floats

BINS = 10  # of equally many predictions


def auc(late: Flags, score: Floats, weights: Floats | None = None) -> float:
    """The chance that a late order scores above a punctual one; ties count half."""
    weights = np.ones(len(score)) if weights is None else weights
    _, at = np.unique(score, return_inverse=True)
    return tied_auc(late, at, weights)


def tied_auc(late: Flags, rank: np.ndarray[tuple[int], np.dtype[np.int64]], weights: Floats) -> float:
    """`auc` for scores whose ranks are known already."""
    good = np.bincount(rank, weights * ~late)
    bad = np.bincount(rank, weights * late, minlength=len(good))
    pairs = good.sum() * bad.sum()
    return float(bad @ (np.cumsum(good) - good / 2) / pairs) if pairs else float("nan")


def average_precision(late: Flags, score: Floats) -> float:
    hits, alerts = _steps(late, score)
    return float(np.diff(hits, prepend=0) @ (hits / alerts) / max(late.sum(), 1))


def precision_at_recall(late: Flags, score: Floats, recall: float = 0.5) -> float:
    """The best precision of all thresholds that find at least this share of the late."""
    hits, alerts = _steps(late, score)
    enough = hits >= recall * late.sum()
    return float((hits / alerts)[enough].max())


def calibration_error(late: Flags, probability: Floats) -> float:
    """The expected gap between probability and share, over BINS bins of equally many predictions."""
    order = np.argsort(probability, kind="stable")
    parts = zip(np.array_split(late[order], BINS), np.array_split(probability[order], BINS), strict=True)
    return float(sum(abs(part.sum() - held.sum()) for part, held in parts) / max(len(late), 1))


def _steps(late: Flags, score: Floats) -> tuple[Floats, Floats]:
    """Late ones and all among the alerts, for each threshold that tells scores apart."""
    order = np.argsort(-score, kind="stable")
    last = np.flatnonzero(np.append(np.diff(score[order]) != 0, True))
    return np.cumsum(late[order]).astype(np.float64)[last], (last + 1).astype(np.float64)


def threshold(late: Flags, highest: Floats, precision: float, least: int) -> float | None:
    """The lowest threshold with this precision and at least so many alerts, or None when there is none."""
    held = np.isfinite(highest)
    hits, alerts = _steps(late[held], highest[held])
    good = np.flatnonzero((hits >= precision * alerts) & (alerts >= least))
    if not len(good):
        return None
    return float(-np.sort(-highest[held])[int(alerts[good[-1]]) - 1])
