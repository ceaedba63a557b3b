"""A Stripe account in the sandbox, every call of which is held against Stripe's own OpenAPI file."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.outcomes import Outcome, Sent
from connectors.payments.base import LinkRequest
from connectors.payments.stripe import Stripe, stripe_http
from tests.connectors.payments.test_stripe_parse import REQUEST
from tests.support.openapi import load_spec
from tests.support.recording import Exchange, RecordingClient, check_exchanges
from tests.support.sandbox import SandboxProcess
from tests.support.shared import SHARED

KEY = "sandbox-stripe-key"
SPEC = SHARED / "contracts/stripe/stripe.openapi.json.gz"
NEWER = frozenset({"adaptive_pricing"})  # parameters since 2024-11-20.acacia, younger than the file


async def no_sleep(seconds: float) -> None:
    """Retries without waiting."""


@pytest.fixture
def exchanges() -> list[Exchange]:
    return []


@pytest.fixture
async def stripe(sandbox: SandboxProcess, exchanges: list[Exchange]) -> AsyncIterator[Stripe]:
    client = RecordingClient(exchanges)
    yield Stripe(stripe_http(client, f"{sandbox.url}/stripe", KEY, sleep=no_sleep), account="main")
    await client.aclose()
    if SPEC.is_file():
        checked([exchange for exchange in exchanges if exchange.status < 500])


def checked(exchanges: Iterable[Exchange]) -> set[str]:
    """The operations, each as the file says but for what it is too old to know."""
    known = [
        replace(e, body={name: part for name, part in e.body.items() if name not in NEWER} if e.body else e.body)
        for e in exchanges
    ]
    return check_exchanges(load_spec(SPEC), known, prefix="/stripe")


def a_page(sandbox: SandboxProcess, **changes: Any) -> LinkRequest:
    """A page for 12.50 EUR that is open for an hour of the sandbox's time."""
    now = datetime.fromisoformat(sandbox.control("clock")["now"]).astimezone(UTC)
    return replace(REQUEST, **{"expires_at": now + timedelta(hours=1)} | changes)


def sent(outcome: Outcome | None) -> Sent:
    assert isinstance(outcome, Sent), outcome
    return outcome
