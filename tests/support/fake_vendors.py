"""Runs the sandbox for a test: in-process, or on a socket where the connection itself is at stake."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import httpx

from sandbox.core.app import Builder, Sandbox
from sandbox.core.server import make_server
from sandbox.core.world import World
from tests.support.bare_server import listening
from tests.support.waiting import until


def in_process(*builders: Builder) -> tuple[Sandbox, httpx.AsyncClient]:
    """A sandbox and a client that calls it without a socket."""
    sandbox = Sandbox(World("http://sandbox"), list(builders))
    transport = httpx.ASGITransport(app=sandbox)
    return sandbox, httpx.AsyncClient(transport=transport, base_url="http://sandbox")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def on_socket(builders: Sequence[Builder]) -> AsyncIterator[tuple[Sandbox, str]]:
    """A sandbox behind its real server."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    sandbox = Sandbox(World(url), list(builders))
    server = make_server(sandbox, host="127.0.0.1", port=port, access_log=False, greeting="ready")
    running = asyncio.create_task(server._serve())
    await until(lambda: server.started)
    try:
        yield sandbox, url
    finally:
        server.should_exit = True
        await running


class Receiver:
    """A tiny web server that keeps what it is sent and answers as told."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        self.answers: Callable[[str, str, bytes], tuple[int, bytes]] = lambda _method, _path, _body: (
            200,
            b"{}",
        )
        self.url = ""

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            first, *lines = head.decode("latin-1").split("\r\n")
            headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines if line)}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            method, path, _ = first.split(" ")
            self.requests.append((method, path, headers, body))
            status, answer = self.answers(method, path, body)
            writer.write(
                f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n"
                f"content-length: {len(answer)}\r\n\r\n".encode()
                + answer
            )
            await writer.drain()

    @property
    def bodies(self) -> list[bytes]:
        return [body for _, _, _, body in self.requests]


@asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    async with listening(receiver._serve) as port:
        receiver.url = f"http://127.0.0.1:{port}"
        yield receiver
