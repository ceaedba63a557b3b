"""Deliveries about returns, refunds and disputes of the fake shop, over real HTTP."""

from datetime import UTC, datetime

import orjson
import pytest

from connectors.hooks import read_hook
from connectors.outcomes import Sent
from connectors.shops import shopify_subscriptions
from connectors.shops.returning import DeclineReason, DisputeState
from connectors.shops.shopify import Shopify
from connectors.shops.shopify_return_hooks import (
    DISPUTE_TOPICS,
    RETURN_TOPICS,
    parse_dispute_hook,
    parse_refund_hook,
    parse_return_hook,
)
from connectors.webhooks import verify_shopify
from tests.connectors.shops.sandbox_returns import asked_for, opened, shipped
from tests.connectors.shops.test_shopify_deliveries import arrived
from tests.support.raw_server import raw_server, reply
from tests.support.sandbox import SandboxProcess


@pytest.mark.row("RET-1")
async def test_each_delivery_leads_to_what_is_read_again(
    shop: Shopify, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    topics = RETURN_TOPICS | DISPUTE_TOPICS | {"refunds/create": "REFUNDS_CREATE"}
    monkeypatch.setattr(shopify_subscriptions, "TOPICS", topics)
    order = await shipped(shop, sandbox, lines=[{"sku": "STOVE-1", "quantity": 5}])
    number = order.external_id.rpartition("/")[2]
    async with raw_server(reply(200)) as receiver:
        assert await shop.ensure_subscriptions(receiver.url + "/hooks/shopify") == list(topics)
        refused, gone = asked_for(sandbox, order), await opened(shop, order, 1)
        done = await opened(shop, order, 1, reference="ret_2")
        assert isinstance(await shop.decline_return(refused, DeclineReason.FINAL_SALE, "final sale"), Sent)
        assert isinstance(await shop.cancel_return(gone.external_id), Sent)
        sandbox.control(f"shopify/alpha/returns/{done.external_id.rpartition('/')[2]}/process", {"refund": True})
        assert isinstance(await shop.close_return(done.external_id), Sent)
        sandbox.control(f"shopify/alpha/orders/{number}/dispute", {"type": "inquiry", "amount": "11.50"})
        expected = {
            "returns/request": refused,
            "returns/decline": refused,
            "returns/cancel": gone.external_id,
            "returns/process": done.external_id,
            "returns/close": done.external_id,
        }
        for topic, returned in expected.items():
            headers, body = await arrived(receiver, topic)
            verify_shopify(body, headers, sandbox.shop_secret(), now=datetime.now(UTC))
            assert read_hook("shopify", headers, body).subject == order.external_id
            assert parse_return_hook(orjson.loads(body)).returned == returned, topic
        _, refund = await arrived(receiver, "refunds/create")
        headers, dispute = await arrived(receiver, "disputes/create")

    told = parse_refund_hook(orjson.loads(refund))
    assert (told.order, told.returned) == (order.external_id, done.external_id)
    assert read_hook("shopify", headers, dispute).subject == order.external_id
    disputed = parse_dispute_hook(orjson.loads(dispute))
    assert (disputed.order, disputed.state) == (order.external_id, DisputeState.NEEDS_RESPONSE)
    assert (disputed.is_inquiry, disputed.amount_minor, disputed.currency) == (True, 1150, "USD")
    assert disputed.answer_by is not None
