"""A fresh pair of fake shops for each test, driven in-process, and the vendor's schema."""

import gzip
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphql import GraphQLSchema, build_schema

from sandbox.core.app import Sandbox
from sandbox.core.world import World
from sandbox.shopify import build

ADDRESS = {
    "first_name": "Ada", "last_name": "Byron", "company": "Engines", "address1": "200 Park Avenue", "address2": None,
    "city": "New York", "province_code": "NY", "zip": "10166", "country_code": "US", "phone": "+12125550111",
}  # fmt: skip
CUSTOMER = {"first_name": "Ada", "last_name": "Byron", "email": "ada@example.com", "phone": "+12125550111"}


@dataclass
class Sent:
    """One webhook that the shop queued."""

    topic: str
    url: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Driver:
    """The app's side and the control side of the fake."""

    world: World
    http: httpx.AsyncClient
    hooks: list[Sent] = field(default_factory=list)

    async def post(self, path: str, body: Any = None) -> Any:
        answer = await self.http.post(f"/_control{path}", json=body or {})
        assert answer.status_code < 300, answer.text
        return answer.json()

    async def get(self, path: str) -> Any:
        return (await self.http.get(f"/_control{path}")).json()

    async def buy(self, shop: str = "alpha", **body: Any) -> dict[str, Any]:
        body = {
            "lines": [{"sku": "TENT-2P-GRN", "quantity": 2}],
            "customer": CUSTOMER,
            "shipping_address": ADDRESS,
        } | body
        return (await self.post(f"/shopify/{shop}/orders", body))["orders"][0]

    async def raw(self, query: str, variables: Any = None, shop: str = "alpha", **more: Any) -> httpx.Response:
        headers = {"X-Shopify-Access-Token": f"sandbox-token-{shop}"} | more.pop("headers", {})
        url = f"/shopify/{shop}/admin/api/{more.pop('version', '2026-10')}/graphql.json"
        return await self.http.post(url, json={"query": query, "variables": variables or {}}, headers=headers)

    async def ask(self, query: str, variables: Any = None, shop: str = "alpha") -> Any:
        answer = (await self.raw(query, variables, shop)).json()
        assert "errors" not in answer, answer
        return answer["data"]

    async def fos(self, order: dict[str, Any]) -> list[dict[str, Any]]:
        text = """query($id: ID!) { order(id: $id) { fulfillmentOrders(first: 9) { nodes { id status
          fulfillmentHolds { id handle heldByRequestingApp }
          lineItems(first: 9) { nodes { id sku totalQuantity remainingQuantity } } } } } }"""
        return (await self.ask(text, {"id": order["id"]}))["order"]["fulfillmentOrders"]["nodes"]

    async def see(self, order: dict[str, Any], shop: str = "alpha") -> Any:
        return await self.get(f"/shopify/{shop}/orders/{order['legacy_id']}")

    def accepted(self, operation: str) -> dict[str, int]:
        return dict(self.world.counters.snapshot()["accepted"]["shopify"][operation])


@pytest.fixture
async def shop(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Driver]:
    world = World()
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(Sandbox(world, [build])), base_url="http://sandbox"
    ) as client:
        driver = Driver(world, client)

        def keep(_vendor: str, topic: str, url: str, headers: dict[str, str], body: bytes, _id: str) -> None:
            driver.hooks.append(Sent(topic, url, headers, body))

        monkeypatch.setattr(world.webhooks, "send", keep)
        yield driver


@pytest.fixture(scope="session")
def vendor(shared: Path) -> GraphQLSchema:
    text = gzip.decompress((shared / "contracts/shopify/admin_2026-10.graphql.gz").read_bytes()).decode()
    return build_schema(text, assume_valid=True)


async def subscribe(driver: Driver, *topics: str, shop: str = "alpha") -> None:
    text = """mutation($topic: WebhookSubscriptionTopic!) { webhookSubscriptionCreate(topic: $topic,
      webhookSubscription: {uri: "http://app/hooks"}) { userErrors { message } webhookSubscription { id uri } } }"""
    for topic in topics:
        made = (await driver.ask(text, {"topic": topic}, shop))["webhookSubscriptionCreate"]
        assert not made["userErrors"]
