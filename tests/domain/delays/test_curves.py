"""The parts of the delay model: clock, effects, curve, calibration."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.delays.calibration import Calibration, Guess, Sample, calibrate, log_odds, odds_to
from domain.delays.clock import Clock
from domain.delays.effects import fitted
from domain.delays.parcels import Codes
from domain.delays.policy import Prior
from domain.delays.survival import Curve, curve

PRIOR = Prior(0.45, 40.0)
LOG_TIMES = st.lists(st.tuples(st.floats(-3, 3), st.booleans(), st.floats(0.01, 1)), max_size=60)
ANY = st.lists(st.floats(-6, 8), min_size=2, max_size=20)


def fit(rows: list[tuple[float, bool, float]]) -> Curve:
    times, seen, weights = (np.array(column) for column in zip(*rows, strict=True)) if rows else (np.zeros(0),) * 3
    return curve(times, seen.astype(bool), weights, PRIOR)


def test_the_clock_is_slow_when_nobody_delivers_and_can_be_read_backwards() -> None:
    monday = 20_004.0
    clock = Clock.learned(monday + np.repeat(np.arange(5.0), 500) + 0.5, np.ones(2_500))
    moments = np.linspace(monday - 20, monday + 20, 400)

    week = np.diff(clock.reading(monday + np.arange(8.0)))
    assert week[0] == pytest.approx(1.4, abs=0.05)
    assert week[5] < 0.1
    assert week.sum() == pytest.approx(7)
    np.testing.assert_allclose(clock.moment(clock.reading(moments)), moments, atol=1e-6)


@pytest.mark.parametrize("count", [0, 3_000])
def test_a_carrier_that_works_every_day_or_is_not_known_has_an_even_clock(count: int) -> None:
    delivered = np.random.default_rng(1).uniform(20_000, 20_700, count)

    assert (1.0,) * 7 == Clock.learned(delivered, np.ones(count)).pace


def test_a_rare_group_keeps_little_of_its_mean_a_frequent_one_nearly_all_and_a_new_one_nothing() -> None:
    rng = np.random.default_rng(2)
    names = ["a"] * 400 + ["b"] * 400 + ["c"] * 2
    values = np.concatenate([rng.normal(1, 1, 400), rng.normal(-1, 1, 400), [9.0, 9.0]])
    found = fitted({"place": Codes.of(names)}, [("place",)], values, np.ones(802))

    a, c, new = found.of({"place": Codes.of(["a", "c", "new"])}, 3)[np.array([0, 1, 2])]
    assert a == pytest.approx(1, abs=0.15)
    assert 1 < c < 7
    assert new == found.base


def test_groups_that_do_not_differ_have_no_effect() -> None:
    values = np.tile([1.0, -1.0], 300)

    assert not any(
        term.effects for term in fitted({"x": Codes.of(["p", "q", "r"] * 200)}, [("x",)], values, np.ones(600)).terms
    )


def test_without_history_the_curve_is_what_was_believed() -> None:
    believed = fit([])
    middle, below = believed.later_than(np.array([0.0, -0.45]), after=np.full(2, -np.inf))

    assert middle == pytest.approx(0.5, abs=0.03)
    assert below == pytest.approx(0.84, abs=0.03)


def test_parcels_still_under_way_make_the_curve_longer_and_ties_count_together() -> None:
    rows = [(0.0, True, 1.0)] * 500
    alone = fit(rows).later_than(np.array([0.2]), after=np.array([-np.inf]))[0]
    others = fit(rows + [(0.3, False, 1.0)] * 500).later_than(np.array([0.2]), after=np.array([-np.inf]))[0]

    assert alone < 0.06
    assert others == pytest.approx(0.5, abs=0.05)


@given(LOG_TIMES, ANY)
def test_chances_lie_between_0_and_1_rise_with_age_and_fall_with_the_promise(
    rows: list[tuple[float, bool, float]], at: list[float]
) -> None:
    found, points = fit(rows), np.sort(np.array(at))
    chances = found.later_than(points[-1], after=points)

    assert ((chances >= 0) & (chances <= 1)).all()
    assert (np.diff(chances) >= -1e-12).all()
    assert (np.diff(found.later_than(points, after=np.full(len(points), -np.inf))) <= 1e-12).all()
    assert (np.diff(found.log_time(np.linspace(0, 9, 50))) >= -1e-12).all()


@given(LOG_TIMES, st.randoms())
def test_the_order_of_rows_changes_no_curve(rows: list[tuple[float, bool, float]], chance: object) -> None:
    mixed = sorted(rows, key=lambda _: chance.random())  # type: ignore[attr-defined]
    points = np.linspace(-3, 3, 20)

    np.testing.assert_allclose(fit(rows).spent(points), fit(mixed).spent(points), atol=1e-6)


def guess(chance: np.ndarray, gone: np.ndarray) -> Guess:
    return Guess(chance, gone, np.zeros((len(chance), 1)))


def sample(chance: np.ndarray, truth: np.ndarray, gone: float) -> Sample:
    late = np.random.default_rng(5).random(len(chance)) < truth
    return Sample(guess(chance, np.full(len(chance), gone)), late, np.ones(len(chance)))


def test_calibration_finds_a_known_distortion_and_places_that_keep_being_worse() -> None:
    rng = np.random.default_rng(3)
    chance = rng.uniform(0.02, 0.9, 12_000)
    place = Codes.of(np.array(["p", "q", "r", "s"])[rng.integers(0, 4, 12_000)].tolist())
    worse = np.array([0.8, -0.2, -0.3, -0.3])[place.at]
    truth = odds_to(-0.6 + 0.7 * log_odds(chance) + worse)
    groups = {"place": place}
    start = sample(chance, truth, 0.0)
    later = sample(chance, odds_to(log_odds(truth) + 0.5), 0.5)
    found = calibrate(start, groups, [("place",)], later, groups)

    assert found.line[1] == pytest.approx(0.7, abs=0.06)
    assert found.gone == pytest.approx(1.0, abs=0.25)
    held = found.of(guess(chance, np.zeros(len(chance))), groups)
    assert np.abs(held - truth).mean() < 0.02


def test_a_trait_that_makes_parcels_late_is_found_and_says_no_more_beyond_what_was_seen() -> None:
    rng = np.random.default_rng(4)
    chance, trait = rng.uniform(0.05, 0.9, 8_000), rng.uniform(-1, 1, (8_000, 1))
    late = rng.random(8_000) < odds_to(log_odds(chance) + 0.6 * trait[:, 0])
    seen = Sample(Guess(chance, np.zeros(8_000), trait), late, np.ones(8_000))
    groups = {"place": Codes.of(["p"] * 8_000)}
    found = calibrate(seen, groups, [("place",)], seen, groups)
    beyond = Guess(np.full(2, 0.3), np.zeros(2), np.array([[1.0], [9.0]]))

    assert found.line[2] == pytest.approx(0.6, abs=0.1)
    assert np.ptp(found.of(beyond, {"place": Codes.of(["p", "p"])})) < 0.01


def test_a_handful_of_outcomes_hardly_moves_a_probability() -> None:
    few = Sample(guess(np.array([0.1, 0.2]), np.zeros(2)), np.array([True, False]), np.ones(2))
    groups = {"place": Codes.of(["p", "q"])}
    found = calibrate(few, groups, [("place",)], few, groups)

    assert found.of(guess(np.array([0.3]), np.zeros(1)), {"place": Codes.of(["p"])})[0] == pytest.approx(0.3, abs=0.06)


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0.05, 2), st.floats(0, 3))
def test_calibration_keeps_the_order_of_chances_and_never_falls_with_age(
    low: float, high: float, gone: float, slope: float, age: float
) -> None:
    low, high = sorted((low, high))
    start, end = Calibration((-0.5, slope), gone=age).of(guess(np.array([low, high]), np.array([0.0, gone])), {})

    assert 0 <= start <= end <= 1
