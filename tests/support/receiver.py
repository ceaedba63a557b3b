"""A bare HTTP server that keeps what vendors deliver to it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson

from tests.support.bare_server import listening
from tests.support.waiting import PATIENCE_S


@dataclass(frozen=True)
class Delivery:
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return orjson.loads(self.body)


@dataclass
class Receiver:
    """`deliveries` in the order of arrival; every one is answered with 200."""

    url: str = ""
    deliveries: list[Delivery] = field(default_factory=list)
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait_for(self, topic: str, header: str = "", field: str = "description") -> Delivery:
        """The first delivery whose header, or whose `field` of the body, is the topic."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                self._arrived.clear()
                for delivery in self.deliveries:
                    told = delivery.headers.get(header) if header else delivery.json().get(field)
                    if told == topic:
                        return delivery
                await self._arrived.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")[1:]
            pairs = (line.split(":", 1) for line in head if ":" in line)
            headers = {name.strip().lower(): value.strip() for name, value in pairs}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.deliveries.append(Delivery(headers, body))
            self._arrived.set()
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
            await writer.drain()


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver on a free port of loopback."""
    receiver = Receiver()
    async with listening(receiver._serve) as port:
        receiver.url = f"http://127.0.0.1:{port}/hooks"
        yield receiver
