"""ShipBob's vocabulary: states of shipments and orders, and the prose of its refusals.

Statuses are those of the OpenAPI of 2026-01, details those of ShipBob's status reference (read
2026-11). `None` and `CleanSweeped` are explained nowhere and stay unknown.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from domain.nodes import NodeState

SHIPMENT_STATES: dict[tuple[str, str], NodeState] = {
    # (status, name of a status detail; empty: the status alone)
    ("Processing", ""): NodeState.RECEIVED,
    ("Processing", "Picked"): NodeState.PICKING,
    ("Processing", "Packed"): NodeState.PICKING,
    ("Processing", "Labeled"): NodeState.LABELLED,
    ("LabeledCreated", ""): NodeState.LABELLED,
    ("Completed", ""): NodeState.SHIPPED,
    ("Completed", "Delivered"): NodeState.DELIVERED,
    ("OnHold", ""): NodeState.ON_HOLD,
    ("ImportReview", ""): NodeState.ON_HOLD,
    ("Exception", ""): NodeState.EXCEPTION,
    # stock on its way inside the vendor's network: nobody has to act
    ("Exception", "InternalTransferInProgress"): NodeState.ON_HOLD,
    ("Exception", "BinTransferInProgress"): NodeState.ON_HOLD,
    ("Cancelled", ""): NodeState.CANCELLED,
}
ORDER_STATES: dict[str, NodeState] = {  # only for an order that has no shipments yet
    "Processing": NodeState.RECEIVED,
    "ImportReview": NodeState.ON_HOLD,
    "Exception": NodeState.EXCEPTION,
    "Fulfilled": NodeState.SHIPPED,
    "Cancelled": NodeState.CANCELLED,
}
# ShipBob refuses in prose: the first pattern that fits "field: message" gives the reason.
REFUSALS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), reason)
    for pattern, reason in (
        (r"reference.?id.*(exists\b|duplicat|already|unique|in use)", "reference_conflict"),
        (r"(already|duplicat).*reference.?id", "reference_conflict"),
        (r"insufficient|not enough|out.?of.?stock|no stock", "no_stock"),
        (r"exceeds? .*(stock|inventory|quantity)", "no_stock"),
        (r"(product|sku|variant|inventory).*(not found|unknown|no match|inactive|invalid)", "unknown_sku"),
        (r"(product|sku|variant|inventory).*(not |n't )(exist|match|recogni)", "unknown_sku"),
        (r"(unknown|invalid|no|inactive) .*(product|sku|variant)", "unknown_sku"),
        (r"name.*(required|missing).*product|product.*name", "unknown_sku"),
        (r"shipping.?method|ship.?option", "bad_shipping_method"),
        (r"shipment.?id.*(not |n't )exist", "unknown_shipment"),
        (r"fulfil?lment.?cent.*(not |n't )exist", "unknown_location"),
        (r"address|zip|postal|country|state|city|recipient", "bad_address"),
    )
)


def refusal_messages(body: Any) -> list[str]:
    """The messages of a 400 or 422 as "field: message"; webhooks wrap theirs in a `value`."""
    if isinstance(body, Mapping) and "$type" in body:
        body = body.get("value")
    if not isinstance(body, Mapping):
        return []
    return [
        f"{field}: {message}"
        for field, messages in body.items()
        for message in (messages if isinstance(messages, list) else [messages])
        if isinstance(message, str)
    ]


def refusal_reason(messages: Iterable[str]) -> str:
    """Our stable code of a refusal; `rejected` when no message is known."""
    for message in messages:
        for pattern, reason in REFUSALS:
            if pattern.search(message):
                return reason
    return "rejected"
