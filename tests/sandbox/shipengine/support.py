"""A caller of the fake ShipEngine that holds each call and answer against the vendor's file."""

from typing import Any

import httpx

from sandbox.core.app import Sandbox
from tests.support.openapi import check_request, check_response, find_template, load_spec
from tests.support.shared import SHARED

KEY = "sandbox-shipengine-key"
CONTRACT = SHARED / "contracts/shipengine/openapi.yaml"
NUMBER = "9400111298370264401222"
UNDOCUMENTED = (401, 429)  # told in the vendor's guides, not in its file
HOOKS = "/environment/webhooks"


class Engine:
    """`seen`: which operations were called."""

    def __init__(self, sandbox: Sandbox, client: httpx.AsyncClient) -> None:
        self.sandbox, self.client = sandbox, client
        self.seen: set[str] = set()

    async def call(self, method: str, path: str, body: Any = None, *, key: str = KEY, **query: str) -> httpx.Response:
        answer = await self.client.request(
            method, f"/shipengine/v1{path}", json=body, params=query or None, headers={"API-Key": key}
        )
        if SHARED.is_dir() and answer.status_code not in UNDOCUMENTED:
            spec = load_spec(CONTRACT)
            template = find_template(spec, method, f"/v1{path}")
            assert template is not None, f"{method} {path} is not in the contract"
            if answer.is_success:
                check_request(spec, method, template, body, query)
            told = answer.json() if answer.content else ""
            check_response(spec, method, template, answer.status_code, told)
            self.seen.add(f"{method} {template}")
        return answer

    async def parcel(self, number: str = NUMBER, carrier: str = "usps", **more: Any) -> None:
        body = {"number": number, "carrier": carrier} | more
        assert (await self.client.post("/_control/parcels", json=body)).status_code == 201

    async def scan(self, kind: str, number: str = NUMBER, **more: Any) -> None:
        answer = await self.client.post(f"/_control/parcels/{number}/scan", json={"kind": kind} | more)
        assert answer.is_success, answer.text

    async def track(self, number: str = NUMBER, carrier: str = "stamps_com") -> Any:
        answer = await self.call("GET", "/tracking", carrier_code=carrier, tracking_number=number)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def follow(self, number: str = NUMBER, carrier: str = "stamps_com") -> None:
        answer = await self.call("POST", "/tracking/start", carrier_code=carrier, tracking_number=number)
        assert answer.status_code == 204, answer.text

    async def hook(self, url: str, **more: Any) -> Any:
        answer = await self.call("POST", HOOKS, {"event": "track", "url": url} | more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def keys(self) -> list[dict[str, str]]:
        """The published keys; they need no API key."""
        return (await self.client.get("/shipengine/jwks")).json()["keys"]  # type: ignore[no-any-return]

    async def control(self, path: str, body: Any = None) -> Any:
        answer = await self.client.post(f"/_control/shipengine{path}", json=body or {})
        assert answer.is_success, answer.text
        return answer.json()

    async def move(self, hours: float) -> None:
        offset = self.sandbox.world.clock.offset_s + hours * 3600
        assert (await self.client.post("/_control/clock", json={"offset_s": offset})).is_success
