"""The bare server leaves no line to the garbage collector, wherever on its way in it was when the server ended."""

import asyncio
import gc
import socket
import warnings

import pytest

from tests.support.bare_server import HOST, listening


@pytest.mark.parametrize("turns", range(6))
def test_a_line_that_nobody_has_read_from_is_closed(turns: int) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async def come_and_go() -> None:
        async with listening(silent) as port:
            callers.append(socket.create_connection((HOST, port)))
            for _ in range(turns):
                await asyncio.sleep(0)

    callers: list[socket.socket] = []
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        asyncio.run(come_and_go())
        gc.collect()
        callers[0].close()
    assert [str(warning.message) for warning in told] == []


async def test_what_it_stumbles_over_is_told() -> None:
    async def broken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raise LookupError("no such answer")

    async def call() -> None:
        async with listening(broken) as port:
            reader, writer = await asyncio.open_connection(HOST, port)
            assert await reader.read() == b""
            writer.close()
            await writer.wait_closed()

    with pytest.raises(LookupError, match="no such answer"):
        await call()
