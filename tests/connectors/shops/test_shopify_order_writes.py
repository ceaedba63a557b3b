"""Address, contact and payments of an order: overwritten whole, refused by name, booked once."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from connectors.errors import AuthFailed, OutcomeUnknown, Retryable, VendorRejected
from connectors.outcomes import Sent
from connectors.shops.editing import ManualPayment
from connectors.shops.shopify_order_writes import address_input
from connectors.transport import Response
from domain.order import Address
from tests.connectors.shops.graphql_edit import ORDER, wrong
from tests.connectors.shops.graphql_order import money
from tests.connectors.shops.stage import Answer, Stage, refused

ADA = Address("Ada King Byron", "", "1 Main St", "Apt 4", "Reno", "NV", "89501", "US", "+17755550100")
PAYMENT = ManualPayment(
    ORDER, 1999, "EUR", "Aftercart pay_1", datetime(2026, 11, 21, 13, 0, 0, 5, timezone(timedelta(hours=1)))
)
PLUS = (
    "Access denied for orderCreateManualPayment field. Required access: `write_orders` access scope. Also: The user "
    "must have mark_orders_as_paid permission. The API client must be installed on a Shopify Plus store to use the "
    "amount field."
)


def updated(*errors: Answer) -> Stage:
    return Stage(lambda body: {"data": {"m0": {"order": {"id": ORDER}, "userErrors": list(errors)}}})


@pytest.mark.row("EDT-1")
async def test_an_address_is_overwritten_whole() -> None:
    shop = updated()
    assert await shop.shop.set_address(ORDER, replace(ADA, line2="")) == Sent(ORDER)
    assert shop.sent[0]["variables"]["input0"] == {
        "id": ORDER,
        "shippingAddress": {
            "firstName": "Ada King",
            "lastName": "Byron",
            "company": None,
            "address1": "1 Main St",
            "address2": None,
            "city": "Reno",
            "provinceCode": "NV",
            "zip": "89501",
            "countryCode": "US",
            "phone": "+17755550100",
        },
    }


@pytest.mark.parametrize(
    ("name", "first", "last"), [("Plato", None, "Plato"), ("", None, None), ("  Ada   Byron ", "Ada", "Byron")]
)
def test_one_name_is_the_last_name_because_the_vendor_needs_one(name: str, first: str | None, last: str | None) -> None:
    sent = address_input(replace(ADA, name=name))
    assert (sent["firstName"], sent["lastName"]) == (first, last)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (wrong("State is not a valid state in United States", "shippingAddress", "province"), "bad_address"),
        (wrong("Enter a ZIP code", "input", "shippingAddress", "zip"), "bad_address"),
        (wrong("Order does not exist", "id"), "not_found"),
    ],
)
@pytest.mark.row("EDT-1", bad_input=True)
async def test_a_refused_address(error: Answer, reason: str) -> None:
    outcome = await updated(error).shop.set_address(ORDER, ADA)
    assert isinstance(outcome, VendorRejected)
    assert outcome.reason == reason


async def test_a_country_that_the_vendor_does_not_list() -> None:
    error = {"message": "invalid value Byron for shippingAddress", "extensions": {"code": "INVALID_VARIABLE"}}
    outcome = await Stage(lambda body: {"errors": [error]}).shop.set_address(ORDER, replace(ADA, country="XX"))
    assert isinstance(outcome, VendorRejected)
    assert (outcome.reason, outcome.detail) == ("bad_address", "invalid value […] for shippingAddress")


async def test_a_lost_update_is_simply_asked_again() -> None:
    answers: list[Any] = [refused(502), {"data": {"m0": {"order": {"id": ORDER}, "userErrors": []}}}]
    shop = Stage(lambda body: answers.pop(0))
    assert await shop.shop.set_address(ORDER, ADA) == Sent(ORDER)


async def test_only_given_contacts_are_written() -> None:
    shop = updated()
    assert await shop.shop.set_contact(ORDER, email="", phone="+436641234567") == Sent(ORDER)
    assert shop.sent[0]["variables"]["input0"] == {"id": ORDER, "phone": "+436641234567"}
    assert await shop.shop.set_contact(ORDER, email="", phone="") == Sent(ORDER)
    assert len(shop.sent) == 1
    outcome = await updated(wrong("Phone is invalid", "phone")).shop.set_contact(ORDER, email="", phone="nine")
    assert isinstance(outcome, VendorRejected)
    assert outcome.reason == "bad_contact"


def paying(*answers: Answer | Response, outstanding: str = "19.99") -> Stage:
    waiting = list(answers)

    def play(body: Answer) -> Answer | Response:
        if "Outstanding" in body["query"]:
            order = {"id": ORDER, "presentmentCurrencyCode": "EUR", "totalOutstandingSet": money(outstanding)}
            return {"data": {"order": order}}
        return waiting.pop(0)

    return Stage(play)


def booked(*transactions: tuple[str, str]) -> Answer:
    found = [{"id": number, "gateway": gateway} for number, gateway in transactions]
    return {"data": {"m0": {"order": {"id": ORDER, "transactions": found}, "userErrors": []}}}


def unpaid(error: Answer) -> Answer:
    return {"data": {"m0": {"order": None, "userErrors": [error]}}}


DENIED: Answer = {
    "data": {"m0": None},
    "errors": [{"message": PLUS, "path": ["m0"], "extensions": {"code": "ACCESS_DENIED"}}],
}


@pytest.mark.row("EDT-5")
async def test_a_payment_is_booked_under_its_method() -> None:
    shop = paying(booked(("t1", "bogus"), ("t2", PAYMENT.method)))
    assert await shop.shop.record_payment(PAYMENT) == Sent("t2")
    assert shop.sent[0]["variables"] == {
        "id0": ORDER,
        "amount0": {"amount": "19.99", "currencyCode": "EUR"},
        "paymentMethodName0": "Aftercart pay_1",
        "processedAt0": "2026-11-21T12:00:00Z",
    }


@pytest.mark.parametrize(
    ("error", "outstanding", "reason"),
    [
        (wrong("Amount exceeds balance", code="AMOUNT_EXCEEDS_BALANCE"), "0.00", "nothing_outstanding"),
        (wrong("Amount exceeds balance", code="AMOUNT_EXCEEDS_BALANCE"), "-3.00", "nothing_outstanding"),
        (wrong("Amount exceeds balance", code="AMOUNT_EXCEEDS_BALANCE"), "5.00", "amount_too_high"),
        (wrong("Order is already paid"), "5.00", "nothing_outstanding"),
        (wrong("no", code="CURRENCY_MISMATCH"), "5.00", "other_currency"),
        (wrong("no", code="PROCESSED_AT_INVALID"), "5.00", "bad_time"),
        (wrong("Order does not exist", "id"), "5.00", "not_found"),
    ],
)
@pytest.mark.row("EDT-5", bad_input=True)
async def test_a_refused_payment(error: Answer, outstanding: str, reason: str) -> None:
    outcome = await paying(unpaid(error), outstanding=outstanding).shop.record_payment(PAYMENT)
    assert isinstance(outcome, VendorRejected)
    assert outcome.reason == reason


async def test_a_busy_order_is_asked_again_later() -> None:
    busy = unpaid(wrong("busy", code="ORDER_IS_TEMPORARILY_UNAVAILABLE"))
    assert isinstance(await paying(busy).shop.record_payment(PAYMENT), Retryable)


async def test_a_lost_payment_is_unknown() -> None:
    shop = paying(refused(502))
    assert isinstance(await shop.shop.record_payment(PAYMENT), OutcomeUnknown)
    assert len(shop.sent) == 1


async def test_a_shop_that_may_not_name_an_amount_books_what_is_outstanding_if_it_is_the_same() -> None:
    shop = paying(DENIED, booked(("t2", PAYMENT.method)))
    assert await shop.shop.record_payment(PAYMENT) == Sent("t2")
    assert "amount0" not in shop.sent[-1]["variables"]
    outcome = await paying(DENIED, outstanding="20.00").shop.record_payment(PAYMENT)
    assert isinstance(outcome, VendorRejected)
    assert outcome.reason == "amount_needs_plan"
    assert isinstance(await paying(DENIED, DENIED).shop.record_payment(PAYMENT), AuthFailed)
