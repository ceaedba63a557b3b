"""Deliveries of the fake shop: signed, filed and read as the real ones would be, over real HTTP."""

import asyncio
from datetime import UTC, datetime

import pytest

from connectors.hooks import read_hook
from connectors.shops.shopify import Shopify
from connectors.shops.shopify_webhook_order import parse_webhook_order
from connectors.webhooks import BadSignature, verify_shopify
from tests.connectors.shops.buying import BUYER, LINES
from tests.support.raw_server import RawServer, raw_server, reply
from tests.support.sandbox import SandboxProcess
from tests.support.waiting import PATIENCE_S


async def arrived(server: RawServer, topic: str) -> tuple[dict[str, str], bytes]:
    """The first delivery of a topic; waits for it."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            for raw in server.seen:
                headers, body = split(raw)
                if headers["x-shopify-topic"] == topic:
                    return headers, body
            server.news.clear()
            await server.news.wait()


def split(raw: bytes) -> tuple[dict[str, str], bytes]:
    head, _, body = raw.partition(b"\r\n\r\n")
    pairs = (line.partition(": ") for line in head.decode().split("\r\n")[1:])
    return {name.lower(): value for name, _, value in pairs}, body


@pytest.mark.parametrize(("account_currency", "price"), [("USD", "5.00"), ("JPY", "500"), ("KWD", "1.505")])
async def test_a_delivery_is_believed_filed_and_says_what_the_api_says(
    shop: Shopify, sandbox: SandboxProcess, account_currency: str, price: str
) -> None:
    async with raw_server(reply(200)) as receiver:
        await shop.ensure_subscriptions(receiver.url + "/hooks/shopify")
        lines = [{"sku": each["sku"], "quantity": each["quantity"]} for each in LINES]
        shipping = {"title": "Standard", "code": "standard", "price": price}
        wanted = {**BUYER, "lines": lines, "shipping": shipping, "currency": account_currency}
        made = sandbox.control("shopify/alpha/orders", {**wanted, "send_webhook": True})
        headers, body = await arrived(receiver, "orders/create")

    verify_shopify(body, headers, sandbox.shop_secret(), now=datetime.now(UTC))
    with pytest.raises(BadSignature):
        verify_shopify(body + b" ", headers, sandbox.shop_secret(), now=datetime.now(UTC))
    hook = read_hook("shopify", headers, body)
    assert hook.subject == made["orders"][0]["id"]
    assert hook.account == "alpha.myshopify.com"
    assert hook.occurred_at is not None

    hint = parse_webhook_order(body)
    [order] = await shop.fetch_orders([hook.subject])
    assert hint.lines == order.lines
    for name in ("currency", "total_minor", "tax_minor", "shipping_minor", "shipping_tax_minor", "other_minor"):
        assert getattr(hint, name) == getattr(order, name), name
    for name in ("name", "email", "locale", "shipping_address", "customer_external_id", "shipping_code"):
        assert getattr(hint, name) == getattr(order, name), name


@pytest.mark.row("EDT-1")
async def test_an_edit_by_staff_is_delivered_as_one_of_its_order(shop: Shopify, sandbox: SandboxProcess) -> None:
    async with raw_server(reply(200)) as receiver:
        await shop.ensure_subscriptions(receiver.url + "/hooks/shopify")
        made = sandbox.control("shopify/alpha/orders", {**BUYER, "lines": LINES, "payment": "paid"})
        [order] = made["orders"]
        path = f"shopify/alpha/orders/{order['id'].rpartition('/')[2]}/edit"
        sandbox.control(path, {"lines": [{"sku": "STOVE-1", "quantity": 1}, {"sku": "ROPE-40", "quantity": 1}]})
        headers, body = await arrived(receiver, "orders/edited")

    verify_shopify(body, headers, sandbox.shop_secret(), now=datetime.now(UTC))
    assert read_hook("shopify", headers, body).subject == order["id"]
    [now] = await shop.fetch_orders([order["id"]])
    assert [(line.sku, line.quantity) for line in now.lines] == [("STOVE-1", 1), ("ROPE-20", 1), ("ROPE-40", 1)]
