"""What ShipBob delivers: signed, filed and read."""

from datetime import UTC, datetime

import pytest

from connectors.hooks import read_hook
from connectors.warehouses.returning import AnnouncedLine, NodeReturnRequest
from connectors.warehouses.shipbob import ShipBob, parse_webhook
from connectors.warehouses.shipbob_returns import RETURN_TOPICS, parse_return
from connectors.webhooks import BadSignature, verify_standard
from domain.nodes import NodeState
from tests.connectors.warehouses.conftest import WEBHOOK_SECRET, make_request
from tests.support.receiver import receiving
from tests.support.sandbox import SandboxProcess


@pytest.mark.row("FUL-4")
@pytest.mark.parametrize(
    ("to", "topic", "state"),
    [
        ("shipped", "order.shipped", NodeState.SHIPPED),
        ("delivered", "order.shipment.delivered", NodeState.DELIVERED),
        ("short", "order.shipment.exception", NodeState.EXCEPTION),
    ],
)
async def test_delivery_tells_the_state(
    shipbob: ShipBob, sandbox: SandboxProcess, to: str, topic: str, state: NodeState
) -> None:
    async with receiving() as receiver:
        await shipbob.ensure_subscriptions(receiver.url)
        order = await shipbob.create_order(make_request())

        sandbox.control(f"shipbob/orders/{order.external_id}/advance", {"to": to})

        delivery = await receiver.wait_for(topic, header="x-webhook-topic")
        verify_standard(delivery.body, delivery.headers, WEBHOOK_SECRET, now=datetime.now(UTC))
        assert read_hook("shipbob", delivery.headers, delivery.body).topic == topic
        told = parse_webhook(topic, delivery.json())
        assert (order.external_id, "FO-1.1", state) == (told.external_id, told.reference, told.state)
        with pytest.raises(BadSignature):
            verify_standard(delivery.body + b" ", delivery.headers, WEBHOOK_SECRET, now=datetime.now(UTC))


@pytest.mark.row("RET-4")
async def test_deliveries_of_a_return_tell_it_as_it_was(
    shipbob: ShipBob, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.warehouses.shipbob.TOPICS", RETURN_TOPICS)
    async with receiving() as receiver:
        assert await shipbob.ensure_subscriptions(receiver.url) == list(RETURN_TOPICS)
        made = await shipbob.announce_return(NodeReturnRequest("RMA-1", (AnnouncedLine("SOCK-M", 2),), "4"))
        sandbox.control(f"shipbob/returns/{made.external_id}/inspect", {})

        for topic in RETURN_TOPICS:
            delivery = await receiver.wait_for(topic, header="x-webhook-topic")
            verify_standard(delivery.body, delivery.headers, WEBHOOK_SECRET, now=datetime.now(UTC))
            assert read_hook("shipbob", delivery.headers, delivery.body).subject == made.external_id
            told = parse_return(delivery.json())
            assert (told.external_id, told.reference) == (made.external_id, "RMA-1")

    assert told == await shipbob.fetch_return(made.external_id)
