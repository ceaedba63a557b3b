"""Times are told in the zone where the parcel goes."""

import pytest
from babel.core import get_global

from domain.postal import country_rules
from domain.zones import _MAIN, _REGIONS, zone_of


@pytest.mark.parametrize(
    ("country", "region", "zone"),
    [
        ("US", "MA", "America/New_York"),
        ("us", "us-ca", "America/Los_Angeles"),
        ("US", "TX", "America/Chicago"),
        ("US", "", "America/New_York"),
        ("CA", "BC", "America/Vancouver"),
        ("AU", "WA", "Australia/Perth"),
        ("DE", "BE", "Europe/Berlin"),
        ("UK", "", "Europe/London"),
        ("JP", "13", "Asia/Tokyo"),
        ("", "", "UTC"),
        ("ZZ", "", "UTC"),
        ("001", "", "UTC"),
        ("nowhere", "<b>", "UTC"),
    ],
)
def test_zone_of_a_destination(country: str, region: str, zone: str) -> None:
    assert zone == zone_of(country, region).key


def test_every_country_has_a_zone_and_a_wide_one_its_main() -> None:
    for country, zones in get_global("territory_zones").items():
        if country_rules(country) and country not in ("AQ", "TA"):
            assert zone_of(country).key != "UTC" or zones[0] == "UTC", country
        if len(zones) > 3 and len(country) == 2 and country not in ("AQ", "ZZ", "GL"):
            assert country in _MAIN, country


def test_every_region_is_one_of_its_country() -> None:
    for country, zones in _REGIONS.items():
        rules = country_rules(country)
        assert rules is not None
        for regions in zones.values():
            assert [] == [region for region in regions.split() if rules.region(region) is None], country
