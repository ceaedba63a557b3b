"""Returns: what is processed, exchanged, refunded, credited, charged and disputed."""

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.shopify.conftest import Driver, subscribe
from tests.sandbox.shopify.editing import amount
from tests.sandbox.shopify.returning import OUTCOME, Sent, messages, sent

TENT, SOCK = "TENT-2P-GRN", "SOCK-L"
REFUND = """mutation($i: RefundInput!, $key: String!) { refundCreate(input: $i) @idempotent(key: $key) {
  refund { id transactions(first: 9) { nodes { kind gateway } } } userErrors { field message } } }"""
CREDIT = """mutation($id: ID!, $i: StoreCreditAccountCreditInput!) {
  storeCreditAccountCredit(id: $id, creditInput: $i) {
  storeCreditAccountTransaction { id event expiresAt amount { amount } balanceAfterTransaction { amount }
    origin { ... on OrderTransaction { id } }
    account { id balance { amount currencyCode } owner { ... on Customer { id email } } } }
  userErrors { field code message } } }"""
DEBIT = """mutation($id: ID!, $i: StoreCreditAccountDebitInput!) { storeCreditAccountDebit(id: $id, debitInput: $i) {
  storeCreditAccountTransaction { amount { amount } balanceAfterTransaction { amount } }
  userErrors { field code } } }"""
CUSTOMER = """query($id: ID!) { order(id: $id) { customer { id storeCreditAccounts(first: 5) { nodes { id
  balance { amount currencyCode } transactions(first: 9) { nodes { __typename event amount { amount } } } } } } } }"""


def money(value: Decimal | str, currency: str = "USD") -> dict[str, str]:
    return {"amount": str(value), "currencyCode": currency}


async def outcome(order: Sent, back: dict[str, Any], **more: Any) -> Any:
    lines = [{"id": x["id"], "quantity": x["quantity"]} for x in back["returnLineItems"]["nodes"]]
    swaps = [{"id": x["id"], "quantity": x["quantity"]} for x in back["exchangeLineItems"]["nodes"]]
    found = await order.step(OUTCOME, {"id": back["id"], "l": lines, "x": swaps, **more})
    return found["suggestedFinancialOutcome"]


def pay_out(suggested: dict[str, Any]) -> dict[str, Any]:
    """The suggestion as the input that follows it."""
    transactions = [
        {
            "parentId": each["parentTransaction"]["id"],
            "transactionAmount": each["amountSet"]["presentmentMoney"],
        }
        for each in suggested["financialTransfer"]["suggestedTransactions"]
    ]
    return {"issueRefund": {"orderTransactions": transactions}}


@pytest.mark.parametrize(("name", "currency"), [("alpha", "USD"), ("alpha", "JPY"), ("nord", "EUR"), ("nord", "KWD")])
async def test_what_is_suggested_is_what_the_order_then_owes_nothing_after(
    shop: Driver, name: str, currency: str
) -> None:
    discounts = [{"code": "SAVE10", "percent": 10}]
    order = await sent(shop, name, currency=currency, discounts=discounts)
    back = await order.opened((TENT, 1), (SOCK, 2))
    suggested = await outcome(order, back, s={"fullRefund": True})
    transfer = suggested["financialTransfer"]
    assert transfer["__typename"] == "RefundReturnOutcome"
    assert amount(suggested["totalCartDiscountAmount"]) > 0
    done = await order.process(back, financialTransfer=pay_out(suggested), refundShipping={"fullRefund": True})
    assert not done["userErrors"]
    assert [x["refundedQuantity"] for x in done["return"]["returnLineItems"]["nodes"]] == [1, 2]
    now = await order.read()
    assert amount(now["totalRefundedSet"]) == amount(transfer["amount"])
    assert amount(now["totalOutstandingSet"]) == 0
    [refund] = now["refunds"]
    assert refund["return"] == {"id": back["id"]}
    lines = refund["refundLineItems"]["nodes"]
    assert sum(amount(x["subtotalSet"]) for x in lines) == amount(suggested["discountedSubtotal"])
    assert sum(amount(x["totalTaxSet"]) for x in lines) == amount(suggested["totalTax"])
    assert {x["sku"]: x["currentQuantity"] for x in now["lineItems"]["nodes"]} == {TENT: 1, SOCK: 1}


async def test_processing_alone_moves_no_money_and_cannot_be_done_twice(shop: Driver) -> None:
    await subscribe(shop, "RETURNS_PROCESS", "REFUNDS_CREATE")
    order = await sent(shop)
    back = await order.opened((TENT, 1))
    done = (await order.process(back))["return"]
    assert (done["status"], done["order"]["returnStatus"]) == ("OPEN", "IN_PROGRESS")
    assert done["returnLineItems"]["nodes"][0]["processedQuantity"] == 1
    now = await order.read()
    assert amount(now["totalRefundedSet"]) == 0
    assert amount(now["totalOutstandingSet"]) < 0
    assert [each.topic for each in shop.hooks] == ["returns/process"]
    again = await order.process(back)
    path = ["input", "returnLineItems", "0", "quantity"]
    assert messages(again) == [(path, "Return line item has an invalid quantity.", "INVALID")]
    assert list(shop.accepted("returnProcess").values()) == [1]


async def test_what_was_processed_is_not_refunded_by_its_line_again(shop: Driver) -> None:
    order = await sent(shop, lines=[{"sku": TENT, "quantity": 1}])
    back = await order.opened((TENT, 1))
    await order.process(back)
    line = (await order.read())["lineItems"]["nodes"][0]["id"]
    wanted = {"lineItemId": line, "quantity": 1, "restockType": "RETURN"}
    refused = await order.step(REFUND, {"i": {"orderId": order.order["id"], "refundLineItems": [wanted]}, "key": "k"})
    assert refused["userErrors"][0]["field"] == ["refundLineItems", "0", "quantity"]


async def test_a_unit_refunded_by_its_line_can_neither_be_returned_nor_processed(shop: Driver) -> None:
    order = await sent(shop, lines=[{"sku": TENT, "quantity": 1}])
    back = await order.opened((TENT, 1))
    line = (await order.read())["lineItems"]["nodes"][0]["id"]
    wanted = {"lineItemId": line, "quantity": 1, "restockType": "RETURN"}
    done = await order.step(REFUND, {"i": {"orderId": order.order["id"], "refundLineItems": [wanted]}, "key": "k"})
    assert not done["userErrors"]
    assert messages(await order.process(back))[0][2] == "INVALID"
    assert await order.returnable() == {}


async def test_fees_are_owed_once_what_they_are_for_is_processed(shop: Driver) -> None:
    order = await sent(shop)
    line = {
        "fulfillmentLineItemId": order.units[TENT],
        "quantity": 2,
        "returnReason": "UNWANTED",
        "restockingFee": {"percentage": 10.0},
    }
    back = await order.opened(returnLineItems=[line], returnShippingFee={"amount": money("7.50")})
    node = back["returnLineItems"]["nodes"][0]
    fee = amount(node["restockingFee"]["amountSet"])
    assert fee == round(amount(node["withCodeDiscountedTotalPriceSet"]) / 10, 2)
    assert amount(back["returnShippingFees"][0]["amountSet"]) == Decimal("7.50")
    suggested = await outcome(order, back)
    goods = amount(suggested["discountedSubtotal"]) + amount(suggested["totalTax"])
    assert amount(suggested["financialTransfer"]["amount"]) == goods - fee - Decimal("7.50")
    for _ in range(2):
        half = await order.process(back, returnLineItems=[{"id": node["id"], "quantity": 1}])
        assert not half["userErrors"]
    owed = (await shop.see(order.order))["return_fees"]
    assert Decimal(owed) == fee + Decimal("7.50")
    assert amount((await order.read())["totalOutstandingSet"]) == -amount(suggested["financialTransfer"]["amount"])


async def test_an_exchange_becomes_a_line_and_holds_stock_only_when_processed(shop: Driver) -> None:
    order = await sent(shop)
    variant = (await shop.ask('{ productVariants(first: 1, query: "sku:SOCK-M") { nodes { id } } }'))[
        "productVariants"
    ]["nodes"][0]["id"]
    before = await order.stock("SOCK-M")
    swap = {"variantId": variant, "quantity": 2}
    back = await order.opened((SOCK, 2), exchangeLineItems=[swap])
    assert await order.stock("SOCK-M") == before
    assert [x["lineItems"] for x in back["exchangeLineItems"]["nodes"]] == [[]]
    assert len((await order.read())["lineItems"]["nodes"]) == 2
    assert (await outcome(order, back))["financialTransfer"] is None
    done = (await order.process(back))["return"]
    [made] = done["exchangeLineItems"]["nodes"]
    assert [(x["sku"], x["quantity"]) for x in made["lineItems"]] == [("SOCK-M", 2)]
    assert sum((await order.stock("SOCK-M")).values()) == sum(before.values()) - 2
    now = await order.read()
    assert amount(now["totalOutstandingSet"]) == 0
    assert now["displayFulfillmentStatus"] == "PARTIALLY_FULFILLED"
    fresh = now["fulfillmentOrders"]["nodes"][-1]
    assert (fresh["status"], fresh["lineItems"]["nodes"]) == ("OPEN", [{"sku": "SOCK-M", "remainingQuantity": 2}])


async def test_a_dearer_exchange_is_an_invoice_and_a_discount_lowers_it(shop: Driver) -> None:
    order = await sent(shop)
    variant = (await shop.ask('{ productVariants(first: 1, query: "sku:SHELL-M-M") { nodes { id } } }'))[
        "productVariants"
    ]["nodes"][0]["id"]
    swap = {"variantId": variant, "quantity": 1}
    dear = await outcome(order, await order.opened((SOCK, 1), exchangeLineItems=[swap]))
    assert dear["financialTransfer"]["__typename"] == "InvoiceReturnOutcome"
    off = {"description": "sorry", "value": {"percentage": 100.0}}
    back = await order.opened((SOCK, 1), exchangeLineItems=[swap | {"appliedDiscount": off}])
    assert (await outcome(order, back))["financialTransfer"]["__typename"] == "RefundReturnOutcome"
    for bad in ({"variantId": "gid://shopify/ProductVariant/4"}, {"quantity": 0}, {"appliedDiscount": {"value": {}}}):
        refused = await order.create((SOCK, 1), exchangeLineItems=[swap | bad])
        assert messages(refused)[0][0][:3] == ["returnInput", "exchangeLineItems", "0"]


async def test_never_more_than_was_paid_by_whatever_tender(shop: Driver) -> None:
    order = await sent(shop, gift_card="50.00")
    paid = {x["gateway"]: x for x in (await order.read())["transactions"]}
    assert amount(paid["gift_card"]["amountSet"]) == 50
    whole = sum(amount(x["amountSet"]) for x in paid.values())
    back = await order.opened((TENT, 2), (SOCK, 3))
    suggested = await outcome(order, back, s={"fullRefund": True})
    parts = suggested["financialTransfer"]["suggestedTransactions"]
    assert [x["gateway"] for x in parts] == ["gift_card", "shopify_payments"]
    assert sum(amount(x["amountSet"]) for x in parts) == whole
    over = pay_out(suggested)
    over["issueRefund"]["orderTransactions"][0]["transactionAmount"] = money("50.01")
    path = ["input", "financialTransfer", "issueRefund", "orderTransactions", "0", "transactionAmount"]
    text = "Refund amount exceeds the amount that can be refunded"
    assert messages(await order.process(back, financialTransfer=over)) == [(path, text, "INVALID")]
    credit = {"storeCreditRefund": {"amount": money(whole)}}
    wanted = {"orderId": order.order["id"], "refundMethods": [credit]}
    assert not (await order.step(REFUND, {"i": wanted, "key": "a"}))["userErrors"]
    card = {"orderId": order.order["id"], "parentId": paid["shopify_payments"]["id"], "amount": "1.00"}
    card |= {"gateway": "shopify_payments", "kind": "REFUND"}
    more = await order.step(REFUND, {"i": {"orderId": order.order["id"], "transactions": [card]}, "key": "b"})
    assert more["userErrors"][0]["message"] == text


async def test_a_refund_to_store_credit_is_kept_apart_by_its_key(shop: Driver) -> None:
    order = await sent(shop)
    credit = {"storeCreditRefund": {"amount": money("12.00"), "expiresAt": "2099-01-01T00:00:00Z"}}
    wanted = {"i": {"orderId": order.order["id"], "refundMethods": [credit]}, "key": "once"}
    for _ in range(2):
        made = await order.step(REFUND, wanted)
        assert made["refund"]["transactions"]["nodes"] == [{"kind": "REFUND", "gateway": "shopify_store_credit"}]
    [account] = (await shop.get("/shopify/alpha/store_credit"))["accounts"]
    assert account["moves"] == [{"amount": "12.00", "event": "ORDER_REFUND"}]
    node = (await order.step(CUSTOMER, {"id": order.order["id"]}))["customer"]["storeCreditAccounts"]["nodes"][0]
    assert node["balance"] == {"amount": "12.0", "currencyCode": "USD"}
    kind = node["transactions"]["nodes"][0]["__typename"]
    assert kind == "StoreCreditAccountCreditTransaction"
    again = await sent(shop, store_credit="10.00")
    assert (await shop.get("/shopify/alpha/store_credit"))["accounts"][0]["balance"] == "2.00"
    assert {x["gateway"] for x in (await again.read())["transactions"]} == {"shopify_store_credit", "shopify_payments"}


async def test_credit_by_owner_opens_an_account_and_a_repeat_credits_again(shop: Driver) -> None:
    order = await sent(shop)
    owner = (await order.step(CUSTOMER, {"id": order.order["id"]}))["customer"]["id"]
    for expected in ("5.0", "10.0"):
        made = await order.step(CREDIT, {"id": owner, "i": {"creditAmount": money("5.00")}})
        move = made["storeCreditAccountTransaction"]
        assert (move["event"], move["origin"], move["balanceAfterTransaction"]["amount"]) == (
            "ADJUSTMENT",
            None,
            expected,
        )
    account = move["account"]["id"]
    assert move["account"]["owner"]["id"] == owner
    back = await order.step(DEBIT, {"id": account, "i": {"debitAmount": money("4.00")}})
    assert back["storeCreditAccountTransaction"]["amount"] == {"amount": "-4.0"}

    async def credit_code(wanted_id: str, value: str, currency: str = "USD", **more: Any) -> str:
        wanted = {"id": wanted_id, "i": {"creditAmount": money(value, currency), **more}}
        return str((await order.step(CREDIT, wanted))["userErrors"][0]["code"])

    async def debit_code(wanted_id: str, value: str, currency: str = "USD") -> str:
        wanted = {"id": wanted_id, "i": {"debitAmount": money(value, currency)}}
        return str((await order.step(DEBIT, wanted))["userErrors"][0]["code"])

    assert await credit_code(account, "0") == "NEGATIVE_OR_ZERO_AMOUNT"
    assert await credit_code(account, "1", "EUR") == "MISMATCHING_CURRENCY"
    assert await credit_code("gid://shopify/StoreCreditAccount/5", "1") == "ACCOUNT_NOT_FOUND"
    assert await credit_code("gid://shopify/Customer/5", "1") == "OWNER_NOT_FOUND"
    assert await credit_code(account, "1", expiresAt="2020-01-01T00:00:00Z") == "EXPIRES_AT_IN_PAST"
    assert await credit_code(account, "100000") == "CREDIT_LIMIT_EXCEEDED"
    assert await debit_code(account, "6.01") == "INSUFFICIENT_FUNDS"
    assert await debit_code(owner, "1", "EUR") == "ACCOUNT_NOT_FOUND"


async def test_returns_and_disputes_that_begin_in_the_shop_are_told(shop: Driver) -> None:
    await subscribe(
        shop, "RETURNS_REQUEST", "RETURNS_APPROVE", "RETURNS_DECLINE", "RETURNS_CLOSE", "REFUNDS_CREATE",
        "REVERSE_FULFILLMENT_ORDERS_DISPOSE", "DISPUTES_CREATE", "DISPUTES_UPDATE",
    )  # fmt: skip
    order = await sent(shop)
    path = f"/shopify/alpha/orders/{order.order['legacy_id']}"
    before = await order.stock(TENT)
    seen = await shop.post(f"{path}/return", {"lines": [{"sku": TENT, "quantity": 1}], "requested": True})
    [back] = seen["returns"]
    assert (seen["return_status"], back["status"]) == ("RETURN_REQUESTED", "REQUESTED")
    await shop.post(f"/shopify/alpha/returns/{back['legacy_id']}/approve")
    done = await shop.post(f"/shopify/alpha/returns/{back['legacy_id']}/process", {"refund": True})
    assert done["lines"][0] | {"reason": ""} == {
        "sku": TENT, "quantity": 1, "processed": 1, "refunded": 1, "reason": "", "dispositions": {"RESTOCKED": 1},
    }  # fmt: skip
    assert sum((await order.stock(TENT)).values()) == sum(before.values()) + 1
    await shop.post(f"/shopify/alpha/returns/{back['legacy_id']}/close")
    assert amount((await order.read())["totalOutstandingSet"]) == 0
    disputed = await shop.post(f"{path}/dispute", {"reason": "product_not_received"})
    assert [each["status"] for each in disputed["disputes"]] == ["NEEDS_RESPONSE"]
    await shop.post(f"{path}/dispute", {"status": "lost"})
    assert (await order.read())["disputes"][0]["status"] == "LOST"
    topics = [each.topic for each in shop.hooks]
    assert topics == [
        "returns/request", "returns/approve", "reverse_fulfillment_orders/dispose", "refunds/create", "returns/close",
        "disputes/create", "disputes/update",
    ]  # fmt: skip
    assert json.loads(shop.hooks[3].body)["return"]["id"] == back["legacy_id"]
    status = await shop.http.post(f"/_control/shopify/alpha/returns/{back['legacy_id']}/cancel", json={})
    assert status.status_code == 422
