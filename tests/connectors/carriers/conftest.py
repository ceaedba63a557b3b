"""An EasyPost account in the sandbox."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from config.status_maps import status_map
from connectors.carriers.easypost import EasyPost, easypost_http
from domain.order import Address
from tests.support.recording import Exchange, RecordingClient
from tests.support.sandbox import SandboxProcess

KEY = "sandbox-easypost-key"
CUSTOMER = Address(
    name="Ada Byron",
    line1="3101 Western Ave",
    line2="Apt 4",
    city="Seattle",
    region="WA",
    postal_code="98121",
    country="US",
    phone="+12065550100",
)
DEPOT = Address(
    company="Nordlicht",
    line1="388 Townsend St",
    city="San Francisco",
    region="CA",
    postal_code="94107",
    country="US",
    phone="+14155550100",
)


def body_of(shared: Path, name: str) -> Any:
    """A file of the recorded bodies."""
    return json.loads((shared / "fixtures/easypost" / name).read_text())


async def no_sleep(seconds: float) -> None:
    """Retries without waiting."""


@pytest.fixture
def exchanges() -> list[Exchange]:
    return []


@pytest.fixture
async def easypost(sandbox: SandboxProcess, exchanges: list[Exchange]) -> AsyncIterator[EasyPost]:
    client = RecordingClient(exchanges)
    http = easypost_http(client, f"{sandbox.url}/easypost", KEY, sleep=no_sleep)
    yield EasyPost(http, account="main", words=status_map("easypost"), webhook_secret="sécret")
    await client.aclose()
