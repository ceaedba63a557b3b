"""Returns that are longer than a page, and answers that the fake shop would not give."""

import copy
from typing import Any

import pytest

from connectors.errors import OutcomeUnknown, Retryable, VendorRejected
from connectors.shops.returning import ReturnDraft, WantedReturnLine
from connectors.transport import Response
from tests.connectors.shops.stage import Answer, Stage, refused
from tests.connectors.shops.test_shopify_return_parse import RETURN

MORE = {"pageInfo": {"hasNextPage": True, "endCursor": "c1"}}
END = {"pageInfo": {"hasNextPage": False, "endCursor": None}}
DRAFT = ReturnDraft("gid://shopify/Order/1", "ret_1", (WantedReturnLine("gid://shopify/FulfillmentLineItem/1", 1),))


def units(number: int) -> dict[str, Any]:
    line = {"id": f"gid://shopify/LineItem/{number}"}
    return {
        "quantity": 1,
        "fulfillmentLineItem": {"id": f"gid://shopify/FulfillmentLineItem/{number}", "lineItem": line},
    }


def named(query: str) -> str:
    return query.split("(")[0].split("{")[0].split()[1]


async def test_all_pages_of_a_return_are_read() -> None:
    first = copy.deepcopy(RETURN)
    [line] = first["returnLineItems"]["nodes"]
    [place] = first["reverseFulfillmentOrders"]["nodes"]
    [awaited] = place["lineItems"]["nodes"]
    first["returnLineItems"] |= MORE
    place["lineItems"] |= MORE
    answers: dict[str, Any] = {
        "ReturnsById": {"nodes": [first, None, {}]},
        "ReturnLines": {"node": {"returnLineItems": {**END, "nodes": [line | {"id": "l2"}]}}},
        "AwaitedLines": {"node": {"lineItems": {**END, "nodes": [awaited | {"id": "a2"}]}}},
    }
    stage = Stage(lambda body: {"data": answers[named(body["query"])]})

    found = await stage.shop.fetch_return(RETURN["id"])

    assert found is not None
    assert [each.external_id for each in found.lines] == [line["id"], "l2"]
    assert [each.external_id for each in found.awaited[0].lines] == [awaited["id"], "a2"]
    assert [each["variables"].get("after") for each in stage.sent] == [None, "c1", "c1"]


async def test_all_pages_of_what_can_be_returned_are_read() -> None:
    def play(body: Answer) -> Answer:
        if named(body["query"]) == "ReturnableLines":
            return {"data": {"node": {"returnableFulfillmentLineItems": {**END, "nodes": [units(2)]}}}}
        last = body["variables"]["after"] == "c1"
        inner = {**END, "nodes": [units(3)]} if last else {**MORE, "nodes": [units(1)]}
        node = {"id": "gid://shopify/ReturnableFulfillment/1", "returnableFulfillmentLineItems": inner}
        return {"data": {"returnableFulfillments": {**(END if last else MORE), "nodes": [node]}}}

    found = await Stage(play).shop.returnable("gid://shopify/Order/1")

    assert [each.line for each in found] == [f"gid://shopify/LineItem/{n}" for n in (1, 2, 3)]


@pytest.mark.row("RET-1", bad_input=True)
@pytest.mark.parametrize(
    "answer", [{"nodes": [{"id": "gid://shopify/Return/1"}]}, {"nodes": [RETURN | {"status": "X"}]}]
)
async def test_a_return_that_cannot_be_read_is_no_absent_one(answer: Answer) -> None:
    with pytest.raises(VendorRejected) as caught:
        await Stage(lambda _body: {"data": answer}).shop.fetch_return("gid://shopify/Return/1")
    assert caught.value.reason == "unreadable_answer"


@pytest.mark.row("RET-1", bad_input=True)
async def test_a_shop_without_reasons_opens_no_return() -> None:
    stage = Stage(lambda _body: {"data": {"returnReasonDefinitions": {"nodes": []}}})
    outcome = await stage.shop.create_return(DRAFT)
    assert isinstance(outcome, VendorRejected)
    assert outcome.reason == "unreadable_answer"
    assert [named(each["query"]) for each in stage.sent] == ["ReturnReasons"]


@pytest.mark.row("RET-1")
@pytest.mark.parametrize(
    ("answer", "expected"),
    [(refused(502), OutcomeUnknown), (refused(429), Retryable), ({"data": {"m0": None}}, OutcomeUnknown)],
    ids=["lost", "throttled", "silent"],
)
async def test_an_answer_that_says_nothing_of_a_write(answer: Answer | Response, expected: type[Exception]) -> None:
    reasons = {"nodes": [{"id": "r1", "handle": "other", "deleted": False}]}

    def play(body: Answer) -> Answer | Response:
        reading = named(body["query"]) == "ReturnReasons"
        return {"data": {"returnReasonDefinitions": reasons}} if reading else answer

    outcome = await Stage(play).shop.create_return(DRAFT)

    assert isinstance(outcome, expected)
