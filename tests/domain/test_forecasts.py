"""What of a forecast may be told, when it is made anew, and the day that was promised."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.delays.policy import ForecastPolicy
from domain.forecasts import Forecast, renew_at
from domain.promises import promise_of
from tests.support.databases import read_policies
from tests.support.shared import ROOT

MADE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SHIPPING = read_policies(ROOT / "config" / "policies").shipping
POLICY = ForecastPolicy(
    history=timedelta(days=540),
    least_parcels=200,
    renew_every=timedelta(hours=24),
    near=timedelta(days=2),
    renew_near=timedelta(hours=6),
    worst_ece=0.08,
    keep_models=12,
)
FORECAST = Forecast(
    promised_at=MADE + timedelta(days=6),
    late_probability=0.2,
    eta_from=MADE + timedelta(days=2),
    eta_to=MADE + timedelta(days=4),
    predicted_at=MADE,
)


@pytest.mark.row("DLY-3")
@given(st.integers(0, 24 * 8))
def test_a_window_that_is_told_never_lies_in_the_past(hours: int) -> None:
    now = MADE + timedelta(hours=hours)
    window = FORECAST.window(now)

    assert (window is None) is (now >= FORECAST.eta_to)
    if window is not None:
        assert now <= window[0] <= window[1] == FORECAST.eta_to


@pytest.mark.row("DLY-3")
def test_days_are_the_customers_own_and_not_before_today() -> None:
    late_evening = datetime(2026, 3, 5, 3, 0, tzinfo=UTC)  # the fourth in Los Angeles
    found = FORECAST.days(late_evening, "America/Los_Angeles")

    assert (date(2026, 3, 4), date(2026, 3, 6)) == found
    assert FORECAST.days(FORECAST.eta_to, "UTC") is None


@pytest.mark.parametrize(
    ("promised", "eta_to", "hours"),
    [
        (6 * 24, 4 * 24, 24),  # far away: daily
        (2 * 24 + 3, 4 * 24, 3),  # when it comes near
        (2 * 24, 4 * 24, 6),  # near: more often
        (4, 4 * 24, 4),  # at the moment at which it passes
        (-1, 4 * 24, 24),  # passed: daily again
        (None, 4 * 24, 24),
        (6 * 24, 5, 5),  # before its window is over
    ],
)
def test_a_forecast_is_renewed_daily_and_sooner_where_something_is_near(
    promised: float | None, eta_to: float, hours: float
) -> None:
    at = None if promised is None else MADE + timedelta(hours=promised)
    made = replace(FORECAST, promised_at=at, eta_from=MADE, eta_to=MADE + timedelta(hours=eta_to))

    assert MADE + timedelta(hours=hours) == renew_at(made, POLICY)


def test_a_window_that_ends_now_does_not_make_a_forecast_due_for_ever() -> None:
    assert renew_at(replace(FORECAST, eta_from=MADE, eta_to=MADE), POLICY) > MADE


@pytest.mark.row("DLY-3")
@pytest.mark.parametrize(
    ("placed", "region", "on", "at"),
    [
        # express is two days; ordered on the evening of the sixth in New York, over the change of clocks on the eighth
        ("2026-03-07T01:00:00+00:00", "NY", date(2026, 3, 8), "2026-03-09T04:00:00+00:00"),
        ("2026-03-07T12:00:00+00:00", "NY", date(2026, 3, 9), "2026-03-10T04:00:00+00:00"),
        ("2026-03-07T12:00:00+00:00", "CA", date(2026, 3, 9), "2026-03-10T07:00:00+00:00"),
    ],
)
def test_a_promise_is_kept_until_its_day_ends_where_the_customer_is(
    placed: str, region: str, on: date, at: str
) -> None:
    promise = promise_of(datetime.fromisoformat(placed), "express", "US", region, SHIPPING)

    assert (on, datetime.fromisoformat(at)) == (promise.on, promise.at)


def test_an_unknown_way_of_shipping_has_the_defaults_days() -> None:
    promise = promise_of(MADE, "pigeon", "DE", "", SHIPPING)

    assert promise.on == MADE.date() + timedelta(days=SHIPPING.default_max_days)
    assert "Europe/Berlin" == promise.zone
