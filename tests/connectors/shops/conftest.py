"""A connector to the fake shop `alpha`."""

from collections.abc import AsyncIterator

import pytest

from connectors.shops.shopify import Shopify, shopify_http
from connectors.transport import HttpClient
from tests.support.sandbox import SandboxProcess


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    client = HttpClient()
    yield client
    await client.aclose()


@pytest.fixture
def shop(client: HttpClient, sandbox: SandboxProcess) -> Shopify:
    http = shopify_http(client, sandbox.shop_url(), sandbox.shop_token(), timeout_s=2.0)
    return Shopify(http, "alpha")
