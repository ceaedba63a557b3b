"""The delay model as a whole: right on a known truth, blind to what comes later, sensible with little or nothing."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.delays.drift import measure_drift
from domain.delays.fitting import fit_delays
from domain.delays.model import DelayModel, no_drift
from domain.delays.parcels import Codes, Floats, Parcels
from domain.delays.scale import fit_scale
from tests.support.parcels import COLD, START, made

HISTORY = made(4_000, days=320)
CUT = START + 240
MODEL = fit_delays(HISTORY, CUT, COLD)
TAIL = HISTORY.take(HISTORY.shipped >= CUT)
DRIFT = MODEL.drift(HISTORY, CUT, CUT + 90)


def gap(late: Floats, chance: Floats) -> float:
    order = np.argsort(chance)
    return sum(abs(late[part].sum() - chance[part].sum()) for part in np.array_split(order, 8)) / len(order)


@pytest.mark.row("DLY-2")
def test_on_a_known_truth_chances_hold_at_hand_over_and_half_way() -> None:
    half = (TAIL.shipped + TAIL.promised) / 2
    open_ = half < TAIL.seen_until

    assert gap(TAIL.late, MODEL.late(TAIL, TAIL.shipped, DRIFT)) < 0.04
    assert gap(TAIL.late[open_], MODEL.late(TAIL.take(open_), half[open_], DRIFT)) < 0.06


@pytest.mark.row("DLY-2")
def test_windows_hold_as_many_parcels_as_they_say() -> None:
    window = MODEL.window(TAIL, TAIL.shipped, DRIFT, 0.8)
    inside = (TAIL.seen_until >= window.low) & (TAIL.seen_until <= window.high)

    assert inside.mean() == pytest.approx(0.8, abs=0.06)
    assert np.median(np.abs(TAIL.seen_until - window.middle)) < 1.6


def changed_after(parcels: Parcels, moment: float) -> Parcels:
    """Another future: parcels under way at `moment` take three times as long, later ones are others."""
    later = parcels.seen_until >= moment
    left = np.maximum(parcels.seen_until - np.maximum(moment, parcels.shipped), 0)
    longer = replace(parcels, seen_until=parcels.seen_until + np.where(later, 3 * left + 1, 0))
    return longer.take(parcels.shipped < moment + 20)


@pytest.mark.row("DLY-2")
def test_nothing_after_the_cut_changes_what_is_learned() -> None:
    other = fit_delays(changed_after(HISTORY, CUT), CUT, COLD)

    np.testing.assert_array_equal(MODEL.late(TAIL, TAIL.shipped, DRIFT), other.late(TAIL, TAIL.shipped, DRIFT))
    np.testing.assert_array_equal(MODEL.curve.hazard, other.curve.hazard)


def test_nothing_after_a_moment_changes_the_drift_that_is_read_then() -> None:
    moment = CUT + 30.0
    other = MODEL.drift(changed_after(HISTORY, moment), CUT, CUT + 90)
    words = {name: codes.take(np.zeros(31, np.int64)) for name, codes in HISTORY.words.items()}
    days = CUT + np.arange(31.0)

    np.testing.assert_array_equal(DRIFT.at(words, days), other.at(words, days))


def test_the_order_of_rows_changes_nothing() -> None:
    history = made(500, days=120)
    mixed = history.take(np.random.default_rng(9).permutation(len(history)))
    now = START + 110
    asked = history.take(history.shipped > START + 60)
    one, two = (fit_delays(each, now, COLD) for each in (history, mixed))

    np.testing.assert_allclose(
        one.late(asked, asked.shipped, one.drift(history, now, now)),
        two.late(asked, asked.shipped, two.drift(mixed, now, now)),
        atol=1e-6,
    )


def test_a_region_that_has_become_slow_is_noticed_within_the_week_and_the_others_are_not_blamed() -> None:
    slow_from = START + 200

    def slower(day: Floats, region: Floats) -> Floats:
        return np.where((day >= slow_from - 10) & (region == 2), 1.8, 1.0)

    history = made(6_000, days=280, slower=slower)
    scale = fit_scale(history.known_at(slow_from - 10), slow_from - 10, COLD)
    drift = measure_drift(scale, history, int(slow_from) - 30, int(slow_from) + 30)
    words = {name: Codes.of([value] * 2) for name, value in {"carrier": "post", "service": "ground"}.items()}
    words |= {"origin": Codes.of(["depot"] * 2), "destination": Codes.of(["far", "near"])}
    before = drift.at(words, np.full(2, slow_from - 15)).sum(axis=1)
    after = drift.at(words, np.full(2, slow_from + 20)).sum(axis=1)

    assert np.abs(before).max() < 0.15
    assert after[0] > 0.25
    assert after[1] < after[0] - 0.2


@settings(max_examples=40, deadline=None)
@given(st.integers(0, len(TAIL) - 1), st.lists(st.floats(0, 20), min_size=2, max_size=8))
def test_waiting_makes_a_parcel_only_likelier_to_be_late_and_windows_never_lie_in_the_past(
    row: int, ages: list[float]
) -> None:
    parcel = TAIL.take(np.full(len(ages), row))
    now = parcel.shipped + np.sort(np.array(ages))
    drift = no_drift(CUT)
    chance, window = MODEL.late(parcel, now, drift), MODEL.window(parcel, now, drift)

    assert ((chance >= 0) & (chance <= 1)).all()
    assert (np.diff(chance) >= -1e-9).all()
    assert (chance[now >= parcel.promised] == 1).all()
    assert (now <= window.low).all()
    assert (window.low <= window.middle).all()
    assert (window.middle <= window.high).all()


def asked(service: str, days: float, numbers: Mapping[str, Floats] | None = None) -> Parcels:
    words = {"carrier": "nobody", "service": service, "origin": "x", "destination": "y"}
    at = np.array([START])
    return Parcels(
        at,
        at,
        at + days,
        at,
        np.array([False]),
        {name: Codes.of([word]) for name, word in words.items()},
        numbers or {},
    )


def cold() -> DelayModel:
    return fit_delays(HISTORY.take(HISTORY.shipped < 0), CUT, COLD)


def test_without_history_the_policys_days_count() -> None:
    express, other = asked("express", 3.0), asked("rocket", 3.0)
    chances = [cold().late(each, each.shipped, no_drift(START))[0] for each in (express, other)]

    assert cold().window(express, express.shipped, no_drift(START)).middle[0] == pytest.approx(START + 1.5, abs=0.1)
    assert chances[0] < 0.15
    assert chances[1] > 0.6


@pytest.mark.row("DLY-2")
@pytest.mark.parametrize("count", [1, 30, 200])
def test_little_history_is_enough_for_an_answer(count: int) -> None:
    history = made(count, days=60, until=START + 61)
    model = fit_delays(history, START + 61, COLD)
    far = made(200, seed=7)
    chance = model.late(far, far.shipped, model.drift(history, START + 61, START + 61))

    assert np.isfinite(chance).all()
    if count == 200:
        assert gap(far.late, chance) < 0.1


def test_a_parcel_without_a_promise_has_no_chance_of_missing_it_and_still_a_window() -> None:
    parcel = asked("ground", float("nan"), {"distance_km": np.array([np.nan])})
    now = parcel.shipped

    assert np.isnan(MODEL.late(parcel, now, DRIFT)[0])
    assert MODEL.window(parcel, now, DRIFT).middle[0] > now[0]
    assert np.isfinite(MODEL.window(replace(parcel, numbers={}), now, DRIFT).middle[0])


@pytest.mark.parametrize("coverage", [0.0, 1.0])
def test_a_window_for_nobody_or_everybody_is_refused(coverage: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        MODEL.window(TAIL, TAIL.shipped, DRIFT, coverage)


def test_a_scan_near_the_end_makes_it_sooner_and_counts_only_once_it_was_made() -> None:
    round_ = HISTORY.shipped + 0.8 * (HISTORY.seen_until - HISTORY.shipped)
    model = fit_delays(replace(HISTORY, scans={"out_for_delivery": round_}), CUT, COLD)
    parcel = TAIL.take(TAIL.words["destination"].at == TAIL.words["destination"].names.index("far"))
    now = parcel.shipped + 3
    scanned = replace(parcel, scans={"out_for_delivery": now - 0.1})
    later = replace(parcel, scans={"out_for_delivery": now + 0.1})
    plain = model.window(parcel, now, DRIFT).middle

    assert np.median(model.window(scanned, now, DRIFT).middle - now) < 0.6 * np.median(plain - now)
    assert model.late(scanned, now, DRIFT).mean() < model.late(parcel, now, DRIFT).mean()
    np.testing.assert_array_equal(plain, model.window(later, now, DRIFT).middle)
