"""The Shopify connector against the fake shop over real HTTP, which was written from the vendor's file apart."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from connectors.errors import AuthFailed, OutcomeUnknown, Retryable, VendorRejected
from connectors.http import make_client
from connectors.outcomes import Sent
from connectors.shops.base import (
    CancelRequest,
    CaptureRequest,
    FulfilRequest,
    HoldRequest,
    RefundRequest,
    ReleaseRequest,
)
from connectors.shops.shopify import Shopify, shopify_http
from connectors.shops.shopify_subscriptions import TOPICS
from domain.catalogue import KitPart, StockWrite
from domain.order import IncomingOrder, RiskLevel, TransactionKind
from tests.connectors.shops.test_shopify_orders import explained
from tests.support.sandbox import SandboxProcess

BUYER = {
    "customer": {"first_name": "Ada", "last_name": "Byron", "email": "ada@example.org"},
    "shipping_address": {
        "first_name": "Ada",
        "last_name": "Byron",
        "address1": "1 Main St",
        "address2": "Apt 4",
        "city": "Reno",
        "province_code": "NV",
        "zip": "89501",
        "country_code": "US",
        "phone": "+17755550100",
    },
    "shipping": {"title": "Standard", "code": "standard", "price": "5.00"},
    "send_webhook": False,
}
LINES = [{"sku": "STOVE-1", "quantity": 2, "discount": "3.01"}, {"sku": "ROPE-20", "quantity": 1}]


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    client = make_client()
    yield client
    await client.aclose()


@pytest.fixture
def shop(client: httpx.AsyncClient, sandbox: SandboxProcess) -> Shopify:
    http = shopify_http(client, sandbox.shop_url(), sandbox.shop_token(), timeout_s=2.0)
    return Shopify(http, "alpha")


def buy(sandbox: SandboxProcess, shop: str = "alpha", **changed: Any) -> list[str]:
    made = sandbox.control(f"shopify/{shop}/orders", {"lines": LINES, **BUYER, "payment": "paid", **changed})
    return [each["id"] for each in made["orders"]]


async def bought(shop: Shopify, sandbox: SandboxProcess, **changed: Any) -> IncomingOrder:
    [order] = await shop.fetch_orders(buy(sandbox, **changed))
    return order


async def again(shop: Shopify, order: IncomingOrder) -> IncomingOrder:
    [now] = await shop.fetch_orders([order.external_id])
    return now


def parcel(order: IncomingOrder, number: str = "1Z1") -> FulfilRequest:
    [fulfilment_order] = order.fulfilment_orders
    lines = [(fulfilment_order.external_id, line.external_id, line.remaining) for line in fulfilment_order.lines]
    return FulfilRequest(order.external_id, tuple(lines), number, "UPS", "https://t.example/1Z1")


async def read_until_refused(shop: Shopify, ids: list[str]) -> None:
    for _ in range(200):
        await shop.fetch_orders(ids)


@pytest.mark.row("CAP-4")
@pytest.mark.parametrize(
    ("account", "currency"), [("alpha", "USD"), ("alpha", "JPY"), ("alpha", "KWD"), ("nord", "EUR")]
)
async def test_orders_add_up_in_what_the_customer_pays(
    client: httpx.AsyncClient, sandbox: SandboxProcess, account: str, currency: str
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
async def test_an_edited_order_adds_up_too(client: httpx.AsyncClient, sandbox: SandboxProcess, account: str) -> None:
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


async def test_holds_are_ours_alone_and_repeat_harmlessly(shop: Shopify, sandbox: SandboxProcess) -> None:
    order = await bought(shop, sandbox)
    request = HoldRequest(order.fulfilment_orders[0].external_id, "aftercart", "please wait")
    [first] = await shop.hold([request])
    [second] = await shop.hold([request])
    assert isinstance(first, Sent)
    assert isinstance(second, Sent)
    assert first.external_id == second.external_id != ""
    [other] = await shop.hold([replace(request, handle="another")])
    assert isinstance(other, Sent)
    [held] = await shop.fulfilment_orders([request.fulfilment_order])
    assert (held.status, {hold.handle for hold in held.holds}) == ("on_hold", {"aftercart", "another"})

    release = ReleaseRequest(request.fulfilment_order, (first.external_id,))
    assert isinstance((await shop.release([release]))[0], Sent)
    [still] = await shop.fulfilment_orders([request.fulfilment_order])
    assert [hold.handle for hold in still.holds] == ["another"]
    assert isinstance((await shop.release([release]))[0], Sent)
    [outcome] = await shop.fulfil([parcel(order)])
    assert isinstance(outcome, VendorRejected)
    assert outcome.reason == "on_hold"


async def test_a_hold_whose_answer_is_lost_stands_once(shop: Shopify, sandbox: SandboxProcess) -> None:
    order = await bought(shop, sandbox)
    sandbox.fault("shopify", "fulfillmentOrderHold", "error_after", status=502)
    [outcome] = await shop.hold([HoldRequest(order.fulfilment_orders[0].external_id, "aftercart", "")])
    assert isinstance(outcome, Sent)
    [held] = await shop.fulfilment_orders([order.fulfilment_orders[0].external_id])
    assert [hold.external_id for hold in held.holds] == [outcome.external_id]


async def test_many_requests_each_with_its_outcome(shop: Shopify, sandbox: SandboxProcess) -> None:
    orders = await shop.fetch_orders(buy(sandbox, count=30))
    holds = [HoldRequest(each.fulfilment_orders[0].external_id, "aftercart", "") for each in orders]
    holds.insert(7, HoldRequest("gid://shopify/FulfillmentOrder/1", "aftercart", ""))
    outcomes = await shop.hold(holds)
    assert [i for i, each in enumerate(outcomes) if not isinstance(each, Sent)] == [7]
    assert isinstance(outcomes[7], VendorRejected)
    assert outcomes[7].reason == "not_found"


@pytest.mark.row("FUL-4")
async def test_a_parcel_is_written_back(shop: Shopify, sandbox: SandboxProcess) -> None:
    order = await bought(shop, sandbox)
    [outcome] = await shop.fulfil([parcel(order)])
    assert isinstance(outcome, Sent)
    now = await again(shop, order)
    assert [(each.external_id, each.tracking_numbers) for each in now.fulfilments] == [(outcome.external_id, ("1Z1",))]
    assert [line.remaining for each in now.fulfilment_orders for line in each.lines] == [0, 0]
    [twice] = await shop.fulfil([parcel(order, "1Z2")])
    assert isinstance(twice, VendorRejected)


async def test_a_parcel_whose_answer_is_lost_is_found_by_its_number(shop: Shopify, sandbox: SandboxProcess) -> None:
    order = await bought(shop, sandbox)
    sandbox.fault("shopify", "fulfillmentCreate", "error_after", status=500)
    [outcome] = await shop.fulfil([parcel(order)])
    assert isinstance(outcome, OutcomeUnknown)
    now = await again(shop, order)
    assert [number for each in now.fulfilments for number in each.tracking_numbers] == ["1Z1"]


async def test_capture_then_refund_once_per_key(shop: Shopify, sandbox: SandboxProcess) -> None:
    order = await bought(shop, sandbox, payment="authorized")
    [authorization] = order.transactions
    assert authorization.authorization_expires_at is not None
    capture = CaptureRequest(order.external_id, authorization.external_id, order.total_minor, "USD")
    captured = await shop.capture(capture)
    assert isinstance(captured, Sent)
    repeated = await shop.capture(capture)
    assert isinstance(repeated, VendorRejected)

    refund = RefundRequest("r-1", order.external_id, captured.external_id, authorization.gateway, 500, "USD", "damaged")
    sandbox.fault("shopify", "refundCreate", "error_after", status=500)
    first = await shop.refund(refund)
    second = await shop.refund(refund)
    assert isinstance(first, Sent)
    assert first == second
    refunds = [t for t in (await again(shop, order)).transactions if t.kind is TransactionKind.REFUND]
    assert [t.amount_minor for t in refunds] == [500]
    too_much = await shop.refund(replace(refund, key="r-2", amount_minor=order.total_minor))
    assert isinstance(too_much, VendorRejected)
    assert too_much.reason == "amount_too_high"
    other_content = await shop.refund(replace(refund, amount_minor=501))
    assert isinstance(other_content, VendorRejected)
    assert other_content.reason == "key_conflict"


async def test_a_cancellation_is_done_when_we_say_so(shop: Shopify, sandbox: SandboxProcess) -> None:
    order = await bought(shop, sandbox)
    request = CancelRequest(order.external_id, refund=True, restock=True, reason="customer", note="asked for")
    assert isinstance(await shop.cancel_order(request), Sent)
    now = await again(shop, order)
    assert now.cancelled_at is not None
    refunded = [t.amount_minor for t in now.transactions if t.kind is TransactionKind.REFUND]
    assert sum(refunded) == order.total_minor
    repeated = await shop.cancel_order(request)
    assert isinstance(repeated, VendorRejected)
    assert repeated.reason == "already_cancelled"


async def test_stock_is_compared_and_set(shop: Shopify, sandbox: SandboxProcess) -> None:
    levels = [level async for page in shop.stock() for level in page]
    level = next(each for each in levels if each.sku == "ROPE-20" and each.available > 10)
    write = StockWrite(
        "s-1", level.inventory_external_id, level.location_external_id, level.available, level.available - 3
    )
    assert isinstance((await shop.set_available([write]))[0], Sent)
    assert isinstance((await shop.set_available([write]))[0], Sent)  # the same key: done already
    [stale, fresh] = await shop.set_available(
        [replace(write, key="s-2"), replace(write, key="s-3", expected=write.available, available=2)]
    )
    assert isinstance(stale, VendorRejected)
    assert stale.reason == "stale"
    assert isinstance(fresh, Sent)
    after = await shop.read_stock([level.inventory_external_id])
    [now] = [each for each in after if each.location_external_id == level.location_external_id]
    assert now.available == 2


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


async def test_a_wrong_token_is_for_an_operator(client: httpx.AsyncClient, sandbox: SandboxProcess) -> None:
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
