"""Deliveries are filed by id, topic and subject; anything else is refused by code."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.hooks import BadHook, read_hook

SHOPIFY = {
    "X-Shopify-Event-Id": "e1",
    "X-Shopify-Webhook-Id": "w1",
    "X-Shopify-Shop-Domain": "alpha.myshopify.com",
    "X-Shopify-Triggered-At": "2026-11-21T12:00:00.123456789Z",
}

SUBJECTS = {
    "app/uninstalled": "gid://shopify/Shop/548380009",
    "customers/redact": "gid://shopify/Customer/191167",
    "fulfillment_orders/placed_on_hold": "gid://shopify/FulfillmentOrder/1",
    "fulfillment_orders/split": "gid://shopify/FulfillmentOrder/1",
    "orders/cancelled": "gid://shopify/Order/820982911946154508",
    "orders/create": "gid://shopify/Order/820982911946154508",
    "orders/edited": "gid://shopify/Order/820982911946154500",
    "orders/updated": "gid://shopify/Order/820982911946154508",
    "returns/approve": "gid://shopify/Order/4783296544821",
    "bulk_operations/finish": "gid://shopify/BulkOperation/147595010",
}


def shopify_fixtures(shared: Path) -> list[dict[str, Any]]:
    folder = shared / "fixtures/shopify/webhooks/2026-07"
    return [json.loads(path.read_text()) for path in sorted(folder.iterdir())]


def test_every_shopify_sample_is_filed(shared: Path) -> None:
    for sample in shopify_fixtures(shared):
        topic = sample["topic"]
        body = json.dumps(sample["payload"]).encode()
        hook = read_hook("shopify", SHOPIFY | {"X-Shopify-Topic": topic}, body)
        assert (hook.delivery_id, hook.topic, hook.account) == ("e1", topic, "alpha.myshopify.com")
        assert hook.subject.startswith("gid://shopify/"), topic
        assert hook.subject == SUBJECTS.get(topic, hook.subject)


def test_times_are_aware_or_absent() -> None:
    headers = SHOPIFY | {"X-Shopify-Topic": "orders/create"}
    hook = read_hook("shopify", headers, b'{"id": 5}')
    assert hook.occurred_at == datetime(2026, 11, 21, 12, 0, 0, 123456, UTC)
    later = read_hook("shopify", headers | {"X-Shopify-Triggered-At": "soon"}, b'{"id": 5}')
    assert later.occurred_at is None


def test_shipbob() -> None:
    headers = {"webhook-id": "msg_1", "webhook-timestamp": "1755884852", "x-webhook-topic": "order.shipped"}
    hook = read_hook("shipbob", headers, b'{"id": 77, "order_id": 12, "reference_id": "r"}')
    assert (hook.delivery_id, hook.topic, hook.subject) == ("msg_1", "order.shipped", "12")
    assert hook.occurred_at == datetime.fromtimestamp(1755884852, UTC)
    assert read_hook("shipbob", headers, b'{"id": 77}').subject == "77"


def test_easypost(shared: Path) -> None:
    [case] = json.loads((shared / "fixtures/signatures/easypost.json").read_text())["cases"]
    hook = read_hook("easypost", {}, case["raw_body"].encode())
    assert (hook.delivery_id, hook.topic, hook.subject) == ("evt_1", "tracker.updated", "trk_1")
    assert hook.account == "user_1"


def paid_page(**changes: Any) -> bytes:
    page = {"id": "cs_1", "client_reference_id": "edit_1"} | changes
    event = {"id": "evt_1", "type": "checkout.session.completed", "created": 1755884852, "data": {"object": page}}
    return json.dumps(event).encode()


def test_stripe() -> None:
    hook = read_hook("stripe", {}, paid_page())
    assert (hook.delivery_id, hook.topic, hook.subject) == ("evt_1", "checkout.session.completed", "edit_1")
    assert hook.occurred_at == datetime.fromtimestamp(1755884852, UTC)
    for reference in (None, "", "somebody else's"):
        assert read_hook("stripe", {}, paid_page(client_reference_id=reference)).subject == "cs_1"


def test_the_vendors_sample_event_is_filed(shared: Path) -> None:
    sample = json.loads((shared / "contracts/stripe/fixtures3.json").read_text())["resources"]["event"]
    hook = read_hook("stripe", {}, json.dumps(sample).encode())
    assert (hook.topic, hook.subject[:6]) == ("plan.created", "price_")


@pytest.mark.parametrize(
    ("vendor", "headers", "body", "code"),
    [
        ("shopify", SHOPIFY | {"X-Shopify-Topic": "orders/create"}, b"", "not_json"),
        ("shopify", SHOPIFY | {"X-Shopify-Topic": "orders/create"}, b"{\xff", "not_json"),
        ("shopify", SHOPIFY | {"X-Shopify-Topic": "orders/create"}, b"[]", "not_an_object"),
        ("shopify", SHOPIFY | {"X-Shopify-Topic": "orders/create"}, b"{}", "missing_subject"),
        ("shopify", SHOPIFY | {"X-Shopify-Topic": "orders/create"}, b'{"id": true}', "missing_subject"),
        ("shopify", SHOPIFY | {"X-Shopify-Topic": "orders/edited"}, b'{"order_edit": 1}', "missing_subject"),
        ("shopify", SHOPIFY, b'{"id": 1}', "missing_topic"),
        ("shopify", {"X-Shopify-Topic": "orders/create"}, b'{"id": 1}', "missing_delivery_id"),
        ("shipbob", {}, b'{"id": 1}', "missing_delivery_id"),
        ("shipbob", {"webhook-id": "m"}, b'{"id": 1}', "missing_topic"),
        ("easypost", {}, b'{"id": "evt_1", "description": "tracker.updated"}', "missing_subject"),
        ("easypost", {}, b'{"description": "tracker.updated"}', "missing_delivery_id"),
        ("stripe", {}, b'{"id": "evt_1", "type": "x", "data": {"object": {}}}', "missing_subject"),
        ("stripe", {}, b'{"id": "evt_1", "data": {"object": {"id": "cs_1"}}}', "missing_topic"),
        ("stripe", {}, b'{"type": "x", "data": []}', "missing_delivery_id"),
        ("nobody", {}, b"{}", "unknown_vendor"),
    ],
)
def test_refusals(vendor: str, headers: dict[str, str], body: bytes, code: str) -> None:
    with pytest.raises(BadHook, match=code):
        read_hook(vendor, headers, body)


def test_a_text_that_could_name_a_person_is_no_id() -> None:
    with pytest.raises(BadHook, match="missing_subject"):
        read_hook("shopify", SHOPIFY | {"X-Shopify-Topic": "orders/create"}, b'{"id": "Ada Lovelace, 12 Main Street"}')
