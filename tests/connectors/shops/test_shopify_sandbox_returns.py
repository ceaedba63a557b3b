"""Returns of the Shopify connector against the fake shop, which was written from the vendor's file apart."""

import pytest

from connectors.errors import OutcomeUnknown, VendorRejected
from connectors.outcomes import Outcome, Sent
from connectors.shops.returning import DeclineReason, Disposal, Placed, SendBack, ShopReturnState
from connectors.shops.shopify import Shopify
from domain.returns.words import ReturnReason
from tests.connectors.shops.buying import again, bought
from tests.connectors.shops.sandbox_returns import RMA, asked_for, draft_of, opened, read, shipped
from tests.support.sandbox import SandboxProcess


def reason(outcome: Outcome | None) -> str:
    assert isinstance(outcome, VendorRejected), outcome
    return outcome.reason


def units(outcome: Outcome) -> int:
    assert isinstance(outcome, Sent), outcome
    number: int = outcome.data["units"]
    return number


@pytest.mark.row("RET-1")
async def test_only_what_has_shipped_can_be_returned(shop: Shopify, sandbox: SandboxProcess) -> None:
    waiting = await bought(shop, sandbox)
    assert await shop.returnable(waiting.external_id) == []
    order = await shipped(shop, sandbox)
    assert {each.line: each.quantity for each in await shop.returnable(order.external_id)} == {
        line.external_id: line.quantity for line in order.lines
    }
    await opened(shop, order, 2)
    assert [each.quantity for each in await shop.returnable(order.external_id)] == [1]


@pytest.mark.row("RET-1")
async def test_a_return_approved_here_is_open_there(shop: Shopify, sandbox: SandboxProcess) -> None:
    order = await shipped(shop, sandbox)
    assert await shop.find_return(order.external_id, RMA) is None
    back = await opened(shop, order, 1, 1, fee_minor=495, currency="USD")
    assert (back.order, back.state) == (order.external_id, ShopReturnState.OPEN)
    assert [(line.line, line.quantity, line.processed) for line in back.lines] == [
        (line.external_id, 1, 0) for line in order.lines
    ]
    assert {(line.reason, line.note) for line in back.lines} == {(ReturnReason.TOO_SMALL, RMA)}
    [place] = back.awaited
    assert (place.is_open, [line.open for line in place.lines]) == (True, [1, 1])
    assert await shop.find_return(order.external_id, RMA) == back
    assert await shop.find_return(order.external_id, "ret_2") is None
    assert await shop.returns_of(order.external_id) == [back]
    assert await shop.fetch_return("gid://shopify/Return/5") is None


@pytest.mark.row("RET-1", bad_input=True)
async def test_more_than_there_is_cannot_be_returned(shop: Shopify, sandbox: SandboxProcess) -> None:
    order = await shipped(shop, sandbox)
    assert reason(await shop.create_return(await draft_of(shop, order, [3]))) == "bad_quantity"
    await opened(shop, order, 2)
    with pytest.raises(VendorRejected) as caught:
        await shop.returns_of("gid://shopify/Order/5")
    assert caught.value.reason == "not_found"


@pytest.mark.row("RET-1")
async def test_a_lost_answer_is_found_by_the_reference(shop: Shopify, sandbox: SandboxProcess) -> None:
    order = await shipped(shop, sandbox)
    draft = await draft_of(shop, order, [1])
    sandbox.fault("shopify", "returnCreate", "error_after", status=502)
    assert isinstance(await shop.create_return(draft), OutcomeUnknown)
    found = await shop.find_return(order.external_id, RMA)
    assert found is not None
    assert len(await shop.returns_of(order.external_id)) == 1
    assert isinstance(await shop.cancel_return(found.external_id), Sent)
    assert isinstance(await shop.create_return(draft), Sent)
    living = await shop.find_return(order.external_id, RMA)
    assert living is not None
    assert living.state is ShopReturnState.OPEN


@pytest.mark.row("RET-1")
async def test_a_customers_request_is_answered(shop: Shopify, sandbox: SandboxProcess) -> None:
    order = await shipped(shop, sandbox)
    wanted, refused = asked_for(sandbox, order), asked_for(sandbox, order)
    assert (await read(shop, wanted)).state is ShopReturnState.REQUESTED
    for _ in range(2):  # the second says what is so
        assert isinstance(await shop.approve_return(wanted), Sent)
        assert isinstance(await shop.decline_return(refused, DeclineReason.TOO_LATE, "31 days"), Sent)
    assert (await read(shop, wanted)).state is ShopReturnState.OPEN
    assert (await read(shop, refused)).state is ShopReturnState.DECLINED
    assert reason(await shop.approve_return(refused)) == "invalid_state"
    assert reason(await shop.decline_return(wanted, DeclineReason.OTHER, "")) == "invalid_state"


async def test_a_return_is_cancelled_or_closed_once(shop: Shopify, sandbox: SandboxProcess) -> None:
    order = await shipped(shop, sandbox)
    gone, done = await opened(shop, order, 1), await opened(shop, order, 0, 1)
    for _ in range(2):
        assert isinstance(await shop.cancel_return(gone.external_id), Sent)
        assert isinstance(await shop.close_return(done.external_id), Sent)
    assert (await read(shop, gone.external_id)).state is ShopReturnState.CANCELLED
    assert (await read(shop, done.external_id)).state is ShopReturnState.CLOSED
    assert reason(await shop.cancel_return(done.external_id)) == "invalid_state"
    assert reason(await shop.close_return("gid://shopify/Return/5")) == "not_found"


@pytest.mark.row("RET-4")
@pytest.mark.parametrize("lost", [False, True], ids=["answered", "answer lost"])
async def test_units_are_processed_once(shop: Shopify, sandbox: SandboxProcess, lost: bool) -> None:
    order = await shipped(shop, sandbox, lines=[{"sku": "STOVE-1", "quantity": 3}])
    back = await opened(shop, order, 3)
    [line] = back.lines
    if lost:
        sandbox.fault("shopify", "returnProcess", "error_after", status=502)
        assert isinstance(await shop.process_return(back.external_id, [(line.external_id, 1)]), OutcomeUnknown)
    else:
        assert units(await shop.process_return(back.external_id, [(line.external_id, 1)])) == 1
    assert units(await shop.process_return(back.external_id, [(line.external_id, 1)])) == 0
    assert (await read(shop, back.external_id)).lines[0].processed == 1
    assert units(await shop.process_return(back.external_id, [(line.external_id, 3)])) == 2
    assert (await again(shop, order)).lines[0].quantity == 0
    assert reason(await shop.process_return(back.external_id, [(line.external_id, 4)])) == "bad_quantity"
    assert (
        reason(await shop.process_return(back.external_id, [("gid://shopify/ReturnLineItem/5", 1)])) == "unknown_line"
    )


@pytest.mark.row("RET-4")
@pytest.mark.parametrize("lost", [False, True], ids=["answered", "answer lost"])
async def test_units_are_put_on_the_shelf_once(shop: Shopify, sandbox: SandboxProcess, lost: bool) -> None:
    order = await shipped(shop, sandbox, lines=[{"sku": "STOVE-1", "quantity": 3}])
    back = await opened(shop, order, 3)
    [place] = back.awaited
    [line] = place.lines
    shelf = next(iter(await shop.locations()))
    before = available(sandbox, shelf)
    said = [
        Disposal(line.external_id, Placed.RESTOCKED, 1, shelf),
        Disposal(line.external_id, Placed.NOT_RESTOCKED, 1),
    ]
    if lost:
        sandbox.fault("shopify", "reverseFulfillmentOrderDispose", "error_after", status=502)
        assert isinstance(await shop.dispose(back.external_id, said), OutcomeUnknown)
    else:
        assert units(await shop.dispose(back.external_id, said)) == 2
    assert units(await shop.dispose(back.external_id, said)) == 0
    assert available(sandbox, shelf) == before + 1
    [now] = (await read(shop, back.external_id)).awaited[0].lines
    assert (now.open, now.said(Placed.RESTOCKED, shelf), now.said(Placed.NOT_RESTOCKED, "")) == (1, 1, 1)
    more = [Disposal(line.external_id, Placed.RESTOCKED, 3, shelf)]
    assert reason(await shop.dispose(back.external_id, more)) == "already_disposed"
    assert units(await shop.dispose(back.external_id, [*said, Disposal(line.external_id, Placed.MISSING, 1)])) == 1
    assert available(sandbox, shelf) == before + 1


async def test_a_disposal_that_cannot_be_is_refused_unsent(shop: Shopify, sandbox: SandboxProcess) -> None:
    order = await shipped(shop, sandbox)
    back = await opened(shop, order, 1)
    line = back.awaited[0].lines[0].external_id
    assert reason(await shop.dispose(back.external_id, [Disposal(line, Placed.RESTOCKED, 1)])) == "no_location"
    assert reason(await shop.dispose(back.external_id, [Disposal("x", Placed.MISSING, 1)])) == "unknown_line"
    await shop.close_return(back.external_id)
    assert reason(await shop.dispose(back.external_id, [Disposal(line, Placed.MISSING, 1)])) == "invalid_state"


def available(sandbox: SandboxProcess, location: str) -> int:
    levels = sandbox.control("shopify/alpha/inventory")["inventory"]
    [found] = [each for each in levels if each["sku"] == "STOVE-1" and each["location_id"] == location]
    number: int = found["available"]
    return number


@pytest.mark.row("RET-2")
async def test_the_parcel_back_is_told_once_and_its_label_replaced(shop: Shopify, sandbox: SandboxProcess) -> None:
    order = await shipped(shop, sandbox)
    back = await opened(shop, order, 1, 1)
    first = SendBack(back.external_id, "9400R1", "https://t.example/9400R1", "https://l.example/1.pdf")
    sandbox.fault("shopify", "reverseDeliveryCreateWithShipping", "error_after", status=502)
    assert isinstance(await shop.send_back(first), OutcomeUnknown)
    told = await shop.send_back(first)
    assert isinstance(told, Sent)
    [parcel] = (await read(shop, back.external_id)).awaited[0].parcels
    assert (parcel.external_id, parcel.tracking_number) == (told.external_id, "9400R1")
    second = SendBack(back.external_id, "9400R2", replaces="9400R1")
    for _ in range(2):
        assert await shop.send_back(second) == told
    [parcel] = (await read(shop, back.external_id)).awaited[0].parcels
    assert parcel.tracking_number == "9400R2"
    await shop.close_return(back.external_id)
    assert reason(await shop.send_back(first)) == "invalid_state"
