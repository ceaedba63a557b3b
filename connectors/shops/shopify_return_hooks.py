"""Deliveries about returns, refunds and disputes of Shopify in our words; pure.

They name the return and count its lines, but carry none of them, and those of returns come in no order: whoever hears
of a return reads it (`ReturningShop.fetch_return`). A dispute's amount and the last day to answer stand nowhere else
for an app that may not read the shop's payouts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from connectors.shops.shopify_fields import Fields
from connectors.shops.shopify_return_parse import DISPUTES
from domain.disputes import DisputeState
from domain.order import OrderError

# topic -> as the API names it. Those of disputes are for apps that may read the shop's disputes, and nobody else.
RETURN_TOPICS = {
    "returns/request": "RETURNS_REQUEST",
    "returns/approve": "RETURNS_APPROVE",
    "returns/decline": "RETURNS_DECLINE",
    "returns/cancel": "RETURNS_CANCEL",
    "returns/close": "RETURNS_CLOSE",
    "returns/reopen": "RETURNS_REOPEN",
    "returns/process": "RETURNS_PROCESS",
    "returns/update": "RETURNS_UPDATE",
}
DISPUTE_TOPICS = {"disputes/create": "DISPUTES_CREATE", "disputes/update": "DISPUTES_UPDATE"}


@dataclass(frozen=True, slots=True)
class ReturnHook:
    """What to read again. `order` is empty where the delivery does not say."""

    returned: str
    order: str


@dataclass(frozen=True, slots=True)
class RefundHook:
    """`returned` is empty for a refund without a return, as far as the delivery tells."""

    refund: str
    order: str
    returned: str


@dataclass(frozen=True, slots=True)
class DisputeHook:
    """`answer_by`: when the bank decides without us. Minor units of what the customer paid in."""

    dispute: str
    order: str
    state: DisputeState
    is_inquiry: bool
    amount_minor: int
    currency: str
    reason: str
    answer_by: datetime | None


def parse_return_hook(body: Mapping[str, Any]) -> ReturnHook:
    """Any of `RETURN_TOPICS`. Raises: OrderError."""
    fields = Fields(dict(body))
    order = fields.child("order")
    return ReturnHook(
        returned=fields.text("admin_graphql_api_id") or _gid("Return", fields.need_text("id")),
        order=order.need_text("admin_graphql_api_id") if order else _gid("Order", fields.text("order_id")),
    )


def parse_refund_hook(body: Mapping[str, Any]) -> RefundHook:
    """`refunds/create`. Raises: OrderError."""
    fields = Fields(dict(body))
    returned = fields.child("return")
    return RefundHook(
        refund=fields.need_text("admin_graphql_api_id"),
        order=_gid("Order", fields.need_text("order_id")),
        returned=returned.need_text("admin_graphql_api_id") if returned else "",
    )


def parse_dispute_hook(body: Mapping[str, Any]) -> DisputeHook:
    """One of `DISPUTE_TOPICS`. Raises: OrderError, for an unknown state too."""
    fields = Fields(dict(body))
    state = DISPUTES.get(fields.need_text("status").upper())
    if state is None:
        raise OrderError("unknown_word", "status")
    currency = fields.need_text("currency")
    fields.need_text("amount")
    return DisputeHook(
        dispute=fields.need_text("id"),
        order=_gid("Order", fields.text("order_id")),
        state=state,
        is_inquiry=fields.text("type") == "inquiry",
        amount_minor=fields.amount("amount", currency),
        currency=currency,
        reason=fields.text("reason"),
        answer_by=fields.time("evidence_due_by"),
    )


def read_dispute_hook(body: bytes) -> DisputeHook:
    """The same from the raw delivery. Raises: OrderError."""
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise OrderError("not_json", "body") from None
    if not isinstance(content, dict):
        raise OrderError("not_an_object", "body")
    return parse_dispute_hook(content)


def _gid(kind: str, number: str) -> str:
    return f"gid://shopify/{kind}/{number}" if number else ""
