"""A caller of the fake EasyPost, and bodies to send."""

from typing import Any

import httpx

from sandbox.core.app import Sandbox

HOME = {
    "name": "Jack Sparrow",
    "street1": "388 Townsend St",
    "street2": "Apt 20",
    "city": "San Francisco",
    "state": "CA",
    "zip": "94107",
    "country": "US",
    "email": "test@example.com",
    "phone": "5555555555",
}
AWAY = HOME | {
    "name": "Elizabeth Swan",
    "street1": "179 N Harbor Dr",
    "city": "Redondo Beach",
    "zip": "90277",
}
PARCEL = {"length": 10, "width": 8, "height": 4, "weight": 15.4}


def shipment_body(**values: Any) -> dict[str, Any]:
    body = {"from_address": HOME, "to_address": AWAY, "parcel": PARCEL, "reference": "FO-1.1"}
    return {"shipment": body | values}


class Post:
    def __init__(self, sandbox: Sandbox, client: httpx.AsyncClient) -> None:
        self.sandbox, self.client = sandbox, client

    async def call(self, method: str, path: str, body: Any = None) -> httpx.Response:
        return await self.client.request(method, f"/easypost/v2{path}", json=body, auth=("sandbox-easypost-key", ""))

    async def bought(self, **values: Any) -> dict[str, Any]:
        made = (await self.call("POST", "/shipments", shipment_body(**values))).json()
        rate = {"rate": {"id": made["rates"][0]["id"]}}
        return (await self.call("POST", f"/shipments/{made['id']}/buy", rate)).json()  # type: ignore[no-any-return]

    async def move(self, hours: float) -> None:
        offset = self.sandbox.world.clock.offset_s + hours * 3600
        await self.client.post("/_control/clock", json={"offset_s": offset})

    async def tracker(self, code: str) -> dict[str, Any]:
        found = await self.call("GET", f"/trackers?tracking_code={code}")
        return found.json()["trackers"][0]  # type: ignore[no-any-return]
