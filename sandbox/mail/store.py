"""The mails that arrived, in memory."""

import email.policy
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.parser import BytesParser
from functools import cached_property
from threading import Lock
from typing import Any

from sandbox.core.clock import stamp

_PARSER = BytesParser(policy=email.policy.default)


@dataclass
class Mail:
    """One mail; it is parsed when somebody looks, so that receiving stays quick."""

    id: int
    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    message_id: str
    received_at: datetime

    @cached_property
    def message(self) -> EmailMessage:
        parsed = _PARSER.parsebytes(self.raw)
        assert isinstance(parsed, EmailMessage)
        return parsed

    @cached_property
    def subject(self) -> str:
        return str(self.message.get("subject", ""))

    def header(self, name: str) -> str:
        return str(self.message.get(name, ""))

    def body(self, kind: str) -> str:
        """The text or html part, or an empty string."""
        part = self.message.get_body(preferencelist=(kind,))
        return str(part.get_content()) if part is not None else ""

    def as_json(self, *, whole: bool = False) -> dict[str, Any]:
        html = self.body("html")
        view: dict[str, Any] = {
            "id": self.id,
            "message_id": self.message_id,
            "from": self.header("from") or self.sender,
            "to": list(self.recipients),
            "subject": self.subject,
            "date": self.header("date"),
            "headers": {name: str(value) for name, value in self.message.items()},
            "text": self.body("plain"),
            "html_size": len(html),
            "received_at": stamp(self.received_at),
        }
        if whole:
            view["html"] = html
            view["attachments"] = [
                {"filename": part.get_filename(), "content_type": part.get_content_type()}
                for part in self.message.iter_attachments()
            ]
        return view


class MailStore:
    """Written by the SMTP thread, read by the HTTP loop."""

    def __init__(self) -> None:
        self._mails: dict[int, Mail] = {}
        self._ids = itertools.count(1)
        self._lock = Lock()

    def add(self, sender: str, recipients: tuple[str, ...], raw: bytes, message_id: str, at: datetime) -> Mail:
        with self._lock:
            mail = Mail(next(self._ids), sender, recipients, raw, message_id, at)
            self._mails[mail.id] = mail
        return mail

    def newest(self, to: str | None = None, subject: str | None = None) -> Iterator[Mail]:
        """Newest first; both filters look for a part of the text, without case."""
        with self._lock:
            every = list(self._mails.values())
        for mail in reversed(every):
            if to is not None and not any(to.lower() in address.lower() for address in mail.recipients):
                continue
            if subject is not None and subject.lower() not in mail.subject.lower():
                continue
            yield mail

    def get(self, key: str) -> Mail | None:
        return self._mails.get(int(key)) if key.isdecimal() else None

    def delete(self, key: str | None = None) -> None:
        """One mail, or all of them."""
        with self._lock:
            if key is None:
                self._mails.clear()
            elif key.isdecimal():
                self._mails.pop(int(key), None)

    def __len__(self) -> int:
        return len(self._mails)
