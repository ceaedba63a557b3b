"""A connector to the fake shop `alpha`."""

from collections.abc import AsyncIterator

import httpx
import pytest

from connectors.http import make_client
from connectors.shops.shopify import Shopify, shopify_http
from tests.support.sandbox import SandboxProcess


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    client = make_client()
    yield client
    await client.aclose()


@pytest.fixture
def shop(client: httpx.AsyncClient, sandbox: SandboxProcess) -> Shopify:
    http = shopify_http(client, sandbox.shop_url(), sandbox.shop_token(), timeout_s=2.0)
    return Shopify(http, "alpha")
