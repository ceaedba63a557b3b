"""Bodies and words of Shopify's returns that the fake shop does not show."""

import json
from pathlib import Path
from typing import Any

import pytest

from connectors.hooks import read_hook
from connectors.shops import shopify_return_hooks as hooks
from connectors.shops.returning import Placed, ReturnDraft, ShopReturnState, WantedReturnLine
from connectors.shops.shopify_fields import Fields
from connectors.shops.shopify_return_parse import (
    create_variables,
    parse_return,
    reason_id,
    reason_of,
)
from domain.disputes import DisputeState
from domain.order import OrderError
from domain.returns.words import ReturnReason
from tests.support.shopify_schema import admin_schema

RETURN: dict[str, Any] = {
    "id": "gid://shopify/Return/1",
    "name": "#1001-R1",
    "status": "OPEN",
    "order": {"id": "gid://shopify/Order/1"},
    "returnLineItems": {
        "nodes": [
            {
                "id": "gid://shopify/UnverifiedReturnLineItem/1",
                "quantity": 2,
                "processedQuantity": 0,
                "refundedQuantity": 0,
                "returnReasonNote": "",
                "returnReasonDefinition": None,
            }
        ]
    },
    "reverseFulfillmentOrders": {
        "nodes": [
            {
                "id": "gid://shopify/ReverseFulfillmentOrder/1",
                "status": "CLOSED",
                "lineItems": {
                    "nodes": [
                        {
                            "id": "gid://shopify/ReverseFulfillmentOrderLineItem/1",
                            "totalQuantity": 2,
                            "fulfillmentLineItem": None,
                            "dispositions": [{"type": "PROCESSING_REQUIRED", "quantity": 1, "location": None}],
                        }
                    ]
                },
                "reverseDeliveries": {"nodes": [{"id": "gid://shopify/ReverseDelivery/1", "deliverable": None}]},
            }
        ]
    },
}
LIBRARY = {"too-small": "r1", "changed-my-mind": "r2", "other-reason": "r3", "unknown": "r4"}
DISPUTE = {
    "id": 5,
    "order_id": 1,
    "type": "inquiry",
    "amount": "11.50",
    "currency": "USD",
    "reason": "fraudulent",
    "status": "under_review",
    "evidence_due_by": "2026-12-01T10:00:00-05:00",
}


def test_a_line_without_an_item_and_units_without_a_final_word() -> None:
    found = parse_return(Fields(RETURN))
    assert (found.lines[0].line, found.lines[0].reason) == ("", ReturnReason.OTHER)
    [place] = found.awaited
    assert (place.is_open, place.parcels[0].tracking_number) == (False, "")
    assert (place.lines[0].open, place.lines[0].said(Placed.UNDECIDED, "")) == (2, 1)
    assert not found.referenced("")


@pytest.mark.parametrize("change", [{"status": "PAUSED"}, {"status": None}, {"order": None}, {"id": ""}])
def test_a_return_that_cannot_be_read_names_its_field(change: dict[str, Any]) -> None:
    with pytest.raises(OrderError) as caught:
        parse_return(Fields(RETURN | change))
    assert caught.value.where == next(iter(change))


def test_every_word_of_the_vendor_is_known(shared: Path) -> None:
    from connectors.shops import shopify_return_parse as parse

    def values(name: str) -> set[str]:
        return set(admin_schema().type_map[name].values)  # type: ignore[attr-defined]

    assert set(parse.STATES) == values("ReturnStatus")
    assert set(parse.STATES.values()) == set(ShopReturnState)
    assert set(parse.PLACED) == values("ReverseFulfillmentOrderDispositionType")
    assert values("DisputeStatus") <= set(parse.DISPUTES)
    names = values("WebhookSubscriptionTopic")
    for topic, name in (hooks.RETURN_TOPICS | hooks.DISPUTE_TOPICS).items():
        assert name in names
        assert name == topic.replace("/", "_").upper()


@pytest.mark.row("RET-1")
@pytest.mark.parametrize(
    ("reason", "chosen"),
    [
        (ReturnReason.TOO_SMALL, "r1"),
        (ReturnReason.UNWANTED_GIFT, "r2"),
        (ReturnReason.NEVER_ARRIVED, "r3"),
        (None, "r4"),
    ],
)
def test_a_reason_goes_to_the_nearest_of_the_library(reason: ReturnReason | None, chosen: str) -> None:
    assert reason_id(reason, LIBRARY) == chosen


@pytest.mark.row("RET-1", bad_input=True)
def test_a_shop_without_reasons_is_told_apart() -> None:
    assert reason_id(ReturnReason.STYLE, {"house-rule": "r9"}) == "r9"
    draft = ReturnDraft("o", "ret_1", (WantedReturnLine("f", 1, ReturnReason.STYLE),))
    with pytest.raises(OrderError):
        create_variables(draft, {})


@pytest.mark.parametrize("reason", list(ReturnReason))
def test_every_reason_can_be_sent(reason: ReturnReason) -> None:
    assert reason_id(reason, LIBRARY)


def test_reasons_come_back() -> None:
    assert reason_of("too-big") is ReturnReason.TOO_LARGE
    assert reason_of("damaged-or-defective") is ReturnReason.DEFECTIVE
    assert reason_of("changed-my-mind") is ReturnReason.CHANGED_MIND
    assert reason_of("house-rule") is ReturnReason.OTHER


def test_samples_of_returns_and_refunds_are_read(shared: Path) -> None:
    folder = shared / "fixtures/shopify/webhooks/2026-07"
    for name in ("returns__request", "returns__approve"):
        payload = json.loads((folder / f"{name}.json").read_text())["payload"]
        told = hooks.parse_return_hook(payload)
        assert told == hooks.ReturnHook("gid://shopify/Return/123134564567890", "gid://shopify/Order/4783296544821")
    refund = hooks.parse_refund_hook(json.loads((folder / "refunds__create.json").read_text())["payload"])
    assert (refund.refund, refund.returned) == ("gid://shopify/Refund/890088186047892319", "")
    assert refund.order == "gid://shopify/Order/820982911946154500"


def test_short_bodies_are_read_too() -> None:
    closed = {"id": 1, "admin_graphql_api_id": "gid://shopify/Return/1", "order_id": 2, "status": "closed"}
    assert hooks.parse_return_hook(closed) == hooks.ReturnHook("gid://shopify/Return/1", "gid://shopify/Order/2")
    updated = {"admin_graphql_api_id": "gid://shopify/Return/1", "return_line_items": {"removals": []}}
    assert hooks.parse_return_hook(updated) == hooks.ReturnHook("gid://shopify/Return/1", "")
    with pytest.raises(OrderError):
        hooks.parse_return_hook({"status": "closed"})
    refund = {"admin_graphql_api_id": "gid://shopify/Refund/1", "order_id": 2, "return": closed}
    assert hooks.parse_refund_hook(refund).returned == "gid://shopify/Return/1"


def test_a_dispute_tells_how_much_and_until_when() -> None:
    told = hooks.parse_dispute_hook(DISPUTE)
    assert (told.dispute, told.order, told.state) == ("5", "gid://shopify/Order/1", DisputeState.UNDER_REVIEW)
    assert (told.is_inquiry, told.amount_minor, told.currency) == (True, 1150, "USD")
    assert told.answer_by is not None
    assert hooks.parse_dispute_hook(DISPUTE | {"status": "charge_refunded"}).state is DisputeState.REFUNDED


@pytest.mark.parametrize("change", [{"status": "escalated"}, {"amount": ""}, {"currency": ""}, {"id": None}])
def test_a_dispute_that_cannot_be_read_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(OrderError):
        hooks.parse_dispute_hook(DISPUTE | change)


@pytest.mark.parametrize(
    ("topic", "body", "subject"),
    [
        ("returns/update", {"admin_graphql_api_id": "gid://shopify/Return/1"}, "gid://shopify/Return/1"),
        ("returns/close", {"admin_graphql_api_id": "gid://shopify/Return/1", "order_id": 2}, "gid://shopify/Order/2"),
        ("disputes/create", DISPUTE, "gid://shopify/Order/1"),
        (
            "reverse_deliveries/attach_deliverable",
            {"id": 3, "return": {"admin_graphql_api_id": "gid://shopify/Return/1"}},
            "gid://shopify/Return/1",
        ),
    ],
)
def test_deliveries_are_filed_under_what_is_read_again(topic: str, body: dict[str, Any], subject: str) -> None:
    headers = {"x-shopify-event-id": "e1", "x-shopify-shop-domain": "a.myshopify.com", "x-shopify-topic": topic}
    assert read_hook("shopify", headers, json.dumps(body).encode()).subject == subject
