"""The round of the promised day: who is on it comes in time, who is not will be late, and no forecast knows better."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.anomalies.facts import AnomalyKind
from domain.parcels import ParcelState
from tests.domain.anomalies.support import EVERY_DAY, INSTANT, at, look, opened, scan

K, S = AnomalyKind, ParcelState
TELLS = replace(EVERY_DAY, out_by=time(11))
PROMISED = at("2026-03-07 00:00")  # the first instant after Friday
ELEVEN = at("2026-03-06 11:00")
IN_TOWN = scan("2026-03-05 20:00", S.ARRIVED_LOCAL)
OUT = scan("2026-03-06 08:40", S.OUT_FOR_DELIVERY)
STANDING = {"open": frozenset({K.LATE_PREDICTED})}


def lateness(*scans: Any, now: datetime, **more: Any) -> Any:
    return look(*scans, now=now, **{"promised_by": PROMISED, "calendar": TELLS, **more})


@pytest.mark.row("DLY-1")
@pytest.mark.parametrize(
    ("now", "wanted"),
    [
        pytest.param(ELEVEN - INSTANT, set(), id="drivers still load"),
        pytest.param(ELEVEN, {K.LATE_PREDICTED}, id="they have left without it"),
    ],
)
def test_a_parcel_that_is_not_on_the_round_of_its_day_will_be_late(now: datetime, wanted: set[AnomalyKind]) -> None:
    found = lateness(IN_TOWN, now=now)

    assert wanted == opened(found)
    assert wanted or found.look_again == ELEVEN


@pytest.mark.row("DLY-1")
def test_the_evidence_names_the_hour() -> None:
    found = lateness(IN_TOWN, now=ELEVEN)

    assert {
        "not_out_by": "2026-03-06T11:00:00-05:00",
        "promised_by": "2026-03-07T00:00:00-05:00",
    } == found.opened[K.LATE_PREDICTED]


@pytest.mark.row("DLY-1")
def test_the_round_of_another_day_says_nothing() -> None:
    yesterday = replace(OUT, occurred_at=OUT.occurred_at - timedelta(days=1))

    assert {K.LATE_PREDICTED} == opened(lateness(yesterday, now=ELEVEN))
    assert set() == opened(lateness(IN_TOWN, now=ELEVEN - timedelta(days=1)))


@pytest.mark.row("DLY-1", bad_input=True)
def test_what_was_not_heard_of_since_may_be_on_the_round() -> None:
    assert set() == opened(lateness(IN_TOWN, now=ELEVEN + timedelta(hours=3), heard_at=ELEVEN - INSTANT))


@pytest.mark.row("DLY-1")
def test_a_carrier_that_tells_of_no_rounds_is_judged_by_the_forecast_alone() -> None:
    quiet = {"calendar": EVERY_DAY, "now": ELEVEN + timedelta(hours=3)}

    assert set() == opened(lateness(IN_TOWN, **quiet))
    assert {K.LATE_PREDICTED} == opened(lateness(IN_TOWN, **quiet, late_probability=0.9, predicted_at=ELEVEN))


@pytest.mark.row("DLY-1")
def test_on_the_round_it_comes_in_time_whatever_was_foretold() -> None:
    found = lateness(OUT, now=ELEVEN, late_probability=0.95, predicted_at=ELEVEN, **STANDING)

    assert {K.LATE_PREDICTED: "out_for_delivery"} == found.cleared


@pytest.mark.row("DLY-1")
def test_a_door_that_stayed_shut_on_the_last_day_makes_it_late() -> None:
    attempted = scan("2026-03-06 14:10", S.ATTEMPTED)
    found = lateness(OUT, attempted, now=at("2026-03-06 14:30"))

    assert {K.LATE_PREDICTED} == opened(found)
    assert "2026-03-06T14:10:00-05:00" == found.opened[K.LATE_PREDICTED]["attempted_at"]
    again = scan("2026-03-06 16:00", S.OUT_FOR_DELIVERY)
    assert {K.LATE_PREDICTED: "out_for_delivery"} == lateness(
        OUT, attempted, again, now=at("2026-03-06 16:30"), **STANDING
    ).cleared


@pytest.mark.row("DLY-1")
@pytest.mark.parametrize("now", [ELEVEN + timedelta(hours=1), PROMISED + timedelta(hours=1)])
def test_what_lies_ready_to_be_fetched_is_not_late(now: datetime) -> None:
    ready = scan("2026-03-05 16:00", S.AVAILABLE_FOR_PICKUP)

    assert not {K.LATE_PREDICTED, K.LATE} & opened(lateness(ready, now=now))


@pytest.mark.row("DLY-1")
@pytest.mark.parametrize(
    ("day", "zone"),
    [
        pytest.param("2026-03-08", "America/New_York", id="clocks go forward"),
        pytest.param("2026-11-01", "America/New_York", id="clocks go back"),
        pytest.param("2026-03-06", "Pacific/Auckland", id="far in the east"),
        pytest.param("2026-03-06", "Pacific/Honolulu", id="far in the west"),
    ],
)
def test_the_hour_is_of_the_clock_where_the_parcel_is(day: str, zone: str) -> None:
    there = ZoneInfo(zone)
    due = at(f"{day} 11:00", there)
    promised = {"promised_by": at(f"{day} 00:00", there) + timedelta(days=1), "zone": there}

    assert K.LATE_PREDICTED not in opened(lateness(IN_TOWN, now=due - INSTANT, **promised))
    assert K.LATE_PREDICTED in opened(lateness(IN_TOWN, now=due, **promised))
