"""The fake UPS: every answer is one that the vendor's files document, and labels for the way back behave."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.core.app import Sandbox
from sandbox.ups import build
from tests.support.fake_vendors import in_process
from tests.support.openapi import check_request, check_response, find_template, load_spec
from tests.support.shared import SHARED, missing_reason

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason=missing_reason())

FILES = {"/shipments": "Shipping", "/labels": "Shipping", "/track": "Tracking"}
SHOP = {"Name": "Fernweh", "Address": {"AddressLine": ["1400 Kleppe Lane"], "City": "Sparks",
        "StateProvinceCode": "NV", "PostalCode": "89431", "CountryCode": "US"}}  # fmt: skip
HOME = {"Name": "Ada Byron", "Address": {"AddressLine": ["200 Park Avenue"], "City": "New York",
        "StateProvinceCode": "NY", "PostalCode": "10166", "CountryCode": "US"}}  # fmt: skip
PATH = "/shipments/v2409/ship"


def label(**more: Any) -> dict[str, Any]:
    """A label for the way back, to print."""
    package = {
        "Packaging": {"Code": "02"},
        "PackageWeight": {"UnitOfMeasurement": {"Code": "LBS"}, "Weight": "3.5"},
        "ReferenceNumber": [{"Value": "RMA-1"}],
    }
    shipment = {
        "Description": "Return",
        "ReturnService": {"Code": "9"},
        "Shipper": SHOP | {"ShipperNumber": "A1B2C3"},
        "ShipTo": SHOP,
        "ShipFrom": HOME,
        "Service": {"Code": "03"},
        "PaymentInformation": {"ShipmentCharge": [{"Type": "01", "BillShipper": {"AccountNumber": "A1B2C3"}}]},
        "Package": [package],
    }
    return {
        "ShipmentRequest": {
            "Request": {"RequestOption": "nonvalidate", "TransactionReference": {"CustomerContext": "RMA-1"}},
            "Shipment": {key: value for key, value in (shipment | more).items() if value is not None},
            "LabelSpecification": {
                "LabelImageFormat": {"Code": "ZPL"},
                "LabelStockSize": {"Height": "6", "Width": "4"},
            },
        }
    }


class Carrier:
    """Calls the fake and checks what was accepted and each answer."""

    def __init__(self, sandbox: Sandbox, client: httpx.AsyncClient) -> None:
        self.sandbox, self.client, self.token = sandbox, client, ""

    async def login(self, secret: str = "sandbox-ups-secret", **form: str) -> httpx.Response:
        answer = await self.client.post(
            "/ups/security/v1/oauth/token",
            data={"grant_type": "client_credentials"} | form,
            auth=("sandbox-ups-client", secret),
        )
        spec = load_spec(Path(SHARED) / "contracts/ups/OAuthClientCredentials.yaml")
        check_response(spec, "POST", "/security/v1/oauth/token", answer.status_code, answer.json())
        self.token = answer.json().get("access_token", "")
        return answer

    async def call(self, method: str, path: str, body: Any = None, *, headers: Any = None) -> httpx.Response:
        known = {"Authorization": f"Bearer {self.token}", "transId": "t1", "transactionSrc": "aftercart"}
        answer = await self.client.request(method, f"/ups/api{path}", json=body, headers=headers or known)
        spec = load_spec(Path(SHARED) / f"contracts/ups/{FILES['/' + path.split('/')[1]]}.yaml")
        if "recovery" in path:  # "GIF or PDF", in four characters
            spec["components"]["schemas"]["LabelImage_LabelImageFormat"]["properties"]["Code"].pop("minLength", None)
        template = find_template(spec, method, path)
        assert template is not None, f"{method} {path} is not in the contract"
        if answer.is_success and "recovery" not in path:  # the file requires what its own words make optional
            check_request(spec, method, template, body)
        check_response(spec, method, template, answer.status_code, answer.json())
        return answer

    async def label(self, **more: Any) -> str:
        answer = await self.call("POST", PATH, label(**more))
        assert answer.status_code == 200, answer.text
        number: str = answer.json()["ShipmentResponse"]["ShipmentResults"]["ShipmentIdentificationNumber"]
        return number

    async def track(self, number: str) -> Any:
        answer = await self.call("GET", f"/track/v1/details/{number}")
        return answer.json()["trackResponse"]["shipment"][0]

    async def control(self, path: str, body: Any = None) -> httpx.Response:
        return await self.client.post(f"/_control/ups/{path}", json=body or {})

    async def move(self, hours: float) -> None:
        offset = self.sandbox.world.clock.offset_s + hours * 3600
        await self.client.post("/_control/clock", json={"offset_s": offset})


@pytest.fixture
async def carrier() -> AsyncIterator[Carrier]:
    sandbox, client = in_process(build)
    async with client:
        made = Carrier(sandbox, client)
        await made.login()
        yield made


async def test_a_token_is_given_for_a_time(carrier: Carrier) -> None:
    assert (await carrier.login("wrong")).status_code == 401
    assert (await carrier.login(grant_type="password")).status_code == 400
    refused = await carrier.client.get("/ups/api/track/v1/details/1Z1", headers={"Authorization": "Bearer no"})
    assert refused.status_code == 401  # undocumented for tracking
    assert (await carrier.call("POST", PATH, label())).status_code == 401
    await carrier.login()
    await carrier.label()
    await carrier.move(4)
    assert (await carrier.call("POST", PATH, label())).status_code == 401


async def test_a_label_for_the_way_back_is_printed_or_mailed(carrier: Carrier) -> None:
    answer = (await carrier.call("POST", PATH, label())).json()["ShipmentResponse"]
    assert answer["Response"]["TransactionReference"] == {"CustomerContext": "RMA-1"}
    [package] = answer["ShipmentResults"]["PackageResults"]
    text = base64.b64decode(package["ShippingLabel"]["GraphicImage"]).decode()
    assert "RETURN" in text
    assert "Sparks NV 89431" in text
    assert package["TrackingNumber"] in text
    assert float(answer["ShipmentResults"]["ShipmentCharges"]["TotalCharges"]["MonetaryValue"]) > 0
    mail = {"LabelDelivery": {"EMail": {"EMailAddress": "ada@example.com"}}}
    mailed = await carrier.call("POST", PATH, label(ReturnService={"Code": "8"}, ShipmentServiceOptions=mail))
    assert "ShippingLabel" not in mailed.json()["ShipmentResponse"]["ShipmentResults"]["PackageResults"][0]
    forward = await carrier.label(ReturnService=None, ShipTo=HOME, ShipFrom=SHOP)
    assert (await carrier.track(forward))["package"][0]["currentStatus"]["type"] == "M"


@pytest.mark.parametrize(
    "change",
    [
        {"Shipper": SHOP | {"ShipperNumber": "ZZZZZZ"}},
        {"ReturnService": {"Code": "2"}},
        {"ReturnService": {"Code": "8"}},
        {"ShipFrom": None},
        {"ShipFrom": HOME | {"Address": {"City": "New York"}}},
        {"ShipTo": {"Name": "x"}},
        {"Service": {"Code": "99"}},
        {"Package": []},
        {"Package": [{"Packaging": {"Code": "02"}, "PackageWeight": {"Weight": "much"}}]},
    ],
    ids=str,
)
async def test_a_faulty_label_is_refused(carrier: Carrier, change: dict[str, Any]) -> None:
    answer = await carrier.call("POST", PATH, label(**change))
    assert answer.status_code == 400
    assert (await carrier.client.get("/_control/ups/labels")).json() == []
    assert (await carrier.call("POST", PATH, {})).status_code == 400


async def test_a_parcel_back_waits_is_handed_in_and_arrives(carrier: Carrier) -> None:
    number, lost = await carrier.label(), await carrier.label()
    await carrier.move(3)
    assert [x["status"]["code"] for x in (await carrier.track(number))["package"][0]["activity"]] == ["MP"]
    assert (await carrier.control(f"parcels/{number}/hand_in")).json()["status"] == "OR"
    assert (await carrier.control(f"parcels/{number}/hand_in")).status_code == 422
    await carrier.control(f"parcels/{lost}/hand_in", {"plan": "lost"})
    await carrier.move(60)
    await carrier.login()
    package = (await carrier.track(number))["package"][0]
    assert [x["status"]["type"] for x in package["activity"]] == ["D", "I", "I", "P", "M"]
    assert package["deliveryDate"][0]["type"] == "DEL"
    assert package["activity"][0]["location"]["address"]["city"] == "Sparks"
    await carrier.control(f"parcels/{lost}/deliver")
    assert (await carrier.track(lost))["package"][0]["currentStatus"]["type"] == "X"
    assert (await carrier.control(f"parcels/{lost}/deliver")).status_code == 422
    assert (await carrier.control(f"parcels/{lost}/hand_in", {"plan": "x"})).status_code == 400


async def test_what_is_not_known_is_a_warning_and_what_is_no_number_an_error(carrier: Carrier) -> None:
    assert (await carrier.track("1ZNONE00000000000"))["warnings"][0]["code"] == "TW0001"
    bad = await carrier.call("GET", "/track/v1/details/1Z1")
    assert (bad.status_code, bad.json()["response"]["errors"][0]["code"]) == (400, "TV1002")
    only = {"Authorization": f"Bearer {carrier.token}"}
    assert (await carrier.call("GET", "/track/v1/details/1ZNONE0000", headers=only)).status_code == 400


async def test_an_unused_label_is_voided_once_and_within_its_time(carrier: Carrier) -> None:
    number, used, old = await carrier.label(), await carrier.label(), await carrier.label()

    async def void(wanted: str) -> int:
        return (await carrier.call("DELETE", f"/shipments/v2409/void/cancel/{wanted}")).status_code

    assert await void(number) == 200
    assert await void(number) == 400
    assert (await carrier.control(f"parcels/{number}/hand_in")).status_code == 422
    await carrier.control(f"parcels/{used}/hand_in")
    assert await void(used) == 400
    assert await void("1ZNONE000000000000") == 400
    await carrier.move(24 * 29)
    await carrier.login()
    assert await void(old) == 400


async def test_a_label_is_found_again_by_number_or_reference(carrier: Carrier) -> None:
    first, second = await carrier.label(), await carrier.label()

    async def find(**wanted: Any) -> httpx.Response:
        body = {"LabelRecoveryRequest": {"Request": {"RequestOption": "x"}} | wanted}
        return await carrier.call("POST", "/labels/v1/recovery", body)

    by_reference = {"ReferenceNumber": {"Value": "RMA-1"}, "ShipperNumber": "A1B2C3"}
    found = (await find(ReferenceValues=by_reference)).json()["LabelRecoveryResponse"]
    assert found["ShipmentIdentificationNumber"] == second
    assert (await find(TrackingNumber=first)).json()["LabelRecoveryResponse"]["LabelResults"][0][
        "TrackingNumber"
    ] == first
    pdf = await find(TrackingNumber=first, LabelSpecification={"LabelImageFormat": {"Code": "PDF"}})
    [label_again] = pdf.json()["LabelRecoveryResponse"]["LabelResults"]
    assert base64.b64decode(label_again["LabelImage"]["GraphicImage"]).startswith(b"%PDF")
    await carrier.call("DELETE", f"/shipments/v2409/void/cancel/{first}")
    assert (await find(TrackingNumber=first)).status_code == 400
    assert (await find(ReferenceValues=by_reference | {"ShipperNumber": "XXXXXX"})).status_code == 400
    accepted = carrier.sandbox.world.counters.snapshot()["accepted"]["ups"]
    assert accepted["POST /api/shipments/{version}/ship"] == {"RMA-1": 2}
