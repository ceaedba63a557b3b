"""The mailer against a real SMTP server: the sandbox's, and a rude one that hangs up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors import leave
from connectors.errors import AuthFailed, OutcomeUnknown, Retryable, VendorRejected, Withdrawn
from connectors.messaging.base import Mail
from connectors.messaging.smtp import Smtp, SmtpServer
from tests.support.bare_server import listening
from tests.support.sandbox import SandboxProcess
from tests.support.waiting import until

MAIL = Mail(
    message_id="shipped.17@shop.example",
    to="ada@customer.example",
    subject="Your order is on its way",
    text="Hello",
    html="<p>Hello</p>",
)
HOST = "127.0.0.1"


@asynccontextmanager
async def mailer_at(port: int, *, connections: int = 4, **server: Any) -> AsyncIterator[Smtp]:
    mailer = Smtp(
        SmtpServer(HOST, port, **{"tls": "none", "timeout_s": 5.0, **server}),
        sender="hello@shop.example",
        sender_name="Nordlicht",
        now=lambda: datetime.now(UTC),
        connections=connections,
    )
    try:
        yield mailer
    finally:
        await mailer.aclose()


@pytest.fixture
async def mailer(sandbox: SandboxProcess) -> AsyncIterator[Smtp]:
    async with mailer_at(sandbox.smtp_port) as made:
        yield made


@asynccontextmanager
async def rude_server(*, hang_up_at: str, after: int = 1) -> AsyncIterator[tuple[int, list[str]]]:
    """Speaks just enough SMTP, and drops the line at the `after`-th time of a command (or of the dot)."""
    heard: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(line: str) -> None:
            writer.write(line.encode() + b"\r\n")

        say("220 here")
        in_data = False
        while received := await reader.readline():
            line = received.decode().strip("\r\n")
            word = "." if in_data and line == "." else line.split(" ")[0].upper()
            if in_data and word != ".":
                continue
            heard.append(word)
            if word == hang_up_at and heard.count(word) == after:
                break
            in_data = word == "DATA"
            say("354 go on" if in_data else "250 fine")

    async with listening(serve) as port:
        yield port, heard


def inbox(sandbox: SandboxProcess) -> list[str]:
    accepted = sandbox.accepted("smtp").get("DATA", {})
    return [key for key, times in accepted.items() for _ in range(times)]


@pytest.mark.row("COM-1")
async def test_mail_arrives(mailer: Smtp, sandbox: SandboxProcess) -> None:
    sent = await mailer.send(MAIL)

    assert sent.external_id == MAIL.message_id
    assert ["<shipped.17@shop.example>"] == inbox(sandbox)


@pytest.mark.parametrize("connections", [1, 3])
async def test_many_mails_share_a_few_connections(sandbox: SandboxProcess, connections: int) -> None:
    async with mailer_at(sandbox.smtp_port, connections=connections) as mailer:
        await asyncio.gather(*(mailer.send(replace(MAIL, message_id=f"m{n}@shop.example")) for n in range(40)))

        assert len(set(inbox(sandbox))) == 40
        assert connections == len(mailer._idle)


async def test_check_names_the_server(mailer: Smtp, sandbox: SandboxProcess) -> None:
    assert await mailer.check() == f"{HOST}:{sandbox.smtp_port}"


@pytest.mark.row("COM-1", bad_input=True)
@pytest.mark.parametrize(
    ("operation", "reason"),
    [pytest.param("RCPT", "bad_recipient", id="rcpt"), pytest.param("DATA", "refused_content", id="data")],
)
async def test_refused_for_good(mailer: Smtp, sandbox: SandboxProcess, operation: str, reason: str) -> None:
    sandbox.fault("smtp", operation, "error", status=550)

    with pytest.raises(VendorRejected) as caught:
        await mailer.send(MAIL)

    assert (reason, "smtp_550") == (caught.value.reason, caught.value.detail)
    assert [] == inbox(sandbox)


@pytest.mark.parametrize("operation", ["RCPT", "DATA"])
async def test_refused_for_now(mailer: Smtp, sandbox: SandboxProcess, operation: str) -> None:
    sandbox.fault("smtp", operation, "error", status=451)

    with pytest.raises(Retryable):
        await mailer.send(MAIL)


async def test_connection_is_used_again_after_a_refusal(mailer: Smtp, sandbox: SandboxProcess) -> None:
    sandbox.fault("smtp", "RCPT", "error", status=550)
    with pytest.raises(VendorRejected):
        await mailer.send(MAIL)

    await mailer.send(MAIL)

    assert len(mailer._idle) == 1
    assert ["<shipped.17@shop.example>"] == inbox(sandbox)


async def test_silence_after_the_mail_leaves_it_unknown(sandbox: SandboxProcess) -> None:
    sandbox.fault("smtp", "DATA", "timeout_after", delay_s=30)
    async with mailer_at(sandbox.smtp_port, timeout_s=1.5) as mailer:
        with pytest.raises(OutcomeUnknown):
            await mailer.send(MAIL)

        assert mailer._idle == []
    assert ["<shipped.17@shop.example>"] == inbox(sandbox)  # it did arrive: a repeat would be a second mail


@pytest.mark.parametrize(
    ("hang_up_at", "error"),
    [
        pytest.param("EHLO", Retryable, id="greeting"),
        pytest.param("MAIL", Retryable, id="mail"),
        pytest.param("RCPT", Retryable, id="rcpt"),
        pytest.param("DATA", Retryable, id="data"),
        pytest.param(".", OutcomeUnknown, id="end of data"),
    ],
)
async def test_line_drops(hang_up_at: str, error: type[Exception]) -> None:
    async with rude_server(hang_up_at=hang_up_at) as (port, _), mailer_at(port) as mailer:
        with pytest.raises(error):
            await mailer.send(MAIL)

        assert mailer._idle == []


async def test_idle_connection_that_was_dropped_is_replaced() -> None:
    async with rude_server(hang_up_at="MAIL", after=2) as (port, heard), mailer_at(port) as mailer:
        await mailer.send(MAIL)

        await mailer.send(replace(MAIL, message_id="delivered.17@shop.example"))

    assert heard.count(".") == 2


async def test_nobody_listens() -> None:
    async with rude_server(hang_up_at="") as (port, _):
        pass
    async with mailer_at(port) as mailer:
        with pytest.raises(Retryable):
            await mailer.send(MAIL)


async def test_password_without_a_server_that_takes_one_is_for_an_operator() -> None:
    async with (
        rude_server(hang_up_at="") as (port, _),
        mailer_at(port, user="shop", password="secret") as mailer,
    ):
        with pytest.raises(AuthFailed):
            await mailer.check()


async def test_without_leave_it_is_not_sent(mailer: Smtp, sandbox: SandboxProcess) -> None:
    with leave.while_true(lambda: False), pytest.raises(Withdrawn):
        await mailer.send(MAIL)
    assert [] == inbox(sandbox)

    await mailer.send(MAIL)
    assert len(inbox(sandbox)) == 1


async def test_line_break_in_a_header_is_not_sent(mailer: Smtp, sandbox: SandboxProcess) -> None:
    with pytest.raises(VendorRejected) as caught:
        await mailer.send(replace(MAIL, subject="x\r\nBcc: everybody@customer.example"))

    assert caught.value.reason == "bad_mail"
    assert [] == inbox(sandbox)


async def test_cancelled_mail_costs_its_connection(sandbox: SandboxProcess) -> None:
    sandbox.fault("smtp", "DATA", "timeout_after", delay_s=30)
    async with mailer_at(sandbox.smtp_port) as mailer:
        task = asyncio.create_task(mailer.send(MAIL))
        await until(lambda: bool(inbox(sandbox)))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        assert mailer._idle == []
