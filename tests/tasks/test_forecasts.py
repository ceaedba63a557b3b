"""Parcels are forecast from the day of installation on, by the shop's own history as soon as there is enough."""

from datetime import datetime, timedelta
from random import Random

import pytest

from config.wiring import Wiring
from ledger import fitted_models, forecasts
from ledger.rows import Row, update_by
from ledger.tables import FittedModel, FulfilmentOrder, Order, ParcelForecast, ReviewCase, Shipment
from tasks import fitting
from tasks.fit_report import as_markdown
from tasks.forecasts import measure_drift, predictor, renew_forecasts
from tests.ledger.sent_parcels import put_parcel
from tests.ledger.support import order_row, put, row_of, rows_of
from tests.support.databases import move_clock

DAY = timedelta(days=1)


def under_way(wiring: Wiring, *, days: float = 1.0, **changes: object) -> str:
    """A parcel that left so many days ago, and is to be forecast."""
    left = wiring.now() - days * DAY
    shipment, order = put_parcel(
        wiring, order={"placed_at": left - DAY}, shipped_at=left, carrier="usps", service="ground", **changes
    )
    wiring.ledger(forecasts.expect, [(shipment, order)], wiring.now())
    return shipment


def put_history(wiring: Wiring, count: int, *, usual_days: float = 2.0) -> None:
    """Parcels of the last 90 days that arrived, with a time around the usual one."""
    chance, now = Random(5), wiring.now()
    orders: list[Row] = []
    parts: list[Row] = []
    parcels: list[Row] = []
    for number in range(count):
        left = now - DAY * (90 * (count - number) / count + 1)
        arrived = left + DAY * usual_days * chance.lognormvariate(0, 0.3)
        order = order_row(id=f"ord_h{number}", external_id=f"h{number}", state="completed", placed_at=left - DAY / 2)
        orders.append(order)
        parts.append({
            "id": f"ful_h{number}", "order_id": order["id"], "location_id": "cicero", "state": "closed",
            "request_state": "accepted", "release_at": left, "priority": 5, "attempt": 1, "node_external_id": "",
            "pick_list_id": "", "created_at": left,
        })  # fmt: skip
        parcels.append({
            "id": f"shp_h{number}", "order_id": order["id"], "fulfilment_order_id": f"ful_h{number}",
            "external_id": "", "state": "delivered" if arrived < now else "in_transit", "tracking_number": "T",
            "tracking_url": "", "carrier": "usps", "service": "ground", "label_document_id": "",
            "quote_external_id": "", "label_cost_minor": 0, "label_currency": "", "tracker_external_id": "",
            "polling": False, "shop_fulfilment_external_id": "", "created_at": left, "shipped_at": left,
            "delivered_at": arrived if arrived < now else None, "due_at": left, "attempts": 0, "lease_token": 0,
            "error": "",
        })  # fmt: skip
    put(wiring, Order, *orders)
    put(wiring, FulfilmentOrder, *parts)
    put(wiring, Shipment, *parcels)


def window(row: Row) -> tuple[datetime, datetime]:
    return row["eta_from"], row["eta_to"]


@pytest.mark.row("DLY-2")
async def test_before_there_is_a_model_the_policys_usual_days_forecast(wiring: Wiring) -> None:
    shipment = under_way(wiring)

    assert {"forecast": 1} == (await renew_forecasts.fn(100)).counts

    row = row_of(wiring, ParcelForecast)
    assert (shipment, "") == (row["id"], row["fitted_model_id"])
    assert 0 < row["late_probability"] < 1
    assert row["predicted_at"] <= row["eta_from"] < row["eta_to"]
    assert row["promised_at"] is not None
    assert {} == (await renew_forecasts.fn(100)).counts, "not due"


@pytest.mark.row("DLY-3")
async def test_long_after_its_promise_a_parcel_is_late_and_its_window_still_ahead(wiring: Wiring) -> None:
    under_way(wiring, days=30)
    await renew_forecasts.fn(100)

    row = row_of(wiring, ParcelForecast)
    assert 1 == row["late_probability"]
    assert row["promised_at"] < row["predicted_at"] <= row["eta_from"] < row["eta_to"]


async def test_a_parcel_of_which_nothing_can_be_said_waits_and_stops_no_other(wiring: Wiring) -> None:
    under_way(wiring)
    other, order = put_parcel(wiring, 2, state="returning", shipped_at=wiring.now() - DAY)
    wiring.ledger(forecasts.expect, [(other, order)], wiring.now())

    assert {"forecast": 1, "postponed": 1} == (await renew_forecasts.fn(100)).counts


@pytest.mark.row("DLY-2")
async def test_with_too_few_deliveries_the_cold_start_is_stored_as_the_model(wiring: Wiring) -> None:
    put_history(wiring, 30)
    found = await fitting.fit.fn()

    row = row_of(wiring, FittedModel)
    assert (True, found.row["id"]) == (row["cold"], row["id"])
    assert not found.off
    page = as_markdown(row, found.report)
    assert "the policy's usual days are the model" in page
    assert "Too few outcomes are known to judge it." in page


@pytest.mark.row("DLY-2")
async def test_with_a_history_of_its_own_the_shop_is_forecast_by_it(wiring: Wiring) -> None:
    put_history(wiring, 600)
    under_way(wiring, days=0.1)
    await renew_forecasts.fn(1_000)
    by_policy = row_of(wiring, ParcelForecast)

    found = await fitting.fit.fn()
    move_clock(wiring, timedelta(hours=25))
    assert {"forecast": 1} == (await renew_forecasts.fn(1_000)).counts

    row = row_of(wiring, ParcelForecast)
    assert (False, row["fitted_model_id"]) == (found.row["cold"], found.row["id"])
    assert window(row)[1] < window(by_policy)[1], "two days are usual here, the policy believes in four"
    assert found.report.at_start is not None
    page = as_markdown(found.row, found.report)
    assert "per 100,000 parcels" in page
    assert "expected calibration error" in page
    assert found.row["parcels"] >= found.row["delivered"] > 500


@pytest.mark.row("DLY-2")
async def test_drift_is_measured_once_a_day_by_the_model_in_use(wiring: Wiring) -> None:
    assert not await measure_drift.fn(), "no model, no drift"
    put_history(wiring, 300)
    await fitting.fit.fn()
    assert not await measure_drift.fn(), "the fit has measured it"
    before = row_of(wiring, FittedModel)

    move_clock(wiring, timedelta(hours=21))
    assert await measure_drift.fn()
    assert not await measure_drift.fn()

    after = row_of(wiring, FittedModel)
    assert after["drift_at"] > before["drift_at"]
    assert after["drift"]["first"] >= before["drift"]["first"]
    assert after["model"] == before["model"]


@pytest.mark.row("DLY-2", bad_input=True)
async def test_a_model_of_another_format_is_not_used(wiring: Wiring, caplog: pytest.LogCaptureFixture) -> None:
    await fitting.fit.fn()
    row = row_of(wiring, FittedModel)
    wiring.ledger(update_by, FittedModel, [{"id": row["id"], "model": {**row["model"], "format": 99}}])

    assert "" == (await predictor()).id
    assert ["StoredModelError"] == [
        getattr(record, "failure", "") for record in caplog.records if "stage" in record.msg
    ]


@pytest.mark.row("DLY-2", bad_input=True)
def test_a_model_that_does_not_hold_is_a_case_until_one_does(wiring: Wiring) -> None:
    def ask(ece: float | None) -> bool:
        return wiring.ledger(fitted_models.ask_about, "dlm_1", ece, 0.08, wiring.now())

    assert (ask(None), ask(0.08), ask(0.2), ask(0.3)) == (False, False, True, True)
    [case] = rows_of(wiring, ReviewCase)
    assert ("delay_model_off", "open") == (case["kind"], case["state"])
    assert not ask(0.05)
    assert "resolved" == row_of(wiring, ReviewCase)["state"]


def test_old_models_go(wiring: Wiring) -> None:
    now = wiring.now()
    for number in range(4):
        row = {
            "id": f"dlm_{number}", "format": 1, "policy_version": "p", "cold": True, "trained_from": now,
            "trained_until": now, "parcels": 0, "delivered": 0, "left_out": {}, "fit_cpu_ms": 1, "model": {},
            "report": {}, "drift": {}, "drift_at": now, "fitted_at": now + number * DAY,
        }  # fmt: skip
        wiring.ledger(fitted_models.store, row, keep=2)

    assert ["dlm_2", "dlm_3"] == [row["id"] for row in rows_of(wiring, FittedModel)]
    newest = wiring.read(fitted_models.newest)
    assert newest is not None
    assert "dlm_3" == newest["id"]
