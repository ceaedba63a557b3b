"""The SMTP side: takes every mail, unless a fault says otherwise."""

import asyncio
import re
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from sandbox.core.faults import Fault
from sandbox.core.world import World
from sandbox.mail.store import MailStore

_MESSAGE_ID = re.compile(rb"^message-id:[ \t]*(?:\r?\n[ \t]+)?(\S+)", re.IGNORECASE | re.MULTILINE)
_OK = "250 Message accepted for delivery"
_SIZE_LIMIT = 32 * 1024 * 1024


class Inbox:
    """aiosmtpd's handler. A fault may strike at "RCPT" or at "DATA"."""

    def __init__(self, world: World, store: MailStore) -> None:
        self._world = world
        self._store = store

    async def handle_RCPT(
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        fault = self._world.faults.take("smtp", "RCPT")
        if fault is not None and not fault.acts:
            return await self._strike(server, fault, "RCPT")
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        if fault is not None:
            return await self._strike(server, fault, "RCPT")
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        fault = self._world.faults.take("smtp", "DATA")
        if fault is not None and not fault.acts:
            return await self._strike(server, fault, "DATA")
        if fault is not None and fault.kind == "hold_before":
            await self._held()
            fault = None
        raw = envelope.content or b""
        self._keep(envelope, raw if isinstance(raw, bytes) else raw.encode())
        if fault is not None:
            return await self._strike(server, fault, "DATA")
        self._world.counters.request("smtp", "DATA", 250)
        return _OK

    async def _held(self) -> None:
        # The event of the faults belongs to the HTTP loop; this is the SMTP thread's own.
        seen = self._world.faults.releases
        while self._world.faults.releases == seen:  # noqa: ASYNC110  # for that reason
            await asyncio.sleep(0.05)

    def _keep(self, envelope: Envelope, raw: bytes) -> None:
        message_id = message_id_of(raw)
        now = self._world.clock.now()
        self._store.add(str(envelope.mail_from), tuple(envelope.rcpt_tos), raw, message_id, now)
        self._world.counters.accepted("smtp", "DATA", message_id)

    async def _strike(self, server: SMTP, fault: Fault, operation: str) -> str:
        """Misbehave; a cut connection returns an answer that nobody reads."""
        if fault.kind in ("refuse", "drop", "truncate"):
            if server.transport is not None:
                server.transport.close()
            self._world.counters.request("smtp", operation, 0)
            return "421 closing"
        if fault.kind in ("timeout_after", "delay"):
            await asyncio.sleep(fault.delay_s)
            return _OK
        if fault.kind in ("hold", "hold_before"):
            await self._held()
            return _OK
        status = fault.status if fault.kind != "throttle" and 400 <= fault.status < 600 else 451
        status = 451 if fault.kind == "throttle" else fault.status
        self._world.counters.request("smtp", operation, status)
        word = "Requested action aborted" if status < 500 else "Mailbox unavailable"
        return f"{status} {word}"


def message_id_of(raw: bytes) -> str:
    """The Message-ID, read from the head without parsing the whole mail."""
    head = raw[: raw.find(b"\r\n\r\n") + 1] if b"\r\n\r\n" in raw else raw
    found = _MESSAGE_ID.search(head)
    return found.group(1).decode("ascii", "replace") if found else ""


class Login:
    """Asks for a user and password once they are set."""

    def __init__(self) -> None:
        self.user: str | None = None
        self.password: str | None = None

    def check(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        if self.user is None:
            return AuthResult(success=True)
        good = (
            isinstance(data, LoginPassword)
            and data.login == self.user.encode()
            and data.password == (self.password or "").encode()
        )
        return AuthResult(success=good, handled=False)


class Server(SMTP):
    """Asks whether a login is required at each mail, since control may change that while connections live."""

    def __init__(self, handler: Inbox, login: Login) -> None:
        super().__init__(
            handler,
            data_size_limit=_SIZE_LIMIT,
            enable_SMTPUTF8=True,
            hostname="mail.sandbox",
            ident="sandbox",
            auth_require_tls=False,
            authenticator=login.check,
            timeout=600,
        )
        self._login = login

    async def smtp_MAIL(self, arg: str) -> None:
        if self._login.user is not None and not (self.session and self.session.authenticated):
            await self.push("530 5.7.0 Authentication required")
            return
        await super().smtp_MAIL(arg)


class MailController(Controller):
    """Runs the server in its own thread and loop."""

    def __init__(self, inbox: Inbox, login: Login, host: str, port: int) -> None:
        super().__init__(inbox, hostname=host, port=port)
        self._inbox = inbox
        self._login = login

    def factory(self) -> Server:
        return Server(self._inbox, self._login)
