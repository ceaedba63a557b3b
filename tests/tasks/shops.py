"""What tests do beside the product at a fake shop: ask its API, sign deliveries of their own, look at our holds."""

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from connectors.shops.shopify_orders import ORDERS_BY_ID
from tests.apps.receiver.support import shopify_headers
from tests.support.world import World


async def ask(world: World, query: str, shop: str = "alpha", **variables: Any) -> Any:
    """The shop's own API, as another app of the merchant would use it."""
    headers = {"x-shopify-access-token": world.sandbox.shop_token(shop)}
    url = f"{world.sandbox.shop_url(shop)}/admin/api/2026-10/graphql.json"
    async with httpx.AsyncClient(headers=headers) as client:
        answer = (await client.post(url, json={"query": query, "variables": variables})).json()
    assert "errors" not in answer, answer
    return answer["data"]


async def bodies(world: World, made: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The shop's answer about these orders, in their order."""
    nodes: list[dict[str, Any]] = (await ask(world, ORDERS_BY_ID, ids=[order["id"] for order in made]))["nodes"]
    return nodes


async def deliver(world: World, topic: str, order: Mapping[str, Any], event_id: str) -> int:
    """One signed webhook about an order, whatever else the shop sends; the receiver's answer."""
    ids = {"admin_graphql_api_id": order["id"], "order_id": order["legacy_id"]}
    body = json.dumps({"id": order["legacy_id"], **ids}).encode()
    headers = shopify_headers(body, topic=topic, event_id=re.sub(r"[^\w-]+", "-", event_id))
    async with httpx.AsyncClient() as client:
        url = f"{world.wiring.settings.public_url}/hooks/shopify/alpha"
        return (await client.post(url, content=body, headers=headers)).status_code


def webhooks(world: World, **knobs: float) -> None:
    """How badly the shops deliver from now on."""
    world.sandbox.control("webhooks", {"vendor": "shopify", **knobs})


def holds(world: World) -> dict[str, dict[str, Any]]:
    """Open holds but the edit window, by order name and hold name."""
    rows = world.rows(
        "SELECT o.name order_name, h.* FROM hold h JOIN orders o ON o.id = h.order_id"
        " WHERE h.released_at IS NULL AND h.name <> 'edit_window'"
    )
    return {f"{row['order_name']} {row['name']}": dict(row) for row in rows}


def reasons(world: World) -> dict[str, str]:
    """Why orders are held, by order name and hold name."""
    return {name: hold["reason"] for name, hold in sorted(holds(world).items())}


def states(world: World) -> dict[str, str]:
    """Our state of each order, by its name."""
    return {row["name"]: row["state"] for row in world.rows("SELECT name, state FROM orders ORDER BY name")}


def act(world: World, order: Mapping[str, Any], what: str, body: dict[str, Any] | None = None) -> None:
    """Something that the merchant does by hand in the shop's admin."""
    world.sandbox.control(f"shopify/alpha/orders/{order['legacy_id']}/{what}", body or {})


async def both(*calls: Any) -> list[Any]:
    """Side by side."""
    return list(await asyncio.gather(*calls))
