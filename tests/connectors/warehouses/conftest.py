"""A ShipBob account in the sandbox, every call of which is held against ShipBob's own OpenAPI file."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.warehouses.shipbob import ShipBob, shipbob_http
from domain.nodes import NodeLine, NodeOrderRequest
from domain.order import Address
from tests.support.openapi import load_spec
from tests.support.recording import Exchange, RecordingClient, check_exchanges
from tests.support.sandbox import SandboxProcess
from tests.support.shared import SHARED

TOKEN = "sandbox-shipbob-token"
CHANNEL = 1001
WEBHOOK_SECRET = "whsec_MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0"
SPEC = SHARED / "contracts/shipbob/openapi-2026-01.json"


def make_request(**changes: Any) -> NodeOrderRequest:
    """An order that ShipBob takes."""
    address = Address(
        name="Ada Byron",
        line1="3101 Western Ave",
        line2="Apt 4",
        city="Seattle",
        region="WA",
        postal_code="98121",
        country="US",
        phone="+12065550100",
    )
    request = NodeOrderRequest(
        reference="FO-1.1",
        order_name="#1001",
        ship_to=address,
        email="ada@customer.example",
        lines=(NodeLine("BAG-45-BLK", 2), NodeLine("SOCK-M", 1)),
        shipping_method="Standard",
        ordered_at=datetime(2026, 11, 20, 9, 30, tzinfo=UTC),
    )
    return replace(request, **changes)


async def no_sleep(seconds: float) -> None:
    """Retries without waiting."""


@pytest.fixture
def exchanges() -> list[Exchange]:
    return []


@pytest.fixture
async def shipbob(sandbox: SandboxProcess, exchanges: list[Exchange]) -> AsyncIterator[ShipBob]:
    """Checks on the way out that each request and each answer is as the vendor's file says."""
    sandbox.control("shipbob/settings", {"rate_limit_per_minute": None})
    client = RecordingClient(exchanges)
    http = shipbob_http(client, f"{sandbox.url}/shipbob", TOKEN, sleep=no_sleep)
    yield ShipBob(http, account="main", channel_id=CHANNEL, webhook_secret=WEBHOOK_SECRET)
    await client.aclose()
    if SPEC.is_file():
        answered = [exchange for exchange in exchanges if exchange.status < 500]
        check_exchanges(load_spec(SPEC), answered, prefix="/shipbob")
