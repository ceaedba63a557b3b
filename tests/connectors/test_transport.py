"""The client under all vendors: whole answers, and failures that say whether the request may have been carried out."""

import asyncio
import gzip
from collections.abc import AsyncIterator

import pytest

from connectors.transport import HttpClient, Lost, Request, Unsent
from tests.support.bare_server import listening
from tests.support.raw_server import raw_server, reply


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    async with HttpClient() as made:
        yield made


def get(url: str, *, timeout_s: float = 5.0, **params: str) -> Request:
    return Request("GET", url, {}, None, params, timeout_s)


def packed(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)


async def test_a_packed_answer_is_unpacked(client: HttpClient) -> None:
    async with raw_server(packed(gzip.compress(b'{"a": 1}'))) as server:
        answer = await client.send(get(server.url))
    assert answer.content == b'{"a": 1}'
    assert answer.headers["CONTENT-encoding"] == "gzip"


async def test_a_packed_answer_that_is_broken_is_lost(client: HttpClient) -> None:
    async with raw_server(packed(b"no gzip")) as server:
        with pytest.raises(Lost) as caught:
            await client.send(get(server.url))
    assert caught.value.code == "connection_lost"


async def test_parameters_join_those_of_the_address(client: HttpClient) -> None:
    async with raw_server(reply(200)) as server:
        await client.send(get(f"{server.url}/x?a=1%2B1", b="ä &"))
    assert server.seen[0].startswith(b"GET /x?a=1%2B1&b=%C3%A4+%26 HTTP/1.1")


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/x", "http://", "http://127.0.0.1:0/x"])
async def test_an_address_that_leads_nowhere_is_unsent(client: HttpClient, url: str) -> None:
    with pytest.raises(Unsent):
        await client.send(get(url))


async def test_bytes_that_drip_forever_are_given_up(client: HttpClient) -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")

        def more() -> None:
            if not writer.is_closing():
                writer.write(b"x")
                loop.call_later(0.02, more)

        more()
        await reader.read()  # until the caller hangs up

    async with listening(drip) as port:
        with pytest.raises(Lost) as caught:
            await client.send(get(f"http://127.0.0.1:{port}", timeout_s=0.3))
    assert caught.value.code == "timeout"
