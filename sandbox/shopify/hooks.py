"""Signs and queues webhooks for whoever has subscribed."""

import base64
import hashlib
import hmac
import uuid
from collections.abc import Callable
from typing import Any

import orjson

from sandbox.core.clock import stamp
from sandbox.shopify import rest, rest_order, rest_return
from sandbox.shopify.model import Fulfillment, FulfillmentOrder, Level, Order, Product, Refund, Subscription
from sandbox.shopify.return_model import Disposition, Dispute, Return, ReverseDelivery, ReverseOrder, ReverseOrderLine
from sandbox.shopify.state import API_VERSION, Shop

_RESOURCES = (
    "FULFILLMENT_ORDERS",
    "FULFILLMENT_EVENTS",
    "FULFILLMENTS",
    "INVENTORY_LEVELS",
    "ORDER_TRANSACTIONS",
    "ORDERS",
    "PRODUCTS",
    "REFUNDS",
    "RETURNS",
    "REVERSE_DELIVERIES",
    "REVERSE_FULFILLMENT_ORDERS",
    "DISPUTES",
    "APP",
)
Body = dict[str, Any]


def topic_name(topic: str) -> str:
    """`ORDERS_CREATE` as the header writes it: `orders/create`."""
    resource = next(name for name in _RESOURCES if topic.startswith(f"{name}_"))
    return f"{resource.lower()}/{topic[len(resource) + 1 :].lower()}"


def emit(shop: Shop, topic: str, make: Callable[[], Body]) -> None:
    """One event: one event id, one delivery for each subscription. The body is made only when wanted."""
    subscriptions = shop.by_topic.get(topic)
    if not subscriptions:
        return
    event_id = new_uuid(shop)
    body = make()
    for subscription in subscriptions:
        deliver(shop, subscription, event_id, body)


def deliver(shop: Shop, subscription: Subscription, event_id: str, body: Body) -> None:
    if subscription.include_fields:
        body = {key: value for key, value in body.items() if key in subscription.include_fields}
    raw = orjson.dumps(body)
    topic, delivery_id = topic_name(subscription.topic), new_uuid(shop)
    headers = {
        "X-Shopify-Topic": topic,
        "X-Shopify-Shop-Domain": shop.domain,
        "X-Shopify-Hmac-Sha256": sign(shop.secret, raw),
        "X-Shopify-Webhook-Id": delivery_id,
        "X-Shopify-Event-Id": event_id,
        "X-Shopify-API-Version": API_VERSION,
        "X-Shopify-Triggered-At": stamp(shop.world.clock.now()),
    }
    shop.world.webhooks.send("shopify", topic, subscription.uri, headers, raw, delivery_id)


def sign(secret: bytes, raw: bytes) -> str:
    return base64.b64encode(hmac.new(secret, raw, hashlib.sha256).digest()).decode()


def new_uuid(shop: Shop) -> str:
    return str(uuid.UUID(int=shop.world.rng.getrandbits(128), version=4))


def order(shop: Shop, topic: str, changed: Order) -> None:
    emit(shop, topic, lambda: rest_order.order(shop, changed))


def updated(shop: Shop, changed: Order) -> None:
    """Every change of an order moves its updated_at and tells orders/updated."""
    shop.touch(changed)
    order(shop, "ORDERS_UPDATED", changed)


def fulfillment(shop: Shop, topic: str, changed: Fulfillment) -> None:
    emit(shop, topic, lambda: rest.fulfillment(shop, changed))


def refund(shop: Shop, made: Refund) -> None:
    emit(shop, "REFUNDS_CREATE", lambda: rest_order.refund(shop, made))


def inventory_level(shop: Shop, level: Level) -> None:
    emit(shop, "INVENTORY_LEVELS_UPDATE", lambda: rest.inventory_level(shop, level))


def product(shop: Shop, topic: str, changed: Product) -> None:
    emit(shop, topic, lambda: rest.product(shop, changed))


def fulfillment_order(shop: Shop, event: str, changed: FulfillmentOrder, **more: Any) -> None:
    body = {"fulfillment_order": rest.fo_state(changed), **more}
    emit(shop, f"FULFILLMENT_ORDERS_{event}", lambda: body)


def risk(shop: Shop, changed: Order) -> None:
    emit(shop, "ORDERS_RISK_ASSESSMENT_CHANGED", lambda: rest.risk(shop, changed))


def uninstalled(shop: Shop) -> None:
    emit(shop, "APP_UNINSTALLED", lambda: rest.shop(shop))


def returned(shop: Shop, event: str, back: Return) -> None:
    emit(shop, f"RETURNS_{event}", lambda: rest_return.BODIES[event](back))


def return_changed(shop: Shop, back: Return, removed: list[tuple[int, int]]) -> None:
    emit(shop, "RETURNS_UPDATE", lambda: rest_return.changed(back, removed))


def deliverable(shop: Shop, delivery: ReverseDelivery) -> None:
    emit(shop, "REVERSE_DELIVERIES_ATTACH_DELIVERABLE", lambda: rest_return.deliverable(shop, delivery))


def disposed(shop: Shop, order: ReverseOrder, made: list[tuple[ReverseOrderLine, Disposition]]) -> None:
    emit(shop, "REVERSE_FULFILLMENT_ORDERS_DISPOSE", lambda: rest_return.disposed(order, made))


def dispute(shop: Shop, event: str, changed: Dispute) -> None:
    emit(shop, f"DISPUTES_{event}", lambda: rest_return.dispute(shop, changed))
