"""Bodies of UPS that the fake does not send, and what we send where the fake does not look."""

import base64
from dataclasses import replace
from typing import Any

import pytest

from connectors.carriers.ups_parse import (
    parse_bought,
    parse_recovered,
    parse_token,
    read_refusal,
    recovery_body,
    ship_body,
)
from connectors.reading import Unreadable
from domain.order import Address
from tests.connectors.carriers.conftest import CUSTOMER
from tests.connectors.carriers.ups_account import REQUEST

PDF = base64.b64encode(b"%PDF-1.4").decode()
RESULT = {"TrackingNumber": "1Z1", "LabelImage": {"LabelImageFormat": {"Code": "PDF"}, "GraphicImage": PDF}}
BERLIN = Address(name="Ida Rhode", line1="Torstr. 1", city="Berlin", postal_code="10119", country="DE")
VENLO = Address(company="Nordlicht", line1="Columbusweg 16", city="Venlo", postal_code="5928 LC", country="NL")


def shipment(**changes: Any) -> dict[str, Any]:
    body = ship_body(replace(REQUEST, **changes), "A1B2C3", "11")
    found: dict[str, Any] = body["ShipmentRequest"]["Shipment"]
    return found


def recovered(**changes: Any) -> dict[str, Any]:
    known: dict[str, Any] = {"ShipmentIdentificationNumber": "1Z0", "LabelResults": [RESULT]}
    return {"LabelRecoveryResponse": known | changes}


def test_a_parcel_is_measured_as_where_it_comes_from() -> None:
    [american] = shipment()["Package"]
    assert american["PackageWeight"] == {"UnitOfMeasurement": {"Code": "LBS"}, "Weight": "2.7"}
    assert [american["Dimensions"][side] for side in ("Length", "Width", "Height")] == ["12", "8", "4"]
    [european] = shipment(sender=BERLIN, receiver=VENLO)["Package"]
    assert european["PackageWeight"] == {"UnitOfMeasurement": {"Code": "KGS"}, "Weight": "1.2"}
    assert [european["Dimensions"][side] for side in ("Length", "Width", "Height")] == ["30", "20", "10"]


def test_the_reference_stands_where_the_lane_has_it() -> None:
    domestic, abroad = shipment(), shipment(sender=BERLIN, receiver=VENLO)
    assert domestic["Package"][0]["ReferenceNumber"] == abroad["ReferenceNumber"] == [{"Value": "RMA-1.1"}]
    assert "ReferenceNumber" not in domestic
    assert "ReferenceNumber" not in abroad["Package"][0]


def test_long_parts_of_an_address_fit_a_label() -> None:
    long = replace(CUSTOMER, line1="The very long house name of the estate 12", postal_code="98121-1234")
    party = shipment(sender=long)["ShipFrom"]
    assert party["Address"]["AddressLine"] == ["The very long house name of the", "estate 12", "Apt 4"]
    assert party["Address"]["PostalCode"] == "981211234"
    assert party["Phone"] == {"Number": "12065550100"}
    both = shipment(sender=replace(CUSTOMER, company="Analytical Engines " * 3))["ShipFrom"]
    assert (len(both["Name"]), both["AttentionName"]) == (35, "Ada Byron")


def test_a_look_up_names_one_thing() -> None:
    by_number = recovery_body(tracking_number="1Z1")["LabelRecoveryRequest"]
    by_reference = recovery_body(reference="RMA-1.1", shipper="A1B2C3")["LabelRecoveryRequest"]
    assert "ReferenceValues" not in by_number
    assert "TrackingNumber" not in by_reference
    assert by_reference["ReferenceValues"] == {"ReferenceNumber": {"Value": "RMA-1.1"}, "ShipperNumber": "A1B2C3"}


@pytest.mark.parametrize("results", [[RESULT], RESULT], ids=["a list", "its element"])
def test_a_label_is_read(results: Any) -> None:
    label = parse_recovered(recovered(LabelResults=results), "03")
    assert (label.external_id, label.tracking_number, label.pdf) == ("1Z0", "1Z1", b"%PDF-1.4")


@pytest.mark.row("RET-2", bad_input=True)
@pytest.mark.parametrize(
    ("body", "code"),
    [
        (None, "not_an_object"),
        ({}, "not_an_object"),
        (recovered(LabelResults=[]), "missing"),
        (recovered(LabelResults=[RESULT, RESULT]), "ambiguous"),
        (recovered(LabelResults=None, TrackingCandidate=[{"TrackingNumber": "1Z1"}]), "ambiguous"),
        (recovered(LabelResults=[{"TrackingNumber": "1Z1"}]), "not_an_object"),
        (recovered(LabelResults=[RESULT | {"LabelImage": {"GraphicImage": "%%"}}]), "bad_image"),
        (recovered(LabelResults=[RESULT | {"LabelImage": {"GraphicImage": "R0lGODlh"}}]), "bad_image"),
        (recovered(LabelResults=[RESULT | {"TrackingNumber": ""}], ShipmentIdentificationNumber=""), "missing_id"),
    ],
)
def test_a_label_that_cannot_be_read(body: Any, code: str) -> None:
    with pytest.raises(Unreadable) as caught:
        parse_recovered(body, "03")
    assert caught.value.code == code


def bought(**results: Any) -> dict[str, Any]:
    listed = {"TotalCharges": {"CurrencyCode": "USD", "MonetaryValue": "12.50"}}
    known = {"ShipmentIdentificationNumber": "1Z0", "ShipmentCharges": listed}
    return {"ShipmentResponse": {"ShipmentResults": known | results}}


def test_what_was_negotiated_is_what_it_costs() -> None:
    assert parse_bought(bought()) == ("1Z0", 1250, "USD")
    lower = {"TotalCharge": {"CurrencyCode": "USD", "MonetaryValue": "8.10"}}
    assert parse_bought(bought(NegotiatedRateCharges=lower)) == ("1Z0", 810, "USD")
    assert parse_bought(bought(ShipmentCharges=None)) == ("1Z0", None, "")
    assert parse_bought(bought(ShipmentCharges={"TotalCharges": {"MonetaryValue": "?"}})) == ("1Z0", None, "")
    with pytest.raises(Unreadable):
        parse_bought(bought(ShipmentIdentificationNumber=None))


def test_a_token_is_read() -> None:
    assert parse_token({"access_token": "t", "expires_in": "14399"}) == ("t", 14_399.0)
    for bad in (None, {}, {"access_token": "t"}, {"access_token": "t", "expires_in": "soon"}):
        with pytest.raises(Unreadable):
            parse_token(bad)


@pytest.mark.parametrize(
    ("code", "reason"),
    [("9801031", "not_found"), ("190102", "too_late"), ("190104", "not_voidable"), ("120500", "rejected")],
)
def test_a_refusal_has_a_reason(code: str, reason: str) -> None:
    body = {"response": {"errors": [{"code": code, "message": "no"}]}}
    assert read_refusal(400, body).reason == reason
    assert read_refusal(400, body).message == f"{code} no"


@pytest.mark.parametrize("body", [None, [], {}, {"response": None}, {"response": {"errors": ["x"]}}])
def test_a_refusal_that_says_nothing(body: Any) -> None:
    assert read_refusal(400, body).reason == "rejected"
