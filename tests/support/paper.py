"""A person of the own warehouse who works from printed sheets, whatever the ledger says by now."""

from collections.abc import Mapping
from typing import Any

import httpx

from tests.support.world import FLOOR_TOKEN, World


async def on_paper(world: World) -> dict[str, dict[str, Any]]:
    """What a person with the printed sheets knows of each order, by its id."""
    found = await floor(world, "GET", "pick-lists?state=open")
    owners = {row["id"]: row["order_id"] for row in world.rows("SELECT id, order_id FROM fulfilment_order")}
    return {
        owners[order["fulfilment_order_id"]]: {
            "pick_list_id": sheet["id"], "version": sheet["version"],
            "fulfilment_order_id": order["fulfilment_order_id"], "shipment_id": order["shipment_id"],
            "lines": [{name: line[name] for name in ("line_id", "sku", "quantity")} for line in order["lines"]],
        }
        for sheet in found.json()["pick_lists"]
        for order in sheet["orders"]
    }  # fmt: skip


async def scan(world: World, paper: Mapping[str, Any], event: str) -> str:
    """Say that it is done; returns "" or why the receiver wants nothing of it."""
    body = {**paper, "event": event, "scanned_at": world.wiring.now().isoformat(), "device": "gun"}
    answer = await floor(world, "POST", "scans", {**body, "scan_id": f"{paper['fulfilment_order_id']}-{event}"})
    return "taken" if answer.status_code == 200 else str(answer.json()["reason"])


async def floor(world: World, method: str, path: str, body: Any = None) -> httpx.Response:
    url = f"{world.wiring.settings.public_url}/warehouse/brooklyn/{path}"
    async with httpx.AsyncClient(headers={"authorization": f"Bearer {FLOOR_TOKEN}"}) as client:
        return await client.request(method, url, json=body)
