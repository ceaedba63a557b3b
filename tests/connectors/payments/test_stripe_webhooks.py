"""What Stripe delivers: signed, and filed under our request."""

from datetime import UTC, datetime

import pytest

from connectors.hooks import read_hook
from connectors.payments.base import PaymentRefund
from connectors.payments.stripe import TOPICS, Stripe
from connectors.webhooks import BadSignature, verify_stripe
from tests.connectors.payments.conftest import a_page, sent
from tests.support.receiver import receiving
from tests.support.sandbox import SandboxProcess

SECRET = "whsec_sandbox_stripe_secret"


@pytest.mark.row("EDT-5")
@pytest.mark.parametrize("topic", ["refund.updated", "refund.failed"])
async def test_delivery_names_the_refund(stripe: Stripe, sandbox: SandboxProcess, topic: str) -> None:
    sandbox.control("stripe/settings", {"refund_status": "pending"})
    page = sent(await stripe.create_link(a_page(sandbox))).external_id
    sandbox.control(f"stripe/sessions/{page}/pay", {})
    link = await stripe.fetch_link(page)
    assert link is not None
    reference = "payment_refund:edr_1:gid://shopify/OrderTransaction/17"
    made = sent(await stripe.refund(PaymentRefund(f"{reference}#2", link.payment, 500, "EUR", reference)))
    async with receiving() as receiver:
        sandbox.control("stripe/endpoints", {"url": receiver.url, "enabled_events": list(TOPICS)})
        status = "failed" if topic.endswith("failed") else "succeeded"

        sandbox.control(f"stripe/refunds/{made.external_id}", {"status": status})

        delivery = await receiver.wait_for(topic, field="type")
    hook = read_hook("stripe", delivery.headers, delivery.body)
    assert (topic, reference) == (hook.topic, hook.subject)


@pytest.mark.row("EDT-5")
@pytest.mark.parametrize("topic", [topic for topic in TOPICS if topic.startswith("checkout.")])
async def test_delivery_names_the_request(stripe: Stripe, sandbox: SandboxProcess, topic: str) -> None:
    async with receiving() as receiver:
        sandbox.control("stripe/endpoints", {"url": receiver.url, "enabled_events": list(TOPICS)})
        page = sent(await stripe.create_link(a_page(sandbox))).external_id

        if topic.endswith("completed"):
            sandbox.control(f"stripe/sessions/{page}/pay", {})
        else:
            await stripe.expire_link(page)

        delivery = await receiver.wait_for(topic, field="type")
        verify_stripe(delivery.body, delivery.headers, SECRET, now=datetime.now(UTC))
        hook = read_hook("stripe", delivery.headers, delivery.body)
        assert (topic, "edit_1") == (hook.topic, hook.subject)
        assert hook.delivery_id.startswith("evt_")
        with pytest.raises(BadSignature):
            verify_stripe(delivery.body + b" ", delivery.headers, SECRET, now=datetime.now(UTC))
