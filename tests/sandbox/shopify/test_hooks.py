"""Webhooks: signed over the bytes, shaped like the vendor's, and what order updates change."""

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.shopify.conftest import ADDRESS, Driver, subscribe

TRACKING = {"number": "T1", "url": "https://t/1"}
EVENT = """mutation($id: ID!) { fulfillmentEventCreate(fulfillmentEvent: {fulfillmentId: $id, status: IN_TRANSIT}) {
  userErrors { message } } }"""


def _bodies(shop: Driver, topic: str) -> list[dict[str, Any]]:
    return [json.loads(each.body) for each in shop.hooks if each.topic == topic]


def _fixture(shared: Path, topic: str) -> Any:
    name = topic.replace("/", "__")
    return json.loads((shared / f"fixtures/shopify/webhooks/2026-07/{name}.json").read_text())["payload"]


def _kind(value: Any) -> str:
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return type(value).__name__
    return "number" if isinstance(value, int | float) else type(value).__name__


def _differences(ours: Any, theirs: Any, path: str) -> list[str]:
    """Keys the vendor has and we lack, and values of another kind. Null fits everything."""
    if ours is None or theirs is None:
        return []
    if _kind(ours) != _kind(theirs):
        return [f"{path}: {_kind(ours)} is not {_kind(theirs)}"]
    if isinstance(theirs, dict):
        found = [f"{path}.{key} is missing" for key in theirs if key not in ours]
        return found + [
            d for key in theirs if key in ours for d in _differences(ours[key], theirs[key], f"{path}.{key}")
        ]
    if isinstance(theirs, list) and ours and theirs:
        return _differences(ours[0], theirs[0], f"{path}[0]")
    return []


async def test_bodies_have_the_vendors_shape(shop: Driver, shared: Path) -> None:
    await subscribe(shop, "ORDERS_CREATE", "ORDERS_CANCELLED", "ORDERS_UPDATED", "FULFILLMENTS_CREATE", "ORDERS_EDITED",
                    "INVENTORY_LEVELS_UPDATE", "REFUNDS_CREATE", "FULFILLMENT_ORDERS_PLACED_ON_HOLD",
                    "FULFILLMENT_ORDERS_SPLIT", "FULFILLMENT_EVENTS_CREATE")  # fmt: skip
    order = await shop.buy(lines=[{"sku": "TENT-2P-GRN", "quantity": 2, "discount": "5.00"}])
    fo = (await shop.fos(order))[0]
    part = {"id": fo["lineItems"]["nodes"][0]["id"], "quantity": 1}
    text = """mutation($id: ID!, $f: FulfillmentInput!, $s: [FulfillmentOrderSplitInput!]!) {
      fulfillmentOrderSplit(fulfillmentOrderSplits: $s) { userErrors { message } }
      fulfillmentOrderHold(id: $id, fulfillmentHold: {reason: OTHER, handle: "h"}) { userErrors { message } }
      fulfillmentOrderReleaseHold(id: $id) { userErrors { message } }
      fulfillmentCreate(fulfillment: $f) { fulfillment { id } userErrors { message } } }"""
    wanted = {
        "lineItemsByFulfillmentOrder": [{"fulfillmentOrderId": fo["id"]}],
        "trackingInfo": TRACKING,
    }
    split = [{"fulfillmentOrderId": fo["id"], "fulfillmentOrderLineItems": [part]}]
    done = await shop.ask(text, {"id": fo["id"], "f": wanted, "s": split})
    made = done["fulfillmentCreate"]["fulfillment"]["id"]
    await shop.ask(EVENT, {"id": made})
    other = await shop.buy()
    path = f"/shopify/alpha/orders/{other['legacy_id']}"
    await shop.post(f"{path}/edit", {"lines": [{"sku": "TENT-2P-GRN", "quantity": 1}]})
    await shop.post(f"{path}/cancel")
    for topic in (
        "orders/create", "orders/cancelled", "orders/updated", "fulfillments/create", "inventory_levels/update",
        "refunds/create", "orders/edited", "fulfillment_orders/placed_on_hold", "fulfillment_orders/split",
        "fulfillment_events/create",
    ):  # fmt: skip
        found = _bodies(shop, topic)
        assert found, topic
        theirs = _fixture(shared, topic)
        missing = _differences(found[0], theirs, topic)
        assert not missing


async def test_the_signature_is_over_the_raw_bytes(shop: Driver) -> None:
    await subscribe(shop, "ORDERS_CREATE")
    order = await shop.buy()
    sent = next(each for each in shop.hooks if each.topic == "orders/create")
    digest = hmac.new(b"sandbox-secret-alpha", sent.body, hashlib.sha256).digest()
    assert sent.headers["X-Shopify-Hmac-Sha256"] == base64.b64encode(digest).decode()
    assert sent.headers["X-Shopify-Shop-Domain"] == "alpha.myshopify.com"
    assert sent.headers["X-Shopify-Topic"] == "orders/create"
    assert sent.headers["X-Shopify-API-Version"] == "2026-10"
    assert {"X-Shopify-Event-Id", "X-Shopify-Webhook-Id", "X-Shopify-Triggered-At"} <= set(sent.headers)
    assert json.loads(sent.body)["id"] == order["legacy_id"]


async def test_risk_comes_with_the_order_or_later(shop: Driver) -> None:
    await subscribe(shop, "ORDERS_CREATE", "ORDERS_UPDATED", "ORDERS_RISK_ASSESSMENT_CHANGED")
    await shop.buy(risk="high")
    assert [each.topic for each in shop.hooks] == ["orders/create", "orders/risk_assessment_changed", "orders/updated"]
    shop.hooks.clear()
    order = await shop.buy(risk="pending")
    text = "query($id: ID!) { order(id: $id) { risk { recommendation assessments { riskLevel } } } }"
    waiting = (await shop.ask(text, {"id": order["id"]}))["order"]["risk"]
    assert waiting == {"recommendation": "NONE", "assessments": [{"riskLevel": "PENDING"}]}
    await shop.post(f"/shopify/alpha/orders/{order['legacy_id']}/risk", {"risk": "low"})
    assert (await shop.ask(text, {"id": order["id"]}))["order"]["risk"]["recommendation"] == "ACCEPT"
    assert [each.topic for each in shop.hooks] == ["orders/create", "orders/risk_assessment_changed", "orders/updated"]


async def test_an_address_in_use_is_refused_and_a_deleted_one_is_silent(shop: Driver) -> None:
    await subscribe(shop, "ORDERS_CREATE")
    text = """mutation { webhookSubscriptionCreate(topic: ORDERS_CREATE,
      webhookSubscription: {uri: "http://app/hooks"}) { userErrors { message } } }"""
    assert (await shop.ask(text))["webhookSubscriptionCreate"]["userErrors"]
    known = (await shop.ask("{ webhookSubscriptions(first: 9) { nodes { id topic uri } } }"))["webhookSubscriptions"][
        "nodes"
    ]
    assert known[0]["topic"] == "ORDERS_CREATE"
    text = "mutation($id: ID!) { webhookSubscriptionDelete(id: $id) { deletedWebhookSubscriptionId } }"
    await shop.ask(text, {"id": known[0]["id"]})
    await shop.buy()
    assert shop.hooks == []


async def test_tags_and_address_overwrite_and_tags_add_adds(shop: Driver) -> None:
    order = await shop.buy(tags=["old"])
    text = """mutation($i: OrderInput!) { orderUpdate(input: $i) {
      order { tags shippingAddress { address1 company countryCodeV2 name } }
      userErrors { field message } } }"""
    await shop.ask(
        'mutation($id: ID!) { tagsAdd(id: $id, tags: ["more, third"]) { userErrors { message } } }', {"id": order["id"]}
    )
    assert (await shop.see(order))["tags"] == ["more", "old", "third"]
    address = {
        "firstName": "Bo",
        "lastName": "Li",
        "address1": "1 Elm",
        "city": "Reno",
        "provinceCode": "NV",
        "zip": "89501",
        "countryCode": "US",
    }
    done = (await shop.ask(text, {"i": {"id": order["id"], "tags": ["new"], "shippingAddress": address}}))[
        "orderUpdate"
    ]
    assert done["order"]["tags"] == ["new"]
    assert done["order"]["shippingAddress"] == {
        "address1": "1 Elm",
        "company": None,
        "countryCodeV2": "US",
        "name": "Bo Li",
    }


UPDATE = """mutation($i: OrderInput!) { orderUpdate(input: $i) {
  order { email shippingAddress { city } } userErrors { field message } } }"""


@pytest.mark.parametrize(
    ("wanted", "problems"),
    [
        ({}, [(None, "No valid update parameters have been provided")]),
        ({"email": "no mail"}, [(["email"], "Email is invalid")]),
        ({"phone": "not a phone"}, [(["phone"], "Phone is invalid")]),
        ({"tags": ["x" * 41]}, [(["tags"], "Tags is invalid")]),
        (
            {"shippingAddress": {"address1": "3 Bad", "city": "Chicago", "countryCode": "US", "provinceCode": "ON"}},
            [
                (["shippingAddress", "lastName"], "Enter a last name"),
                (["shippingAddress", "zip"], "Enter a ZIP code"),
                (["shippingAddress", "province"], "State is not a valid state in United States"),
            ],
        ),
        (
            {"shippingAddress": {"lastName": "Li", "address1": "1 Elm", "zip": "1"}},
            [
                (["shippingAddress", "city"], "Enter a city"),
                (["shippingAddress", "country"], "Select a country/region"),
            ],
        ),
    ],
)
async def test_a_refused_update_changes_nothing(
    shop: Driver, wanted: dict[str, Any], problems: list[tuple[list[str] | None, str]]
) -> None:
    await subscribe(shop, "ORDERS_UPDATED")
    order = await shop.buy()
    done = (await shop.ask(UPDATE, {"i": {"id": order["id"]} | wanted}))["orderUpdate"]
    assert [(each["field"], each["message"]) for each in done["userErrors"]] == problems
    assert done["order"] == {"email": "ada@example.com", "shippingAddress": {"city": "New York"}}
    assert shop.hooks == []
    assert shop.accepted("orderUpdate") == {}


async def test_an_unknown_order_is_not_updated(shop: Driver) -> None:
    done = (await shop.ask(UPDATE, {"i": {"id": "gid://shopify/Order/5", "note": "x"}}))["orderUpdate"]
    assert done == {"order": None, "userErrors": [{"field": ["id"], "message": "Order does not exist"}]}


async def test_the_control_refuses_what_it_does_not_know(shop: Driver) -> None:
    async def status(path: str, body: Any) -> int:
        return (await shop.http.post(f"/_control/shopify/{path}", json=body)).status_code

    base = {"shipping_address": ADDRESS}
    assert await status("alpha/orders", base | {"lines": [{"sku": "NOPE", "quantity": 1}]}) == 422
    assert await status("alpha/orders", base | {"lines": [{"sku": "SOCK-S", "quantity": 1}], "payment": "magic"}) == 422
    assert await status("alpha/orders", base | {"lines": [{"sku": "SOCK-S", "quantity": 1}], "currency": "XXX"}) == 422
    assert await status("alpha/orders/5/cancel", {}) == 404
    assert await status("alpha/settings", {"speed": 1}) == 422
    assert (await shop.get("/shopify/alpha/orders"))["orders"] == []
    assert await status("shops", {"name": "third", "currency": "GBP"}) == 201
    assert (await shop.buy("third"))["name"] == "#1001"


async def test_an_uninstalled_app_loses_its_token(shop: Driver) -> None:
    await subscribe(shop, "APP_UNINSTALLED")
    await shop.post("/shopify/alpha/uninstall")
    assert shop.hooks[0].topic == "app/uninstalled"
    assert (await shop.raw("{ shop { id } }")).status_code == 401


async def test_products_on_sale_and_changed_are_told(shop: Driver) -> None:
    await subscribe(shop, "PRODUCTS_CREATE", "PRODUCTS_UPDATE")
    await shop.post("/shopify/alpha/products", {"sku": "NEW-1", "title": "New", "price": "9.00", "stock": 5})
    await shop.post("/shopify/alpha/products", {"sku": "SOCK-S", "price": "21.00"})
    assert [each.topic for each in shop.hooks] == ["products/create", "products/update"]
    text = '{ productVariants(first: 5, query: "sku:SOCK-S") { nodes { price } } }'
    assert (await shop.ask(text))["productVariants"]["nodes"] == [{"price": "21.00"}]
    assert (await shop.buy(lines=[{"sku": "NEW-1", "quantity": 1}]))["name"] == "#1001"


async def test_orders_in_bulk_and_one_by_one_have_unique_names(shop: Driver) -> None:
    each = {"lines": [{"sku": "SOCK-M", "quantity": 1}], "shipping_address": ADDRESS, "payment": "authorized"}
    made = (await shop.post("/shopify/nord/orders", {"orders": [each] * 100}))["orders"]
    assert len({order["name"] for order in made}) == 100
    last = (await shop.http.get("/_control/shopify/nord/orders?limit=2")).json()["orders"]
    assert [order["name"] for order in last] == ["#1099", "#1100"]
    assert last[0]["financial_status"] == "AUTHORIZED"


async def test_an_edit_moves_stock_and_cannot_be_refunded_away_twice(shop: Driver) -> None:
    order = await shop.buy()
    seen = await shop.post(
        f"/shopify/alpha/orders/{order['legacy_id']}/edit",
        {"lines": [{"sku": "TENT-2P-GRN", "quantity": 1}, {"sku": "SOCK-M", "quantity": 3}]},
    )
    assert seen["lines"] == [
        {"sku": "TENT-2P-GRN", "quantity": 2, "current_quantity": 1},
        {"sku": "SOCK-M", "quantity": 3, "current_quantity": 3},
    ]
    committed = {
        level["sku"]: level["committed"]
        for level in (await shop.get("/shopify/alpha/inventory"))["inventory"]
        if level["location"] == "Reno DC" and level["committed"]
    }
    assert committed == {"TENT-2P-GRN": 1, "SOCK-M": 3}
    text = "query($id: ID!) { order(id: $id) { edited lineItems(first: 1) { nodes { id refundableQuantity } } } }"
    line = (await shop.ask(text, {"id": order["id"]}))["order"]["lineItems"]["nodes"][0]
    assert line["refundableQuantity"] == 1
