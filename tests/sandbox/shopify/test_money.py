"""Checkout sums, capture, refund, cancel, manual payment."""

from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.shopify.conftest import Driver

MONEY = "{ shopMoney { amount } presentmentMoney { amount currencyCode } }"
SUMS = f"""query($id: ID!) {{ order(id: $id) {{ taxesIncluded totalPriceSet {MONEY} subtotalPriceSet {MONEY}
  totalTaxSet {MONEY} totalShippingPriceSet {MONEY} displayFinancialStatus totalCapturableSet {MONEY}
  shippingLine {{ taxLines {{ priceSet {MONEY} }} }}
  lineItems(first: 9) {{ nodes {{ id taxLines {{ priceSet {MONEY} }} }} }}
  transactions {{ id kind status errorCode authorizationExpiresAt }} }} }}"""
CAPTURE = """mutation($i: OrderCaptureInput!) { orderCapture(input: $i) {
  transaction { id kind amountSet { presentmentMoney { amount } } } userErrors { field message } } }"""
REFUND = """mutation($i: RefundInput!, $key: String!) { refundCreate(input: $i) @idempotent(key: $key) {
  refund { id totalRefundedSet { presentmentMoney { amount } } } userErrors { field message } } }"""
CANCEL = """mutation($id: ID!) { orderCancel(orderId: $id, reason: CUSTOMER, restock: true, refund: true) {
  job { id done } orderCancelUserErrors { code message } } }"""


async def _sums(shop: Driver, order: dict[str, Any], name: str = "alpha") -> Any:
    return (await shop.ask(SUMS, {"id": order["id"]}, name))["order"]


@pytest.mark.parametrize(
    ("name", "currency", "places"), [("alpha", "USD", 2), ("alpha", "JPY", 0), ("nord", "KWD", 3), ("nord", "EUR", 2)]
)
async def test_sums_are_exact_in_both_currencies(shop: Driver, name: str, currency: str, places: int) -> None:
    lines = [{"sku": "SHELL-M-M", "quantity": 3, "discount": "7.77"}, {"sku": "SOCK-L", "quantity": 7}]
    sums = await _sums(shop, await shop.buy(name, lines=lines, currency=currency), name)
    for side in ("shopMoney", "presentmentMoney"):
        taxes = [t for line in sums["lineItems"]["nodes"] for t in line["taxLines"]] + sums["shippingLine"]["taxLines"]
        tax = sum(Decimal(each["priceSet"][side]["amount"]) for each in taxes)
        assert tax == Decimal(sums["totalTaxSet"][side]["amount"])
        parts = sum(Decimal(sums[key][side]["amount"]) for key in ("subtotalPriceSet", "totalShippingPriceSet"))
        assert parts + (0 if sums["taxesIncluded"] else tax) == Decimal(sums["totalPriceSet"][side]["amount"])
    total = sums["totalPriceSet"]["presentmentMoney"]
    assert total["currencyCode"] == currency
    assert Decimal(total["amount"]) == round(Decimal(total["amount"]), places)


@pytest.mark.parametrize(
    ("payment", "status"),
    [("paid", "PAID"), ("authorized", "AUTHORIZED"), ("declined", "PENDING"), ("pending", "PENDING"),
     ("partial", "PARTIALLY_PAID"), ("expiring", "AUTHORIZED"), ("gift_card", "PAID")],
)  # fmt: skip
async def test_payments_show_as_the_vendors_states(shop: Driver, payment: str, status: str) -> None:
    assert (await _sums(shop, await shop.buy(payment=payment)))["displayFinancialStatus"] == status


async def test_capture_over_the_authorisation_or_after_it_expired_is_refused(shop: Driver) -> None:
    order = await shop.buy(payment="authorized", currency="JPY")
    sums = await _sums(shop, order)
    total = sums["totalPriceSet"]["presentmentMoney"]["amount"]
    wanted = {"id": order["id"], "parentTransactionId": sums["transactions"][0]["id"], "amount": total}
    no_currency = (await shop.ask(CAPTURE, {"i": wanted}))["orderCapture"]
    assert no_currency["userErrors"][0]["field"] == ["input", "currency"]
    over = (await shop.ask(CAPTURE, {"i": {**wanted, "currency": "JPY", "amount": "999999"}}))["orderCapture"]
    assert over["userErrors"][0]["field"] == ["input", "amount"]
    half = (await shop.ask(CAPTURE, {"i": {**wanted, "currency": "JPY", "amount": "100"}}))["orderCapture"]
    assert half["transaction"]["amountSet"]["presentmentMoney"]["amount"] == "100.0"
    assert (await _sums(shop, order))["displayFinancialStatus"] == "PARTIALLY_PAID"
    assert (await shop.post(f"/shopify/alpha/payments/{order['legacy_id']}/expire"))["expired"] == 1
    late = (await shop.ask(CAPTURE, {"i": {**wanted, "currency": "JPY", "amount": "1"}}))["orderCapture"]
    assert late["userErrors"][0]["message"] == "The authorization has expired"


async def test_an_authorisation_runs_out_with_the_clock(shop: Driver) -> None:
    order = await shop.buy(payment="expiring")
    await shop.post("/clock", {"offset_s": 2 * 3600})
    assert (await _sums(shop, order))["displayFinancialStatus"] == "EXPIRED"


async def _refund_input(shop: Driver, order: dict[str, Any], amount: str) -> dict[str, Any]:
    sale = (await _sums(shop, order))["transactions"][0]["id"]
    money = {
        "orderId": order["id"],
        "parentId": sale,
        "amount": amount,
        "gateway": "shopify_payments",
        "kind": "REFUND",
    }
    return {"orderId": order["id"], "transactions": [money]}


async def test_a_refund_key_replays_and_refuses_other_arguments(shop: Driver) -> None:
    order = await shop.buy()
    wanted = await _refund_input(shop, order, "10.00")
    first = (await shop.ask(REFUND, {"i": wanted, "key": "k1"}))["refundCreate"]
    again = (await shop.ask(REFUND, {"i": wanted, "key": "k1"}))["refundCreate"]
    assert first == again
    assert (await shop.see(order))["refunded"] == "10.00"
    assert shop.accepted("refundCreate") == {"k1": 1}
    other = await shop.raw(REFUND, {"i": await _refund_input(shop, order, "11.00"), "key": "k1"})
    assert other.json()["errors"][0]["extensions"]["code"] == "IDEMPOTENCY_KEY_PARAMETER_MISMATCH"


async def test_a_stored_failure_is_replayed(shop: Driver) -> None:
    order = await shop.buy(payment="partial")
    wanted = await _refund_input(shop, order, "400.00")
    failed = (await shop.ask(REFUND, {"i": wanted, "key": "k2"}))["refundCreate"]
    assert failed["userErrors"]
    assert (await shop.ask(REFUND, {"i": wanted, "key": "k2"}))["refundCreate"] == failed
    assert shop.accepted("refundCreate") == {}


async def test_a_refund_without_a_key_is_refused(shop: Driver) -> None:
    order = await shop.buy()
    text = "mutation($i: RefundInput!) { refundCreate(input: $i) { userErrors { message } } }"
    answer = (await shop.raw(text, {"i": await _refund_input(shop, order, "10.00")})).json()
    assert answer["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
    assert "@idempotent directive is required" in answer["errors"][0]["message"]
    assert (await shop.see(order))["refunded"] == "0.00"


async def test_refunded_lines_leave_the_order_and_go_back_on_the_shelf(shop: Driver) -> None:
    order = await shop.buy()
    line = (await _sums(shop, order))["lineItems"]["nodes"][0]["id"]
    wanted = {"orderId": order["id"], "refundLineItems": [{"lineItemId": line, "quantity": 1, "restockType": "CANCEL"}]}
    assert not (await shop.ask(REFUND, {"i": wanted, "key": "k3"}))["refundCreate"]["userErrors"]
    assert (await shop.see(order))["lines"] == [{"sku": "TENT-2P-GRN", "quantity": 2, "current_quantity": 1}]
    assert (await shop.fos(order))[0]["lineItems"]["nodes"][0]["remainingQuantity"] == 1
    level = (await shop.get("/shopify/alpha/inventory"))["inventory"][0]
    assert (level["available"], level["committed"], level["on_hand"]) == (399, 1, 400)


async def test_cancel_is_a_job_that_voids_or_refunds(shop: Driver) -> None:
    await shop.post("/shopify/alpha/settings", {"job_delay_s": 30})
    order = await shop.buy()
    job = (await shop.ask(CANCEL, {"id": order["id"]}))["orderCancel"]["job"]
    assert job["done"] is False
    assert (await shop.see(order))["cancelled_at"] is None
    poll = "query($id: ID!) { job(id: $id) { done } }"
    assert (await shop.ask(poll, {"id": job["id"]}))["job"]["done"] is False
    await shop.post("/clock", {"offset_s": 60})
    assert (await shop.ask(poll, {"id": job["id"]}))["job"]["done"] is True
    seen = await shop.see(order)
    assert seen["cancelled_at"]
    assert seen["financial_status"] == "REFUNDED"
    assert (await shop.fos(order))[0]["status"] == "CLOSED"
    twice = (await shop.ask(CANCEL, {"id": order["id"]}))["orderCancel"]
    assert twice["orderCancelUserErrors"][0]["code"] == "INVALID"
    held = await shop.buy(payment="authorized")
    await shop.post(f"/shopify/alpha/orders/{held['legacy_id']}/cancel")
    assert (await shop.see(held))["financial_status"] == "VOIDED"


async def test_a_shipped_order_is_not_cancelled(shop: Driver) -> None:
    order = await shop.buy(lines=[{"sku": "GIFT-50", "quantity": 1}])
    refused = (await shop.ask(CANCEL, {"id": order["id"]}))["orderCancel"]
    assert refused["job"] is None
    assert refused["orderCancelUserErrors"][0]["code"] == "INVALID"


async def test_manual_payments(shop: Driver) -> None:
    order = await shop.buy(payment="pending")
    text = """mutation($id: ID!, $amount: MoneyInput) { orderCreateManualPayment(id: $id, amount: $amount) {
      order { displayFinancialStatus } userErrors { code } } }"""
    over = {"id": order["id"], "amount": {"amount": "99999", "currencyCode": "USD"}}
    assert (await shop.ask(text, over))["orderCreateManualPayment"]["userErrors"][0]["code"] == "AMOUNT_EXCEEDS_BALANCE"
    some = {"id": order["id"], "amount": {"amount": "100", "currencyCode": "USD"}}
    paid = (await shop.ask(text, some))["orderCreateManualPayment"]["order"]
    assert paid["displayFinancialStatus"] == "PARTIALLY_PAID"
    text = """mutation($i: OrderMarkAsPaidInput!) { orderMarkAsPaid(input: $i) {
      order { displayFinancialStatus } userErrors { message } } }"""
    marked = (await shop.ask(text, {"i": {"id": order["id"]}}))["orderMarkAsPaid"]["order"]
    assert marked["displayFinancialStatus"] == "PAID"
    assert (await shop.ask(text, {"i": {"id": order["id"]}}))["orderMarkAsPaid"]["userErrors"]
