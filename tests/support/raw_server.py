"""A tiny HTTP server that misbehaves on purpose, which no web framework lets one do."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.support.bare_server import listening

DROP = b""  # close without an answer


@dataclass
class RawServer:
    """Answers with the bytes of `answers` in turn (the last one stays); `seen` keeps what arrived."""

    url: str = ""
    answers: list[bytes] = field(default_factory=list)
    seen: list[bytes] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)  # set by every arrival

    def next_answer(self) -> bytes:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
            body = await reader.readexactly(int(length[1])) if length else b""
            self.seen.append(head + body)
            self.news.set()
            answer = self.next_answer()
            if answer == HANG:
                await reader.read()  # until the caller leaves
                return
            writer.write(answer)
            if answer == DROP or b"content-length: 100" in answer:
                return


HANG = b"hang"


def reply(status: int, body: str = "{}", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} X", f"content-length: {len(body.encode())}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def truncated() -> bytes:
    return b'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"a":'


@asynccontextmanager
async def raw_server(*answers: bytes) -> AsyncIterator[RawServer]:
    server = RawServer(answers=list(answers))
    async with listening(server.talk) as port:
        server.url = f"http://127.0.0.1:{port}"
        yield server
