"""The sandbox's knobs and counters over HTTP: what customers, the clock and trouble are played with."""

from typing import Any

import httpx


class Controls:
    """`url` is the sandbox's address."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._client = httpx.AsyncClient(base_url=url, timeout=60)

    async def aclose(self) -> None:
        await self._client.aclose()

    async def get(self, path: str, **query: Any) -> Any:
        """A page's JSON; paths of knobs begin with `/_control/`."""
        answer = await self._client.get(path, params=query)
        answer.raise_for_status()
        return answer.json()

    async def look(self, knob: str, **query: Any) -> Any:
        return await self.get(f"/_control/{knob}", **query)

    async def turn(self, knob: str, body: dict[str, Any]) -> Any:
        answer = await self._client.post(f"/_control/{knob}", json=body)
        answer.raise_for_status()
        return answer.json()

    async def fail(self, vendor: str, status: int) -> None:
        """From now on every call to this vendor fails, until `mend`."""
        await self.turn("faults", {"vendor": vendor, "kind": "error", "status": status, "times": None})

    async def mend(self) -> None:
        (await self._client.delete("/_control/faults")).raise_for_status()

    async def queued(self) -> int:
        """Webhooks that have not been delivered yet."""
        return int((await self.look("webhooks"))["queued"])

    async def orders(self, shop: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.look(f"shopify/{shop}/orders"))["orders"]
        return found
