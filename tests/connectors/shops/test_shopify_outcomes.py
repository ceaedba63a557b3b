"""Each write gets its own outcome, and a lost answer is unknown only where repeating would do harm."""

from dataclasses import replace
from typing import Any

import pytest

from connectors.errors import ConnectorError, OutcomeUnknown, Retryable, VendorRejected
from connectors.outcomes import Sent
from connectors.shops.base import (
    CancelRequest,
    CaptureRequest,
    FulfilRequest,
    HoldRequest,
    RefundRequest,
    ReleaseRequest,
)
from connectors.transport import Response
from domain.catalogue import StockWrite
from tests.connectors.shops.graphql_order import connection
from tests.connectors.shops.stage import Answer, Stage, refused

HOLD = HoldRequest("fo1", "aftercart", "fraud check")
FULFIL = FulfilRequest("o1", (("fo1", "l1", 2), ("fo2", "l2", 1), ("fo1", "l3", 1)), "1Z", "UPS")
CANCEL = CancelRequest("o1", refund=True, restock=True, reason="fraud", note="n")


async def test_each_of_a_batch_has_its_own_outcome() -> None:
    def play(body: Answer) -> Answer:
        if "nodes(" in body["query"]:
            hold = {"id": "h9", "handle": "aftercart", "heldByRequestingApp": True}
            node = {"id": "fo1", "status": "ON_HOLD", "fulfillmentHolds": [hold], "lineItems": connection()}
            return {"data": {"nodes": [node]}}
        taken = {"code": "DUPLICATE_FULFILLMENT_HOLD_HANDLE", "message": "taken", "field": None}
        gone = {"code": "FULFILLMENT_ORDER_NOT_FOUND", "message": "fo3 is gone", "field": None}
        return {
            "data": {
                "m0": {"fulfillmentHold": None, "userErrors": [taken]},
                "m1": {"fulfillmentHold": {"id": "h2", "handle": "aftercart"}, "userErrors": []},
                "m2": {"fulfillmentHold": None, "userErrors": [gone]},
                "m3": None,
            },
            "errors": [{"message": "oops", "path": ["m3"], "extensions": {"code": "INTERNAL_SERVER_ERROR"}}],
        }

    wanted = [HoldRequest(f"fo{i}", "aftercart", "") for i in (1, 2, 3, 4)]
    outcomes = await Stage(play).shop.hold(wanted)
    assert outcomes[0] == Sent("h9", {"already": True})
    assert outcomes[1] == Sent("h2")
    assert isinstance(outcomes[2], VendorRejected)
    assert (outcomes[2].reason, outcomes[2].detail) == ("not_found", "[…] is gone")
    assert isinstance(outcomes[3], Retryable)  # a handle makes holding again harmless


async def test_a_failed_chunk_leaves_the_others_their_outcomes() -> None:
    def play(body: Answer) -> Answer | Response:
        if len(body["variables"]) == 25:
            return refused(502)
        payload = {"fulfillment": {"id": "f"}, "userErrors": []}
        return {"data": {f"m{i}": payload for i in range(len(body["variables"]))}}

    outcomes = await Stage(play).shop.fulfil([FULFIL] * 27)
    assert [type(each) for each in outcomes] == [OutcomeUnknown] * 25 + [Sent] * 2


async def test_a_parcel_names_every_line_and_never_tells_the_customer() -> None:
    stage = Stage(lambda body: {"data": {"m0": {"fulfillment": {"id": "f1"}, "userErrors": []}}})
    assert await stage.shop.fulfil([FULFIL]) == [Sent("f1")]
    sent = stage.sent[0]["variables"]["fulfillment0"]
    assert sent["notifyCustomer"] is False
    assert [group["fulfillmentOrderId"] for group in sent["lineItemsByFulfillmentOrder"]] == ["fo1", "fo2"]
    assert len(sent["lineItemsByFulfillmentOrder"][0]["fulfillmentOrderLineItems"]) == 2


async def test_a_release_names_its_holds_or_is_not_sent() -> None:
    stage = Stage(lambda body: {"data": {"m0": {"fulfillmentOrder": {"id": "fo1"}, "userErrors": []}}})
    outcomes = await stage.shop.release([ReleaseRequest("fo1", ()), ReleaseRequest("fo1", ("h1",))])
    assert isinstance(outcomes[0], VendorRejected)
    assert outcomes[0].reason == "no_hold_ids"
    assert outcomes[1] == Sent("fo1")
    assert [body["variables"] for body in stage.sent] == [{"id0": "fo1", "holdIds0": ["h1"]}]


async def test_holds_that_are_gone_count_as_released() -> None:
    def play(body: Answer) -> Answer:
        if "nodes(" in body["query"]:
            hold = {"id": "h2", "handle": "x", "heldByRequestingApp": True}
            node = {"id": "fo2", "status": "ON_HOLD", "fulfillmentHolds": [hold], "lineItems": connection()}
            return {"data": {"nodes": [node]}}
        ok = {"fulfillmentOrder": {"id": "fo"}, "userErrors": []}
        refused = {"fulfillmentOrder": None, "userErrors": [{"message": "no such hold", "code": None}]}
        holds = [value for name, value in body["variables"].items() if name.startswith("holdIds")]
        return {"data": {f"m{i}": ok if ids == ["h2"] else refused for i, ids in enumerate(holds)}}

    stage = Stage(play)
    outcomes = await stage.shop.release([ReleaseRequest("fo1", ("h1",)), ReleaseRequest("fo2", ("h1", "h2"))])
    assert outcomes == [Sent(data={"already": True}), Sent("fo")]


async def test_a_stale_expectation() -> None:
    stale = {"code": "CHANGE_FROM_QUANTITY_STALE", "message": "stale", "field": None}
    busy = {"code": "IDEMPOTENCY_CONCURRENT_REQUEST", "message": "busy", "field": None}
    data = {"m0": {"userErrors": [stale]}, "m1": {"userErrors": [busy]}, "m2": {"userErrors": []}}
    stage = Stage(lambda body: {"data": data})
    outcomes = await stage.shop.set_available([StockWrite(f"k{i}", "i", "l", 5, 4) for i in range(3)])
    assert isinstance(outcomes[0], VendorRejected)
    assert outcomes[0].reason == "stale"
    assert isinstance(outcomes[1], Retryable)
    assert outcomes[2] == Sent()
    assert stage.sent[0]["variables"]["key2"] == "k2"
    assert stage.sent[0]["variables"]["input0"]["quantities"][0]["changeFromQuantity"] == 5


@pytest.mark.parametrize(
    ("status", "expected"),
    [("SUCCESS", Sent("t1", {"status": "success"})), ("PENDING", Sent("t1", {"status": "pending"}))],
)
async def test_a_capture(status: str, expected: Sent) -> None:
    payload = {"transaction": {"id": "t1", "status": status, "errorCode": None}, "userErrors": []}
    stage = Stage(lambda body: {"data": {"m0": payload}})
    assert await stage.shop.capture(CaptureRequest("o1", "a1", 1999, "JPY")) == expected
    assert stage.sent[0]["variables"]["input0"]["amount"] == "1999"


async def test_a_gateway_that_refuses_has_not_captured() -> None:
    payload = {"transaction": {"id": "t1", "status": "FAILURE", "errorCode": "CARD_DECLINED"}, "userErrors": []}
    outcome = await Stage(lambda body: {"data": {"m0": payload}}).shop.capture(CaptureRequest("o", "a", 1, "EUR"))
    assert isinstance(outcome, VendorRejected)
    assert (outcome.reason, outcome.detail) == ("gateway_refused", "card_declined")


async def test_a_lost_capture_is_unknown_and_a_lost_refund_is_asked_again() -> None:
    stage = Stage(lambda body: refused(500))
    assert isinstance(await stage.shop.capture(CaptureRequest("o", "a", 1, "EUR")), OutcomeUnknown)
    assert len(stage.sent) == 1
    refund = RefundRequest("key", "o", "t", "bogus", 100, "EUR", "")
    assert isinstance(await stage.shop.refund(refund), Retryable)
    assert len(stage.sent) == 4
    assert {body["variables"].get("key0") for body in stage.sent[1:]} == {"key"}


async def test_a_refund_is_known_by_its_note_and_says_what_the_gateway_did() -> None:
    def of(note: str, status: str, code: str | None = None) -> dict[str, Any]:
        transaction = {"id": "t", "status": status, "errorCode": code}
        return {"id": f"r-{note}", "note": note, "transactions": {"nodes": [transaction]}}

    listed = [of("other", "SUCCESS"), of("declined", "FAILURE", "CARD_DECLINED"), of("on_its_way", "PENDING")]
    stage = Stage(lambda body: {"data": {"order": {"refunds": listed}}})
    refund = RefundRequest("key", "o", "t", "bogus", 100, "EUR", "declined")
    declined = await stage.shop.find_refund(refund)
    assert isinstance(declined, VendorRejected)
    assert (declined.reason, declined.detail) == ("gateway_refused", "card_declined")
    pending = await stage.shop.find_refund(replace(refund, note="on_its_way"))
    assert pending == Sent("r-on_its_way", {"status": "pending", "transaction": "t"})
    assert await stage.shop.find_refund(replace(refund, note="nobody's")) is None


async def test_an_order_that_cannot_be_read_says_nothing_of_its_refunds() -> None:
    stage = Stage(lambda body: {"data": {"order": None}})
    with pytest.raises(VendorRejected) as refused_answer:
        await stage.shop.find_refund(RefundRequest("key", "o", "t", "bogus", 100, "EUR", "n"))
    assert refused_answer.value.reason == "unreadable_answer"


async def test_a_cancellation_waits_for_its_job() -> None:
    states = [False, False, True]

    def play(body: Answer) -> Answer | Response:
        if "orderCancel" in body["query"]:
            return {"data": {"m0": {"job": {"id": "j1", "done": False}, "orderCancelUserErrors": []}}}
        done = states.pop(0)
        at = "2026-11-21T10:00:00Z" if done else None
        return {"data": {"job": {"id": "j1", "done": done}, "order": {"id": "o1", "cancelledAt": at}}}

    stage = Stage(play)
    assert await stage.shop.cancel_order(CANCEL) == Sent("j1")
    assert len(stage.naps) == 2
    assert stage.sent[0]["variables"]["refundMethod0"] == {"originalPaymentMethodsRefund": True}


@pytest.mark.parametrize(
    ("state", "error"),
    [({"done": False}, OutcomeUnknown), (None, OutcomeUnknown), ({"done": True}, VendorRejected)],
)
async def test_a_cancellation_that_does_not_come(state: Answer | None, error: type[ConnectorError]) -> None:
    def play(body: Answer) -> Answer:
        if "orderCancel" in body["query"]:
            return {"data": {"m0": {"job": {"id": "j1", "done": False}, "orderCancelUserErrors": []}}}
        return {"data": {"job": state, "order": {"id": "o1", "cancelledAt": None}}}

    stage = Stage(play)
    assert isinstance(await stage.shop.cancel_order(CANCEL), error)
    assert sum(stage.naps) < 35


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("Fulfillment order fo1 is on hold.", "on_hold"),
        ("Fulfillment order does not exist.", "not_found"),
        ("The fulfillment order has already been fulfilled", "already_fulfilled"),
        ("Invalid fulfillment order line item quantity requested.", "bad_quantity"),
        ("Something new", "rejected"),
    ],
)
async def test_messages_without_a_code(message: str, reason: str) -> None:
    payload = {"fulfillment": None, "userErrors": [{"message": message, "field": None}]}
    [outcome] = await Stage(lambda body: {"data": {"m0": payload}}).shop.fulfil([FULFIL])
    assert isinstance(outcome, VendorRejected)
    assert outcome.reason == reason
