"""Order editing: discounts, promotions, shipping lines, payments and refunds of edited orders."""

from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.shopify.conftest import Driver
from tests.sandbox.shopify.editing import (
    ADD_DISCOUNT,
    ADD_SHIPPING,
    REMOVE_DISCOUNT,
    REMOVE_SHIPPING,
    UPDATE_SHIPPING,
    Edit,
    amount,
    messages,
)

PAY = """mutation($id: ID!, $amount: MoneyInput, $name: String, $at: DateTime) {
  orderCreateManualPayment(id: $id, amount: $amount, paymentMethodName: $name, processedAt: $at) {
    order { displayFinancialStatus } userErrors { code field } } }"""
REFUND = """mutation($i: RefundInput!, $key: String!) { refundCreate(input: $i) @idempotent(key: $key) {
  refund { id } userErrors { field message } } }"""
LINES = [{"sku": "TENT-2P-GRN", "quantity": 1}, {"sku": "SOCK-L", "quantity": 3}]


async def _bought(shop: Driver, **body: Any) -> Edit:
    return Edit(shop, await shop.buy(**body))


@pytest.mark.parametrize(
    "discount", [{"code": "SAVE10", "percent": 10}, {"title": "Spring", "amount": "20.00"}], ids=["code", "automatic"]
)
async def test_a_promotion_goes_when_the_goods_fall_below_its_minimum_and_comes_back(
    shop: Driver, discount: dict[str, Any]
) -> None:
    edit = await _bought(shop, lines=LINES, discounts=[discount | {"minimum": 100}])
    first = await edit.read()
    given = amount(first["currentCartDiscountAmountSet"])
    assert given == amount(first["currentTotalDiscountsSet"]) > 0
    start = await edit.begin()
    assert amount(start["cartDiscountAmountSet"]) == given
    without = (await edit.set(start, "TENT-2P-GRN", 0))["calculatedOrder"]
    assert amount(without["cartDiscountAmountSet"]) == 0
    socks = next(each for each in without["lineItems"]["nodes"] if each["sku"] == "SOCK-L")
    assert socks["calculatedDiscountAllocations"] == []
    assert amount(without["subtotalPriceSet"]) == 3 * amount(socks["originalUnitPriceSet"])
    assert not (await edit.commit(start))["userErrors"]
    now = await edit.read()
    assert amount(now["currentTotalPriceSet"]) == amount(without["totalPriceSet"])
    assert amount(now["currentCartDiscountAmountSet"]) == 0
    assert now["lineItems"]["nodes"][1]["discountAllocations"] == []
    again = await edit.begin()
    assert amount((await edit.set(again, "TENT-2P-GRN", 1))["calculatedOrder"]["cartDiscountAmountSet"]) == given
    assert not (await edit.commit(again))["userErrors"]
    assert (await edit.read())["currentTotalPriceSet"] == first["currentTotalPriceSet"]


async def test_an_amount_off_the_order_is_spread_exactly(shop: Driver) -> None:
    lines = [{"sku": sku, "quantity": 1} for sku in ("SOCK-S", "SOCK-M", "SOCK-L")]
    order = await shop.buy(lines=lines, discounts=[{"code": "TEN", "amount": "10.00"}])
    text = """query($id: ID!) { order(id: $id) { discountCode discountCodes
      discountApplications(first: 5) { nodes { __typename ... on DiscountCodeApplication { code } } }
      lineItems(first: 5) { nodes { discountAllocations { allocatedAmountSet { shopMoney { amount } } } } } } }"""
    seen = (await shop.ask(text, {"id": order["id"]}))["order"]
    assert (seen["discountCode"], seen["discountCodes"]) == ("TEN", ["TEN"])
    assert seen["discountApplications"]["nodes"] == [{"__typename": "DiscountCodeApplication", "code": "TEN"}]
    parts = [
        Decimal(each["allocatedAmountSet"]["shopMoney"]["amount"])
        for line in seen["lineItems"]["nodes"]
        for each in line["discountAllocations"]
    ]
    assert sum(parts) == 10


@pytest.mark.parametrize(
    "discount", [{"code": "BIG", "percent": 5, "minimum": 9999}, {"code": "X"}, {"percent": 5}], ids=str
)
async def test_a_checkout_refuses_a_code_that_does_not_fit(shop: Driver, discount: dict[str, Any]) -> None:
    body = {"lines": LINES, "discounts": [discount]}
    assert (await shop.http.post("/_control/shopify/alpha/orders", json=body)).status_code == 422


async def test_a_line_discount_of_an_edit_is_for_each_unit_and_can_be_taken_back(shop: Driver) -> None:
    edit = await _bought(shop, lines=LINES)
    start = await edit.begin()
    line = start["lineItems"]["nodes"][1]["id"]
    money = {"amount": "1.00", "currencyCode": "USD"}
    wanted = {"id": start["id"], "line": line, "discount": {"description": "sorry", "fixedValue": money}}
    done = await edit.step(ADD_DISCOUNT, wanted)
    assert done["addedDiscountStagedChange"]["description"] == "sorry"
    node = done["calculatedLineItem"]
    assert node["hasStagedLineItemDiscount"] is True
    [part] = node["calculatedDiscountAllocations"]
    assert amount(part["allocatedAmountSet"]) == 3
    assert amount(node["discountedUnitPriceSet"]) == amount(node["originalUnitPriceSet"]) - 1
    application = part["discountApplication"]
    assert application["id"].startswith("gid://shopify/CalculatedManualDiscountApplication/")
    assert [each["id"] for each in done["calculatedOrder"]["addedDiscountApplications"]["nodes"]] == [application["id"]]
    back = await edit.step(REMOVE_DISCOUNT, {"id": start["id"], "discount": application["id"]})
    assert back["calculatedOrder"]["totalPriceSet"] == start["totalPriceSet"]
    await edit.step(ADD_DISCOUNT, wanted | {"discount": {"percentValue": 50.0}})
    half = (await edit.set(start, "SOCK-L", 4))["calculatedOrder"]
    assert not (await edit.commit(start))["userErrors"]
    assert (await edit.read())["currentTotalPriceSet"] == half["totalPriceSet"]


async def test_discounts_that_make_no_sense_are_refused(shop: Driver) -> None:
    edit = await _bought(shop, lines=LINES)
    start = await edit.begin()
    line = start["lineItems"]["nodes"][0]["id"]
    euros = {"fixedValue": {"amount": "1", "currencyCode": "EUR"}}
    for bad in ({}, {"percentValue": 101.0}, {"percentValue": -1.0}, euros):
        refused = await edit.step(ADD_DISCOUNT, {"id": start["id"], "line": line, "discount": bad})
        assert refused["userErrors"]
        assert refused["calculatedOrder"] is None
    gone = await edit.step(REMOVE_DISCOUNT, {"id": start["id"], "discount": "gid://shopify/Nothing/5"})
    assert gone["userErrors"][0]["code"] == "INVALID"
    assert (await edit.begin())["totalPriceSet"] == start["totalPriceSet"]


async def test_another_shipping_line_takes_the_place_of_the_first(shop: Driver) -> None:
    edit = await _bought(shop)
    before = await edit.read()
    start = await edit.begin()
    [old] = start["shippingLines"]
    assert (old["title"], old["stagedStatus"]) == ("Standard", "NONE")
    removed = await edit.step(REMOVE_SHIPPING, {"id": start["id"], "line": old["id"]})
    assert removed["calculatedOrder"]["shippingLines"][0]["stagedStatus"] == "REMOVED"
    shipping = {"title": "Express", "price": {"amount": "15.00", "currencyCode": "USD"}}
    added = await edit.step(ADD_SHIPPING, {"id": start["id"], "shipping": shipping})
    new = added["calculatedShippingLine"]
    assert new["stagedStatus"] == "ADDED"
    less = {"price": {"amount": "12.00", "currencyCode": "USD"}}
    staged = await edit.step(UPDATE_SHIPPING, {"id": start["id"], "line": new["id"], "shipping": less})
    assert not (await edit.commit(start))["userErrors"]
    now = await edit.read()
    assert now["currentTotalPriceSet"] == staged["calculatedOrder"]["totalPriceSet"]
    assert amount(now["currentShippingPriceSet"]) == 12
    assert amount(now["totalOutstandingSet"]) == Decimal("7.63")  # 12.00 + 1.07 tax, less the 5.00 + 0.44 that went
    shown = [(each["title"], each["isRemoved"], each["custom"]) for each in now["shippingLines"]["nodes"]]
    assert shown == [("Standard", True, False), ("Express", False, True)]
    assert now["transactions"] == before["transactions"]
    assert now["displayFinancialStatus"] == "PARTIALLY_PAID"
    assert (await shop.see(edit.order))["shipping_title"] == "Express"


async def test_shipping_lines_that_are_not_there_or_in_another_currency_are_refused(shop: Driver) -> None:
    edit = await _bought(shop)
    start = await edit.begin()
    [old] = start["shippingLines"]
    money = {"price": {"amount": "5.00", "currencyCode": "CAD"}}
    wrong = await edit.step(ADD_SHIPPING, {"id": start["id"], "shipping": money | {"title": "Truck"}})
    assert wrong["userErrors"] == [
        {"field": ["shippingLine", "price"], "message": "The price must be in USD.", "code": "INVALID"}
    ]
    for line in (old["id"], "gid://shopify/CalculatedShippingLine/5"):
        not_ours = await edit.step(UPDATE_SHIPPING, {"id": start["id"], "line": line, "shipping": money})
        assert messages(not_ours) == [
            "The shipping line can't be updated because it doesn't exist or wasn't added during this edit."
        ]
    await edit.step(REMOVE_SHIPPING, {"id": start["id"], "line": old["id"]})
    twice = await edit.step(REMOVE_SHIPPING, {"id": start["id"], "line": old["id"]})
    assert messages(twice) == [
        "The shipping line can't be removed because it doesn't exist or has already been removed."
    ]


async def test_a_higher_total_is_paid_by_hand_once(shop: Driver) -> None:
    edit = await _bought(shop)
    start = await edit.begin()
    await edit.add(start, "SOCK-M", 2)
    assert (await edit.commit(start, notify=True))["successMessages"] == ["Order updated", "Invoice sent"]
    left = (await edit.read())["totalOutstandingSet"]["presentmentMoney"]
    wanted = {"id": edit.order["id"], "amount": left, "name": "Payment link", "at": "2026-01-02T03:04:05Z"}
    paid = await edit.step(PAY, wanted)
    assert paid["order"]["displayFinancialStatus"] == "PAID"
    last = (await edit.read())["transactions"][-1]
    assert (last["kind"], last["gateway"], last["processedAt"]) == ("SALE", "Payment link", "2026-01-02T03:04:05Z")
    assert last["amountSet"]["presentmentMoney"] == left
    assert (await edit.step(PAY, wanted))["userErrors"][0]["code"] == "AMOUNT_EXCEEDS_BALANCE"
    nothing = {"id": edit.order["id"], "name": "Payment link"}
    assert (await edit.step(PAY, nothing))["userErrors"][0]["code"] == "AMOUNT_NOT_POSITIVE"


async def test_a_lower_total_is_refunded_and_no_more(shop: Driver) -> None:
    edit = await _bought(shop)
    start = await edit.begin()
    await edit.set(start, "TENT-2P-GRN", 1)
    await edit.commit(start)
    now = await edit.read()
    owed = -amount(now["totalOutstandingSet"])
    sale = {
        "orderId": edit.order["id"], "parentId": now["transactions"][0]["id"], "gateway": "shopify_payments",
        "kind": "REFUND", "amount": str(owed),
    }  # fmt: skip
    wanted = {"orderId": edit.order["id"], "transactions": [sale]}
    assert not (await shop.ask(REFUND, {"i": wanted, "key": "a"}))["refundCreate"]["userErrors"]
    after = await edit.read()
    assert amount(after["totalOutstandingSet"]) == 0
    assert after["currentTotalPriceSet"] == now["currentTotalPriceSet"]
    paid = amount(now["transactions"][0]["amountSet"])
    wanted["transactions"] = [sale | {"amount": str(paid - owed + Decimal("0.01"))}]
    over = (await shop.ask(REFUND, {"i": wanted, "key": "b"}))["refundCreate"]
    assert messages(over) == ["Refund amount exceeds the amount that can be refunded"]
    lines = [{"lineItemId": now["lineItems"]["nodes"][0]["id"], "quantity": 2, "restockType": "CANCEL"}]
    gone = {"orderId": edit.order["id"], "refundLineItems": lines}
    assert (await shop.ask(REFUND, {"i": gone, "key": "c"}))["refundCreate"]["userErrors"]


async def test_a_refund_ends_an_open_edit(shop: Driver) -> None:
    edit = await _bought(shop)
    start = await edit.begin()
    lines = [{"lineItemId": start["lineItems"]["nodes"][0]["id"].replace("Calculated", ""), "quantity": 1}]
    wanted = {"orderId": edit.order["id"], "refundLineItems": lines}
    assert not (await shop.ask(REFUND, {"i": wanted, "key": "a"}))["refundCreate"]["userErrors"]
    assert messages(await edit.set(start, "TENT-2P-GRN", 1)) == ["The calculated order does not exist."]
    fresh = await edit.begin()
    assert fresh["lineItems"]["nodes"][0]["quantity"] == 1
    assert amount(fresh["totalPriceSet"]) == amount((await edit.read())["currentTotalPriceSet"])


async def test_every_kind_of_staged_change_is_told(shop: Driver) -> None:
    edit = await _bought(shop, lines=LINES, discounts=[{"code": "SAVE10", "percent": 10}])
    start = await edit.begin()
    tent, _ = start["lineItems"]["nodes"]
    await edit.set(start, "SOCK-L", 1)
    await edit.add(start, "SOCK-M", 1)
    code = tent["calculatedDiscountAllocations"][0]["discountApplication"]["id"]
    assert not (await edit.step(REMOVE_DISCOUNT, {"id": start["id"], "discount": code}))["userErrors"]
    await edit.step(ADD_DISCOUNT, {"id": start["id"], "line": tent["id"], "discount": {"percentValue": 5.0}})
    await edit.step(REMOVE_SHIPPING, {"id": start["id"], "line": start["shippingLines"][0]["id"]})
    shipping = {"title": "Express", "price": {"amount": "15.00", "currencyCode": "USD"}}
    await edit.step(ADD_SHIPPING, {"id": start["id"], "shipping": shipping})
    text = """query($id: ID!) { node(id: $id) { ... on CalculatedOrder { stagedChanges(first: 20) { nodes { __typename
      ... on OrderStagedChangeDecrementItem { delta lineItem { sku } }
      ... on OrderStagedChangeAddVariant { quantity variant { sku } }
      ... on OrderStagedChangeAddLineItemDiscount { value { ... on PricingPercentageValue { percentage } } }
      ... on OrderStagedChangeRemoveDiscount { discountApplication { ... on DiscountCodeApplication { code } } }
      ... on OrderStagedChangeRemoveShippingLine { shippingLine { title } }
      ... on OrderStagedChangeAddShippingLine { title price { amount currencyCode } } } } } } }"""
    changes = (await shop.ask(text, {"id": start["id"]}))["node"]["stagedChanges"]["nodes"]
    assert [{key: each[key] for key in each if key != "__typename"} for each in changes] == [
        {"value": {"percentage": 5.0}},
        {"delta": 2, "lineItem": {"sku": "SOCK-L"}},
        {"quantity": 1, "variant": {"sku": "SOCK-M"}},
        {"shippingLine": {"title": "Standard"}},
        {"title": "Express", "price": {"amount": "15.0", "currencyCode": "USD"}},
        {"discountApplication": {"code": "SAVE10"}},
    ]
    assert not (await edit.commit(start))["userErrors"]
    assert amount((await edit.read())["currentCartDiscountAmountSet"]) == 0
