"""Bytes of a mail: multipart/alternative from a rendered `Mail`, within multipart/mixed when files go along.

Headers go through the standard library. A body of short ASCII lines travels as it is, any other as quoted-printable
by binascii, which takes a tenth of the library's own encoder.
"""

import re
from base64 import encodebytes
from binascii import b2a_qp
from collections.abc import Sequence
from datetime import datetime
from email.header import Header
from email.utils import format_datetime, formataddr

from connectors.messaging.base import Attached, Mail

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_FIELD_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,75}\Z")
_FILE_NAME = re.compile(r"[\w.-]{1,80}\Z", re.ASCII)
_FILE_TYPE = re.compile(r"[a-z]+/[\w.+-]+\Z", re.ASCII)
_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\\\"]+@[^\s@<>()\[\],;:\\\"]+\Z")
_BOUNDARY = "=_alternative"  # quoted-printable never writes "=_", so no body can contain it
_OUTER = "=_mixed"  # base64 has no "_" either
_BOUNDARY_BYTES = _BOUNDARY.encode()
_UNSAFE = bytes({*range(0x20), *range(0x7F, 0x100)} - {*b"\t\n"})
_LONGEST_LINE = 998  # RFC 5322; folding a long address breaks some readers of List-Unsubscribe
_OURS = frozenset(
    (
        *("from", "to", "cc", "bcc", "subject", "date", "message-id", "reply-to"),
        *("mime-version", "content-type", "content-transfer-encoding"),
    )
)


class BadMail(ValueError):
    """A part of the mail would break its header. `where` names the part, never its value."""

    def __init__(self, where: str) -> None:
        super().__init__(where)
        self.where = where


def envelope_address(address: str) -> str:
    """A bare address as SMTP takes it, its domain in ASCII. Raises: BadMail."""
    if not _ADDRESS.match(address):
        raise BadMail("address")
    local, domain = address.rsplit("@", 1)
    try:
        local.encode("ascii")
        return f"{local}@{domain.encode('idna').decode()}"
    except UnicodeError:
        raise BadMail("address") from None


def mail_bytes(mail: Mail, *, sender: str, sender_name: str, date: datetime) -> bytes:
    """The whole message with CRLF lines. Raises: BadMail for a line break or the like in any header."""
    lines = [
        f"From: {formataddr((_clean(sender_name, 'sender'), envelope_address(sender)))}",
        f"To: {envelope_address(mail.to)}",
        f"Subject: {_folded(mail.subject, 'Subject')}",
        f"Date: {format_datetime(date)}",
        f"Message-ID: <{_clean(mail.message_id, 'message_id').strip('<>')}>",
    ]
    if mail.reply_to:
        lines.append(f"Reply-To: {envelope_address(mail.reply_to)}")
    for name, value in mail.headers.items():
        if not _FIELD_NAME.match(name) or name.lower() in _OURS:
            raise BadMail("headers")
        lines.append(f"{name}: {_folded(value, name)}")
    lines += [
        "MIME-Version: 1.0",
        *(_mixed([_body(mail), *map(_file, mail.files)]) if mail.files else _body(mail)),
    ]
    return "\r\n".join(lines).encode("ascii")


def _body(mail: Mail) -> list[str]:
    return [
        f'Content-Type: multipart/alternative; boundary="{_BOUNDARY}"',
        "",
        *_part("plain", mail.text),
        *_part("html", mail.html),
        f"--{_BOUNDARY}--",
        "",
    ]


def _mixed(parts: Sequence[Sequence[str]]) -> list[str]:
    inside = [line for part in parts for line in (f"--{_OUTER}", *part)]
    return [f'Content-Type: multipart/mixed; boundary="{_OUTER}"', "", *inside, f"--{_OUTER}--", ""]


def _file(file: Attached) -> list[str]:
    """Raises: BadMail for a name that would break the header."""
    if not _FILE_NAME.match(file.name) or not _FILE_TYPE.match(file.content_type):
        raise BadMail("files")
    return [
        f"Content-Type: {file.content_type}",
        "Content-Transfer-Encoding: base64",
        f'Content-Disposition: attachment; filename="{file.name}"',
        "",
        *encodebytes(file.content).decode("ascii").splitlines(),
        "",
    ]


def _part(subtype: str, body: str) -> list[str]:
    plain = body.replace("\r\n", "\n").replace("\r", "\n").encode()
    encoding, carried = ("7bit", plain) if _as_it_is(plain) else ("quoted-printable", b2a_qp(plain, istext=True))
    return [
        f"--{_BOUNDARY}",
        f'Content-Type: text/{subtype}; charset="utf-8"',
        f"Content-Transfer-Encoding: {encoding}",
        "",
        carried.decode().replace("\n", "\r\n"),
    ]


def _as_it_is(plain: bytes) -> bool:
    """Nothing but ASCII, no line too long, and nothing that ends the part."""
    return (
        plain.translate(None, _UNSAFE) == plain
        and _BOUNDARY_BYTES not in plain
        and max(map(len, plain.split(b"\n"))) <= _LONGEST_LINE
    )


def _clean(value: str, where: str) -> str:
    if _CONTROL.search(value):
        raise BadMail(where)
    return value


def _folded(value: str, name: str) -> str:
    _clean(value, name)
    charset = "us-ascii" if value.isascii() else "utf-8"
    if value.isascii() and len(name) + len(value) < _LONGEST_LINE:
        return value
    return Header(value, charset, maxlinelen=75, header_name=name).encode(linesep="\r\n")
