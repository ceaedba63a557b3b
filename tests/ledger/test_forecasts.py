"""Forecasts as rows: due when something is heard, the promise written once, nobody overtaken by an older figure."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from config.wiring import Wiring
from domain.forecasts import Forecast
from domain.parcels import ParcelState, Tracker, TrackingEvent
from domain.promises import Promise
from ledger import forecasts
from ledger.tables import Deadline, ParcelForecast
from ledger.tracking import record_trackers
from tests.ledger.sent_parcels import put_parcel
from tests.ledger.support import NOW, later, real_later, row_of, rows_of
from tests.ledger.test_plans import scanned, statements

PROMISE = Promise(later(days=6), date(2026, 3, 6), "America/New_York")
FORECAST = Forecast(PROMISE.at, 0.25, later(days=2), later(days=4), NOW)


@pytest.fixture
def shipment_id(wiring: Wiring) -> str:
    shipment, order = put_parcel(wiring)
    wiring.ledger(forecasts.expect, [(shipment, order)], NOW)
    return shipment


def claim(wiring: Wiring, seconds: float = 0, *, real_s: float = 0) -> Any:
    return wiring.ledger(forecasts.claim_due, limit=10, now=later(seconds), real_now=real_later(real_s))


def record(wiring: Wiring, shipment_id: str, token: int, *, promise: Promise | None = PROMISE) -> int:
    made = {shipment_id: (FORECAST, promise, later(days=1))}
    return wiring.ledger(forecasts.record, made, token=token, fitted_model_id="dlm_1", now=NOW)


def hear(wiring: Wiring, state: ParcelState, seconds: float) -> None:
    tracker = Tracker("trk_1", "T1", "usps", (TrackingEvent(state, later(seconds), str(state)),))
    wiring.ledger(record_trackers, [tracker], later(seconds), wiring.policies)


@pytest.mark.row("DLY-2")
def test_a_parcel_that_left_is_forecast_once_and_again_a_day_later(wiring: Wiring, shipment_id: str) -> None:
    wiring.ledger(forecasts.expect, [(shipment_id, "ord_other")], later(5))
    claimed = claim(wiring)
    assert [shipment_id] == [row["id"] for row in claimed.rows]

    assert 1 == record(wiring, shipment_id, claimed.lease.token)

    told = replace(FORECAST, promised_on=PROMISE.on)
    assert {shipment_id: told} == wiring.read(forecasts.forecasts_of, [shipment_id])
    assert not claim(wiring, 3600).rows
    assert claim(wiring, 24 * 3600).rows


@pytest.mark.row("DLY-3")
def test_the_first_promise_stays_beside_whatever_is_forecast_later(wiring: Wiring, shipment_id: str) -> None:
    record(wiring, shipment_id, claim(wiring).lease.token)
    changed = Promise(later(days=9), date(2026, 3, 9), "America/New_York")

    record(wiring, shipment_id, claim(wiring, 24 * 3600).lease.token, promise=changed)

    row = row_of(wiring, ParcelForecast)
    assert (PROMISE.at, "2026-03-06", "America/New_York") == (
        row["promised_at"], row["promised_on"], row["promise_zone"],
    )  # fmt: skip
    assert [f"promised_date:{shipment_id}"] == [deadline["id"] for deadline in rows_of(wiring, Deadline)]
    assert PROMISE.at == row_of(wiring, Deadline)["due_at"]


@pytest.mark.row("DLY-2")
def test_what_is_heard_while_a_forecast_is_made_is_not_overwritten_by_it(wiring: Wiring, shipment_id: str) -> None:
    token = claim(wiring).lease.token
    hear(wiring, ParcelState.OUT_FOR_DELIVERY, 60)

    assert 0 == record(wiring, shipment_id, token)
    assert [shipment_id] == [row["id"] for row in claim(wiring, 60).rows], "it is due anew, at once"


@pytest.mark.row("SCA-3")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_claim_reads_what_is_followed_and_no_more(wiring: Wiring, shipment_id: str) -> None:
    with statements(wiring.engine) as found:
        assert [shipment_id] == [row["id"] for row in claim(wiring).rows]

    ours = [text for text in found if text.lstrip().startswith(("SELECT", "UPDATE"))]
    assert {} == {text: tables for text in ours if (tables := scanned(wiring.engine, text) - {"claim_counter"})}


def test_one_whose_lease_ran_out_is_left_to_whoever_has_taken_it(wiring: Wiring, shipment_id: str) -> None:
    late, other = claim(wiring), claim(wiring, real_s=60)

    assert 0 == record(wiring, shipment_id, late.lease.token)
    assert 1 == record(wiring, shipment_id, other.lease.token)


@pytest.mark.row("TRU-4")
def test_a_parcel_that_arrives_in_time_has_kept_its_promise_and_is_forecast_no_more(
    wiring: Wiring, shipment_id: str
) -> None:
    record(wiring, shipment_id, claim(wiring).lease.token)
    wiring.ledger(forecasts.heard, [(shipment_id, ParcelState.DELIVERED)], later(days=3))

    assert ("met", "delivered") == (row_of(wiring, Deadline)["state"], row_of(wiring, Deadline)["outcome"])
    assert not row_of(wiring, ParcelForecast)["followed"]
    assert not claim(wiring, 30 * 24 * 3600).rows


@pytest.mark.row("TRU-4", bad_input=True)
def test_a_promise_that_passes_brings_its_parcel_forward_and_one_that_has_ended_does_not(
    wiring: Wiring, shipment_id: str
) -> None:
    record(wiring, shipment_id, claim(wiring).lease.token)
    deadline = row_of(wiring, Deadline)

    assert wiring.ledger(forecasts.overdue, deadline, later(60))
    assert [shipment_id] == [row["id"] for row in claim(wiring, 60).rows]
    wiring.ledger(forecasts.heard, [(shipment_id, ParcelState.LOST)], later(90))
    assert not wiring.ledger(forecasts.overdue, deadline, later(120))
    assert "cancelled" == row_of(wiring, Deadline)["state"]


def test_parcels_from_before_there_were_forecasts_are_found_once(wiring: Wiring) -> None:
    first, _ = put_parcel(wiring, 1)
    second, _ = put_parcel(wiring, 2)
    put_parcel(wiring, 3, polling=False)
    put_parcel(wiring, 4, shipped_at=None)

    assert 1 == wiring.ledger(forecasts.expect_forgotten, NOW, limit=1)
    assert 1 == wiring.ledger(forecasts.expect_forgotten, NOW, limit=10)
    assert 0 == wiring.ledger(forecasts.expect_forgotten, NOW, limit=10)
    assert [first, second] == [row["id"] for row in rows_of(wiring, ParcelForecast)]


def test_what_nothing_can_be_said_of_waits(wiring: Wiring, shipment_id: str) -> None:
    token = claim(wiring).lease.token
    wiring.ledger(forecasts.postpone, [shipment_id], token, later(hours=1), "nothing_to_say")

    row = row_of(wiring, ParcelForecast)
    assert (later(hours=1), "nothing_to_say", None) == (row["due_at"], row["error"], row["lease_until"])
    assert {} == wiring.read(forecasts.forecasts_of, [shipment_id])
