"""A server of bare bytes whose lines are all closed when it ends, also those that nobody has read from yet.

asyncio leaves what was accepted last to the garbage collector, which blames any later test for it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

HOST = "127.0.0.1"
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

# accepted, made a transport, told to its protocol: a line on its way needs three turns of the loop to be ours to close
_TURNS_TO_ARRIVE = 3


@asynccontextmanager
async def listening(serve: Serve) -> AsyncIterator[int]:
    """Its port. `serve` talks on one line; it is stopped and the line closed at the end. What it raises, but for
    a line that the other side closed, is raised here."""
    lines: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                await serve(reader, writer)
        finally:
            writer.close()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines[asyncio.create_task(talk(reader, writer))] = writer

    server = await asyncio.start_server(accept, HOST, 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.get_running_loop().remove_reader(server.sockets[0].fileno())  # nobody else is let in
        for _ in range(_TURNS_TO_ARRIVE):
            await asyncio.sleep(0)
        server.close()  # not before: a server that is closed forgets who is on the way in
        await _close(lines)


async def _close(lines: dict[asyncio.Task[None], asyncio.StreamWriter]) -> None:
    for task in lines:
        task.cancel()
    ends = await asyncio.gather(*lines, return_exceptions=True)
    for writer in lines.values():
        writer.close()  # a task that was cancelled before its first step has closed nothing
        with suppress(ConnectionError):
            await writer.wait_closed()
    for end in ends:
        if isinstance(end, Exception):
            raise end
