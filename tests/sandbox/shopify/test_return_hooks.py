"""The webhooks of returns and disputes hold what the vendor's samples hold."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.shopify.conftest import Driver, subscribe
from tests.sandbox.shopify.returning import CANCEL, CLOSE, DECLINE, DELIVER, DISPOSE, REMOVE, REOPEN, REQUEST, sent

TENT, SOCK = "TENT-2P-GRN", "SOCK-L"
TOPICS = (
    "RETURNS_REQUEST", "RETURNS_APPROVE", "RETURNS_DECLINE", "RETURNS_CANCEL", "RETURNS_CLOSE", "RETURNS_REOPEN",
    "RETURNS_UPDATE", "REVERSE_DELIVERIES_ATTACH_DELIVERABLE", "REVERSE_FULFILLMENT_ORDERS_DISPOSE",
    "DISPUTES_CREATE", "DISPUTES_UPDATE",
)  # fmt: skip


def missing(value: Any, schema: dict[str, Any], path: str) -> list[str]:
    """Required keys that are not there, and those that are there but not in the sample; null fits everything."""
    if value is None:
        return []
    if isinstance(value, list):
        items = schema.get("items") or {}
        return [x for each in value for x in (missing(each, items, f"{path}[]") if items else [f"{path} has items"])]
    if not isinstance(value, dict):
        kinds = {"string": str, "integer": int, "object": dict}
        wanted = schema.get("type")
        fits = not isinstance(wanted, str) or wanted == "null" or isinstance(value, kinds.get(wanted, object))
        return [] if fits else [f"{path} is no {wanted}"]
    known = schema.get("properties") or {}
    found = [f"{path}.{key} is missing" for key in schema.get("required") or () if key not in value]
    found += [f"{path}.{key} is unknown" for key in value if key not in known]
    return found + [x for key in value if key in known for x in missing(value[key], known[key], f"{path}.{key}")]


@pytest.fixture(scope="module")
def samples(shared: Path) -> dict[str, Any]:
    text = gzip.decompress((shared / "contracts/shopify/webhook_topics_2026-07.json.gz").read_bytes())
    loaded: dict[str, Any] = json.loads(text)
    return loaded


async def test_bodies_have_the_keys_of_the_vendors_samples(shop: Driver, samples: dict[str, Any]) -> None:
    await subscribe(shop, *TOPICS)
    order = await sent(shop)
    asked = (await order.create((SOCK, 1), text=REQUEST))["return"]
    await order.step(DECLINE, {"i": {"id": asked["id"], "declineReason": "OTHER", "declineNote": "no"}})
    variant = "{ productVariants(first: 1) { nodes { id } } }"
    swap = {"variantId": (await shop.ask(variant))["productVariants"]["nodes"][0]["id"], "quantity": 1}
    fee = {"amount": {"amount": "5.00", "currencyCode": "USD"}}
    back = await order.opened((SOCK, 1), (TENT, 2), exchangeLineItems=[swap], returnShippingFee=fee)
    await order.step(CLOSE, {"id": back["id"]})
    await order.step(REOPEN, {"id": back["id"]})
    lines = back["returnLineItems"]["nodes"]
    await order.step(REMOVE, {"id": back["id"], "l": [{"returnLineItemId": lines[0]["id"], "quantity": 1}]})
    expected = back["reverseFulfillmentOrders"]["nodes"][0]
    await order.step(DELIVER, {"id": expected["id"], "l": [], "t": {"number": "R1"}, "label": {"fileUrl": "https://l"}})
    place = (await shop.ask("{ locations(first: 1) { nodes { id } } }"))["locations"]["nodes"][0]["id"]
    line = expected["lineItems"]["nodes"][1]["id"]
    said = {"reverseFulfillmentOrderLineItemId": line, "quantity": 1, "dispositionType": "RESTOCKED"}
    await order.step(DISPOSE, {"i": [said | {"locationId": place}]})
    other = await order.opened((SOCK, 1))
    await order.step(CANCEL, {"id": other["id"]})
    for state in ("needs_response", "won"):
        await shop.post(f"/shopify/alpha/orders/{order.order['legacy_id']}/dispute", {"status": state})
    told = {each.topic: json.loads(each.body) for each in shop.hooks}
    assert len(told) == len(TOPICS)
    label = told["reverse_deliveries/attach_deliverable"]["shipping_deliverable"]["label"]
    assert label["public_file_url"] == "https://l"
    problems = [x for topic, body in told.items() for x in missing(body, samples[topic]["payload_schema"], topic)]
    assert not problems
