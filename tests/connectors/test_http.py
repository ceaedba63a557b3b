"""VendorHttp names every failure by the next move, over a real socket and the real transport."""

import logging
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from connectors import leave
from connectors.errors import AuthFailed, ConnectorError, OutcomeUnknown, Retryable, VendorRejected, Withdrawn
from connectors.http import Refusal, VendorHttp, counters
from connectors.retrying import RetrySettings
from connectors.transport import HttpClient
from tests.support.raw_server import DROP, HANG, raw_server, reply, truncated


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    client = HttpClient()
    yield client
    await client.aclose()


class Naps:
    """A sleep that takes no time and remembers."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


def vendor(client: HttpClient, url: str, **settings: Any) -> VendorHttp:
    settings = {"sleep": Naps(), "timeout_s": 0.3, "retries": RetrySettings(tries=3)} | settings
    return VendorHttp(client, vendor="acme", base_url=url, headers={"x-token": "t"}, **settings)


async def test_an_answer_is_decoded_and_our_headers_are_sent(client: HttpClient) -> None:
    async with raw_server(reply(200, '{"a": 1}', x_left="7")) as server:
        answer = await vendor(client, server.url).call("op", "POST", "/x", json={"b": 2}, write=True)
    assert (answer.status, answer.body, answer.headers["x-left"]) == (200, {"a": 1}, "7")
    assert server.seen[0].startswith(b"POST /x HTTP/1.1")
    assert b"x-token: t" in server.seen[0]
    assert server.seen[0].endswith(b'{"b":2}')


async def test_credentials_stay_with_the_vendor(client: HttpClient) -> None:
    async with raw_server(reply(200)) as own, raw_server(reply(200, "PDF")) as files:
        answer = await vendor(client, own.url).call("file", "GET", files.url + "/f", write=False, raw=True)
    assert answer.body == b"PDF"
    assert b"x-token" not in files.seen[0]


@pytest.mark.parametrize(
    ("answer", "write", "safe", "error", "detail"),
    [
        (reply(500), True, False, OutcomeUnknown, "http_500"),
        (reply(500), True, True, Retryable, "http_500"),
        (reply(502), False, False, Retryable, "http_502"),
        (reply(408), True, False, OutcomeUnknown, "http_408"),
        (DROP, True, False, OutcomeUnknown, "connection_lost"),
        (DROP, True, True, Retryable, "connection_lost"),
        (DROP, False, False, Retryable, "connection_lost"),
        (truncated(), True, False, OutcomeUnknown, "connection_lost"),
        (truncated(), False, False, Retryable, "connection_lost"),
        (HANG, True, False, OutcomeUnknown, "timeout"),
        (HANG, False, False, Retryable, "timeout"),
        (reply(200, "<html>"), True, False, OutcomeUnknown, "unreadable_answer"),
        (reply(200, "<html>"), False, False, Retryable, "unreadable_answer"),
        (reply(401), True, False, AuthFailed, "http_401"),
        (reply(403), False, False, AuthFailed, "http_403"),
        (reply(422), True, False, VendorRejected, "http_422"),
        (reply(302), True, False, VendorRejected, "http_302"),
        (reply(429), True, False, Retryable, "http_429"),
    ],
)
async def test_failures(
    client: HttpClient,
    answer: bytes,
    write: bool,
    safe: bool,
    error: type[ConnectorError],
    detail: str,
) -> None:
    async with raw_server(answer) as server:
        with pytest.raises(error) as caught:
            await vendor(client, server.url).call("op", "POST", "/x", json={}, write=write, safe_to_repeat=safe)
    assert (caught.value.vendor, caught.value.operation, caught.value.detail) == ("acme", "op", detail)
    assert len(server.seen) == (3 if error is Retryable else 1)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_a_write_on_a_connection_that_breaks_is_sent_once(client: HttpClient, method: str) -> None:
    async with raw_server(reply(200), DROP) as server:
        http = vendor(client, server.url)
        await http.call("op", "GET", "/x", write=False)
        with pytest.raises(OutcomeUnknown):
            await http.call("op", method, "/x", write=True)
    assert len(server.seen) == 2


class Meter:
    """A limiter that remembers."""

    def __init__(self) -> None:
        self.seen: list[object] = []

    async def wait(self, operation: str) -> None:
        self.seen.append(operation)

    def read(self, status: int, headers: Mapping[str, str]) -> None:
        self.seen.append((status, headers.get("x-left")))


async def test_a_limiter_is_asked_before_and_told_after(client: HttpClient) -> None:
    meter = Meter()
    async with raw_server(reply(429, x_left="0"), reply(200, x_left="9")) as server:
        await vendor(client, server.url, limiter=meter).call("op", "GET", "/x", write=False)
    assert meter.seen == ["op", (429, "0"), "op", (200, "9")]


async def test_nobody_there_means_that_nothing_happened(client: HttpClient) -> None:
    async with raw_server(reply(200)) as server:
        url = server.url
    with pytest.raises(Retryable) as caught:
        await vendor(client, url).call("op", "POST", "/x", json={}, write=True)
    assert caught.value.detail == "unreachable"


async def test_a_short_wait_is_taken_and_then_it_works(client: HttpClient) -> None:
    naps = Naps()
    before = counters()["acme"].retries
    async with raw_server(reply(429, retry_after="2"), reply(200, '{"ok": true}')) as server:
        http = vendor(client, server.url, sleep=naps)
        answer = await http.call("op", "POST", "/x", json={}, write=True)
    assert answer.body == {"ok": True}
    assert len(naps.taken) == 1
    assert 2 <= naps.taken[0] < 2.1
    assert counters()["acme"].retries == before + 1


async def test_a_long_wait_is_left_to_the_row(client: HttpClient) -> None:
    naps = Naps()
    async with raw_server(reply(429, x_retry_after="90")) as server:
        http = vendor(client, server.url, sleep=naps, retry_after=lambda headers: float(headers["x-retry-after"]))
        with pytest.raises(Retryable) as caught:
            await http.call("op", "GET", "/x", write=False)
    assert caught.value.after_s == 90
    assert naps.taken == []
    assert len(server.seen) == 1


async def test_a_retried_write_may_still_end_unknown(client: HttpClient) -> None:
    async with raw_server(reply(429), reply(500)) as server:
        with pytest.raises(OutcomeUnknown):
            await vendor(client, server.url).call("op", "POST", "/x", json={}, write=True)
    assert len(server.seen) == 2


async def test_a_write_without_leave_is_not_sent_not_even_again(client: HttpClient) -> None:
    answers = iter([True, False])
    async with raw_server(reply(429), reply(200)) as server:
        http = vendor(client, server.url)
        with leave.while_true(lambda: next(answers)):
            with pytest.raises(Withdrawn):
                await http.call("op", "POST", "/x", json={}, write=True, safe_to_repeat=True)
            assert len(server.seen) == 1
            await http.call("op", "GET", "/x", write=False)
    assert len(server.seen) == 2


async def test_an_expected_status_is_an_answer(client: HttpClient) -> None:
    async with raw_server(reply(404, '{"no": 1}')) as server:
        answer = await vendor(client, server.url).call("op", "GET", "/x", write=False, expect=(404,))
    assert (answer.status, answer.body) == (404, {"no": 1})


async def test_a_refusal_keeps_the_vendors_words_without_ours(client: HttpClient) -> None:
    body = '{"message": "Jane Doe of 12 Elm Street (jane@example.org, +1 555 010 9999) is unknown"}'
    sent = {"name": "Jane Doe", "street": "12 Elm Street", "country": "US"}

    def read(status: int, body: Any) -> Refusal:
        return Refusal("bad_address", body["message"])

    async with raw_server(reply(422, body)) as server:
        with pytest.raises(VendorRejected) as caught:
            await vendor(client, server.url, read_refusal=read).call("op", "POST", "/x", json=sent, write=True)
    assert caught.value.reason == "bad_address"
    assert caught.value.detail == "[…] of […] ([…], […]) is unknown"


async def test_logs_have_keys_and_no_content(client: HttpClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with raw_server(reply(200), reply(422, '{"m": "secret-body"}')) as server:
        http = vendor(client, server.url)
        await http.call("op", "GET", "/x", params={"q": "jane@example.org"}, write=False)
        with pytest.raises(VendorRejected):
            await http.call("op", "GET", "/x", params={"q": "jane@example.org"}, write=False)
    ours = [record for record in caplog.records if record.name == "connectors.http"]
    assert [record.getMessage() for record in ours] == ["vendor call", "vendor call"]
    assert [(record.vendor, record.operation, record.status) for record in ours] == [  # type: ignore[attr-defined]
        ("acme", "op", 200),
        ("acme", "op", 422),
    ]
    everything = " ".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    assert "jane" not in everything
    assert "secret-body" not in everything


async def test_a_form_is_sent_and_kept_out_of_details(client: HttpClient) -> None:
    def read(status: int, body: Any) -> Refusal:
        return Refusal("no", body["message"])

    async with raw_server(reply(422, '{"message": "Ada Byron is unknown"}')) as server:
        with pytest.raises(VendorRejected) as caught:
            await vendor(client, server.url, read_refusal=read).call(
                "op", "POST", "/x", form={"a[b]": "Ada Byron", "c": "ü&"}, write=True
            )
    assert caught.value.detail == "[…] is unknown"
    assert b"content-type: application/x-www-form-urlencoded" in server.seen[0].lower()
    assert server.seen[0].endswith(b"a%5Bb%5D=Ada+Byron&c=%C3%BC%26")


async def test_a_busy_vendor_is_asked_again(client: HttpClient) -> None:
    def read(status: int, body: Any) -> Refusal:
        return Refusal("busy", busy=status == 409)

    async with raw_server(reply(409), reply(200, '{"a": 1}')) as server:
        answer = await vendor(client, server.url, read_refusal=read).call("op", "POST", "/x", json={}, write=True)
    assert (answer.body, len(server.seen)) == ({"a": 1}, 2)


async def test_a_replayed_failure_is_told_and_not_asked_for_again(client: HttpClient) -> None:
    def is_replay(headers: Mapping[str, str]) -> bool:
        return "x-replay" in headers

    async with raw_server(reply(500, x_replay="1")) as server:
        with pytest.raises(OutcomeUnknown):
            await vendor(client, server.url, is_replay=is_replay).call(
                "op", "POST", "/x", write=True, safe_to_repeat=True
            )
    assert len(server.seen) == 1
    async with raw_server(reply(422, x_replay="1")) as server:
        with pytest.raises(VendorRejected, match="replayed: http_422"):
            await vendor(client, server.url, is_replay=is_replay).call("op", "POST", "/x", write=True)
