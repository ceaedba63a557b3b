"""Writes of the Shopify connector against the fake shop: done once, also when the answer is lost."""

from dataclasses import replace

import pytest

from connectors.errors import OutcomeUnknown, VendorRejected
from connectors.outcomes import Sent
from connectors.shops.base import (
    CancelRequest,
    CaptureRequest,
    HoldRequest,
    RefundRequest,
    ReleaseRequest,
)
from connectors.shops.shopify import Shopify
from domain.catalogue import StockWrite
from domain.order import TransactionKind
from tests.connectors.shops.buying import again, bought, buy, parcel
from tests.support.sandbox import SandboxProcess


async def test_holds_are_ours_alone_and_repeat_harmlessly(shop: Shopify, sandbox: SandboxProcess) -> None:
    order = await bought(shop, sandbox)
    request = HoldRequest(order.fulfilment_orders[0].external_id, "aftercart", "please wait")
    [first] = await shop.hold([request])
    [second] = await shop.hold([request])
    assert isinstance(first, Sent)
    assert isinstance(second, Sent)
    assert first.external_id == second.external_id != ""
    [other] = await shop.hold([replace(request, handle="another")])
    assert isinstance(other, Sent)
    [held] = await shop.fulfilment_orders([request.fulfilment_order])
    assert (held.status, {hold.handle for hold in held.holds}) == ("on_hold", {"aftercart", "another"})

    release = ReleaseRequest(request.fulfilment_order, (first.external_id,))
    assert isinstance((await shop.release([release]))[0], Sent)
    [still] = await shop.fulfilment_orders([request.fulfilment_order])
    assert [hold.handle for hold in still.holds] == ["another"]
    assert isinstance((await shop.release([release]))[0], Sent)
    [outcome] = await shop.fulfil([parcel(order)])
    assert isinstance(outcome, VendorRejected)
    assert outcome.reason == "on_hold"


async def test_a_hold_whose_answer_is_lost_stands_once(shop: Shopify, sandbox: SandboxProcess) -> None:
    order = await bought(shop, sandbox)
    sandbox.fault("shopify", "fulfillmentOrderHold", "error_after", status=502)
    [outcome] = await shop.hold([HoldRequest(order.fulfilment_orders[0].external_id, "aftercart", "")])
    assert isinstance(outcome, Sent)
    [held] = await shop.fulfilment_orders([order.fulfilment_orders[0].external_id])
    assert [hold.external_id for hold in held.holds] == [outcome.external_id]


async def test_many_requests_each_with_its_outcome(shop: Shopify, sandbox: SandboxProcess) -> None:
    orders = await shop.fetch_orders(buy(sandbox, count=30))
    holds = [HoldRequest(each.fulfilment_orders[0].external_id, "aftercart", "") for each in orders]
    holds.insert(7, HoldRequest("gid://shopify/FulfillmentOrder/1", "aftercart", ""))
    outcomes = await shop.hold(holds)
    assert [i for i, each in enumerate(outcomes) if not isinstance(each, Sent)] == [7]
    assert isinstance(outcomes[7], VendorRejected)
    assert outcomes[7].reason == "not_found"


@pytest.mark.row("FUL-4")
async def test_a_parcel_is_written_back(shop: Shopify, sandbox: SandboxProcess) -> None:
    order = await bought(shop, sandbox)
    [outcome] = await shop.fulfil([parcel(order)])
    assert isinstance(outcome, Sent)
    now = await again(shop, order)
    assert [(each.external_id, each.tracking_numbers) for each in now.fulfilments] == [(outcome.external_id, ("1Z1",))]
    assert [line.remaining for each in now.fulfilment_orders for line in each.lines] == [0, 0]
    [twice] = await shop.fulfil([parcel(order, "1Z2")])
    assert isinstance(twice, VendorRejected)


async def test_a_parcel_whose_answer_is_lost_is_found_by_its_number(shop: Shopify, sandbox: SandboxProcess) -> None:
    order = await bought(shop, sandbox)
    sandbox.fault("shopify", "fulfillmentCreate", "error_after", status=500)
    [outcome] = await shop.fulfil([parcel(order)])
    assert isinstance(outcome, OutcomeUnknown)
    now = await again(shop, order)
    assert [number for each in now.fulfilments for number in each.tracking_numbers] == ["1Z1"]


async def test_capture_then_refund_once_per_key(shop: Shopify, sandbox: SandboxProcess) -> None:
    order = await bought(shop, sandbox, payment="authorized")
    [authorization] = order.transactions
    assert authorization.authorization_expires_at is not None
    capture = CaptureRequest(order.external_id, authorization.external_id, order.total_minor, "USD")
    captured = await shop.capture(capture)
    assert isinstance(captured, Sent)
    repeated = await shop.capture(capture)
    assert isinstance(repeated, VendorRejected)

    refund = RefundRequest("r-1", order.external_id, captured.external_id, authorization.gateway, 500, "USD", "damaged")
    sandbox.fault("shopify", "refundCreate", "error_after", status=500)
    first = await shop.refund(refund)
    second = await shop.refund(refund)
    assert isinstance(first, Sent)
    assert first == second
    refunds = [t for t in (await again(shop, order)).transactions if t.kind is TransactionKind.REFUND]
    assert [t.amount_minor for t in refunds] == [500]
    assert first.data == {"status": "success", "transaction": refunds[0].external_id}
    assert await shop.find_refund(refund) == first
    assert await shop.find_refund(replace(refund, note="another")) is None
    too_much = await shop.refund(replace(refund, key="r-2", amount_minor=order.total_minor))
    assert isinstance(too_much, VendorRejected)
    assert too_much.reason == "amount_too_high"
    other_content = await shop.refund(replace(refund, amount_minor=501))
    assert isinstance(other_content, VendorRejected)
    assert other_content.reason == "key_conflict"


async def test_a_cancellation_is_done_when_we_say_so(shop: Shopify, sandbox: SandboxProcess) -> None:
    order = await bought(shop, sandbox)
    request = CancelRequest(order.external_id, refund=True, restock=True, reason="customer", note="asked for")
    assert isinstance(await shop.cancel_order(request), Sent)
    now = await again(shop, order)
    assert now.cancelled_at is not None
    refunded = [t.amount_minor for t in now.transactions if t.kind is TransactionKind.REFUND]
    assert sum(refunded) == order.total_minor
    repeated = await shop.cancel_order(request)
    assert isinstance(repeated, VendorRejected)
    assert repeated.reason == "already_cancelled"


async def test_stock_is_compared_and_set(shop: Shopify, sandbox: SandboxProcess) -> None:
    levels = [level async for page in shop.stock() for level in page]
    level = next(each for each in levels if each.sku == "ROPE-20" and each.available > 10)
    write = StockWrite(
        "s-1", level.inventory_external_id, level.location_external_id, level.available, level.available - 3
    )
    assert isinstance((await shop.set_available([write]))[0], Sent)
    assert isinstance((await shop.set_available([write]))[0], Sent)  # the same key: done already
    [stale, fresh] = await shop.set_available(
        [replace(write, key="s-2"), replace(write, key="s-3", expected=write.available, available=2)]
    )
    assert isinstance(stale, VendorRejected)
    assert stale.reason == "stale"
    assert isinstance(fresh, Sent)
    after = await shop.read_stock([level.inventory_external_id])
    [now] = [each for each in after if each.location_external_id == level.location_external_id]
    assert now.available == 2
