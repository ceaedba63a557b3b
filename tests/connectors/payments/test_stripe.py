"""Payment pages and refunds against the fake Stripe."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connectors.errors import AuthFailed, ConnectorError, VendorRejected
from connectors.payments.base import LinkState, PaymentLink, PaymentRefund
from connectors.payments.stripe import TOPICS, Stripe, stripe_http
from connectors.transport import HttpClient
from tests.connectors.payments.conftest import a_page, no_sleep, sent
from tests.support.recording import Exchange
from tests.support.sandbox import SandboxProcess

CREATE, REFUND = "POST /v1/checkout/sessions", "POST /v1/refunds"


def reason(outcome: object) -> str:
    assert isinstance(outcome, VendorRejected), outcome
    return outcome.reason


async def paid(stripe: Stripe, sandbox: SandboxProcess, **changes: Any) -> PaymentLink:
    page = sent(await stripe.create_link(a_page(sandbox, **changes)))
    sandbox.control(f"stripe/sessions/{page.external_id}/pay", {})
    found = await stripe.fetch_link(page.external_id)
    assert found is not None
    return found


def back(link: PaymentLink, amount_minor: int = 500, **changes: Any) -> PaymentRefund:
    refund = PaymentRefund("refund:ref_1:0", link.payment, amount_minor, link.currency, "ref_1")
    return replace(refund, **changes)


@pytest.mark.row("EDT-5")
async def test_a_page_from_its_making_to_the_money(stripe: Stripe, sandbox: SandboxProcess) -> None:
    request = a_page(sandbox)
    made = sent(await stripe.create_link(request))
    link = await stripe.fetch_link(made.external_id)
    assert link is not None
    assert (LinkState.OPEN, made.data["url"], "") == (link.state, link.url, link.payment)

    sandbox.control(f"stripe/sessions/{made.external_id}/decline", {})
    link = await stripe.fetch_link(made.external_id)
    assert link is not None
    assert (LinkState.OPEN, "") == (link.state, link.payment)

    sandbox.control(f"stripe/sessions/{made.external_id}/pay", {})
    link = await stripe.fetch_link(made.external_id)
    assert link is not None
    assert (LinkState.PAID, "edit_1", 1250, "EUR") == (link.state, link.reference, link.amount_minor, link.currency)
    assert link.payment.startswith("pi_")
    assert link.paid_at is not None
    assert abs(link.paid_at - (request.expires_at - timedelta(hours=1))) < timedelta(minutes=1)


@pytest.mark.row("EDT-5")
async def test_a_page_is_made_once(stripe: Stripe, sandbox: SandboxProcess) -> None:
    request = a_page(sandbox)

    first, second = await stripe.create_link(request), await stripe.create_link(request)

    assert sent(first) == sent(second)
    assert {"edit_1": 1} == sandbox.accepted("stripe")[CREATE]
    assert "key_conflict" == reason(await stripe.create_link(replace(request, amount_minor=1300)))


@pytest.mark.row("EDT-5")
@pytest.mark.parametrize("kind", ["error_after", "truncate"])
async def test_a_lost_answer_makes_no_second_page(stripe: Stripe, sandbox: SandboxProcess, kind: str) -> None:
    sandbox.fault("stripe", CREATE, kind)

    sent(await stripe.create_link(a_page(sandbox)))

    assert {"edit_1": 1} == sandbox.accepted("stripe")[CREATE]


@pytest.mark.row("EDT-5")
async def test_a_page_is_closed(stripe: Stripe, sandbox: SandboxProcess) -> None:
    made = sent(await stripe.create_link(a_page(sandbox)))

    for _ in range(2):
        assert made.external_id == sent(await stripe.expire_link(made.external_id)).external_id

    link = await stripe.fetch_link(made.external_id)
    assert link is not None
    assert LinkState.EXPIRED is link.state


@pytest.mark.row("EDT-5", bad_input=True)
async def test_a_page_with_the_money_is_not_closed(stripe: Stripe, sandbox: SandboxProcess) -> None:
    link = await paid(stripe, sandbox)

    assert "paid" == reason(await stripe.expire_link(link.external_id))
    assert "not_found" == reason(await stripe.expire_link("cs_test_0"))


@pytest.mark.row("EDT-5", bad_input=True)
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount_minor": 5124, "currency": "KWD"}, "not_chargeable"),
        ({"currency": "XXQ"}, "not_chargeable"),
        ({"amount_minor": 1}, "too_little"),
        ({"success_url": "nowhere"}, "rejected"),
    ],
)
async def test_what_cannot_be_sold(stripe: Stripe, sandbox: SandboxProcess, changes: dict[str, Any], code: str) -> None:
    assert code == reason(await stripe.create_link(a_page(sandbox, **changes)))


@pytest.mark.parametrize("away", [timedelta(minutes=20), timedelta(hours=25)])
async def test_an_end_out_of_bounds(stripe: Stripe, sandbox: SandboxProcess, away: timedelta) -> None:
    request = a_page(sandbox)
    request = replace(request, expires_at=request.expires_at - timedelta(hours=1) + away)

    assert "bad_expiry" == reason(await stripe.create_link(request))


async def test_krona_without_decimals(stripe: Stripe, sandbox: SandboxProcess, exchanges: list[Exchange]) -> None:
    link = await paid(stripe, sandbox, amount_minor=1500, currency="ISK")

    assert (1500, "ISK", LinkState.PAID) == (link.amount_minor, link.currency, link.state)
    assert 150_000 == exchanges[-1].answer["amount_total"]


@pytest.mark.row("EDT-5")
async def test_money_goes_back_once(stripe: Stripe, sandbox: SandboxProcess) -> None:
    refund = back(await paid(stripe, sandbox))
    assert await stripe.find_refund(refund) is None

    sandbox.fault("stripe", REFUND, "truncate")
    made = sent(await stripe.refund(refund))
    again = sent(await stripe.refund(refund))

    assert made == again == sent(await stripe.find_refund(refund))
    assert [1] == list(sandbox.accepted("stripe")[REFUND].values())
    assert "succeeded" == made.data["state"]


@pytest.mark.row("EDT-5")
async def test_a_stored_failure_is_looked_up(stripe: Stripe, sandbox: SandboxProcess) -> None:
    """The refund was made, its answer is a 500 that the key repeats: only the list of refunds tells."""
    refund = back(await paid(stripe, sandbox))
    sandbox.fault("stripe", REFUND, "error_after", status=500)

    outcome = await stripe.refund(refund)

    assert isinstance(outcome, ConnectorError)
    assert "outcome_unknown" == outcome.code
    sent(await stripe.find_refund(refund))
    assert [1] == list(sandbox.accepted("stripe")[REFUND].values())


@pytest.mark.row("EDT-5", bad_input=True)
async def test_more_than_there_is_does_not_go_back(stripe: Stripe, sandbox: SandboxProcess) -> None:
    link = await paid(stripe, sandbox)
    assert "too_much" == reason(await stripe.refund(back(link, 1251)))
    sent(await stripe.refund(back(link, 1250, key="refund:ref_1:1")))
    assert "too_much" == reason(await stripe.refund(back(link, 1, key="refund:ref_2:0", reference="ref_2")))
    assert "not_found" == reason(await stripe.refund(back(link, payment="pi_0", key="refund:ref_3:0")))
    assert await stripe.find_refund(back(link, payment="pi_0")) is None


@pytest.mark.row("EDT-5")
@pytest.mark.parametrize(
    ("begins", "steps"),
    [
        ("pending", ["failed"]),
        ("pending", ["succeeded", "failed"]),
        ("requires_action", ["canceled"]),
        ("requires_action", ["pending", "failed"]),
    ],
)
async def test_a_refund_that_comes_back(stripe: Stripe, sandbox: SandboxProcess, begins: str, steps: list[str]) -> None:
    sandbox.control("stripe/settings", {"refund_status": begins})
    refund = back(await paid(stripe, sandbox))
    made = sent(await stripe.refund(refund))
    assert "pending" == made.data["state"]

    for status in steps:
        found = sent(await stripe.find_refund(refund))
        assert found.external_id == made.external_id
        sandbox.control(f"stripe/refunds/{made.external_id}", {"status": status})

    assert "declined" == reason(await stripe.find_refund(refund))
    another = replace(refund, key="refund:ref_1:1")
    assert await stripe.find_refund(another) is None
    retried = sent(await stripe.refund(another))
    assert retried == sent(await stripe.find_refund(another))


async def test_who_listens(stripe: Stripe, sandbox: SandboxProcess) -> None:
    url = "https://shop.example/hooks/stripe/main"
    assert not await stripe.listens(url)
    sandbox.control("stripe/endpoints", {"url": url, "enabled_events": [TOPICS[0]]})
    assert not await stripe.listens(url)
    sandbox.control("stripe/endpoints", {"url": url, "enabled_events": list(TOPICS)})

    assert await stripe.listens(url)
    assert not await stripe.listens(url + "/x")


async def test_credentials(stripe: Stripe, sandbox: SandboxProcess) -> None:
    assert await stripe.check()
    async with HttpClient() as client:
        http = stripe_http(client, f"{sandbox.url}/stripe", "wrong", sleep=no_sleep)
        with pytest.raises(AuthFailed):
            await Stripe(http, account="main").check()
