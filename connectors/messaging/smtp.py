"""Mail over SMTP (RFC 5321), aiosmtplib 5.

Auth: user and password where the server wants them, TLS by mode. No rate limit of its own; 4xx answers say
wait. Quirks: SMTP has neither a key nor a look-up. What breaks before the message was handed over surely was
not sent; what breaks after may have been: OutcomeUnknown. A fixed Message-ID lets a mailbox count repeats.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import aiosmtplib
from aiosmtplib import SMTP, SMTPResponse, SMTPStatus
from aiosmtplib.errors import (
    SMTPAuthenticationError,
    SMTPDataError,
    SMTPException,
    SMTPResponseException,
    SMTPServerDisconnected,
)

from connectors import leave
from connectors.errors import AuthFailed, ConnectorError, OutcomeUnknown, Retryable, VendorRejected
from connectors.messaging.base import Mail
from connectors.messaging.mime import BadMail, envelope_address, mail_bytes
from connectors.outcomes import Sent

VENDOR = "smtp"
_MAILS_PER_CONNECTION = 100  # usual servers drop a connection at or above this


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where to hand mail over. `tls`: from the start, by STARTTLS, or none (a relay on the same host)."""

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    tls: Literal["tls", "starttls", "none"] = "starttls"
    timeout_s: float = 30.0


@dataclass(slots=True)
class _Line:
    """One open connection and how many mails went over it."""

    client: SMTP
    mails: int = 0


class Smtp:
    """A small pool of open connections to one server. Belongs to one event loop; close it with `aclose()`."""

    def __init__(
        self,
        server: SmtpServer,
        *,
        sender: str,
        sender_name: str,
        now: Callable[[], datetime],
        connections: int = 4,
    ) -> None:
        self._server = server
        self._sender = envelope_address(sender)
        self._sender_name = sender_name
        self._now = now
        self._idle: list[_Line] = []
        self._gate = asyncio.Semaphore(connections)

    async def send(self, mail: Mail) -> Sent:
        """See `Mailer.send`. A header with a line break, or a bad address: VendorRejected `bad_mail`."""
        try:
            message = mail_bytes(mail, sender=self._sender, sender_name=self._sender_name, date=self._now())
            to = envelope_address(mail.to)
        except BadMail as exc:
            raise VendorRejected(VENDOR, "send", exc.where, reason="bad_mail") from exc
        async with self._line() as line:
            await self._envelope(line, to)
            await self._hand_over(line, message)
        return Sent(external_id=mail.message_id)

    async def _envelope(self, line: _Line, to: str) -> None:
        """Nothing has been sent until the content follows: an idle connection that was dropped is simply replaced."""
        try:
            try:
                await self._mail_from(line.client)
            except SMTPServerDisconnected:
                if not line.mails:
                    raise
                line.client, line.mails = await self._connect(), 0
                await self._mail_from(line.client)
            answer = await line.client.execute_command(b"RCPT", b"TO:<%b>" % to.encode("ascii"))
            _expect(answer, SMTPStatus.completed, SMTPStatus.will_forward)
        except SMTPResponseException as exc:
            raise self._answered("rcpt", exc, reason="bad_recipient") from exc
        except (SMTPException, OSError) as exc:
            raise Retryable(VENDOR, "rcpt", "connection_lost") from exc

    async def _mail_from(self, client: SMTP) -> None:
        """By hand, as the recipient's: the library parses each address first, which `envelope_address` has checked."""
        if client.is_ehlo_or_helo_needed:
            await client.noop()  # greets first, in the way that the server knows
        sender = b"FROM:<%b>" % self._sender.encode("ascii")
        _expect(await client.execute_command(b"MAIL", sender), SMTPStatus.completed)

    async def _hand_over(self, line: _Line, message: bytes) -> None:
        """By hand: the library's `data` mends line ends and dots in two passes that cost more than all the rest, and
        cannot say whether a connection broke before the content or after."""
        try:
            _expect(await line.client.execute_command(b"DATA"), SMTPStatus.start_input)
        except SMTPResponseException as exc:
            raise self._answered("data", exc, reason="refused_content") from exc
        except (SMTPException, OSError) as exc:
            raise Retryable(VENDOR, "data", "connection_lost") from exc
        leave.ask(VENDOR, "content")  # the connection is closed, and a message without its end is none
        try:
            _expect(await self._content(line.client, message), SMTPStatus.completed)
        except SMTPResponseException as exc:
            raise self._answered("content", exc, reason="refused_content") from exc
        except (SMTPException, OSError) as exc:
            raise OutcomeUnknown(VENDOR, "content", "connection_lost") from exc
        line.mails += 1

    async def _content(self, client: SMTP, message: bytes) -> SMTPResponse:
        if client.protocol is None:
            raise SMTPServerDisconnected("closed")
        client.protocol.write(message.replace(b"\r\n.", b"\r\n..") + b".\r\n")  # `mail_bytes` ends with CRLF
        return await client.protocol.read_response(timeout=self._server.timeout_s)

    async def check(self) -> str:
        """See `Mailer.check`."""
        async with self._line() as line:
            try:
                await line.client.noop()
            except (SMTPException, OSError) as exc:
                raise Retryable(VENDOR, "check", "connection_lost") from exc
        return f"{self._server.host}:{self._server.port}"

    async def aclose(self) -> None:
        """Close what is idle; mails under way close their own."""
        idle, self._idle = self._idle, []
        for line in idle:
            line.client.close()

    @asynccontextmanager
    async def _line(self) -> AsyncIterator[_Line]:
        """A connection for one mail. Whatever went wrong, also a cancellation, costs the connection."""
        async with self._gate:
            line = self._idle.pop() if self._idle else _Line(await self._connect())
            try:
                yield line
            except BaseException as exc:
                if isinstance(exc.__cause__, SMTPResponseException) and await self._usable(line):
                    self._idle.append(line)
                else:
                    line.client.close()
                raise
            if line.mails < _MAILS_PER_CONNECTION:
                self._idle.append(line)
            else:
                line.client.close()

    async def _usable(self, line: _Line) -> bool:
        """A refused mail leaves a transaction behind, which RSET ends."""
        try:
            await line.client.rset()
        except (SMTPException, OSError):
            return False
        return True

    async def _connect(self) -> SMTP:
        server = self._server
        client = SMTP(
            hostname=server.host,
            port=server.port,
            use_tls=server.tls == "tls",
            start_tls=server.tls == "starttls",
            username=server.user or None,
            password=server.password or None,
            timeout=server.timeout_s,
            local_hostname="localhost",
        )
        try:
            await client.connect()
        except SMTPAuthenticationError as exc:
            client.close()
            raise AuthFailed(VENDOR, "connect", f"smtp_{exc.code}") from exc
        except aiosmtplib.SMTPNotSupported as exc:
            client.close()
            raise AuthFailed(VENDOR, "connect", "not_offered_by_server") from exc
        except (SMTPException, OSError) as exc:
            client.close()
            if type(exc) is SMTPException:  # aiosmtplib's way to say that the server takes no password
                raise AuthFailed(VENDOR, "connect", "not_offered_by_server") from exc
            raise Retryable(VENDOR, "connect", "unreachable") from exc
        return client

    def _answered(self, operation: str, exc: SMTPResponseException, *, reason: str) -> ConnectorError:
        """The server's own words may quote an address, so only its code is kept."""
        detail = f"smtp_{exc.code}"
        if exc.code in (530, 535):
            return AuthFailed(VENDOR, operation, detail)
        if 500 <= exc.code < 600:
            return VendorRejected(VENDOR, operation, detail, reason=reason)
        if 400 <= exc.code < 500 or operation != "content":
            return Retryable(VENDOR, operation, detail)
        return OutcomeUnknown(VENDOR, operation, "unreadable_answer")


def _expect(answer: SMTPResponse, *wanted: SMTPStatus) -> None:
    if answer.code not in wanted:
        raise SMTPDataError(answer.code, answer.message)
