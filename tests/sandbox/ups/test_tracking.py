"""The fake UPS tells of parcels as the vendor's file says, whoever sold their labels."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest

from sandbox.parcels.model import KINDS
from sandbox.ups import build
from tests.sandbox.ups.test_ups import HOME, SHOP, Carrier
from tests.support.fake_vendors import in_process
from tests.support.openapi import check_response, load_spec
from tests.support.shared import SHARED, missing_reason

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason=missing_reason())

NUMBER = "1Z999AA10000000002"
SPARKS = {"city": "Sparks", "state": "NV", "zip": "89431"}


@pytest.fixture
async def carrier() -> AsyncIterator[Carrier]:
    sandbox, client = in_process(build)
    async with client:
        made = Carrier(sandbox, client)
        await made.login()
        yield made


async def _parcel(carrier: Carrier, **more: Any) -> None:
    body = {"number": NUMBER, "carrier": "ups", "origin": SPARKS} | more
    assert (await carrier.client.post("/_control/parcels", json=body)).status_code == 201


async def _package(carrier: Carrier) -> Any:
    return (await carrier.track(NUMBER))["package"][0]


async def test_everything_that_can_happen_is_told_as_the_file_says(carrier: Carrier) -> None:
    await _parcel(carrier)
    for kind in KINDS:
        scan = {"kind": kind, "place": "hub"}
        assert (await carrier.client.post(f"/_control/parcels/{NUMBER}/scan", json=scan)).is_success
    package = await _package(carrier)
    assert len(package["activity"]) == len(KINDS) + 1
    assert package["currentStatus"] == package["activity"][0]["status"]
    assert {"D", "I", "M", "MV", "P", "RS", "X"} <= {x["status"]["type"] for x in package["activity"]}
    spec = load_spec(SHARED / "contracts/ups/Tracking.yaml")
    package["activity"][0]["status"]["statusCode"] = 3
    broken = {"trackResponse": {"shipment": [{"package": [package]}]}}
    with pytest.raises(AssertionError, match="statusCode"):
        check_response(spec, "GET", "/track/v1/details/{inquiryNumber}", 200, broken)


async def test_times_are_local_and_universal(carrier: Carrier) -> None:
    await _parcel(carrier)
    await carrier.move(13)
    await carrier.login()
    scan = (await _package(carrier))["activity"][0]
    assert scan["location"]["address"]["city"] == "Sparks"
    assert scan["gmtOffset"] in ("-08:00", "-07:00")
    local = datetime.strptime(scan["date"] + scan["time"] + scan["gmtOffset"], "%Y%m%d%H%M%S%z")
    universal = datetime.strptime(scan["gmtDate"] + scan["gmtTime"] + "+0000", "%Y%m%d%H:%M:%S%z")
    assert local == universal


async def test_the_day_of_delivery_is_scheduled_rescheduled_and_then_known(carrier: Carrier) -> None:
    await _parcel(carrier)
    assert "deliveryDate" not in await _package(carrier)
    storm = {"states": ["NY"], "hours": 72}
    assert (await carrier.client.post("/_control/parcels/storms", json=storm)).is_success
    kinds = []
    for hours in (13, 40, 40):
        await carrier.move(hours)
        await carrier.login()
        kinds.append((await _package(carrier))["deliveryDate"][0]["type"])
    assert kinds == ["SDD", "RDD", "DEL"]


async def test_milestones_come_when_they_are_asked_for(carrier: Carrier) -> None:
    await _parcel(carrier)
    await carrier.move(13)
    await carrier.login()
    assert "milestones" not in await _package(carrier)
    found = await carrier.client.get(
        f"/ups/api/track/v1/details/{NUMBER}?returnMilestones=true",
        headers={"Authorization": f"Bearer {carrier.token}", "transId": "t", "transactionSrc": "aftercart"},
    )
    milestones = found.json()["trackResponse"]["shipment"][0]["package"][0]["milestones"]
    assert [x["state"] for x in milestones] == ["COMPLETE", "COMPLETE", "FUTURE", "FUTURE", "FUTURE"]
    assert [x["current"] for x in milestones] == [False, True, False, False, False]
    assert milestones[1]["linkedActivity"] == "0"


async def test_parcels_are_found_by_their_reference(carrier: Carrier) -> None:
    back, forth = await carrier.label(), await carrier.label(ReturnService=None, ShipTo=HOME, ShipFrom=SHOP)
    headers = {"Authorization": f"Bearer {carrier.token}", "transId": "t", "transactionSrc": "aftercart"}

    async def found(query: str) -> list[str]:
        path = f"/ups/api/track/v1/reference/details/RMA-1{query}"
        answer = await carrier.client.get(path, headers=headers)
        assert answer.status_code == 200
        spec = load_spec(SHARED / "contracts/ups/Tracking.yaml")
        check_response(spec, "GET", "/track/v1/reference/details/{referenceNumber}", 200, answer.json())
        return [x.get("inquiryNumber", "") for x in answer.json()["trackResponse"]["shipment"]]

    assert await found("") == [back, forth]
    assert await found("?shipperNum=A1B2C3") == [back, forth]
    assert await found("?shipperNum=ZZZZZZ") == [""]
    assert await found("?fromPickUpDate=20200101&toPickUpDate=20200131") == [""]
    wrong = await carrier.client.get("/ups/api/track/v1/reference/details/RMA-1?toPickUpDate=soon", headers=headers)
    assert wrong.status_code == 400


async def test_other_carriers_parcels_and_old_ones_are_not_known(carrier: Carrier) -> None:
    await _parcel(carrier)
    other = {"number": "9400100000000000000001", "carrier": "usps"}
    await carrier.client.post("/_control/parcels", json=other)
    assert (await carrier.track("9400100000000000000001"))["warnings"][0]["code"] == "TW0001"
    await carrier.client.post(f"/_control/parcels/{NUMBER}/age", json={"hours": 24 * 121})
    assert (await carrier.track(NUMBER))["warnings"][0]["code"] == "TW0001"


async def test_too_many_requests_are_refused(carrier: Carrier) -> None:
    assert (await carrier.control("settings", {"rate_limit_per_minute": 1})).is_success
    assert (await carrier.control("settings", {"speed": 1})).status_code == 400
    headers = {"Authorization": f"Bearer {carrier.token}", "transId": "t", "transactionSrc": "aftercart"}
    path = f"/ups/api/track/v1/details/{NUMBER}"
    answers = [await carrier.client.get(path, headers=headers) for _ in range(2)]
    assert [x.status_code for x in answers] == [200, 429]
    assert answers[1].json()["response"]["errors"][0]["code"] == "10429"


async def test_a_label_of_this_vendor_keeps_its_reference_and_weight(carrier: Carrier) -> None:
    number = await carrier.label()
    package = (await carrier.track(number))["package"][0]
    assert package["referenceNumber"] == [{"type": "SHIPMENT", "number": "RMA-1"}]
    assert package["weight"] == {"unitOfMeasurement": "LBS", "weight": "3.50"}
