"""A model's own report: right on a known truth, silent where nothing can be said, blind to what it must not see."""

import json
from dataclasses import replace

import numpy as np
import pytest

from domain.delays.report import LEAST_JUDGED, NOT_JUDGED, judge_fit, report_to_json
from tests.support.parcels import COLD, START, made

HISTORY = made(3_000, days=240)
NOW = START + 260.0


@pytest.mark.row("DLY-2")
def test_on_a_known_truth_the_report_says_that_probabilities_and_windows_hold() -> None:
    report = judge_fit(HISTORY, NOW, COLD, 0.8)

    assert report.at_start is not None
    assert report.half_way is not None
    assert report.windows is not None
    assert report.ece is not None
    assert report.ece < 0.08
    assert report.at_start.auc is not None
    assert report.at_start.auc > 0.6
    assert report.windows.inside == pytest.approx(0.8, abs=0.08)
    assert report.at_start.parcels == sum(each.parcels for each in report.at_start.bins)
    assert report.at_start.parcels > report.half_way.parcels
    json.dumps(report_to_json(report), allow_nan=False)


def test_a_promise_that_nobody_keeps_or_breaks_has_no_order_to_judge() -> None:
    easy = replace(HISTORY, promised=HISTORY.shipped + 40)
    report = judge_fit(easy, NOW, COLD, 0.8)

    assert report.at_start is not None
    assert report.at_start.auc is None
    assert report.at_start.late_share == 0


def test_parcels_whose_promise_is_still_to_come_are_not_judged() -> None:
    early = HISTORY.take(HISTORY.shipped < START + 100)
    now = START + 100.0
    known = early.known_at(now)
    cut = float(np.quantile(known.shipped, 0.8))
    report = judge_fit(early, now, COLD, 0.8)

    assert report.at_start is not None
    assert report.at_start.parcels == int(((known.shipped >= cut) & (known.promised <= now)).sum())


@pytest.mark.row("DLY-2", bad_input=True)
@pytest.mark.parametrize("count", [0, 1, LEAST_JUDGED])
def test_too_little_to_judge_gives_no_figures(count: int) -> None:
    assert NOT_JUDGED == judge_fit(HISTORY.take(np.arange(count)), NOW, COLD, 0.8)
    assert NOT_JUDGED.ece is None
