"""A Zendesk account in the sandbox, every call of which is held against an OpenAPI file of Zendesk."""

from collections.abc import AsyncIterator

import pytest

from connectors.helpdesk.zendesk import Zendesk, zendesk_http
from connectors.outcomes import Outcome, Sent
from tests.support.openapi import load_spec
from tests.support.recording import Exchange, RecordingClient, check_exchanges
from tests.support.sandbox import SandboxProcess
from tests.support.shared import SHARED

EMAIL, TOKEN = "aftercart@sandbox.example", "sandbox-zendesk-token"
SPEC = SHARED / "contracts/zendesk/zendesk-support-openapi.yml"
PREFIX = "/zendesk/api/v2"  # the file has the last part in its servers


async def no_sleep(seconds: float) -> None:
    """Retries without waiting."""


@pytest.fixture
def exchanges() -> list[Exchange]:
    return []


@pytest.fixture
async def zendesk(sandbox: SandboxProcess, exchanges: list[Exchange]) -> AsyncIterator[Zendesk]:
    client = RecordingClient(exchanges)
    http = zendesk_http(client, f"{sandbox.url}/zendesk", TOKEN, email=EMAIL, sleep=no_sleep)
    yield Zendesk(http, account="main")
    await client.aclose()
    if SPEC.is_file():
        answered = [exchange for exchange in exchanges if exchange.status < 500]
        check_exchanges(load_spec(SPEC), answered, prefix=PREFIX)


def sent(outcome: Outcome) -> Sent:
    assert isinstance(outcome, Sent), outcome
    return outcome
