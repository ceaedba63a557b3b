"""Working days by the clock on the wall: weekends, holidays, cut-offs, and the days of 23 and 25 hours."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.anomalies.calendar import Calendars, OperatingCalendar
from tests.domain.anomalies.support import EVERY_DAY, INSTANT, NEW_YORK, SIX_DAYS, WORKING_WEEK, at

FRIDAY = at("2026-03-06 10:00")


@pytest.mark.row("DLY-1")
@pytest.mark.parametrize(
    ("calendar", "since", "days", "wanted"),
    [
        pytest.param(WORKING_WEEK, "2026-03-03 10:00", 1.0, "2026-03-04 10:00", id="within the week"),
        pytest.param(WORKING_WEEK, "2026-02-27 10:00", 1.0, "2026-03-02 10:00", id="over a weekend"),
        pytest.param(SIX_DAYS, "2026-02-27 10:00", 1.0, "2026-02-28 10:00", id="saturday works"),
        pytest.param(WORKING_WEEK, "2026-02-28 10:00", 1.0, "2026-03-03 00:00", id="begins on a saturday"),
        pytest.param(WORKING_WEEK, "2026-05-22 10:00", 1.0, "2026-05-26 10:00", id="over a holiday"),
        pytest.param(WORKING_WEEK, "2026-05-25 10:00", 0.5, "2026-05-26 12:00", id="begins on a holiday"),
        pytest.param(WORKING_WEEK, "2026-03-06 10:00", 1.0, "2026-03-09 10:00", id="the clock goes forward"),
        pytest.param(WORKING_WEEK, "2026-10-30 10:00", 1.0, "2026-11-02 10:00", id="the clock goes back"),
        pytest.param(EVERY_DAY, "2026-03-08 00:00", 1.0, "2026-03-09 00:00", id="a day of 23 hours is one"),
        pytest.param(EVERY_DAY, "2026-11-01 00:00", 1.0, "2026-11-02 00:00", id="a day of 25 hours is one"),
        pytest.param(WORKING_WEEK, "2026-02-28 10:00", 0.0, "2026-03-02 00:00", id="the next working moment"),
    ],
)
def test_a_working_day_ends_when_as_much_of_the_next_one_is_over(
    calendar: OperatingCalendar, since: str, days: float, wanted: str
) -> None:
    assert at(wanted) == calendar.after(at(since), days, NEW_YORK)


@pytest.mark.row("DLY-1")
def test_days_that_have_gone_by_leave_weekends_and_holidays_out() -> None:
    assert pytest.approx(1.0) == WORKING_WEEK.working_days(FRIDAY, at("2026-03-09 10:00"), NEW_YORK)
    assert pytest.approx(2.0) == WORKING_WEEK.working_days(at("2026-05-22 00:00"), at("2026-05-27 00:00"), NEW_YORK)
    assert 0.0 == WORKING_WEEK.working_days(FRIDAY, FRIDAY - INSTANT, NEW_YORK)


def test_the_same_moment_is_another_day_elsewhere() -> None:
    """Friday evening in New York is Saturday morning in Auckland."""
    evening = at("2026-03-06 20:00")

    assert evening == WORKING_WEEK.after(evening, 0.0, NEW_YORK)
    assert at("2026-03-09 00:00", ZoneInfo("Pacific/Auckland")) == WORKING_WEEK.after(
        evening, 0.0, ZoneInfo("Pacific/Auckland")
    )


@pytest.mark.row("DLY-1")
@pytest.mark.parametrize(
    ("handed_over", "wanted"),
    [
        pytest.param("2026-03-05 16:59", "2026-03-05 16:59", id="before the cut-off"),
        pytest.param("2026-03-05 17:00", "2026-03-06 00:00", id="at the cut-off"),
        pytest.param("2026-03-06 17:30", "2026-03-09 00:00", id="on friday after it"),
        pytest.param("2026-03-07 09:00", "2026-03-09 00:00", id="on a weekend"),
        pytest.param("2026-05-25 09:00", "2026-05-26 00:00", id="on a holiday"),
    ],
)
def test_what_is_handed_over_late_counts_from_the_next_working_day(handed_over: str, wanted: str) -> None:
    assert at(wanted) == WORKING_WEEK.counted_from(at(handed_over), NEW_YORK)


@given(
    since=st.datetimes(
        min_value=at("2025-01-01 00:00").replace(tzinfo=None),
        max_value=at("2027-01-01 00:00").replace(tzinfo=None),
        timezones=st.just(NEW_YORK),
    ),
    days=st.floats(min_value=0.01, max_value=20),
)
def test_what_is_due_is_due_when_that_many_days_have_gone_by(since: datetime, days: float) -> None:
    due = WORKING_WEEK.after(since, days, NEW_YORK)

    assert pytest.approx(days, abs=1e-6) == WORKING_WEEK.working_days(since, due, NEW_YORK)
    assert WORKING_WEEK.working_days(since, due - timedelta(seconds=1), NEW_YORK) < days


@pytest.mark.row("DLY-1", bad_input=True)
def test_a_calendar_that_never_works_is_refused_and_not_waited_for() -> None:
    never = replace(WORKING_WEEK, name="never", weekdays=frozenset())

    with pytest.raises(ValueError, match="never has no working days"):
        never.after(FRIDAY, 1.0, NEW_YORK)


def test_a_carrier_is_found_by_its_name_and_country_and_others_have_the_countrys() -> None:
    found = Calendars({("ups", "US"): SIX_DAYS}, lambda country: WORKING_WEEK)

    assert SIX_DAYS is found.of(" UPS", "US")
    assert WORKING_WEEK is found.of("UPS", "DE")
    assert WORKING_WEEK is found.of("", "")
