"""What an HTTP 200 of Shopify may hide, each turned into the right outcome; the vendor is played by a function."""

from collections.abc import Callable
from typing import Any

import httpx
import orjson
import pytest

from connectors.errors import AuthFailed, ConnectorError, OutcomeUnknown, Retryable, VendorRejected
from connectors.outcomes import Sent
from connectors.shops.base import (
    CancelRequest,
    CaptureRequest,
    FulfilRequest,
    HoldRequest,
    RefundRequest,
    ReleaseRequest,
)
from connectors.shops.shopify import Shopify, shopify_http
from connectors.shops.shopify_budget import CostBudget, interactive
from domain.catalogue import StockWrite
from domain.order import OrderError
from tests.connectors.shops.graphql_order import connection, line, order

Answer = dict[str, Any]
Play = Callable[[Answer], Answer | httpx.Response]


class Stage:
    """A shop whose answers come from `play`, and the naps that it makes us take."""

    def __init__(self, play: Play) -> None:
        self.sent: list[Answer] = []
        self.naps: list[float] = []
        self.bad: list[tuple[str, str]] = []

        def handle(request: httpx.Request) -> httpx.Response:
            body = orjson.loads(request.content)
            self.sent.append(body)
            answer = play(body)
            return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)

        client = httpx.AsyncClient(transport=httpx.MockTransport(handle))
        http = shopify_http(client, "http://shop.test", "token", sleep=self.nap)
        budget = CostBudget(clock=lambda: sum(self.naps), sleep=self.nap)
        self.shop = Shopify(http, "alpha", budget=budget, on_bad_body=self.note)

    async def nap(self, seconds: float) -> None:
        self.naps.append(seconds)

    def note(self, external_id: str, error: OrderError) -> None:
        self.bad.append((external_id, error.code))


def cost(available: float, requested: float = 100, rate: float = 50) -> Answer:
    status = {"maximumAvailable": 2000.0, "currentlyAvailable": available, "restoreRate": rate}
    return {"cost": {"requestedQueryCost": requested, "actualQueryCost": None, "throttleStatus": status}}


def failing(code: str, message: str = "no", **more: Any) -> Answer:
    return {"errors": [{"message": message, "extensions": {"code": code}, **more}], **more.pop("top", {})}


THROTTLED = {**failing("THROTTLED"), "extensions": cost(50)}
SHOP = {"data": {"shop": {"name": "Alpha"}}}
HOLD = HoldRequest("fo1", "aftercart", "fraud check")
FULFIL = FulfilRequest("o1", (("fo1", "l1", 2), ("fo2", "l2", 1), ("fo1", "l3", 1)), "1Z", "UPS")
CANCEL = CancelRequest("o1", refund=True, restock=True, reason="fraud", note="n")


async def test_throttled_waits_as_long_as_the_bucket_says() -> None:
    answers = [THROTTLED, SHOP]
    stage = Stage(lambda body: answers.pop(0))
    with interactive():
        assert await stage.shop.check() == "Alpha"
    assert sum(stage.naps) == pytest.approx(1, abs=0.2)  # (100 - 50) / 50


async def test_throttled_for_long_is_left_to_the_row_also_for_writes() -> None:
    stage = Stage(lambda body: {**failing("THROTTLED"), "extensions": cost(0, 1000, 10)})
    [outcome] = await stage.shop.fulfil([FULFIL])
    assert isinstance(outcome, Retryable)
    assert outcome.after_s == pytest.approx(100, abs=1)
    assert len(stage.sent) == 1


@pytest.mark.parametrize(
    ("code", "error", "reason"),
    [
        ("ACCESS_DENIED", AuthFailed, ""),
        ("INTERNAL_SERVER_ERROR", Retryable, ""),
        ("undefinedField", VendorRejected, "undefinedfield"),
    ],
)
async def test_errors_of_a_read(code: str, error: type[ConnectorError], reason: str) -> None:
    stage = Stage(lambda body: failing(code))
    with pytest.raises(error) as caught:
        await stage.shop.check()
    assert getattr(caught.value, "reason", "") == reason


async def test_reads_too_costly_are_asked_in_smaller_chunks() -> None:
    def play(body: Answer) -> Answer:
        ids = body["variables"]["ids"]
        if len(ids) > 10:
            return failing("MAX_COST_EXCEEDED")
        return {"data": {"nodes": [{**order(), "id": each} for each in ids]}}

    stage = Stage(play)
    found = await stage.shop.fetch_orders([f"o{i}" for i in range(20)])
    assert {each.external_id for each in found} == {f"o{i}" for i in range(20)}
    assert [len(body["variables"]["ids"]) for body in stage.sent] == [20, 12, 6, 6, 6, 2]


async def test_unknown_and_unreadable_orders_hold_nothing_up() -> None:
    nodes = [order(), None, {**order(), "id": "bad", "updatedAt": "x"}, {}]
    stage = Stage(lambda body: {"data": {"nodes": nodes}})
    assert len(await stage.shop.fetch_orders(["a", "b", "c", "d"])) == 1
    assert stage.bad == [("bad", "not_a_time")]


async def test_long_orders_are_read_to_the_end() -> None:
    first = {"pageInfo": {"hasNextPage": True, "endCursor": "c1"}, "nodes": [line(1)]}

    def play(body: Answer) -> Answer:
        if "OrderLines" in body["query"]:
            assert body["variables"]["after"] == "c1"
            return {"data": {"node": {"lineItems": connection(line(2))}}}
        return {"data": {"nodes": [order(lineItems=first)]}}

    [found] = await Stage(play).shop.fetch_orders(["o"])
    assert [each.sku for each in found.lines] == ["SKU-1", "SKU-2"]


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
    def play(body: Answer) -> Answer | httpx.Response:
        if len(body["variables"]) == 25:
            return httpx.Response(502)
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
    stage = Stage(lambda body: httpx.Response(500))
    assert isinstance(await stage.shop.capture(CaptureRequest("o", "a", 1, "EUR")), OutcomeUnknown)
    assert len(stage.sent) == 1
    refund = RefundRequest("key", "o", "t", "bogus", 100, "EUR", "")
    assert isinstance(await stage.shop.refund(refund), Retryable)
    assert len(stage.sent) == 4
    assert {body["variables"].get("key0") for body in stage.sent[1:]} == {"key"}


async def test_a_cancellation_waits_for_its_job() -> None:
    states = [False, False, True]

    def play(body: Answer) -> Answer | httpx.Response:
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


async def test_a_frozen_shop_and_a_wrong_token() -> None:
    with pytest.raises(VendorRejected) as caught:
        await Stage(lambda body: httpx.Response(402, json={"errors": "Unavailable Shop"})).shop.check()
    assert (caught.value.reason, caught.value.detail) == ("shop_frozen", "Unavailable Shop")
    with pytest.raises(AuthFailed):
        await Stage(lambda body: httpx.Response(401, json={"errors": "[API] Invalid"})).shop.check()
