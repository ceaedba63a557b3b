"""Intervals over seeds."""

import pytest

from apps.simulate.intervals import Interval, interval, paired


def test_an_interval_is_students_t_over_the_seeds() -> None:
    """Worked by hand: mean 3, standard deviation sqrt(2.5), 2.776 standard errors of sqrt(2.5 / 5)."""
    found = interval([1, 2, 3, 4, 5])

    assert found is not None
    assert (3, pytest.approx(3 - 1.963, abs=1e-3), pytest.approx(3 + 1.963, abs=1e-3)) == (
        found.mean, found.low, found.high,
    )  # fmt: skip


def test_one_seed_says_nothing_of_the_spread_and_none_nothing_at_all() -> None:
    assert Interval(7, None, None) == interval([None, 7])
    assert interval([None, None]) is interval([]) is None


def test_differences_are_paired() -> None:
    """Seeds differ much, the arms by just 2: the interval sees the 2 alone."""
    found = paired([12, 102, 1002], [10, 100, 1000])

    assert Interval(2, 2, 2) == found
    assert Interval(1, None, None) == paired([1, None, 5], [0, 3, None])
    with pytest.raises(ValueError, match=r"shorter|longer"):
        paired([1], [1, 2])


@pytest.mark.parametrize(
    ("found", "holds"),
    [
        (Interval(1, -0.5, 2.5), True),
        (Interval(1, 0.1, 1.9), False),
        (Interval(0, 0, 0), True),
        (Interval(0, None, None), True),
        (Interval(0.2, None, None), False),
    ],
)
def test_whether_no_effect_is_within(found: Interval, holds: bool) -> None:
    assert holds == found.holds(0.0)
