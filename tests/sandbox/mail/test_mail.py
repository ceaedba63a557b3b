"""The mail server keeps what it is sent, shows it, and misbehaves when told."""

import asyncio
from collections.abc import AsyncIterator
from email.message import EmailMessage
from functools import partial

import aiosmtplib
import httpx
import pytest

from sandbox.core.app import Sandbox
from sandbox.mail import build
from sandbox.mail.vendor import MailVendor
from tests.support.fake_vendors import free_port, in_process
from tests.support.waiting import until


class Box:
    def __init__(self, sandbox: Sandbox, client: httpx.AsyncClient, port: int) -> None:
        self.sandbox, self.client, self.port = sandbox, client, port

    def smtp(self, **values: object) -> aiosmtplib.SMTP:
        return aiosmtplib.SMTP(hostname="127.0.0.1", port=self.port, timeout=60, start_tls=False, **values)  # type: ignore[arg-type]

    async def fault(self, operation: str, kind: str, **values: object) -> None:
        body = {"vendor": "smtp", "operation": operation, "kind": kind} | values
        assert (await self.client.post("/_control/faults", json=body)).status_code == 201

    async def count(self) -> int:
        return int((await self.client.get("/mail/api/messages")).json()["count"])


@pytest.fixture
async def box() -> AsyncIterator[Box]:
    port = free_port()
    sandbox, client = in_process(partial(build, smtp_port=port))
    await sandbox.start()
    async with client:
        yield Box(sandbox, client, port)
        await sandbox.stop()


def mail(number: int = 1, to: str = "ana@example.com") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Nord Outfitters <shop@example.com>"
    message["To"] = to
    message["Subject"] = f"Your order #{number} – grüße"
    message["Message-ID"] = f"<m{number}@example.com>"
    message["Date"] = "Wed, 01 Apr 2026 10:00:00 +0000"
    message.set_content("plain text")
    message.add_alternative("<h1>Hello</h1><script>alert(1)</script>", subtype="html")
    return message


async def test_a_mail_is_kept_and_found(box: Box) -> None:
    async with box.smtp() as smtp:
        await smtp.send_message(mail(1))
        await smtp.send_message(mail(2, "bo@example.com"))
    found = (await box.client.get("/mail/api/messages?to=BO@&subject=order")).json()
    assert found["count"] == 1
    only = found["messages"][0]
    assert (only["to"], only["message_id"]) == (["bo@example.com"], "<m2@example.com>")
    assert only["subject"] == "Your order #2 – grüße"
    assert only["text"].strip() == "plain text"
    assert only["html_size"] > 0
    whole = (await box.client.get(f"/mail/api/messages/{only['id']}")).json()
    assert "<h1>Hello</h1>" in whole["html"]
    newest = (await box.client.get("/mail/api/messages?limit=1")).json()
    assert (newest["count"], newest["messages"][0]["id"]) == (2, only["id"])
    accepted = box.sandbox.world.counters.snapshot()["accepted"]["smtp"]["DATA"]
    assert accepted == {"<m1@example.com>": 1, "<m2@example.com>": 1}


async def test_the_mailbox_shows_the_html_where_it_cannot_run(box: Box) -> None:
    async with box.smtp() as smtp:
        await smtp.send_message(mail())
    page = (await box.client.get("/mail/")).text
    assert "Your order #1" in page
    assert "ana@example.com" in page
    opened = (await box.client.get("/mail/messages/1")).text
    assert "<iframe sandbox " in opened
    assert "<script>" not in opened
    assert (await box.client.get("/mail/messages/9")).status_code == 404


async def test_mails_are_deleted(box: Box) -> None:
    async with box.smtp() as smtp:
        await smtp.send_message(mail(1))
        await smtp.send_message(mail(2))
    await box.client.delete("/mail/api/messages/1")
    assert await box.count() == 1
    await box.client.delete("/mail/api/messages")
    assert await box.count() == 0


async def test_a_reset_empties_the_box_and_keeps_the_connections(box: Box) -> None:
    async with box.smtp() as smtp:
        await smtp.send_message(mail(1))
        await box.client.post("/_control/reset")
        assert await box.count() == 0
        await smtp.send_message(mail(2))
    assert await box.count() == 1


@pytest.mark.parametrize(("operation", "status"), [("DATA", 451), ("DATA", 550), ("RCPT", 550)])
async def test_an_error_keeps_nothing(box: Box, operation: str, status: int) -> None:
    await box.fault(operation, "error", status=status)
    expected = aiosmtplib.SMTPDataError if operation == "DATA" else aiosmtplib.SMTPRecipientsRefused
    async with box.smtp() as smtp:
        with pytest.raises(expected) as caught:
            await smtp.send_message(mail())
        problem = caught.value
        code = problem.recipients[0].code if isinstance(problem, aiosmtplib.SMTPRecipientsRefused) else None
        assert (code or getattr(problem, "code", None)) == status
        assert await box.count() == 0
        await smtp.send_message(mail())
    assert await box.count() == 1


@pytest.mark.parametrize("kind", ["refuse", "drop"])
async def test_a_cut_line_keeps_nothing(box: Box, kind: str) -> None:
    await box.fault("DATA", kind)
    smtp = box.smtp()
    await smtp.connect()
    with pytest.raises(aiosmtplib.SMTPServerDisconnected):
        await smtp.send_message(mail())
    smtp.close()
    assert await box.count() == 0


async def test_a_mail_may_be_taken_without_an_answer(box: Box) -> None:
    await box.fault("DATA", "timeout_after", delay_s=30)
    smtp = box.smtp()
    await smtp.connect()
    with pytest.raises(aiosmtplib.SMTPReadTimeoutError):
        await smtp.send_message(mail(), timeout=2)
    smtp.close()
    assert await box.count() == 1


async def test_a_held_mail_is_answered_on_release(box: Box) -> None:
    await box.fault("DATA", "hold")
    async with box.smtp() as smtp:
        waiting = asyncio.create_task(smtp.send_message(mail()))
        vendor = box.sandbox.vendors["mail"]
        assert isinstance(vendor, MailVendor)
        await until(lambda: len(vendor.store) == 1)
        assert not waiting.done()
        await box.client.post("/_control/release")
        await waiting


async def test_a_login_is_asked_for_once_it_is_set(box: Box) -> None:
    await box.client.post("/_control/mail/settings", json={"user": "shop", "password": "secret"})
    async with box.smtp() as smtp:
        with pytest.raises(aiosmtplib.SMTPException):
            await smtp.send_message(mail())
    with pytest.raises(aiosmtplib.SMTPAuthenticationError):
        async with box.smtp(username="shop", password="wrong"):
            pass
    async with box.smtp(username="shop", password="secret") as smtp:
        await smtp.send_message(mail())
    assert await box.count() == 1
