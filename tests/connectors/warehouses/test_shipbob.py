"""ShipBob's connector against the sandbox."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors.errors import AuthFailed, OutcomeUnknown, Retryable, VendorRejected
from connectors.transport import HttpClient
from connectors.warehouses.shipbob import TOPICS, ShipBob, shipbob_http
from domain.nodes import NodeLine, NodeState, request_digest
from tests.connectors.warehouses.conftest import CHANNEL, TOKEN, make_request, no_sleep
from tests.support.recording import Exchange
from tests.support.sandbox import SandboxProcess

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.mark.row("FUL-1")
async def test_create_order_is_received_under_our_reference(shipbob: ShipBob) -> None:
    request = make_request()

    order = await shipbob.create_order(request)

    assert (order.reference, order.state) == ("FO-1.1", NodeState.RECEIVED)
    assert order.request_digest == request_digest(request.ship_to, request.lines)
    assert sorted(order.shipments[0].lines, key=lambda line: line.sku) == [
        NodeLine("BAG-45-BLK", 2),
        NodeLine("SOCK-M", 1),
    ]


async def test_create_order_sends_token_and_channel(shipbob: ShipBob, exchanges: list[Exchange]) -> None:
    await shipbob.create_order(make_request())

    [sent] = exchanges
    assert sent.headers["authorization"] == f"Bearer {TOKEN}"
    assert sent.headers["shipbob_channel_id"] == str(CHANNEL)


@pytest.mark.row("FUL-1")
async def test_create_order_again_gives_the_first(shipbob: ShipBob, sandbox: SandboxProcess) -> None:
    first = await shipbob.create_order(make_request())

    again = await shipbob.create_order(make_request())

    assert first.external_id == again.external_id
    assert len(sandbox.control("shipbob/orders")) == 1


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"lines": (NodeLine("BAG-45-BLK", 3), NodeLine("SOCK-M", 1))}, id="other quantity"),
        pytest.param({"lines": (NodeLine("BAG-45-BLK", 2),)}, id="other lines"),
        pytest.param({"ship_to": replace(make_request().ship_to, line2="Apt 5")}, id="other unit"),
    ],
)
async def test_create_order_with_other_content_is_a_conflict(shipbob: ShipBob, changes: dict) -> None:
    await shipbob.create_order(make_request())

    with pytest.raises(VendorRejected) as caught:
        await shipbob.create_order(make_request(**changes))

    assert caught.value.reason == "reference_conflict"


async def test_create_order_on_a_cancelled_reference_is_refused(shipbob: ShipBob) -> None:
    order = await shipbob.create_order(make_request())
    await shipbob.cancel_order(order.external_id)

    with pytest.raises(VendorRejected) as caught:
        await shipbob.create_order(make_request())

    assert caught.value.reason == "reference_cancelled"


@pytest.mark.row("FUL-1", bad_input=True)
async def test_create_order_of_unknown_sku_is_refused(shipbob: ShipBob, sandbox: SandboxProcess) -> None:
    with pytest.raises(VendorRejected) as caught:
        await shipbob.create_order(make_request(lines=(NodeLine("NO-SUCH-SKU", 1),)))

    assert caught.value.reason == "unknown_sku"
    assert sandbox.control("shipbob/orders") == []


async def test_refusal_repeats_nothing_that_we_sent(shipbob: ShipBob) -> None:
    with pytest.raises(VendorRejected) as caught:
        await shipbob.create_order(make_request(lines=(NodeLine("NO-SUCH-SKU", 1),)))

    assert "Byron" not in str(caught.value)
    assert "NO-SUCH-SKU" not in str(caught.value)


async def test_lost_answer_is_found_by_reference(shipbob: ShipBob, sandbox: SandboxProcess) -> None:
    sandbox.fault("shipbob", "POST /2026-01/order", "error_after", status=502)

    with pytest.raises(OutcomeUnknown):
        await shipbob.create_order(make_request())

    found = await shipbob.find_order("FO-1.1")
    assert found is not None
    assert found.reference == "FO-1.1"


async def test_find_order_knows_when_there_is_none(shipbob: ShipBob) -> None:
    assert await shipbob.find_order("FO-404.1") is None


async def test_refused_connection_is_tried_again(shipbob: ShipBob, sandbox: SandboxProcess) -> None:
    sandbox.fault("shipbob", "GET /2026-01/order", "refuse")

    assert await shipbob.find_order("FO-1.1") is None


async def test_throttling_tells_how_long(sandbox: SandboxProcess) -> None:
    sandbox.control("shipbob/settings", {"rate_limit_per_minute": 1})
    async with HttpClient() as client:
        node = ShipBob(
            shipbob_http(client, f"{sandbox.url}/shipbob", TOKEN, sleep=no_sleep),
            account="main",
            channel_id=CHANNEL,
        )
        await node.find_order("FO-1.1")

        with pytest.raises(Retryable) as caught:
            await node.find_order("FO-1.1")

    assert caught.value.after_s is not None
    assert 0 < caught.value.after_s <= 60


async def test_wrong_token_is_for_an_operator(sandbox: SandboxProcess) -> None:
    async with HttpClient() as client:
        node = ShipBob(shipbob_http(client, f"{sandbox.url}/shipbob", "wrong"), account="main", channel_id=CHANNEL)

        with pytest.raises(AuthFailed):
            await node.check()


async def test_check_names_the_channel(shipbob: ShipBob) -> None:
    assert await shipbob.check()


async def test_cancel_before_picking_then_again(shipbob: ShipBob) -> None:
    order = await shipbob.create_order(make_request())

    await shipbob.cancel_order(order.external_id)
    await shipbob.cancel_order(order.external_id)

    now = await shipbob.find_order("FO-1.1")
    assert now is not None
    assert now.state is NodeState.CANCELLED


async def test_cancel_after_shipping_is_too_late(shipbob: ShipBob, sandbox: SandboxProcess) -> None:
    order = await shipbob.create_order(make_request())
    sandbox.control(f"shipbob/orders/{order.external_id}/advance", {"to": "shipped"})

    with pytest.raises(VendorRejected) as caught:
        await shipbob.cancel_order(order.external_id)

    assert caught.value.reason == "too_late"


@pytest.mark.row("FUL-2")
@pytest.mark.parametrize(
    ("to", "state"),
    [
        ("labelled", NodeState.LABELLED),
        ("shipped", NodeState.SHIPPED),
        ("delivered", NodeState.DELIVERED),
        ("short", NodeState.EXCEPTION),
    ],
)
async def test_states(shipbob: ShipBob, sandbox: SandboxProcess, to: str, state: NodeState) -> None:
    order = await shipbob.create_order(make_request())

    sandbox.control(f"shipbob/orders/{order.external_id}/advance", {"to": to})

    now = await shipbob.fetch_order(order.external_id)
    assert now is not None
    assert now.state is state


async def test_shipped_order_has_tracking(shipbob: ShipBob, sandbox: SandboxProcess) -> None:
    order = await shipbob.create_order(make_request())

    sandbox.control(f"shipbob/orders/{order.external_id}/advance", {"to": "shipped"})

    now = await shipbob.fetch_order(order.external_id)
    assert now is not None
    [shipment] = now.shipments
    assert shipment.tracking_number
    assert shipment.carrier
    assert shipment.shipped_at is not None


async def test_orders_updated_since_pages_through_all(shipbob: ShipBob, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.warehouses.shipbob._PAGE", 2)
    for number in range(5):
        await shipbob.create_order(make_request(reference=f"FO-{number}.1"))

    pages = [page async for page in shipbob.orders_updated_since(LONG_AGO)]

    assert [2, 2, 1] == [len(page) for page in pages]
    assert {f"FO-{number}.1" for number in range(5)} == {o.reference for page in pages for o in page}


async def test_orders_updated_since_leaves_older_out(shipbob: ShipBob) -> None:
    order = await shipbob.create_order(make_request())
    assert order.updated_at is not None

    later = order.updated_at + timedelta(hours=1)

    assert [] == [page async for page in shipbob.orders_updated_since(later)]


async def test_stock_is_what_shipbob_still_offers(shipbob: ShipBob, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.warehouses.shipbob._PAGE", 10)
    before = {level.sku: level async for page in shipbob.stock() for level in page if level.node_location == "4"}

    await shipbob.create_order(make_request())

    after = {level.sku: level async for page in shipbob.stock() for level in page if level.node_location == "4"}
    assert len(before) > 30
    assert before["BAG-45-BLK"].free - 2 == after["BAG-45-BLK"].free
    assert before["BAG-45-BLK"].on_hand == after["BAG-45-BLK"].on_hand


async def test_subscriptions_are_made_once(shipbob: ShipBob) -> None:
    url = "https://shop.example/hooks/shipbob/main"

    first = await shipbob.ensure_subscriptions(url)
    second = await shipbob.ensure_subscriptions(url)

    assert list(TOPICS) == first
    assert [] == second
    assert shipbob.issued_secret == ""


async def test_secret_that_shipbob_chose_is_told(sandbox: SandboxProcess) -> None:
    async with HttpClient() as client:
        node = ShipBob(shipbob_http(client, f"{sandbox.url}/shipbob", TOKEN), account="main", channel_id=CHANNEL)

        await node.ensure_subscriptions("https://shop.example/hooks/shipbob/main")

    assert node.issued_secret.startswith("whsec_")
