"""The uvicorn server with a protocol that lets faults cut a connection."""

import socket
import sys

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sandbox.core.http import TRANSPORT, ASGIApp


class CuttableProtocol(HttpToolsProtocol):
    """Hands the transport to the app."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {TRANSPORT: self.transport}  # type: ignore[dict-item]  # ours


class Server(uvicorn.Server):
    """Prints one line when it listens."""

    def __init__(self, config: uvicorn.Config, greeting: str) -> None:
        super().__init__(config)
        self._greeting = greeting

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            sys.stdout.write(self._greeting + "\n")
            sys.stdout.flush()


def make_server(app: ASGIApp, *, host: str, port: int, access_log: bool, greeting: str) -> Server:
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="uvloop",
        http=CuttableProtocol,
        lifespan="on",
        access_log=access_log,
        log_level="info" if access_log else "warning",
        server_header=False,
        timeout_graceful_shutdown=1,
        backlog=4096,
    )
    return Server(config, greeting)
