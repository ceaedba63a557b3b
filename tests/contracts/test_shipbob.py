"""Each call that ShipBob's connector can make, and each answer of the sandbox, against ShipBob's OpenAPI."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.errors import VendorRejected
from connectors.warehouses.returning import AnnouncedLine, NodeReturnRequest
from connectors.warehouses.shipbob import ShipBob, shipbob_http
from domain.nodes import NodeLine
from tests.connectors.warehouses.conftest import CHANNEL, TOKEN, make_request
from tests.support.openapi import load_spec
from tests.support.recording import Exchange, RecordingClient, check_exchanges
from tests.support.sandbox import SandboxProcess

CALLS = {
    "POST /2026-01/order",
    "GET /2026-01/order",
    "GET /2026-01/order/{orderId}",
    "POST /2026-01/order/{orderId}:cancel",
    "GET /2026-01/shipment/{shipmentId}:getLineItems",
    "POST /2026-01/shipment/{shipmentId}:updateLineItems",
    "PUT /2026-01/shipment/{shipmentId}:updateAddress",
    "GET /2026-01/inventory-level",
    "GET /2026-01/inventory-level/locations",
    "POST /2026-01/return",
    "GET /2026-01/return",
    "GET /2026-01/return/{id}",
    "POST /2026-01/return/{id}:cancel",
    "GET /2026-01/webhook",
    "POST /2026-01/webhook",
    "GET /2026-01/channel",
}


@pytest.mark.row("FUL-2")
async def test_every_call_is_as_the_contract_says(sandbox: SandboxProcess, shared: Path) -> None:
    exchanges: list[Exchange] = []
    async with RecordingClient(exchanges) as client:
        http = shipbob_http(client, f"{sandbox.url}/shipbob", TOKEN)
        await call_everything(ShipBob(http, account="main", channel_id=CHANNEL))

    spec = load_spec(shared / "contracts/shipbob/openapi-2026-01.json")

    assert CALLS == check_exchanges(spec, exchanges, prefix="/shipbob")


async def call_everything(node: ShipBob) -> None:
    order = await node.create_order(make_request())
    await node.create_order(make_request())  # 422, then a look-up
    with pytest.raises(VendorRejected):
        await node.create_order(make_request(reference="FO-2.1", lines=(NodeLine("NO-SUCH-SKU", 1),)))
    assert await node.fetch_order("1") is None
    assert await node.fetch_order(order.external_id)
    await node.change_address(order.external_id, make_request().ship_to, "ada@customer.example")
    await node.change_lines(order.external_id, [NodeLine("BAG-45-BLK", 1), NodeLine("ROPE-20", 1)])
    await node.cancel_order(order.external_id)
    await node.cancel_order(order.external_id)  # refused, then a look-up
    assert [page async for page in node.orders_updated_since(datetime(2020, 1, 1, tzinfo=UTC))]
    assert [page async for page in node.stock()]
    back = NodeReturnRequest("RMA-1", (AnnouncedLine("SOCK-M", 1),), "4", "9400R1")
    made = await node.announce_return(back)
    await node.announce_return(back)  # 422, then a look-up
    assert [page async for page in node.returns_since(datetime(2020, 1, 1, tzinfo=UTC))]
    await node.cancel_return(made.external_id)
    await node.cancel_return(made.external_id)  # refused, then a look-up
    await node.ensure_subscriptions("https://shop.example/hooks")
    await node.ensure_subscriptions("https://shop.example/hooks")
    await node.check()
