"""The figures of merit against scikit-learn's, and thresholds at their limits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from bench.delay_scores import auc, average_precision, calibration_error, precision_at_recall, threshold

ROWS = st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=2, max_size=40).filter(
    lambda rows: len({late for late, _ in rows}) == 2
)


@given(ROWS)
def test_auc_and_average_precision_are_scikit_learns(rows: list[tuple[bool, int]]) -> None:
    late, score = np.array([row[0] for row in rows]), np.array([float(row[1]) for row in rows])

    assert auc(late, score) == pytest.approx(roc_auc_score(late, score))
    assert average_precision(late, score) == pytest.approx(average_precision_score(late, score))


@given(ROWS)
def test_a_weight_of_two_is_a_row_twice(rows: list[tuple[bool, int]]) -> None:
    late, score = np.array([row[0] for row in rows]), np.array([float(row[1]) for row in rows])

    assert auc(late, score, np.full(len(late), 2.0)) == pytest.approx(auc(np.tile(late, 2), np.tile(score, 2)))


def test_precision_at_recall_takes_the_best_threshold_that_finds_enough() -> None:
    late = np.array([True, False, True, False, True, True])
    score = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4])

    assert precision_at_recall(late, score, 0.5) == pytest.approx(2 / 3)
    assert precision_at_recall(late, score, 0.25) == 1


def test_calibration_error_is_nothing_for_the_truth_and_the_gap_for_a_constant() -> None:
    late = np.arange(1_000) % 10 == 0

    assert calibration_error(late, np.where(late, 1.0, 0.0)) == 0
    assert calibration_error(late, np.full(1_000, 0.35)) == pytest.approx(0.25, abs=0.001)


@pytest.mark.parametrize(
    ("precision", "least", "expected"),
    [
        pytest.param(0.75, 1, 0.6, id="the lowest that keeps it"),
        pytest.param(1.0, 1, 0.8, id="only the surest"),
        pytest.param(1.0, 3, None, id="too few alerts"),
        pytest.param(0.5, 1, 0.5, id="exactly reached"),
    ],
)
def test_a_threshold_is_the_lowest_that_keeps_its_precision(
    precision: float, least: int, expected: float | None
) -> None:
    late = np.array([True, True, False, True, False, False, False])
    highest = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.5, -np.inf])

    assert threshold(late, highest, precision, least) == expected
