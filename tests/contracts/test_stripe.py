"""Each call that Stripe's connector can make, and each answer of the sandbox, against Stripe's OpenAPI."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.payments.base import PaymentRefund
from connectors.payments.stripe import API_VERSION, Stripe, stripe_http
from tests.connectors.payments.conftest import KEY, a_page, checked, sent
from tests.support.recording import Exchange, RecordingClient
from tests.support.sandbox import SandboxProcess

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
CALLS = {
    "POST /v1/checkout/sessions",
    "GET /v1/checkout/sessions/{session}",
    "POST /v1/checkout/sessions/{session}/expire",
    "POST /v1/refunds",
    "GET /v1/refunds",
    "GET /v1/disputes",
    "GET /v1/disputes/{dispute}",
    "GET /v1/webhook_endpoints",
    "GET /v1/account",
}


@pytest.mark.row("EDT-5")
async def test_every_call_is_as_the_contract_says(sandbox: SandboxProcess, shared: Path) -> None:
    exchanges: list[Exchange] = []
    async with RecordingClient(exchanges) as client:
        await call_everything(Stripe(stripe_http(client, f"{sandbox.url}/stripe", KEY), account="main"), sandbox)

    assert CALLS == checked(exchanges)
    assert {API_VERSION} == {exchange.headers["stripe-version"] for exchange in exchanges}
    assert all(exchange.headers.get("idempotency-key") for exchange in exchanges if exchange.method == "POST")


async def call_everything(stripe: Stripe, sandbox: SandboxProcess) -> None:
    page = sent(await stripe.create_link(a_page(sandbox))).external_id
    await stripe.create_link(a_page(sandbox, key="other", amount_minor=1))  # refused
    assert await stripe.fetch_link(page)
    assert await stripe.fetch_link("cs_test_0") is None
    sandbox.control(f"stripe/sessions/{page}/pay", {})
    link = await stripe.fetch_link(page)
    assert link
    await stripe.expire_link(page)  # refused, then a look-up
    await stripe.expire_link(sent(await stripe.create_link(a_page(sandbox, key="third"))).external_id)
    refund = PaymentRefund("refund:ref_1:0", link.payment, 500, "EUR", "ref_1")
    await stripe.refund(refund)
    await stripe.refund(PaymentRefund("refund:ref_2:0", link.payment, 5000, "EUR", "ref_2"))  # refused
    assert await stripe.find_refund(refund)
    dispute = sandbox.control(f"stripe/payments/{link.payment}/dispute", {})["id"]
    assert await stripe.fetch_dispute(dispute)
    assert await stripe.fetch_dispute("du_0") is None
    assert [[dispute]] == [[said.external_id for said in page] async for page in stripe.disputes_since(LONG_AGO)]
    assert [dispute] == [said.external_id for said in await stripe.disputes_now(["du_0", dispute])]
    await stripe.listens("https://shop.example/hooks/stripe/main")
    await stripe.check()
