"""What EasyPost's verification of an address means."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connectors.carriers.base import AddressVerdict
from connectors.carriers.easypost_parse import parse_check
from tests.connectors.carriers.conftest import CUSTOMER, body_of


@pytest.mark.row("VAL-3", bad_input=True)
@pytest.mark.parametrize(
    "name",
    ["test_address_create_verify", "test_address_create_verify_array", "test_address_create_and_verify_carrier"],
)
def test_recorded_unknown_address(shared: Path, name: str) -> None:
    """One of them says success beside "not found"."""
    body = body_of(shared, f"cassettes/{name}.json")[-1]["response"]["body"]

    check = parse_check(CUSTOMER, body.get("address", body))

    assert (AddressVerdict.UNVERIFIABLE, ("E.ADDRESS.NOT_FOUND",)) == (check.verdict, check.codes)


def test_address_that_was_not_verified_is_not_trusted(shared: Path) -> None:
    body = body_of(shared, "cassettes/test_address_create.json")[0]["response"]["body"]

    assert parse_check(CUSTOMER, body).verdict is AddressVerdict.UNVERIFIABLE


def verified(success: bool = True, errors: list[str] | None = None, **changes: str | None) -> dict[str, Any]:
    body = {
        "id": "adr_1",
        "street1": "3101 WESTERN AVE",
        "street2": "APT 4",
        "city": "SEATTLE",
        "state": "WA",
        "zip": "98121-1024",
        "country": "US",
        "verifications": {"delivery": {"success": success, "errors": [{"code": code} for code in errors or []]}},
    }
    return {**body, **changes}


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        pytest.param(verified(), AddressVerdict.DELIVERABLE, id="same in other letters"),
        pytest.param(verified(street2="APT 5"), AddressVerdict.CORRECTED, id="unit changed"),
        pytest.param(verified(street2=None), AddressVerdict.CORRECTED, id="unit dropped"),
        pytest.param(verified(zip="98109"), AddressVerdict.CORRECTED, id="other zip"),
        pytest.param(
            verified(errors=["E.SECONDARY_INFORMATION.MISSING"]), AddressVerdict.MISSING_UNIT, id="missing unit"
        ),
        pytest.param(
            verified(False, ["E.SECONDARY_INFORMATION.INVALID"]), AddressVerdict.MISSING_UNIT, id="wrong unit"
        ),
        pytest.param(verified(False), AddressVerdict.UNVERIFIABLE, id="failed without a code"),
    ],
)
def test_verdict(body: dict[str, Any], verdict: AddressVerdict) -> None:
    assert verdict is parse_check(CUSTOMER, body).verdict


def test_international_address_without_state() -> None:
    asked = replace(CUSTOMER, line1="Torstr. 3", line2="", city="Berlin", region="", postal_code="10119", country="DE")
    body = verified(street1="TORSTRASSE 3", street2=None, city="BERLIN", state=None, zip="10119", country="DE")

    assert parse_check(asked, body).suggestion is not None
