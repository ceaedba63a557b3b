"""Holds, moves, splits, fulfilments: real state rules."""

from typing import Any

from tests.sandbox.shopify.conftest import Driver

HOLD = """mutation($id: ID!, $hold: FulfillmentOrderHoldInput!) {
  fulfillmentOrderHold(id: $id, fulfillmentHold: $hold) {
  fulfillmentHold { id handle heldByRequestingApp } remainingFulfillmentOrder { id } userErrors { code field } } }"""
RELEASE = """mutation($id: ID!, $ids: [ID!]) { fulfillmentOrderReleaseHold(id: $id, holdIds: $ids) {
  fulfillmentOrder { status fulfillmentHolds { handle } } userErrors { code message } } }"""
FULFIL = """mutation($f: FulfillmentInput!) { fulfillmentCreate(fulfillment: $f) {
  fulfillment { id name status trackingInfo { number url company } } userErrors { field message } } }"""


async def _hold(shop: Driver, fo: str, handle: str | None) -> Any:
    hold = {"reason": "HIGH_RISK_OF_FRAUD", "handle": handle, "reasonNotes": "look"}
    return (await shop.ask(HOLD, {"id": fo, "hold": hold}))["fulfillmentOrderHold"]


async def _fulfil(shop: Driver, fo: str, lines: list[dict[str, Any]] | None = None, number: str = "T1") -> Any:
    chosen = {"fulfillmentOrderId": fo} | ({"fulfillmentOrderLineItems": lines} if lines else {})
    info = {"number": number, "url": f"https://track/{number}", "company": "UPS"}
    wanted = {"lineItemsByFulfillmentOrder": [chosen], "trackingInfo": info, "notifyCustomer": True}
    return (await shop.ask(FULFIL, {"f": wanted}))["fulfillmentCreate"]


async def test_a_repeated_handle_is_refused_and_counted_once(shop: Driver) -> None:
    order = await shop.buy()
    fo = (await shop.fos(order))[0]["id"]
    made = await _hold(shop, fo, "review")
    assert made["fulfillmentHold"]["heldByRequestingApp"] is True
    again = await _hold(shop, fo, "review")
    assert again["fulfillmentHold"] is None
    assert again["userErrors"][0]["code"] == "DUPLICATE_FULFILLMENT_HOLD_HANDLE"
    assert (await shop.see(order))["held"] is True
    assert shop.accepted("fulfillmentOrderHold") == {f"{fo}:review": 1}


async def test_releasing_by_id_leaves_the_others_and_without_ids_releases_all(shop: Driver) -> None:
    order = await shop.buy()
    await shop.post(f"/shopify/alpha/orders/{order['legacy_id']}/hold", {"handle": "theirs", "reason": "other"})
    fo = (await shop.fos(order))[0]["id"]
    own = (await _hold(shop, fo, "ours"))["fulfillmentHold"]["id"]
    kept = (await shop.ask(RELEASE, {"id": fo, "ids": [own]}))["fulfillmentOrderReleaseHold"]["fulfillmentOrder"]
    assert kept == {"status": "ON_HOLD", "fulfillmentHolds": [{"handle": "theirs"}]}
    await _hold(shop, fo, "ours")
    freed = (await shop.ask(RELEASE, {"id": fo}))["fulfillmentOrderReleaseHold"]["fulfillmentOrder"]
    assert freed == {"status": "OPEN", "fulfillmentHolds": []}


async def test_a_hold_of_some_lines_splits_the_rest_off(shop: Driver) -> None:
    order = await shop.buy()
    fo = (await shop.fos(order))[0]
    part = {"id": fo["lineItems"]["nodes"][0]["id"], "quantity": 1}
    hold = {"reason": "OTHER", "handle": "part", "fulfillmentOrderLineItems": [part]}
    made = (await shop.ask(HOLD, {"id": fo["id"], "hold": hold}))["fulfillmentOrderHold"]
    assert made["remainingFulfillmentOrder"]["id"] != fo["id"]
    states = {each["id"]: each for each in await shop.fos(order)}
    assert states[fo["id"]]["status"] == "ON_HOLD"
    assert [each["lineItems"]["nodes"][0]["remainingQuantity"] for each in states.values()] == [1, 1]


async def test_a_held_order_cannot_be_fulfilled_and_a_cancelled_one_not_held(shop: Driver) -> None:
    order = await shop.buy()
    fo = (await shop.fos(order))[0]["id"]
    await _hold(shop, fo, "stop")
    refused = await _fulfil(shop, fo)
    assert "unfulfillable status" in refused["userErrors"][0]["message"]
    await shop.post(f"/shopify/alpha/orders/{order['legacy_id']}/cancel")
    assert (await _hold(shop, fo, "late"))["userErrors"][0]["field"] == ["id"]


async def test_fulfilling_in_parts_until_nothing_is_left(shop: Driver) -> None:
    order = await shop.buy()
    fo = (await shop.fos(order))[0]
    line = fo["lineItems"]["nodes"][0]["id"]
    first = await _fulfil(shop, fo["id"], [{"id": line, "quantity": 1}])
    assert first["fulfillment"]["trackingInfo"] == [{"number": "T1", "url": "https://track/T1", "company": "UPS"}]
    assert (await shop.see(order))["fulfillment_status"] == "PARTIALLY_FULFILLED"
    too_many = await _fulfil(shop, fo["id"], [{"id": line, "quantity": 2}])
    assert too_many["userErrors"][0]["message"] == "Invalid fulfillment order line item quantity requested."
    await _fulfil(shop, fo["id"], number="T2")
    seen = await shop.see(order)
    assert seen["fulfillment_status"] == "FULFILLED"
    assert [each["tracking_number"] for each in seen["fulfillments"]] == ["T1", "T2"]
    assert shop.accepted("fulfillmentCreate") == {f"{order['name']}:T1": 1, f"{order['name']}:T2": 1}
    assert "closed" in (await _fulfil(shop, fo["id"]))["userErrors"][0]["message"]


async def test_aliased_mutations_each_have_their_outcome(shop: Driver) -> None:
    order = await shop.buy()
    fo = (await shop.fos(order))[0]["id"]
    text = """mutation($id: ID!) {
      a: fulfillmentOrderHold(id: $id, fulfillmentHold: {reason: OTHER, handle: "x"}) { userErrors { code } }
      b: fulfillmentOrderHold(id: $id, fulfillmentHold: {reason: OTHER, handle: "x"}) { userErrors { code } }
      c: tagsAdd(id: "gid://shopify/Order/5", tags: ["t"]) { userErrors { message } } }"""
    data = await shop.ask(text, {"id": fo})
    assert data["a"]["userErrors"] == []
    assert data["b"]["userErrors"][0]["code"] == "DUPLICATE_FULFILLMENT_HOLD_HANDLE"
    assert data["c"]["userErrors"]


async def test_move_takes_the_committed_stock_along(shop: Driver) -> None:
    order = await shop.buy()
    fo = (await shop.fos(order))[0]["id"]
    places = {
        p["name"]: p["id"]
        for p in (await shop.ask("{ locations(first: 9) { nodes { id name } } }"))["locations"]["nodes"]
    }
    text = """mutation($id: ID!, $to: ID!) { fulfillmentOrderMove(id: $id, newLocationId: $to) {
      movedFulfillmentOrder { id assignedLocation { name } } userErrors { message code } } }"""
    moved = (await shop.ask(text, {"id": fo, "to": places["Brooklyn Store"]}))["fulfillmentOrderMove"]
    assert moved["movedFulfillmentOrder"] == {"id": fo, "assignedLocation": {"name": "Brooklyn Store"}}
    stock = (await shop.get("/shopify/alpha/inventory"))["inventory"]
    committed = {each["location"]: each["committed"] for each in stock if each["sku"] == "TENT-2P-GRN"}
    assert committed == {"Reno DC": 0, "Brooklyn Store": 2}


async def test_split_leaves_the_rest_in_the_original(shop: Driver) -> None:
    order = await shop.buy()
    fo = (await shop.fos(order))[0]
    text = """mutation($s: [FulfillmentOrderSplitInput!]!) { fulfillmentOrderSplit(fulfillmentOrderSplits: $s) {
      fulfillmentOrderSplits { fulfillmentOrder { id } remainingFulfillmentOrder { id } } userErrors { code } } }"""
    part = {"id": fo["lineItems"]["nodes"][0]["id"], "quantity": 1}
    wanted = {"fulfillmentOrderId": fo["id"], "fulfillmentOrderLineItems": [part]}
    made = (await shop.ask(text, {"s": [wanted]}))["fulfillmentOrderSplit"]
    assert made["fulfillmentOrderSplits"][0]["fulfillmentOrder"]["id"] == fo["id"]
    assert len(await shop.fos(order)) == 2
    whole = (await shop.ask(text, {"s": [wanted]}))["fulfillmentOrderSplit"]
    assert whole["userErrors"][0]["code"] == "INVALID_LINE_ITEM_QUANTITY"


async def test_tracking_and_events_show_on_the_fulfilment(shop: Driver) -> None:
    order = await shop.buy()
    made = (await _fulfil(shop, (await shop.fos(order))[0]["id"]))["fulfillment"]["id"]
    text = """mutation($id: ID!) {
      fulfillmentTrackingInfoUpdate(fulfillmentId: $id, trackingInfoInput: {number: "T9", company: "DHL"}) {
        fulfillment { trackingInfo { number company } } userErrors { message } }
      fulfillmentEventCreate(fulfillmentEvent: {fulfillmentId: $id, status: DELIVERED}) {
        fulfillmentEvent { id status } userErrors { message } } }"""
    await shop.ask(text, {"id": made})
    seen = await shop.ask(
        "query($id: ID!) { fulfillment(id: $id) { displayStatus deliveredAt trackingInfo { number } } }", {"id": made}
    )
    assert seen["fulfillment"]["displayStatus"] == "DELIVERED"
    assert seen["fulfillment"]["deliveredAt"]
    assert seen["fulfillment"]["trackingInfo"] == [{"number": "T9"}]
