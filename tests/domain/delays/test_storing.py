"""A model that was stored says what it said before; what is not a model is refused."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from domain.delays.fitting import fit_delays
from domain.delays.model import DelayModel, no_drift
from domain.delays.storing import (
    StoredModelError,
    drift_from_json,
    drift_to_json,
    model_from_json,
    model_to_json,
)
from tests.support.parcels import COLD, START, made

HISTORY = made(1_200, days=200)
NOW = START + 190.0
MODEL = fit_delays(HISTORY, NOW, COLD)
DRIFT = MODEL.drift(HISTORY, NOW, NOW)
ASKED = HISTORY.take(HISTORY.shipped > NOW - 20)


def through_text(stored: dict[str, Any]) -> Any:
    return json.loads(json.dumps(stored, allow_nan=False))


@pytest.mark.row("DLY-2")
def test_a_model_and_a_drift_say_after_the_database_what_they_said_before() -> None:
    model = model_from_json(through_text(model_to_json(MODEL)))
    drift = drift_from_json(through_text(drift_to_json(DRIFT)))
    moments = ASKED.shipped + 1.5

    np.testing.assert_array_equal(MODEL.late(ASKED, moments, DRIFT), model.late(ASKED, moments, drift))
    before, after = MODEL.window(ASKED, moments, DRIFT), model.window(ASKED, moments, drift)
    np.testing.assert_array_equal(before.high, after.high)
    np.testing.assert_array_equal(before.low, after.low)


def test_the_cold_start_and_a_network_as_usual_can_be_stored_too() -> None:
    cold = fit_delays(HISTORY.take(HISTORY.shipped < 0), NOW, COLD)
    model = model_from_json(through_text(model_to_json(cold)))
    drift = drift_from_json(through_text(drift_to_json(no_drift(NOW))))

    np.testing.assert_array_equal(
        cold.late(ASKED, ASKED.shipped, no_drift(NOW)), model.late(ASKED, ASKED.shipped, drift)
    )


def test_curves_after_scans_are_kept() -> None:
    scanned = made(600, days=100)
    arrival = np.where(scanned.delivered, scanned.seen_until - 0.4, np.nan)
    scanned.scans["out_for_delivery"] = np.maximum(arrival, scanned.shipped)  # type: ignore[index]  # a plain dict
    model = fit_delays(scanned, START + 120, COLD)
    assert {"out_for_delivery"} == model.after_scan.keys()

    again = model_from_json(through_text(model_to_json(model)))

    np.testing.assert_array_equal(
        model.after_scan["out_for_delivery"].hazard, again.after_scan["out_for_delivery"].hazard
    )


def without(name: str) -> Callable[[dict[str, Any]], object]:
    return lambda stored: stored.pop(name)


@pytest.mark.row("DLY-2", bad_input=True)
@pytest.mark.parametrize(
    "spoil",
    [
        without("curve"),
        without("calibration"),
        without("format"),
        lambda stored: stored.update(format=99),
        lambda stored: stored.update(trust=[1.0]),
        lambda stored: stored.update(scale=[]),
        lambda stored: stored["curve"].update(rate="often"),
    ],
)
def test_what_is_no_model_is_refused(spoil: Callable[[dict[str, Any]], object]) -> None:
    stored = through_text(model_to_json(MODEL))
    spoil(stored)

    with pytest.raises(StoredModelError):
        model_from_json(stored)


@pytest.mark.row("DLY-2", bad_input=True)
@pytest.mark.parametrize("spoil", [without("network"), without("format"), lambda stored: stored.update(own=[])])
def test_what_is_no_drift_is_refused(spoil: Callable[[dict[str, Any]], object]) -> None:
    stored = through_text(drift_to_json(DRIFT))
    spoil(stored)

    with pytest.raises(StoredModelError):
        drift_from_json(stored)


def test_a_number_that_no_database_holds_is_refused_when_it_is_written() -> None:
    bad = DelayModel(MODEL.scale, np.full_like(MODEL.trust, np.nan), MODEL.curve, {}, MODEL.calibration)

    with pytest.raises(ValueError, match="not finite"):
        model_to_json(bad)
