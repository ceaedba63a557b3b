"""Returns: who may begin one, what states it takes, and how its goods come back."""

import json
from typing import Any

import pytest

from tests.sandbox.shopify.conftest import Driver, subscribe
from tests.sandbox.shopify.returning import (
    APPROVE,
    CANCEL,
    CLOSE,
    CREATE,
    DECLINE,
    DELIVER,
    DISPOSE,
    REMOVE,
    REOPEN,
    REQUEST,
    UPDATE,
    Sent,
    messages,
    sent,
)

TENT, SOCK = "TENT-2P-GRN", "SOCK-L"
INVALID_STATE = (["id"], "Return status is invalid.", "INVALID_STATE")


async def test_a_request_waits_for_approval_and_leaves_the_orders_clock_alone(shop: Driver) -> None:
    order = await sent(shop, payment="partial")  # one that is paid and shipped is archived, and opening it is a change
    before = await order.read()
    await shop.post("/clock", {"offset_s": 3600})
    asked = await order.create((TENT, 1), text=REQUEST)
    back = asked["return"]
    assert (back["name"], back["status"], back["order"]["returnStatus"]) == (
        "#1001-R1",
        "REQUESTED",
        "RETURN_REQUESTED",
    )
    assert back["reverseFulfillmentOrders"]["nodes"] == []
    approved = (await order.step(APPROVE, {"i": {"id": back["id"]}}))["return"]
    assert (approved["status"], approved["order"]["returnStatus"]) == ("OPEN", "IN_PROGRESS")
    assert approved["requestApprovedAt"]
    [expected] = approved["reverseFulfillmentOrders"]["nodes"]
    assert expected["status"] == "OPEN"
    assert [x["totalQuantity"] for x in expected["lineItems"]["nodes"]] == [1]
    assert (await order.read())["updatedAt"] == before["updatedAt"]
    again = await order.step(APPROVE, {"i": {"id": back["id"]}})
    text = "Return is not approvable. Only returns with status REQUESTED can be approved."
    assert messages(again) == [(["input", "id"], text, "INVALID_STATE")]


async def test_declined_units_can_be_asked_for_again(shop: Driver) -> None:
    order = await sent(shop)
    back = (await order.create((TENT, 2), text=REQUEST))["return"]
    assert await order.returnable() == {SOCK: 3}
    wanted = {"id": back["id"], "declineReason": "FINAL_SALE", "declineNote": "final"}
    declined = (await order.step(DECLINE, {"i": wanted}))["return"]
    assert declined["decline"] == {"reason": "FINAL_SALE", "note": "final"}
    assert declined["order"]["returnStatus"] == "NO_RETURN"
    assert await order.returnable() == {TENT: 2, SOCK: 3}
    twice = await order.step(DECLINE, {"i": wanted})
    assert messages(twice) == [(["input", "id"], "The return is already declined.", "INVALID_STATE")]
    long = wanted | {"id": (await order.create((TENT, 2), text=REQUEST))["return"]["id"], "declineNote": "x" * 501}
    assert messages(await order.step(DECLINE, {"i": long}))[0][2] == "TOO_LONG"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"quantity": 3}, (["quantity"], "Return line item has an invalid quantity.", "INVALID")),
        ({"quantity": 0}, (["quantity"], "Return line item has an invalid quantity.", "INVALID")),
        (
            {"fulfillmentLineItemId": "gid://shopify/FulfillmentLineItem/5"},
            (["fulfillmentLineItemId"], "Fulfillment Line Item was not found.", "NOT_FOUND"),
        ),
        (
            {"returnReason": None},
            ([], "Return line items Either return reason or return reason definition must be provided", "NOT_FOUND"),
        ),
        (
            {"returnReason": "OTHER"},
            (
                ["returnReasonNote"],
                'Return line items return reason note The note is required when the return reason is "Other"',
                "BLANK",
            ),
        ),
        (
            {"returnReasonNote": "x" * 256},
            (["returnReasonNote"], "is too long (maximum is 255 characters)", "TOO_LONG"),
        ),
        (
            {"returnReasonDefinitionId": "gid://shopify/ReturnReasonDefinition/77"},
            (["returnReasonDefinitionId"], "Return reason definition was not found.", "NOT_FOUND"),
        ),
    ],
    ids=["too many", "none", "line", "no reason", "other", "long", "unknown reason"],
)
async def test_a_return_that_does_not_fit_is_refused_at_its_field(
    shop: Driver, change: dict[str, Any], problem: tuple[list[str], str, str]
) -> None:
    order = await sent(shop)
    line = {"fulfillmentLineItemId": order.units[TENT], "quantity": 1, "returnReason": "UNWANTED"} | change
    refused = await order.step(CREATE, {"i": {"orderId": order.order["id"], "returnLineItems": [line]}})
    path, text, code = problem
    assert messages(refused) == [(["returnInput", "returnLineItems", "0", *path], text, code)]
    assert refused["return"] is None
    assert (await order.read())["returns"]["nodes"] == []
    assert shop.accepted("returnCreate") == {}


async def test_a_requests_reason_may_be_other_without_a_note_but_not_missing(shop: Driver) -> None:
    order = await sent(shop)
    line = {"fulfillmentLineItemId": order.units[TENT], "quantity": 1}
    missing = await order.step(REQUEST, {"i": {"orderId": order.order["id"], "returnLineItems": [line]}})
    path = ["input", "returnLineItems", "0", "returnReason"]
    assert messages(missing) == [(path, "Return reason can't be blank", "BLANK")]
    line |= {"returnReasonDefinitionId": "gid://shopify/ReturnReasonDefinition/5", "customerNote": "hm"}
    made = await order.step(REQUEST, {"i": {"orderId": order.order["id"], "returnLineItems": [line]}})
    [node] = made["return"]["returnLineItems"]["nodes"]
    assert (node["returnReason"], node["customerNote"]) == ("OTHER", "hm")
    assert node["returnReasonDefinition"]["handle"] == "other-reason"


async def test_nothing_unshipped_and_no_unit_twice(shop: Driver) -> None:
    order = await sent(shop)
    await order.opened((TENT, 1))
    twice = await order.create((TENT, 2))
    assert messages(twice)[0][2] == "INVALID"
    line = {"fulfillmentLineItemId": order.units[SOCK], "quantity": 2, "returnReason": "COLOR"}
    both = await order.step(CREATE, {"i": {"orderId": order.order["id"], "returnLineItems": [line, line]}})
    assert messages(both)[0][0] == ["returnInput", "returnLineItems", "1", "quantity"]
    unshipped = await shop.buy()
    assert await Sent(shop, unshipped).returnable() == {}


async def test_the_ends_of_a_return_can_be_asked_for_again(shop: Driver) -> None:
    order = await sent(shop)
    back = (await order.create((TENT, 1), text=REQUEST))["return"]
    assert messages(await order.step(CLOSE, {"id": back["id"]})) == [INVALID_STATE]
    assert messages(await order.step(REOPEN, {"id": back["id"]})) == [INVALID_STATE]
    await order.step(APPROVE, {"i": {"id": back["id"]}})
    for _ in range(2):
        closed = (await order.step(CLOSE, {"id": back["id"]}))["return"]
        assert (closed["status"], closed["order"]["returnStatus"]) == ("CLOSED", "RETURNED")
        assert closed["reverseFulfillmentOrders"]["nodes"][0]["status"] == "CLOSED"
    for _ in range(2):
        assert (await order.step(REOPEN, {"id": back["id"]}))["return"]["closedAt"] is None
    for _ in range(2):
        assert (await order.step(CANCEL, {"id": back["id"]}))["return"]["status"] == "CANCELED"
    assert shop.accepted("returnClose") == shop.accepted("returnCancel") == {back["id"]: 1}
    assert await order.returnable() == {TENT: 2, SOCK: 3}
    missing = await order.step(CANCEL, {"id": "gid://shopify/Return/9"})
    assert messages(missing) == [(["id"], "Return not found.", "NOT_FOUND")]


async def test_a_return_with_work_done_on_it_is_not_cancelled(shop: Driver) -> None:
    order = await sent(shop)
    back = await order.opened((TENT, 1))
    assert not (await order.process(back))["userErrors"]
    refused = await order.step(CANCEL, {"id": back["id"]})
    assert messages(refused) == [(["id"], "Return is not cancelable.", "INVALID_STATE")]


async def test_units_leave_an_open_return(shop: Driver) -> None:
    order = await sent(shop)
    back = await order.opened((TENT, 2), (SOCK, 1))
    tent = back["returnLineItems"]["nodes"][0]["id"]

    async def remove(count: int) -> Any:
        return await order.step(REMOVE, {"id": back["id"], "l": [{"returnLineItemId": tent, "quantity": count}]})

    path = ["returnLineItems", "0", "quantity"]
    assert messages(await remove(3)) == [(path, "Return line item has an invalid quantity.", "INVALID")]
    assert messages(await remove(0)) == [(None, "Quantity must be greater than 0", "GREATER_THAN")]
    assert (await remove(1))["return"]["totalQuantity"] == 2
    left = (await remove(1))["return"]
    assert [x["totalQuantity"] for x in left["reverseFulfillmentOrders"]["nodes"][0]["lineItems"]["nodes"]] == [1]
    await order.step(CLOSE, {"id": back["id"]})
    assert messages(await remove(1)) == [(["returnId"], "Return status is invalid.", "INVALID_STATE")]


async def test_a_delivery_carries_label_and_tracking(shop: Driver) -> None:
    await subscribe(shop, "REVERSE_DELIVERIES_ATTACH_DELIVERABLE")
    order = await sent(shop)
    back = await order.opened((TENT, 2), (SOCK, 1))
    [expected] = back["reverseFulfillmentOrders"]["nodes"]
    lines = expected["lineItems"]["nodes"]
    some = [{"reverseFulfillmentOrderLineItemId": lines[0]["id"], "quantity": 1}]
    tracking = {"number": "R1", "url": "https://t/R1"}
    made = await order.step(
        DELIVER, {"id": expected["id"], "l": some, "t": tracking, "label": {"fileUrl": "https://l/1.pdf"}}
    )
    shown = made["reverseDelivery"]["deliverable"]
    assert shown["tracking"] == tracking | {"carrierName": None}
    assert shown["label"]["publicFileUrl"] == "https://l/1.pdf"
    rest = await order.step(DELIVER, {"id": expected["id"], "l": []})
    nodes = rest["reverseDelivery"]["reverseDeliveryLineItems"]["nodes"]
    assert [each["quantity"] for each in nodes] == [1, 1]
    over = await order.step(DELIVER, {"id": expected["id"], "l": some})
    path = ["reverseDeliveryLineItems", "0", "quantity"]
    assert messages(over) == [(path, "cannot deliver more items than are returned", None)]
    other = [{"reverseFulfillmentOrderLineItemId": "gid://shopify/ReverseFulfillmentOrderLineItem/9", "quantity": 1}]
    unknown = await order.step(DELIVER, {"id": expected["id"], "l": other})
    assert messages(unknown)[0][:2] == (
        ["reverseDeliveryLineItems", "0", "reverseFulfillmentOrderLineItemId"],
        "must exist",
    )
    changed = await order.step(UPDATE, {"id": made["reverseDelivery"]["id"], "t": {"number": "R2"}})
    assert changed["reverseDelivery"]["deliverable"]["tracking"]["number"] == "R2"
    assert changed["reverseDelivery"]["deliverable"]["label"]["publicFileUrl"] == "https://l/1.pdf"
    gone = await order.step(UPDATE, {"id": "gid://shopify/ReverseDelivery/9", "t": tracking})
    assert messages(gone) == [(["reverseDeliveryId"], "Reverse delivery was not found.", "NOT_FOUND")]
    wrong = (await shop.raw(UPDATE, {"id": back["id"], "t": tracking})).json()["errors"][0]
    assert (wrong["message"], wrong["extensions"]["code"]) == (f"Invalid id: {back['id']}", "RESOURCE_NOT_FOUND")
    assert [each.topic for each in shop.hooks] == ["reverse_deliveries/attach_deliverable"] * 2
    told = json.loads(shop.hooks[0].body)
    assert told["shipping_deliverable"]["tracking"]["tracking_number"] == "R1"


async def test_only_restocked_units_are_stock_again(shop: Driver) -> None:
    order = await sent(shop)
    back = await order.opened((TENT, 2), (SOCK, 3))
    tent, sock = back["reverseFulfillmentOrders"]["nodes"][0]["lineItems"]["nodes"]
    place = (await shop.ask("{ locations(first: 1) { nodes { id name } } }"))["locations"]["nodes"][0]
    tents, socks = await order.stock(TENT), await order.stock(SOCK)

    async def dispose(line: dict[str, Any], kind: str, count: int, **more: Any) -> Any:
        wanted = {"reverseFulfillmentOrderLineItemId": line["id"], "quantity": count, "dispositionType": kind} | more
        return await order.step(DISPOSE, {"i": [wanted]})

    nowhere = await dispose(tent, "RESTOCKED", 1)
    assert messages(nowhere)[0][0] == ["dispositionInputs", "0", "locationId"]
    assert messages(await dispose(tent, "RESTOCKED", 1, locationId="gid://shopify/Location/9"))[0][1:] == (
        "Location not found.",
        "NOT_FOUND",
    )
    assert not (await dispose(tent, "RESTOCKED", 1, locationId=place["id"]))["userErrors"]
    assert not (await dispose(tent, "MISSING", 1))["userErrors"]
    over = await dispose(tent, "NOT_RESTOCKED", 1)
    assert messages(over)[0][0] == ["dispositionInputs", "0", "quantity"]
    assert not (await dispose(sock, "PROCESSING_REQUIRED", 3))["userErrors"]
    assert await order.stock(SOCK) == socks
    said = await dispose(sock, "RESTOCKED", 2, locationId=place["id"])
    [shown] = said["reverseFulfillmentOrderLineItems"]
    assert {each["type"]: each["quantity"] for each in shown["dispositions"]} == {
        "PROCESSING_REQUIRED": 1,
        "RESTOCKED": 2,
    }
    assert (await order.stock(TENT))[place["name"]] == tents[place["name"]] + 1
    assert (await order.stock(SOCK))[place["name"]] == socks[place["name"]] + 2
    empty = await order.step(DISPOSE, {"i": []})
    assert messages(empty) == [(["dispositionInputs"], "The array cannot be empty.", "BLANK")]
    unknown = await dispose({"id": "gid://shopify/ReverseFulfillmentOrderLineItem/0"}, "MISSING", 1)
    text = "Cannot dispose items from more than one reverse fulfillment order."
    assert messages(unknown) == [(["dispositionInputs"], text, "INVALID")]


async def test_a_return_opens_an_archived_order_again(shop: Driver) -> None:
    order = await sent(shop)
    assert (await order.read())["closed"] is True
    await order.opened((TENT, 1))
    assert (await order.read())["closed"] is False
