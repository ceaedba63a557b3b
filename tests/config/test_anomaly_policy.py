"""What counts as trouble is data: the shipped files parse, a wrong value is refused with file, key and reason."""

import shutil
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from config.accounts import ConfigError
from config.carrier_calendars import calendars, causes
from config.policies import CALENDARS, CAUSES, load_policies
from config.reading import read_toml
from domain.anomalies.facts import Cause
from tests.support.shared import ROOT

SHIPPED = ROOT / "config" / "policies"
NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.row("DLY-1", bad_input=True)
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("within = 2.0", "within = 0", "pickup.within: write a number above 0"),
        ("lost = 7.0", "lost = 3.0", "silence.lost: write more days than those after which a parcel is stuck"),
        ("abroad = 2.0", "abroad = 0.5", "silence.abroad: write 1 or more"),
        ("clears_share = 0.5", "clears_share = 1", "silence.clears_share: write a share between 0 and 1"),
        ("arrived_local = 2.0", "arived_local = 2.0", "silence.days.arived_local: there is no such state"),
        ("foretold_clears = 0.5", "foretold_clears = 0.9", "late.foretold_clears: write less than foretold_opens"),
        ("at = 2 ", "at = 0 ", "attempts.at: write 1 or more"),
        ("facility = 5", "facility = 1", "incidents.least: write 2 or more: one parcel is no incident"),
        ("facility = 5", "hub = 5", "incidents.least.facility: is missing"),
        ('"attempts", ', '"attempt", ', "alone.kinds: write one of"),
        ('window = "24 h"', 'window = "a day"', "incidents.window: write a duration"),
    ],
)
def test_a_wrong_value_is_refused_with_its_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    folder = shutil.copytree(SHIPPED, tmp_path / "policies")
    path = folder / "anomalies.toml"
    assert old in path.read_text("utf-8")
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")

    with pytest.raises(ConfigError, match=f"anomalies.toml: {said}"):
        load_policies(folder)


@pytest.mark.row("DLY-1")
@pytest.mark.parametrize(
    ("carrier", "country", "day", "works"),
    [
        pytest.param("USPS", "US", date(2026, 10, 12), False, id="Columbus Day at USPS"),
        pytest.param("UPS", "US", date(2026, 10, 12), True, id="and not at UPS"),
        pytest.param("UPS", "US", date(2026, 11, 26), False, id="Thanksgiving at UPS"),
        pytest.param("USPS", "US", date(2026, 3, 7), True, id="a Saturday at USPS"),
        pytest.param("UPS", "US", date(2026, 3, 7), False, id="and not at UPS"),
        pytest.param("UPSDAP", "US", date(2026, 7, 3), False, id="a holiday's observed day"),
        pytest.param("DHL", "DE", date(2026, 4, 3), False, id="Good Friday in Germany"),
        pytest.param("DHL", "US", date(2026, 4, 3), True, id="and not where it is a stranger"),
        pytest.param("Nobody", "FR", date(2026, 7, 14), False, id="a holiday of the country of others"),
        pytest.param("Nobody", "ZZ", date(2026, 12, 25), True, id="a country that nobody knows"),
        pytest.param("Nobody", "", date(2026, 3, 7), False, id="no country, but a weekend"),
    ],
)
def test_carriers_rest_on_their_own_days(carrier: str, country: str, day: date, works: bool) -> None:
    assert works is load_policies(SHIPPED).calendars.of(carrier, country).works_on(day)


@pytest.mark.row("DLY-1")
def test_a_week_with_thanksgiving_has_four_days_for_ups() -> None:
    found = load_policies(SHIPPED).calendars.of("ups", "US")
    monday, next_monday = (datetime(2026, 11, day, tzinfo=NEW_YORK) for day in (23, 30))

    assert pytest.approx(4.0) == found.working_days(monday, next_monday, NEW_YORK)


@pytest.mark.row("DLY-1", bad_input=True)
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"Thanksgiving Day", ', '"Turkey Day", ', "calendars.1.holidays: Turkey Day: no such holiday in US"),
        ('country = "CA"', 'country = "XX"', "calendars.3.country: write a country"),
        ('weekdays = ["mon", "tue", "wed", "thu", "fri", "sat"]', "weekdays = []", "weekdays: write one or more of"),
        ('cut_off = "17:00"', 'cut_off = "5 pm"', 'write a time such as "17:00"'),
        ('["fedex"', '["FedEx"', "calendars.2.carriers: write 'FedEx' once for US, in small letters"),
        ('["fedex"', '["ups"', "calendars.2.carriers: write 'ups' once for US"),
        ('source = "about', 'said_by = "about', "calendars.0.source is missing"),
    ],
)
def test_a_wrong_calendar_is_refused_with_its_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = CALENDARS.read_text("utf-8")
    assert old in text
    path = tmp_path / "calendars.toml"
    path.write_text(text.replace(old, new), "utf-8")

    with pytest.raises(ConfigError, match=said):
        calendars(read_toml(path))


@pytest.mark.row("DLY-3")
def test_carriers_words_for_why_are_ours(tmp_path: Path) -> None:
    found = causes(read_toml(CAUSES))

    assert {Cause.WEATHER} == {found["weather_delay"], found["X/053"]}, "EasyPost's and UPS's"
    assert {Cause.ADDRESS} == {found["address_correction"], found["X/050"], found["ADDRESS_QUERY"]}
    assert "in_transit" not in found
    path = tmp_path / "causes.toml"
    path.write_text('[codes.one]\nheld = "weather"\n[codes.two]\nheld = "labour"\n', "utf-8")
    with pytest.raises(ConfigError, match=r"codes\.two\.held: is weather elsewhere"):
        causes(read_toml(path))
