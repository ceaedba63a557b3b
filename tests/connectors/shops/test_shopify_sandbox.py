"""The Shopify connector against the fake shop over real HTTP, which was written from the vendor's file apart."""

from datetime import UTC, datetime, timedelta

import pytest

from connectors.errors import AuthFailed, Retryable
from connectors.shops.base import (
    FulfilRequest,
)
from connectors.shops.shopify import Shopify, shopify_http
from connectors.shops.shopify_subscriptions import TOPICS
from connectors.transport import HttpClient
from domain.catalogue import KitPart
from domain.order import RiskLevel
from tests.connectors.shops.buying import again, bought, buy
from tests.connectors.shops.test_shopify_orders import explained
from tests.support.sandbox import SandboxProcess


async def read_until_refused(shop: Shopify, ids: list[str]) -> None:
    for _ in range(200):
        await shop.fetch_orders(ids)


@pytest.mark.row("CAP-4")
@pytest.mark.parametrize(
    ("account", "currency"), [("alpha", "USD"), ("alpha", "JPY"), ("alpha", "KWD"), ("nord", "EUR")]
)
async def test_orders_add_up_in_what_the_customer_pays(
    client: HttpClient, sandbox: SandboxProcess, account: str, currency: str
) -> None:
    shop = Shopify(shopify_http(client, sandbox.shop_url(account), sandbox.shop_token(account)), account)
    price = {"JPY": "500", "KWD": "1.505"}.get(currency, "5.00")
    lines = [{"sku": "STOVE-1", "quantity": 2}, {"sku": "ROPE-20", "quantity": 1}]
    shipping = {"title": "Standard", "code": "standard", "price": price}
    [order] = await shop.fetch_orders(
        buy(sandbox, account, currency=currency, lines=lines, shipping=shipping, risk="high")
    )
    assert order.currency == currency
    assert explained(order) == order.total_minor > 0
    assert order.other_minor == 0
    assert order.tax_minor == sum(line.tax_minor for line in order.lines) + order.shipping_tax_minor
    assert [(line.sku, line.quantity) for line in order.lines] == [("STOVE-1", 2), ("ROPE-20", 1)]
    assert order.shipping_address is not None
    assert (order.shipping_address.line2, order.shipping_address.region) == ("Apt 4", "NV")
    assert sum(each.amount_minor for each in order.transactions) == order.total_minor
    assert int(order.external_id.rpartition("/")[2]) > 2**53


@pytest.mark.row("CAP-4")
@pytest.mark.parametrize("account", ["alpha", "nord"])
async def test_an_edited_order_adds_up_too(client: HttpClient, sandbox: SandboxProcess, account: str) -> None:
    shop = Shopify(shopify_http(client, sandbox.shop_url(account), sandbox.shop_token(account)), account)
    [order] = await shop.fetch_orders(buy(sandbox, account))
    legacy = order.external_id.rpartition("/")[2]
    sandbox.control(f"shopify/{account}/orders/{legacy}/edit", {"lines": [{"sku": "STOVE-1", "quantity": 1}]})
    now = await again(shop, order)
    assert [line.quantity for line in now.lines] == [1, 1]
    assert explained(now) == now.total_minor < order.total_minor
    assert now.other_minor == 0


async def test_risk_arrives_with_the_order(shop: Shopify, sandbox: SandboxProcess) -> None:
    facts = [{"description": "many cards", "sentiment": "NEGATIVE"}]
    order = await bought(shop, sandbox, risk="high", risk_facts=facts)
    legacy = order.external_id.rpartition("/")[2]
    sandbox.control(f"shopify/alpha/orders/{legacy}/risk", {"risk": "high", "risk_facts": facts})
    order = await again(shop, order)
    assert order.risk.level is RiskLevel.HIGH
    assert "many cards" in [fact.description for fact in order.risk.facts]


async def test_pages_come_by_rising_time_and_none_twice(shop: Shopify, sandbox: SandboxProcess) -> None:
    ids = buy(sandbox, count=60)
    since = datetime.now(UTC) - timedelta(minutes=5)
    found = [order async for page in shop.orders_updated_since(since) for order in page]
    assert sorted(order.external_id for order in found) == sorted(ids)
    assert [order.updated_at for order in found] == sorted(order.updated_at for order in found)
    later = datetime.now(UTC) + timedelta(hours=1)
    assert [order async for page in shop.orders_updated_since(later) for order in page] == []


async def test_unknown_orders_are_left_out(shop: Shopify, sandbox: SandboxProcess) -> None:
    [known] = buy(sandbox)
    found = await shop.fetch_orders(["gid://shopify/Order/1", known])
    assert [order.external_id for order in found] == [known]


@pytest.mark.row("CAP-7")
async def test_the_catalogue_has_what_we_need_to_ship(shop: Shopify) -> None:
    products = [product async for page in shop.catalogue(None) for product in page]
    variants = {variant.sku: variant for product in products for variant in product.variants}
    assert set(variants["KIT-COOK"].kit_parts) == {KitPart("STOVE-1", 1), KitPart("POT-SET-S", 1)}
    assert [p.title for p in products if p.hazmat] == ["Isobutane Gas Canister"]
    assert not variants["GIFT-50"].requires_shipping
    tent = variants["TENT-2P-GRN"]
    assert tent.weight_g > 1000
    assert tent.origin_country
    assert tent.hs_code
    assert tent.price_minor > 0
    assert any(p.care_text for p in products)
    later = datetime.now(UTC) + timedelta(days=1)
    assert [product async for page in shop.catalogue(later) for product in page] == []


async def test_subscriptions_are_made_once(shop: Shopify) -> None:
    assert await shop.ensure_subscriptions("http://127.0.0.1:9/hooks") == list(TOPICS)
    assert await shop.ensure_subscriptions("http://127.0.0.1:9/hooks") == []


async def test_a_wrong_token_is_for_an_operator(client: HttpClient, sandbox: SandboxProcess) -> None:
    shop = Shopify(shopify_http(client, sandbox.shop_url(), "wrong"), "alpha")
    with pytest.raises(AuthFailed):
        await shop.check()
    [outcome] = await shop.fulfil([FulfilRequest("o", (("f", "l", 1),), "1Z", "UPS")])
    assert isinstance(outcome, AuthFailed)


async def test_a_small_bucket_is_waited_for(shop: Shopify, sandbox: SandboxProcess) -> None:
    ids = buy(sandbox, count=2)
    sandbox.fault("shopify", "nodes", "throttle", times=1)
    assert len(await shop.fetch_orders(ids)) == 2
    sandbox.control("shopify/alpha/settings", {"max_available": 1000, "restore_rate": 0.5})
    with pytest.raises(Retryable) as caught:
        await read_until_refused(shop, ids)
    assert caught.value.after_s is not None
    assert caught.value.after_s > 0
