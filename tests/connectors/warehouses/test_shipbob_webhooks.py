"""What ShipBob delivers: signed, filed and read."""

from datetime import UTC, datetime

import pytest

from connectors.hooks import read_hook
from connectors.warehouses.shipbob import ShipBob, parse_webhook
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
