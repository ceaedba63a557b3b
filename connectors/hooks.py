"""Who sent which delivery about what: just enough of a webhook to store it and to find its subject.

The body itself is only a hint; whoever handles the delivery asks the vendor for the present state.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import orjson

from connectors.carriers.shipengine_parse import external_id_of

# What a delivery is filed under is kept and shown: ids and topics only, never a text that could name a person.
_ID = re.compile(r"[A-Za-z0-9_:/.?=+\-]{1,200}")


class BadHook(ValueError):
    """Not a delivery that we can file. `code` is stable; the message never repeats the body."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Hook:
    """`subject` is the vendor's id of what it is about; `account` is empty where the vendor does not say."""

    delivery_id: str
    topic: str
    account: str
    subject: str
    occurred_at: datetime | None = None


def read_hook(vendor: str, headers: Mapping[str, str], body: bytes) -> Hook:
    """File one delivery. Header names may have any case. Raises: BadHook."""
    reader = _READERS.get(vendor)
    if reader is None:
        raise BadHook("unknown_vendor")
    if vendor in _FORMS:
        content: Any = read_form(body)
    else:
        try:
            content = orjson.loads(body)
        except orjson.JSONDecodeError:
            raise BadHook("not_json") from None
    if not isinstance(content, dict):
        raise BadHook("not_an_object")
    return reader({name.lower(): value for name, value in headers.items()}, content)


def read_form(body: bytes) -> dict[str, str]:
    """The fields of a delivery that comes as a form. Raises: BadHook."""
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, errors="strict"))
    except (UnicodeDecodeError, ValueError):
        raise BadHook("not_a_form") from None


def _shopify(headers: dict[str, str], body: dict[str, Any]) -> Hook:
    topic = _needed(headers.get("x-shopify-topic"), "missing_topic")
    return Hook(
        # the same event may come in several deliveries; only the event id names it
        delivery_id=_needed(headers.get("x-shopify-event-id"), "missing_delivery_id"),
        topic=topic,
        account=_needed(headers.get("x-shopify-shop-domain"), "missing_account"),
        subject=_needed(_shopify_subject(topic, body), "missing_subject"),
        occurred_at=_time(headers.get("x-shopify-triggered-at")),
    )


# resource of a topic -> (kind of global id, fields that hold it); a field may lead into an object
_SHOPIFY_SUBJECTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "orders": (
        "Order",
        ("admin_graphql_api_order_id", "admin_graphql_api_id", "order_edit.order_id", "order_id", "id"),
    ),
    "fulfillments": ("Order", ("order_id",)),
    "fulfillment_events": ("Order", ("order_id",)),
    "refunds": ("Order", ("order_id",)),
    "order_transactions": ("Order", ("order_id",)),
    # an update of a return names nothing but the return
    "returns": ("Order", ("order.admin_graphql_api_id", "order_id", "admin_graphql_api_id")),
    "reverse_deliveries": ("Return", ("return.admin_graphql_api_id",)),
    "disputes": ("Order", ("order_id",)),
    "fulfillment_orders": (
        "FulfillmentOrder",
        ("fulfillment_order.id", "original_fulfillment_order.id", "submitted_fulfillment_order.id"),
    ),
    "inventory_levels": ("InventoryItem", ("inventory_item_id",)),
    "products": ("Product", ("admin_graphql_api_id", "id")),
    "customers": ("Customer", ("admin_graphql_api_id", "customer.id", "id")),
    "app": ("Shop", ("id",)),
    "shop": ("Shop", ("shop_id", "id")),
}


def _shopify_subject(topic: str, body: dict[str, Any]) -> str:
    resource = topic.partition("/")[0]
    kind, paths = _SHOPIFY_SUBJECTS.get(resource, ("", ("admin_graphql_api_id", "id")))
    value = next((text for path in paths if (text := _text(_at(body, path)))), "")
    return f"gid://shopify/{kind}/{value}" if kind and value.isdigit() else value


def _shipbob(headers: dict[str, str], body: dict[str, Any]) -> Hook:
    return Hook(
        delivery_id=_needed(headers.get("webhook-id"), "missing_delivery_id"),
        topic=_needed(headers.get("x-webhook-topic") or _text(body.get("topic")), "missing_topic"),
        account="",
        # a shipment names its order; the body of an order is the order
        subject=_needed(_text(body.get("order_id")) or _text(body.get("id")), "missing_subject"),
        occurred_at=_unix_time(headers.get("webhook-timestamp")),
    )


def _easypost(headers: dict[str, str], body: dict[str, Any]) -> Hook:
    return Hook(
        delivery_id=_needed(_text(body.get("id")), "missing_delivery_id"),
        topic=_needed(_text(body.get("description")), "missing_topic"),
        account=_text(body.get("user_id")),
        subject=_needed(_text(_at(body, "result.id")), "missing_subject"),
        occurred_at=_time(_text(body.get("created_at"))),
    )


def _stripe(headers: dict[str, str], body: dict[str, Any]) -> Hook:
    """A payment page is about the request that it was made for, a refund about the reference that it was made with;
    anything else, also a page of somebody else's that has a reference of theirs, about itself."""
    refund = _at(body, "data.object.object") == "refund"
    reference = _text(_at(body, f"data.object.{'metadata.reference' if refund else 'client_reference_id'}"))
    own = _text(_at(body, "data.object.id"))
    return Hook(
        delivery_id=_needed(_text(body.get("id")), "missing_delivery_id"),
        topic=_needed(_text(body.get("type")), "missing_topic"),
        account=_text(body.get("account")),
        subject=reference if _ID.fullmatch(reference) else _needed(own, "missing_subject"),
        occurred_at=_unix_time(_text(body.get("created"))),
    )


def _twilio(headers: dict[str, str], body: dict[str, Any]) -> Hook:
    """A text that came in, or what became of one of ours: each state of it is a delivery of its own."""
    message = _needed(_text(body.get("MessageSid")), "missing_subject")
    state = _text(body.get("MessageStatus"))
    return Hook(
        delivery_id=f"{message}:{state}" if state else message,
        topic=_needed(f"message.{state or 'received'}", "missing_topic"),
        account=_text(body.get("AccountSid")),
        subject=message,
    )


_FORMS = frozenset({"twilio"})


def _shipengine(_headers: dict[str, str], body: dict[str, Any]) -> Hook:
    """The body carries no id of the delivery, and is the same when it is sent again: its content is its name."""
    content = orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
    return Hook(
        delivery_id=hashlib.sha256(content).hexdigest(),
        topic=_needed(_text(body.get("resource_type")), "missing_topic"),
        account="",
        subject=_needed(external_id_of(body), "missing_subject"),
    )


_READERS: dict[str, Callable[[dict[str, str], dict[str, Any]], Hook]] = {
    "shopify": _shopify,
    "shipbob": _shipbob,
    "easypost": _easypost,
    "stripe": _stripe,
    "twilio": _twilio,
    "shipengine": _shipengine,
}


def _at(body: dict[str, Any], path: str) -> Any:
    value: Any = body
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _text(value: Any) -> str:
    """An id as text; anything that is neither text nor a whole number is no id."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _needed(value: str | None, code: str) -> str:
    if not value or not _ID.fullmatch(value):
        raise BadHook(code)
    return value


def _time(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _unix_time(text: str | None) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(text or ""), UTC)
    except (ValueError, OverflowError, OSError):
        return None
