"""Address, contact and payments of an order in the fake shop: overwritten whole, booked once."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from connectors.errors import OutcomeUnknown, VendorRejected
from connectors.outcomes import Sent
from connectors.shops.editing import LineQuantity, ManualPayment
from connectors.shops.shopify import Shopify
from domain.order import Address, TransactionKind
from tests.connectors.shops.buying import again, bought
from tests.connectors.shops.sandbox_edits import committed, edit_of
from tests.support.sandbox import SandboxProcess


@pytest.mark.row("EDT-1")
async def test_address_and_contact_are_overwritten(shop: Shopify, sandbox: SandboxProcess) -> None:
    order = await bought(shop, sandbox)
    address = Address("Grace Brewster Hopper", "", "2 Side St", "", "Portland", "OR", "97201", "US", "+15035550100")
    assert isinstance(await shop.set_address(order.external_id, address), Sent)
    assert isinstance(await shop.set_address(order.external_id, address), Sent)
    assert isinstance(await shop.set_contact(order.external_id, email="grace@example.org", phone=""), Sent)
    now = await again(shop, order)
    assert now.shipping_address == address
    assert (now.email, now.phone) == ("grace@example.org", order.phone)
    assert now.billing_address == order.billing_address


@pytest.mark.row("EDT-1", bad_input=True)
async def test_an_address_that_the_shop_refuses(shop: Shopify, sandbox: SandboxProcess) -> None:
    order = await bought(shop, sandbox)
    for bad in (Address(name="Ada Byron", line1="1 Main St", country="US"), Address(name="Ada", country="XX")):
        outcome = await shop.set_address(order.external_id, bad)
        assert isinstance(outcome, VendorRejected)
        assert outcome.reason == "bad_address"
    assert (await again(shop, order)).shipping_address == order.shipping_address
    unknown = await shop.set_contact("gid://shopify/Order/1", email="grace@example.org", phone="")
    assert isinstance(unknown, VendorRejected)
    assert unknown.reason == "not_found"


@pytest.mark.row("EDT-5")
async def test_money_taken_elsewhere_is_booked_once_and_found_by_its_method(
    shop: Shopify, sandbox: SandboxProcess
) -> None:
    order = await bought(shop, sandbox)
    now = await committed(shop, edit_of(order, quantities=(LineQuantity(order.lines[1].external_id, 3),)))
    due = now.total_minor - order.total_minor
    payment = ManualPayment(order.external_id, due, "USD", "Aftercart pay_1", datetime.now(UTC))
    too_much = await shop.record_payment(replace(payment, amount_minor=due + 1))
    assert isinstance(too_much, VendorRejected)
    assert too_much.reason == "amount_too_high"

    sandbox.fault("shopify", "orderCreateManualPayment", "error_after", status=502)
    assert isinstance(await shop.record_payment(payment), OutcomeUnknown)
    [found] = [each for each in (await again(shop, order)).transactions if each.gateway == payment.method]
    assert (found.kind, found.amount_minor) == (TransactionKind.SALE, due)
    repeated = await shop.record_payment(payment)
    assert isinstance(repeated, VendorRejected)
    assert repeated.reason == "nothing_outstanding"
    assert (await shop.calculate(edit_of(now))).outstanding_minor == 0


@pytest.mark.row("EDT-5")
async def test_a_payment_says_its_transaction(shop: Shopify, sandbox: SandboxProcess) -> None:
    order = await bought(shop, sandbox)
    now = await committed(shop, edit_of(order, quantities=(LineQuantity(order.lines[1].external_id, 2),)))
    due = now.total_minor - order.total_minor
    paid = await shop.record_payment(ManualPayment(now.external_id, due, "USD", "Aftercart pay_2", datetime.now(UTC)))
    assert isinstance(paid, Sent)
    assert paid.external_id in {each.external_id for each in (await again(shop, order)).transactions}
