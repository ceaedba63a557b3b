"""When a carrier's spelling says the same as the customer's."""

from dataclasses import replace

import pytest

from connectors.carriers.address_compare import same_in_substance
from tests.connectors.carriers.conftest import CUSTOMER


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"line1": "3101 WESTERN AVE"}, id="case"),
        pytest.param({"line1": "3101 Western Avenue"}, id="abbreviation"),
        pytest.param({"line1": "3101, Western Ave."}, id="punctuation"),
        pytest.param({"line1": "3101 Western Ave Apt 4", "line2": ""}, id="unit on the first line"),
        pytest.param({"line2": "# 4"}, id="designator"),
        pytest.param({"line2": "APT # 4"}, id="two designators"),
        pytest.param({"line2": "Unit 4"}, id="other designator"),
        pytest.param({"postal_code": "98121-6830"}, id="zip+4"),
        pytest.param({"country": "us"}, id="country's case"),
    ],
)
def test_same(changes: dict[str, str]) -> None:
    assert same_in_substance(CUSTOMER, replace(CUSTOMER, **changes))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"line2": "Apt 5"}, id="other unit"),
        pytest.param({"line2": ""}, id="unit lost"),
        pytest.param({"line2": "Fl 4"}, id="floor is no unit"),
        pytest.param({"line1": "3103 Western Ave"}, id="other house"),
        pytest.param({"line1": "3101 Western St"}, id="other street"),
        pytest.param({"line1": "3101 N Western Ave"}, id="direction"),
        pytest.param({"postal_code": "98122"}, id="other zip"),
        pytest.param({"city": "Tacoma"}, id="other city"),
        pytest.param({"region": "OR"}, id="other state"),
        pytest.param({"country": "CA"}, id="other country"),
    ],
)
def test_different(changes: dict[str, str]) -> None:
    assert not same_in_substance(CUSTOMER, replace(CUSTOMER, **changes))


def test_accents_do_not_count() -> None:
    asked = replace(CUSTOMER, line1="Rue de l'Église 3", city="Orléans", country="FR", postal_code="45000")

    assert same_in_substance(asked, replace(asked, line1="RUE DE L'EGLISE 3", city="ORLEANS"))
