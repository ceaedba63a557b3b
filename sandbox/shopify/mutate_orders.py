"""orderCancel, orderUpdate, tagsAdd and the webhook subscriptions."""

from typing import Any
from urllib.parse import urlsplit

from sandbox.core.counters import digest
from sandbox.shopify import hooks, undoing, updating
from sandbox.shopify.gql.registry import Arguments, Call, field
from sandbox.shopify.model import Order, Product, Subscription
from sandbox.shopify.mutate_holds import Payload, error
from sandbox.shopify.state import Shop, find, gid, number_of

_LONGEST_NOTE = 255


def the_order(call: Call, wanted: str) -> Order | None:
    return call.shop.orders.get(number_of(wanted, "Order"))


@field("Mutation", "orderCancel")
def cancel(_root: Any, arguments: Arguments, call: Call) -> Payload:
    """Only the outcome of asking is known here; the work is a job to poll, and may find the order shipped."""
    order, shop = the_order(call, arguments["orderId"]), call.shop
    if order is None:
        return _not_cancelled(["orderId"], "Order does not exist", "NOT_FOUND")
    if reason := undoing.why_not_cancel(order):
        return _not_cancelled(["orderId"], reason, "INVALID")
    note = arguments.get("staffNote")
    if note and len(note) > _LONGEST_NOTE:
        return _not_cancelled(["staffNote"], "Staff note is too long (maximum is 255 characters)", "INVALID")
    method = arguments.get("refundMethod") or {}
    refund = bool(arguments.get("refund") or method.get("originalPaymentMethodsRefund"))
    job = shop.later(
        lambda: undoing.cancel(
            shop, order, reason=arguments["reason"], refund=refund, restock=arguments["restock"], staff_note=note
        )
    )
    call.accept(arguments["orderId"])
    return {"job": job, "orderCancelUserErrors": [], "userErrors": []}


def _not_cancelled(path: list[str], message: str, code: str) -> Payload:
    problem = error(path, message, code)
    return {"job": None, "orderCancelUserErrors": [problem], "userErrors": [problem]}


@field("Mutation", "orderUpdate")
def update(_root: Any, arguments: Arguments, call: Call) -> Payload:
    """A refused update answers the order as it is."""
    wanted, shop = arguments["input"], call.shop
    order = the_order(call, wanted["id"])
    if order is None:
        return {"order": None, "userErrors": [error(["id"], "Order does not exist")]}
    if updating.is_empty(wanted):
        return {"order": order, "userErrors": [error(None, "No valid update parameters have been provided")]}
    if problems := updating.why_not(wanted):
        return {"order": order, "userErrors": problems}
    updating.apply(shop, order, wanted)
    call.accept(f"{wanted['id']}:{digest(wanted)}")
    return {"order": order, "userErrors": []}


@field("Mutation", "tagsAdd")
def add_tags(_root: Any, arguments: Arguments, call: Call) -> Payload:
    node = find(call.shop, arguments["id"])
    if not isinstance(node, Order | Product):
        return {"node": None, "userErrors": [error(["id"], "Resource not found")]}
    tags = [part for tag in arguments["tags"] for part in tag.split(",")]
    if any(len(tag.strip()) > updating.LONGEST_TAG for tag in tags):
        return {"node": None, "userErrors": [error(["tags"], "Tags is invalid")]}
    node.tags = updating.clean([*node.tags, *tags])
    if isinstance(node, Order):
        hooks.updated(call.shop, node)
    call.accept(f"{arguments['id']}:{','.join(sorted(tags))}")
    return {"node": node, "userErrors": []}


@field("Mutation", "webhookSubscriptionCreate")
def subscribe(_root: Any, arguments: Arguments, call: Call) -> Payload:
    wanted, shop = arguments["webhookSubscription"], call.shop
    uri, topic = wanted.get("uri") or wanted.get("callbackUrl"), arguments["topic"]
    if problem := _bad_subscription(shop, topic, uri):
        return {"webhookSubscription": None, "userErrors": [problem]}
    now = shop.now()
    made = Subscription(
        id=shop.new_id(),
        topic=topic,
        uri=uri,
        include_fields=wanted.get("includeFields") or [],
        filter=wanted.get("filter"),
        name=wanted.get("name"),
        created_at=now,
        updated_at=now,
    )
    shop.subscribe(made)
    call.accept(f"{topic}:{uri}")
    return {"webhookSubscription": made, "userErrors": []}


def _bad_subscription(shop: Shop, topic: str, uri: str | None) -> Payload | None:
    path = ["webhookSubscription", "uri"]
    # The vendor wants https; the sandbox's receivers are on loopback, where http must do.
    if not uri or urlsplit(uri).scheme not in ("http", "https"):
        return error(path, "Address is invalid")
    if any(each.uri == uri for each in shop.by_topic.get(topic, [])):
        return error(path, "Address for this topic has already been taken")
    return None


@field("Mutation", "webhookSubscriptionDelete")
def unsubscribe(_root: Any, arguments: Arguments, call: Call) -> Payload:
    found = call.shop.subscriptions.get(number_of(arguments["id"], "WebhookSubscription"))
    if found is None:
        return {"userErrors": [error(["id"], "Webhook subscription does not exist")]}
    call.shop.unsubscribe(found)
    call.accept(arguments["id"])
    return {"deletedWebhookSubscriptionId": gid("WebhookSubscription", found.id), "userErrors": []}
