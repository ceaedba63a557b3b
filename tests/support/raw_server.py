"""A tiny HTTP server that misbehaves on purpose, which no web framework lets one do."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

DROP = b""  # close without an answer


@dataclass
class RawServer:
    """Answers with the bytes of `answers` in turn (the last one stays); `seen` keeps what arrived."""

    url: str = ""
    answers: list[bytes] = field(default_factory=list)
    seen: list[bytes] = field(default_factory=list)
    hang: asyncio.Event = field(default_factory=asyncio.Event)
    news: asyncio.Event = field(default_factory=asyncio.Event)  # set by every arrival

    def next_answer(self) -> bytes:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


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
    writers: list[asyncio.StreamWriter] = []
    listening = await asyncio.start_server(_handler(server, writers), "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        server.hang.set()
        for writer in writers:
            writer.close()
        listening.close()
        await listening.wait_closed()


def _handler(server: RawServer, writers: list[asyncio.StreamWriter]) -> Callable[..., object]:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
                body = await reader.readexactly(int(length[1])) if length else b""
                server.seen.append(head + body)
                server.news.set()
                answer = server.next_answer()
                if answer == HANG:
                    await server.hang.wait()
                    break
                writer.write(answer)
                if answer == DROP or b"content-length: 100" in answer:
                    break
        writer.close()

    return handle
