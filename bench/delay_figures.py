"""The figures of a trial, and how sure a lead over a baseline is."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bench.baselines.orders import Floats, Orders
from bench.delay_scores import auc, average_precision, calibration_error, precision_at_recall, tied_auc
from bench.delay_trial import MOMENTS, PRECISIONS, Answers, Sides, under_way

DRAWS = 300
INTERVAL = (2.5, 97.5)
Figures = dict[str, Any]


def figures(sides: Sides, all_answers: Sequence[Answers]) -> Figures:
    """One row per predictor, the first against all others, and what was judged."""
    judged = sides.judged
    return {
        "orders": {
            "known_at_the_cut": len(sides.known),
            "of_them_still_under_way": int((~sides.known.delivered).sum()),
            "for_thresholds": len(sides.tuned),
            "late_share_for_thresholds": float(sides.tuned.late.mean()),
            "judged": len(judged),
            "late": int(judged.late.sum()),
            "late_share": float(judged.late.mean()),
        },
        "predictors": [_row(judged, answers) for answers in all_answers],
        "leads": _leads(judged, all_answers),
    }


def _row(judged: Orders, answers: Answers) -> Figures:
    start = answers.scores["hand-over"]
    late = judged.late
    row: Figures = {
        "name": answers.name,
        "auc": {},
        "average_precision": average_precision(late, start),
        "precision_at_recall_0.5": precision_at_recall(late, start),
        "ece": {},
        "lead_days_per_late_order": {},
        "alerts": {},
    }
    for name, moment_of in MOMENTS.items():
        rows = np.ones(len(judged), bool) if name == "hand-over" else under_way(judged, moment_of(judged))
        row["auc"][name] = auc(late[rows], answers.scores[name]) if rows.any() else None
        if answers.gives_probabilities and rows.any():
            row["ece"][name] = calibration_error(late[rows], answers.scores[name])
    for precision in PRECISIONS:
        alerts = answers.alerts[precision]
        row["lead_days_per_late_order"][str(precision)] = float(answers.lead[precision][late].mean())
        row["alerts"][str(precision)] = {
            "threshold": answers.thresholds[precision],
            "share_of_orders": float(alerts.mean()),
            "precision": float(late[alerts].mean()) if alerts.any() else None,
            "recall": float(alerts[late].mean()),
        }
    if answers.window is not None:
        row["eta"] = _eta(judged, answers.window)
    return row


def _eta(judged: Orders, window: tuple[Floats, Floats, Floats]) -> Figures:
    """Of delivered orders, at hand-over."""
    low, middle, high = window
    came, done = judged.seen_until, judged.delivered
    inside = (came >= low) & (came <= high)
    return {
        "median_error_days": float(np.median(np.abs(came - middle)[done])),
        "coverage_of_80": float(inside[done].mean()),
        "width_days": float(np.median((high - low)[done])),
    }


def _leads(judged: Orders, all_answers: Sequence[Answers]) -> list[Figures]:
    """How far the first is ahead of each other one. Orders of one hand-over day share weather and lorries, so whole
    days are drawn; a difference whose interval holds 0 is a tie."""
    days, day = np.unique(np.floor(judged.shipped), return_inverse=True)
    rng = np.random.default_rng(4)
    late = judged.late
    ranks = [np.unique(each.scores["hand-over"], return_inverse=True)[1] for each in all_answers]
    drawn: dict[str, list[list[float]]] = {"auc": [], **{_lead(precision): [] for precision in PRECISIONS}}
    for draw in range(DRAWS + 1):
        counts = (
            np.ones(len(days)) if not draw else np.bincount(rng.integers(0, len(days), len(days)), minlength=len(days))
        )
        weights = counts[day].astype(np.float64)
        drawn["auc"].append([tied_auc(late, rank, weights) for rank in ranks])
        for precision in PRECISIONS:
            leads = (_mean(each.lead[precision], weights * late) for each in all_answers)
            drawn[_lead(precision)].append(list(leads))
    found = {name: np.array(values) for name, values in drawn.items()}
    return [
        {"over": other.name, **{name: _against(values, at) for name, values in found.items()}}
        for at, other in enumerate(all_answers[1:], start=1)
    ]


def _lead(precision: float) -> str:
    return f"lead_days_at_{precision}"


def _mean(values: Floats, weights: Floats) -> float:
    total = float(weights.sum())
    return float(weights @ values) / total if total else float("nan")


def _against(values: Floats, at: int) -> Mapping[str, Any]:
    ahead = values[:, 0] - values[:, at]
    low, high = np.nanpercentile(ahead[1:], INTERVAL)
    verdict = "ahead" if low > 0 else "behind" if high < 0 else "tie"
    return {"ahead_by": float(ahead[0]), "interval": [float(low), float(high)], "verdict": verdict}
