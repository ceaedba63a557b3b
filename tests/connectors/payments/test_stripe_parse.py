"""Stripe's forms and bodies in our words, without a server."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.errors import VendorRejected
from connectors.outcomes import Sent
from connectors.payments.base import LinkRequest, LinkState, PaymentRefund
from connectors.payments.stripe_amounts import from_stripe, to_stripe
from connectors.payments.stripe_parse import (
    account_name,
    flat,
    is_processing,
    our_refund,
    page_form,
    page_locale,
    parse_page,
    parse_refund,
    read_refusal,
    refund_form,
)
from connectors.reading import Unreadable
from tests.support.forms import nested
from tests.support.openapi import check_request, load_spec

REQUEST = LinkRequest(
    key="link:edit_1",
    reference="edit_1",
    amount_minor=1250,
    currency="EUR",
    description="Order #1001: change",
    expires_at=datetime(2026, 11, 21, 13, 30, 0, 900_000, UTC),
    success_url="https://shop.example/paid",
    cancel_url="https://shop.example/back",
    locale="de_AT",
)
REFUND = PaymentRefund("refund:ref_1:1", "pi_1", 500, "EUR", "ref_1")
PAGE: dict[str, Any] = {
    "id": "cs_1",
    "status": "open",
    "payment_status": "unpaid",
    "url": "https://checkout.stripe.com/c/cs_1",
    "client_reference_id": "edit_1",
    "amount_total": 1250,
    "currency": "eur",
    "payment_intent": None,
}


def sample(shared: Path, name: str) -> dict[str, Any]:
    """One of the vendor's sample bodies."""
    resources = json.loads((shared / "contracts/stripe/fixtures3.json").read_text())["resources"]
    body: dict[str, Any] = resources[name]
    return body


def test_page_form_is_what_the_contract_allows(shared: Path) -> None:
    form = dict(flat(page_form(REQUEST)))
    assert form["line_items[0][price_data][unit_amount]"] == "1250"
    assert form["expires_at"] == "1795267800"  # never later than asked
    assert (form["locale"], form["client_reference_id"]) == ("de", "edit_1")
    assert form.pop("adaptive_pricing[enabled]") == "false"  # younger than the copy of the contract

    spec = load_spec(shared / "contracts/stripe/stripe.openapi.json.gz")
    check_request(spec, "POST", "/v1/checkout/sessions", nested(form.items()))
    check_request(spec, "POST", "/v1/refunds", nested(flat(refund_form(REFUND))))


@pytest.mark.parametrize(
    ("asked", "page"),
    [("en", "en"), ("en_GB", "en-GB"), ("en-US", "en"), ("pt_BR", "pt-BR"), ("zh_TW", "zh-TW"), ("is", "auto")],
)
def test_page_locale(asked: str, page: str) -> None:
    assert page == page_locale(asked)


@pytest.mark.row("EDT-5")
@pytest.mark.parametrize(
    ("minor", "currency", "stripe"),
    [
        (1250, "EUR", 1250),
        (500, "JPY", 500),
        (500, "ISK", 50_000),
        (7, "UGX", 700),
        (12_345, "HUF", 12_345),
        (12_345, "TWD", 12_345),
        (300, "MGA", 3),
        (5120, "KWD", 5120),
    ],
)
def test_amounts_there_and_back(minor: int, currency: str, stripe: int) -> None:
    assert stripe == to_stripe("refund", minor, currency)
    assert minor == from_stripe(stripe, currency)


@pytest.mark.row("EDT-5", bad_input=True)
@pytest.mark.parametrize(
    ("minor", "currency", "why"),
    [
        (5124, "KWD", "third decimal of KWD"),
        (5120, "IQD", "IQD is not taken"),
        (350, "MGA", "MGA has no decimals"),
        (0, "EUR", "not a positive amount"),
        (-5, "EUR", "not a positive amount"),
        (5, "XXQ", "unknown currency"),
    ],
)
def test_what_cannot_be_charged_is_refused(minor: int, currency: str, why: str) -> None:
    with pytest.raises(VendorRejected, match=why) as caught:
        page_form(replace(REQUEST, amount_minor=minor, currency=currency))

    assert caught.value.reason == "not_chargeable"


@pytest.mark.parametrize(("amount", "currency"), [(150, "ISK"), (None, "EUR"), (True, "EUR"), ("5", "EUR")])
def test_an_amount_that_cannot_be_read(amount: object, currency: str) -> None:
    with pytest.raises(Unreadable):
        from_stripe(amount, currency)


def test_an_open_page() -> None:
    page = parse_page(PAGE)

    assert (LinkState.OPEN, "", None) == (page.state, page.payment, page.paid_at)
    assert ("cs_1", "edit_1", 1250, "EUR") == (page.external_id, page.reference, page.amount_minor, page.currency)
    assert page.url.endswith("/cs_1")


@pytest.mark.parametrize(
    ("payment", "paid_at"),
    [
        ("pi_1", None),
        ({"id": "pi_1", "latest_charge": {"created": 1795267000}}, datetime.fromtimestamp(1795267000, UTC)),
        ({"id": "pi_1", "latest_charge": "ch_1"}, None),
    ],
)
def test_a_paid_page(payment: Any, paid_at: datetime | None) -> None:
    paid = PAGE | {"status": "complete", "payment_status": "paid", "url": None, "payment_intent": payment}
    page = parse_page(paid)

    assert (LinkState.PAID, "pi_1", paid_at, "") == (page.state, page.payment, page.paid_at, page.url)


def test_a_page_whose_money_is_on_its_way_is_not_paid() -> None:
    body = PAGE | {"status": "complete", "payment_intent": "pi_1"}

    assert (True, LinkState.OPEN, "") == (is_processing(body), parse_page(body).state, parse_page(body).payment)


@pytest.mark.parametrize(
    "body", [None, [], PAGE | {"status": "new"}, PAGE | {"id": None}, PAGE | {"amount_total": None}]
)
def test_a_page_that_cannot_be_read(body: Any) -> None:
    with pytest.raises(Unreadable):
        parse_page(body)


def test_the_vendors_samples_are_read(shared: Path) -> None:
    session = sample(shared, "checkout.session") | {"amount_total": 100, "currency": "usd"}  # null in the sample
    assert parse_page(session).state is LinkState.OPEN
    outcome = parse_refund("refund", sample(shared, "refund"))
    assert isinstance(outcome, Sent)
    assert outcome.external_id.startswith("re_")
    assert account_name(sample(shared, "account")).startswith("acct_")


def row(status: str, key: str = REFUND.key, reference: str = REFUND.reference) -> dict[str, Any]:
    return {"id": f"re_{status}_{key}", "status": status, "metadata": {"reference": reference, "key": key}}


@pytest.mark.row("EDT-5")
@pytest.mark.parametrize(
    ("rows", "found"),
    [
        pytest.param([], None, id="none"),
        pytest.param([row("succeeded", reference="ref_2"), {"id": "re", "metadata": None}], None, id="others"),
        pytest.param([row("succeeded")], "succeeded", id="done"),
        pytest.param([row("pending", "refund:ref_1:0")], "pending", id="done under another key"),
        pytest.param([row("failed"), row("succeeded")], "succeeded", id="one that lives counts"),
        pytest.param([row("failed")], "declined", id="failed"),
        pytest.param([row("canceled")], "declined", id="cancelled"),
        pytest.param([row("requires_action")], "pending", id="waits for its customer"),
        pytest.param([row("failed", "refund:ref_1:0")], None, id="an earlier try failed"),
    ],
)
def test_our_refund_among_others(rows: list[dict[str, Any]], found: str | None) -> None:
    outcome = our_refund(rows, REFUND)

    if isinstance(outcome, Sent):
        assert found == outcome.data["state"]
    else:
        assert found == (outcome.reason if isinstance(outcome, VendorRejected) else outcome)


@pytest.mark.parametrize(
    ("status", "error", "reason"),
    [
        (400, {"code": "charge_already_refunded"}, "too_much"),
        (400, {"message": "Refund amount ($11.00) is greater than unrefunded amount on charge ($10.00)"}, "too_much"),
        (402, {"type": "card_error", "code": "card_declined"}, "declined"),
        (400, {"code": "charge_disputed"}, "declined"),
        (400, {"type": "idempotency_error"}, "key_conflict"),
        (400, {"type": "invalid_request_error", "param": "expires_at"}, "bad_expiry"),
        (400, {"param": "line_items[0][price_data][currency]", "message": "Invalid currency: xxq."}, "not_chargeable"),
        (400, {"code": "amount_too_small"}, "too_little"),
        (404, {"code": "resource_missing"}, "not_found"),
        (404, {}, "not_found"),
        (400, {"code": "parameter_unknown"}, "rejected"),
        (400, {"code": 5, "message": None}, "rejected"),
    ],
)
def test_refusals(status: int, error: dict[str, Any], reason: str) -> None:
    refusal = read_refusal(status, {"error": error})

    assert (reason, False) == (refusal.reason, refusal.busy)


@pytest.mark.parametrize("body", [None, [], "x", {"error": "x"}])
def test_a_refusal_without_words(body: Any) -> None:
    assert "rejected" == read_refusal(400, body).reason
    assert "not_found" == read_refusal(404, body).reason
