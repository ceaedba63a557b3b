"""Every answer of the fake ShipBob is one that the vendor's OpenAPI file documents."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.core.app import Sandbox
from sandbox.shipbob import build
from tests.support.fake_vendors import in_process
from tests.support.openapi import Spec, check_request, check_response, find_template, load_spec
from tests.support.shared import SHARED, missing_reason

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason=missing_reason())

HEADERS = {"Authorization": "Bearer sandbox-shipbob-token", "shipbob_channel_id": "1001"}


def order_body(reference: str = "FO-1.1", sku: str = "TENT-2P-GRN", quantity: int = 1) -> dict[str, Any]:
    return {
        "reference_id": reference,
        "order_number": "#1001",
        "type": "DTC",
        "shipping_method": "Standard",
        "purchase_date": "2026-04-01T10:00:00Z",
        "recipient": {
            "name": "Ana Lopez",
            "email": "ana@example.com",
            "phone_number": "555-0100",
            "address": {
                "address1": "100 Main St",
                "address2": None,
                "city": "Reno",
                "state": "NV",
                "country": "US",
                "zip_code": "89501",
            },
        },
        "products": [{"reference_id": sku, "name": sku, "quantity": quantity, "external_line_id": 7}],
        "tags": [{"name": "shop", "value": "alpha"}],
    }


class Vendor:
    """Calls the fake and checks each request that was accepted and each answer."""

    def __init__(self, sandbox: Sandbox, client: httpx.AsyncClient, spec: Spec) -> None:
        self.sandbox, self.client, self.spec = sandbox, client, spec

    async def call(self, method: str, path: str, body: Any = None, *, query: Any = None) -> httpx.Response:
        answer = await self.client.request(method, "/shipbob" + path, json=body, params=query, headers=HEADERS)
        template = find_template(self.spec, method, path)
        assert template is not None, f"{method} {path} is not in the contract"
        if answer.is_success:
            check_request(self.spec, method, template, body, query)
        value = answer.json() if answer.content else None
        check_response(self.spec, method, template, answer.status_code, value)
        return answer

    async def order(self, **values: Any) -> dict[str, Any]:
        answer = await self.call("POST", "/2026-01/order", order_body(**values))
        assert answer.status_code == 201, answer.text
        return answer.json()  # type: ignore[no-any-return]

    def move(self, seconds: float) -> None:
        self.sandbox.world.clock.set_offset(self.sandbox.world.clock.offset_s + seconds)
        self.sandbox.tick()


@pytest.fixture
async def vendor() -> AsyncIterator[Vendor]:
    sandbox, client = in_process(build)
    spec = load_spec(Path(SHARED) / "contracts/shipbob/openapi-2026-01.json")
    async with client:
        yield Vendor(sandbox, client, spec)


async def test_an_order_and_its_shipment_are_documented_at_every_stage(vendor: Vendor) -> None:
    order = await vendor.order()
    shipment = f"/2026-01/shipment/{order['shipments'][0]['id']}"
    statuses = []
    for seconds in (0, 7300, 3600, 7200, 172_800):
        vendor.move(seconds)
        found = (await vendor.call("GET", f"/2026-01/order/{order['id']}")).json()
        statuses.append((found["status"], found["shipments"][0]["status"]))
        await vendor.call("GET", f"/2026-01/order/{order['id']}/shipment")
        await vendor.call("GET", f"/2026-01/order/{order['id']}/shipment/{found['shipments'][0]['id']}")
        for tail in ("", "/timeline", "/logs", ":getLineItems"):
            await vendor.call("GET", shipment + tail)
    assert statuses == [
        ("Processing", "Processing"),
        ("Processing", "Processing"),
        ("Processing", "LabeledCreated"),
        ("Fulfilled", "Completed"),
        ("Fulfilled", "Completed"),
    ]
    assert found["shipments"][0]["tracking"]["tracking_number"]
    assert found["shipments"][0]["delivery_date"]
    logs = (await vendor.call("GET", shipment + "/timeline")).json()
    assert len(logs) == 5


@pytest.mark.parametrize(
    "path",
    [
        "/2026-01/inventory-level",
        "/2026-01/inventory-level/locations",
        "/2026-01/inventory-level/8100001",
        "/2026-01/inventory-level/8100001/locations",
        "/2026-01/inventory",
        "/2026-01/inventory/8100001",
        "/2026-01/product",
        "/2026-01/product/61000039",
        "/2026-01/fulfillment-center",
        "/2026-01/location",
        "/2026-01/channel",
        "/2026-01/shipping-method",
        "/2026-01/webhook",
        "/2026-01/order",
    ],
)
async def test_what_the_account_has_is_documented(vendor: Vendor, path: str) -> None:
    answer = await vendor.call("GET", path)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/2026-01/order/1"),
        ("GET", "/2026-01/order/1/shipment"),
        ("GET", "/2026-01/shipment/1"),
        ("GET", "/2026-01/shipment/1:getLineItems"),
        ("POST", "/2026-01/order/1:cancel"),
        ("POST", "/2026-01/shipment/1:cancel"),
        ("GET", "/2026-01/inventory/1"),
        ("GET", "/2026-01/inventory-level/1"),
    ],
)
async def test_what_does_not_exist_answers_404(vendor: Vendor, method: str, path: str) -> None:
    assert (await vendor.call(method, path)).status_code == 404


async def test_without_the_token_nothing_is_answered(vendor: Vendor) -> None:
    answer = await vendor.client.get("/shipbob/2026-01/order", headers={"Authorization": "Bearer wrong"})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "change",
    [
        {"reference_id": ""},
        {"type": "Retail"},
        {"shipping_method": None},
        {"recipient": {"name": "A"}},
        {"products": []},
        {"products": [{"reference_id": "TENT-2P-GRN", "name": "x", "quantity": 0}]},
        {"products": [{"reference_id": "NO-SUCH", "name": "x", "quantity": 1}]},
        {"products": [{"reference_id": ["TENT-2P-GRN"], "name": "x", "quantity": 1}]},
        {"location_id": 99},
        {"location_id": [4]},
    ],
)
async def test_a_faulty_order_is_refused(vendor: Vendor, change: dict[str, Any]) -> None:
    answer = await vendor.call("POST", "/2026-01/order", order_body() | change)
    assert answer.status_code == 422
    assert (await vendor.call("GET", "/2026-01/order")).json() == []


async def test_a_channel_is_required(vendor: Vendor) -> None:
    answer = await vendor.client.post(
        "/shipbob/2026-01/order", json=order_body(), headers={"Authorization": HEADERS["Authorization"]}
    )
    assert answer.status_code == 400
    check_response(vendor.spec, "POST", "/2026-01/order", 400, answer.json())


async def test_changes_and_cancels_are_documented(vendor: Vendor) -> None:
    order = await vendor.order()
    shipment = f"/2026-01/shipment/{order['shipments'][0]['id']}"
    address = {"street_address1": "2 New St", "city": "Reno", "state": "NV", "zip_code": "89502"}
    items = (await vendor.call("GET", shipment + ":getLineItems")).json()
    lines = {"items": [{"inventory_id": items[0]["inventory_id"], "quantity": 2}]}
    assert (await vendor.call("PUT", shipment + ":updateAddress", address)).status_code == 200
    assert (await vendor.call("POST", shipment + ":updateLineItems", lines)).status_code == 200
    assert (await vendor.call("PUT", shipment + ":updateAddress", {"city": "Reno"})).status_code == 400
    assert (await vendor.call("POST", shipment + ":updateLineItems", {"items": []})).status_code == 400
    batch = await vendor.call("POST", "/2026-01/shipment:batchCancel", {"shipment_ids": [1]})
    assert batch.json()["results"][0]["is_success"] is False
    assert (await vendor.call("POST", shipment + ":cancel")).status_code == 200
    assert (await vendor.call("POST", shipment + ":cancel")).status_code == 422
    assert (await vendor.call("POST", f"/2026-01/order/{order['id']}:cancel")).status_code == 422
    second = await vendor.order(reference="FO-2.1")
    assert (await vendor.call("POST", f"/2026-01/order/{second['id']}:cancel")).status_code == 200


async def test_an_exception_is_documented(vendor: Vendor) -> None:
    order = await vendor.order(quantity=9999)
    assert order["status"] == "Exception"
    assert order["shipments"][0]["status_details"][0]["name"] == "OutOfStock"


async def test_webhook_subscriptions_are_documented(vendor: Vendor) -> None:
    wanted = {"url": "https://example.com/hook", "topics": ["order.shipped"], "description": "x"}
    made = (await vendor.call("POST", "/2026-01/webhook", wanted)).json()
    listed = (await vendor.call("GET", "/2026-01/webhook")).json()["items"]
    assert made["secret"].startswith("whsec_")
    assert [entry["id"] for entry in listed] == [made["id"]]
    assert "secret" not in listed[0]
    assert (await vendor.call("DELETE", f"/2026-01/webhook/{made['id']}")).status_code == 204
    bad = await vendor.call("POST", "/2026-01/webhook", wanted | {"topics": ["order.teleported"]})
    assert bad.status_code == 422
