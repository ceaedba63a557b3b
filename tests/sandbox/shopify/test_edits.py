"""Order editing: lines are staged, compared and committed; what may not be edited is refused."""

import json
from typing import Any

import pytest

from tests.sandbox.shopify.conftest import ADDRESS, Driver, subscribe
from tests.sandbox.shopify.editing import ADD, BEGIN, COMMIT, SET, Edit, amount, messages

FULFIL = """mutation($f: FulfillmentInput!) { fulfillmentCreate(fulfillment: $f) { userErrors { message } } }"""
GONE = ["The calculated order does not exist."]


async def _bought(shop: Driver, name: str = "alpha", **body: Any) -> Edit:
    return Edit(shop, await shop.buy(name, **body), name)


async def _ship(shop: Driver, order: dict[str, Any], quantity: int) -> None:
    [fo, *_] = await shop.fos(order)
    part = {"id": fo["lineItems"]["nodes"][0]["id"], "quantity": quantity}
    chosen = [{"fulfillmentOrderId": fo["id"], "fulfillmentOrderLineItems": [part]}]
    done = await shop.ask(FULFIL, {"f": {"lineItemsByFulfillmentOrder": chosen}})
    assert not done["fulfillmentCreate"]["userErrors"]


async def test_an_edit_is_staged_first_and_the_order_stands_still(shop: Driver) -> None:
    edit = await _bought(shop)
    before = await edit.read()
    start = await edit.begin()
    assert amount(start["totalPriceSet"]) == amount(before["currentTotalPriceSet"])
    assert amount(start["totalOutstandingSet"]) == 0
    [line] = start["lineItems"]["nodes"]
    assert line["id"].rpartition("/")[2] == before["lineItems"]["nodes"][0]["id"].rpartition("/")[2]
    assert (line["quantity"], line["editableQuantity"], line["restockable"]) == (2, 2, True)
    less = await edit.set(start, "TENT-2P-GRN", 1)
    assert less["calculatedLineItem"]["restocking"] is True
    assert less["calculatedLineItem"]["editableQuantityBeforeChanges"] == 2
    more = (await edit.add(start, "SOCK-M", 3))["calculatedOrder"]
    assert [each["sku"] for each in more["addedLineItems"]["nodes"]] == ["SOCK-M"]
    assert more["stagedChanges"]["nodes"] == [
        {"__typename": "OrderStagedChangeDecrementItem", "delta": 1, "restock": True},
        {"__typename": "OrderStagedChangeAddVariant", "quantity": 3},
    ]
    assert more["subtotalLineItemsQuantity"] == 4
    owed = amount(more["totalPriceSet"]) - amount(before["currentTotalPriceSet"])
    assert amount(more["totalOutstandingSet"]) == owed < 0
    assert await edit.read() == before


@pytest.mark.parametrize(("name", "currency"), [("alpha", "USD"), ("alpha", "JPY"), ("nord", "EUR"), ("nord", "KWD")])
async def test_a_commit_comes_to_what_was_calculated_and_back_again(shop: Driver, name: str, currency: str) -> None:
    lines = [{"sku": "SHELL-M-M", "quantity": 3, "discount": "7.77"}, {"sku": "SOCK-L", "quantity": 7}]
    edit = await _bought(shop, name, lines=lines, currency=currency)
    first = await edit.read()
    for shells, socks in ((2, 5), (1, 6), (3, 7)):
        start = await edit.begin()
        await edit.set(start, "SHELL-M-M", shells)
        staged = (await edit.set(start, "SOCK-L", socks))["calculatedOrder"]
        assert (await edit.commit(start))["userErrors"] == []
        now = await edit.read()
        for side in ("shopMoney", "presentmentMoney"):
            assert amount(now["currentTotalPriceSet"], side) == amount(staged["totalPriceSet"], side)
            assert amount(now["currentSubtotalPriceSet"], side) == amount(staged["subtotalPriceSet"], side)
            taxes = sum(amount(each["priceSet"], side) for each in staged["taxLines"])
            assert amount(now["currentTotalTaxSet"], side) == taxes
        assert now["totalOutstandingSet"] == staged["totalOutstandingSet"]
    assert now["currentTotalPriceSet"] == first["currentTotalPriceSet"] == first["originalTotalPriceSet"]
    assert amount(now["totalOutstandingSet"]) == 0


async def test_a_commit_moves_lines_stock_and_fulfilment_orders_but_no_money(shop: Driver) -> None:
    await subscribe(shop, "ORDERS_UPDATED", "ORDERS_EDITED")
    edit = await _bought(shop)
    await shop.post("/clock", {"offset_s": 60})
    before = await edit.read()
    start = await edit.begin()
    await edit.set(start, "TENT-2P-GRN", 1)
    await edit.add(start, "SOCK-M", 3)
    done = await edit.commit(start, notify=True)
    assert done["successMessages"] == ["Order updated", "Notification sent"]
    now = await edit.read()
    assert now["edited"] is True
    assert now["updatedAt"] > before["updatedAt"]
    assert [(each["sku"], each["quantity"], each["currentQuantity"]) for each in now["lineItems"]["nodes"]] == [
        ("TENT-2P-GRN", 2, 1), ("SOCK-M", 3, 3),
    ]  # fmt: skip
    assert now["transactions"] == before["transactions"]
    assert amount(now["totalOutstandingSet"]) < 0
    assert now["displayFinancialStatus"] == "PAID"
    stock = (await shop.get("/shopify/alpha/inventory"))["inventory"]
    committed = {each["sku"]: each["committed"] for each in stock if each["committed"]}
    assert committed == {"TENT-2P-GRN": 1, "SOCK-M": 3}
    states = [
        [(x["sku"], x["remainingQuantity"]) for x in fo["lineItems"]["nodes"]] for fo in await shop.fos(edit.order)
    ]
    assert states == [[("TENT-2P-GRN", 1)], [("SOCK-M", 3)]]
    assert [each.topic for each in shop.hooks] == ["orders/edited", "orders/updated"]
    told = json.loads(shop.hooks[0].body)["order_edit"]
    lines = [int(each["id"].rpartition("/")[2]) for each in now["lineItems"]["nodes"]]
    assert told["line_items"] == {
        "additions": [{"id": lines[1], "delta": 3}], "removals": [{"id": lines[0], "delta": 1}],
    }  # fmt: skip
    assert (told["order_id"], told["staff_note"], told["notify_customer"]) == (edit.order["legacy_id"], "why", True)
    assert list(shop.accepted("orderEditCommit").values()) == [1]


async def test_units_that_are_not_restocked_are_written_off(shop: Driver) -> None:
    edit = await _bought(shop)
    start = await edit.begin()
    await edit.set(start, "TENT-2P-GRN", 1, restock=False)
    await edit.commit(start)
    level = (await shop.get("/shopify/alpha/inventory"))["inventory"][0]
    assert (level["available"], level["committed"]) == (398, 1)


async def test_more_of_a_held_line_goes_to_a_new_fulfilment_order_without_the_hold(shop: Driver) -> None:
    edit = await _bought(shop)
    await shop.post(f"/shopify/alpha/orders/{edit.order['legacy_id']}/hold", {"handle": "stop"})
    start = await edit.begin()
    await edit.set(start, "TENT-2P-GRN", 5)
    await edit.commit(start)
    states = [
        (fo["status"], fo["lineItems"]["nodes"][0]["remainingQuantity"], len(fo["fulfillmentHolds"]))
        for fo in await shop.fos(edit.order)
    ]
    assert states == [("ON_HOLD", 2, 1), ("OPEN", 3, 0)]


async def test_more_of_an_open_line_joins_it(shop: Driver) -> None:
    edit = await _bought(shop)
    start = await edit.begin()
    await edit.set(start, "TENT-2P-GRN", 5)
    await edit.commit(start)
    [fo] = await shop.fos(edit.order)
    assert fo["lineItems"]["nodes"][0]["remainingQuantity"] == 5


async def test_what_was_shipped_stays_and_the_rest_may_go(shop: Driver) -> None:
    edit = await _bought(shop, lines=[{"sku": "TENT-2P-GRN", "quantity": 3}])
    await _ship(shop, edit.order, 2)
    start = await edit.begin()
    [line] = start["lineItems"]["nodes"]
    assert (line["quantity"], line["editableQuantity"]) == (3, 1)
    refused = await edit.set(start, "TENT-2P-GRN", 1)
    assert refused["userErrors"][0]["field"] == ["quantity"]
    assert refused["calculatedOrder"] is None
    assert not (await edit.set(start, "TENT-2P-GRN", 2))["userErrors"]
    assert not (await edit.commit(start))["userErrors"]
    assert (await shop.see(edit.order))["fulfillment_status"] == "FULFILLED"


async def test_units_shipped_while_the_edit_was_open_refuse_its_commit(shop: Driver) -> None:
    edit = await _bought(shop)
    start = await edit.begin()
    await edit.set(start, "TENT-2P-GRN", 0)
    await _ship(shop, edit.order, 1)
    assert messages(await edit.commit(start)) == ["You can't remove items that have already been fulfilled."]
    assert (await shop.see(edit.order))["lines"][0]["current_quantity"] == 2
    assert shop.accepted("orderEditCommit") == {}


@pytest.mark.parametrize("act", ["cancel", "editable", "refund"])
async def test_an_order_that_cannot_be_edited_refuses_to_begin_and_to_go_on(shop: Driver, act: str) -> None:
    edit = await _bought(shop)
    start = await edit.begin()
    assert (await edit.read())["merchantEditable"] is True
    await shop.post(f"/shopify/alpha/orders/{edit.order['legacy_id']}/{act}", {"editable": False})
    seen = await edit.read()
    assert seen["merchantEditable"] is False
    assert seen["merchantEditableErrors"]
    payload = await edit.step(BEGIN, {"id": edit.order["id"]})
    assert payload["userErrors"] == [{"field": None, "message": "The order cannot be edited."}]
    assert payload["calculatedOrder"] is payload["orderEditSession"] is None
    assert messages(await edit.set(start, "TENT-2P-GRN", 1)) in (["The order cannot be edited."], GONE)


async def test_the_first_commit_ends_the_other_edits_of_the_order(shop: Driver) -> None:
    edit = await _bought(shop)
    one, two = await edit.begin(), await edit.begin()
    for each in (one, two):
        assert not (await edit.set(each, "TENT-2P-GRN", 1))["userErrors"]
    assert not (await edit.commit(one))["userErrors"]
    assert messages(await edit.commit(two)) == GONE
    assert messages(await edit.commit(one)) == GONE
    assert messages(await edit.add(two, "SOCK-M", 1)) == GONE
    text = "query($id: ID!) { node(id: $id) { id } }"
    assert (await shop.ask(text, {"id": two["id"]}))["node"] is None
    assert list(shop.accepted("orderEditCommit").values()) == [1]


async def test_the_same_change_committed_in_two_edits_counts_twice(shop: Driver) -> None:
    edit = await _bought(shop)
    for _ in range(2):
        start = await edit.begin()
        await edit.add(start, "SOCK-M", 1, duplicates=True)
        assert not (await edit.commit(start))["userErrors"]
    assert list(shop.accepted("orderEditCommit").values()) == [2]
    assert [each["sku"] for each in (await shop.see(edit.order))["lines"]] == ["TENT-2P-GRN", "SOCK-M", "SOCK-M"]


async def test_a_change_and_the_way_back_count_once_each(shop: Driver) -> None:
    edit = await _bought(shop)
    [line] = (await shop.see(edit.order))["lines"]
    for quantity in (line["current_quantity"] + 1, line["current_quantity"]):
        start = await edit.begin()
        await edit.set(start, "TENT-2P-GRN", quantity)
        assert not (await edit.commit(start))["userErrors"]
    assert list(shop.accepted("orderEditCommit").values()) == [1, 1]


async def test_the_session_and_the_lines_own_ids_do_as_well(shop: Driver) -> None:
    edit = await _bought(shop)
    start = await edit.begin()
    session = start["id"].replace("CalculatedOrder", "OrderEditSession")
    line = start["lineItems"]["nodes"][0]["id"].replace("CalculatedLineItem", "LineItem")
    assert not (await edit.step(SET, {"id": session, "line": line, "quantity": 1}))["userErrors"]
    node = await shop.ask(
        "query($id: ID!) { node(id: $id) { ... on CalculatedOrder { subtotalLineItemsQuantity } } }",
        {"id": start["id"]},
    )
    assert node["node"] == {"subtotalLineItemsQuantity": 1}
    assert not (await edit.step(COMMIT, {"id": session}))["userErrors"]


async def test_an_added_line_can_be_changed_and_taken_back(shop: Driver) -> None:
    edit = await _bought(shop)
    start = await edit.begin()
    added = (await edit.add(start, "SOCK-M", 3))["calculatedOrder"]
    assert (await edit.set(added, "SOCK-M", 2))["calculatedLineItem"]["quantity"] == 2
    gone = await edit.set(added, "SOCK-M", 0)
    assert gone["calculatedOrder"]["addedLineItems"]["nodes"] == []
    assert messages(await edit.commit(start)) == ["There must be at least one change to be made."]


async def test_bad_input_is_refused_in_the_vendors_words(shop: Driver) -> None:
    edit = await _bought(shop)
    unknown = await edit.step(BEGIN, {"id": "gid://shopify/Order/5"})
    assert unknown["userErrors"] == [{"field": ["id"], "message": "The order does not exist."}]
    start = await edit.begin()
    assert messages(await edit.set(start, "TENT-2P-GRN", -1)) == ["must be greater than or equal to 0"]
    assert messages(await edit.add(start, "SOCK-M", 0)) == ["must be greater than 0"]
    assert messages(await edit.add(start, "SOCK-M", -3)) == [
        "must be greater than 0", "must be greater than or equal to 0",
    ]  # fmt: skip
    twice = await edit.add(start, "TENT-2P-GRN", 1)
    assert twice["userErrors"][0]["field"] == ["id"]
    assert twice["userErrors"][0]["message"].endswith(" was not added because it's already on the order.")
    assert not (await edit.add(start, "TENT-2P-GRN", 1, duplicates=True))["userErrors"]
    nowhere = {"id": start["id"], "variant": "gid://shopify/ProductVariant/5", "quantity": 1}
    assert messages(await edit.step(ADD, nowhere)) == ["The variant does not exist in the shop."]
    line = {"id": start["id"], "line": "gid://shopify/CalculatedLineItem/5", "quantity": 1}
    assert messages(await edit.step(SET, line)) == ["The line item does not exist on the order."]
    for wrong in ("gid://shopify/CalculatedOrder/5", "gid://shopify/Order/5", "nonsense"):
        assert messages(await edit.step(COMMIT, {"id": wrong})) == GONE


async def test_faults_hit_edits_like_any_mutation(shop: Driver) -> None:
    edit = await _bought(shop)
    start = await edit.begin()
    await edit.set(start, "TENT-2P-GRN", 1)
    await shop.post("/faults", {"vendor": "shopify", "operation": "orderEditCommit", "kind": "error", "status": 503})
    assert (await shop.raw(COMMIT, {"id": start["id"]})).status_code == 503
    assert (await shop.see(edit.order))["edits"] == 0
    await shop.post("/faults", {"vendor": "shopify", "operation": "orderEditCommit", "kind": "error_after"})
    assert (await shop.raw(COMMIT, {"id": start["id"]})).status_code == 502
    assert (await shop.see(edit.order))["edits"] == 1
    assert list(shop.accepted("orderEditCommit").values()) == [1]
    await shop.post("/faults", {"vendor": "shopify", "operation": "orderEditBegin", "kind": "throttle"})
    answer = (await shop.raw(BEGIN, {"id": edit.order["id"]})).json()
    assert answer["errors"][0]["extensions"]["code"] == "THROTTLED"


async def test_staff_edit_through_the_same_rules(shop: Driver) -> None:
    await subscribe(shop, "ORDERS_EDITED", "ORDERS_UPDATED")
    edit = await _bought(shop)
    start = await edit.begin()
    path = f"/shopify/alpha/orders/{edit.order['legacy_id']}/edit"
    body = {"lines": [{"sku": "TENT-2P-GRN", "quantity": 1}], "shipping_address": ADDRESS | {"city": "Albany"}}
    seen = await shop.post(path, body)
    assert (seen["lines"][0]["current_quantity"], seen["shipping_address"]["city"], seen["edits"]) == (1, "Albany", 1)
    assert json.loads(shop.hooks[0].body)["order_edit"]["app_id"] is None
    assert [each.topic for each in shop.hooks] == ["orders/edited", "orders/updated", "orders/updated"]
    assert messages(await edit.commit(start)) == GONE
    for bad in ({"shipping_address": {"city": "Albany"}}, {"lines": [{"sku": "NOPE", "quantity": 1}]}):
        assert (await shop.http.post(f"/_control{path}", json=bad)).status_code == 422
