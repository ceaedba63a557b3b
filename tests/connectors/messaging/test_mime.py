"""Bytes of a mail, read back by the standard library."""

import email
import email.policy
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.messaging.base import Attached, Mail
from connectors.messaging.mime import BadMail, envelope_address, mail_bytes

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
MAIL = Mail(
    message_id="shipped.17@shop.example",
    to="ada@customer.example",
    subject="Your order is on its way",
    text="Hello\n.\nFrom the depot\n",
    html="<p>Hello</p>",
    reply_to="help@shop.example",
    headers={
        "List-Unsubscribe": f"<https://shop.example/u/{'a' * 200}>, <mailto:stop@shop.example>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    },
)


def raw(mail: Mail, **changes: Any) -> bytes:
    return mail_bytes(mail, **{"sender": "hello@shop.example", "sender_name": "Nordlicht", "date": NOW, **changes})


def read(mail: Mail, **changes: Any) -> EmailMessage:
    message = email.message_from_bytes(raw(mail, **changes), policy=email.policy.SMTP)
    assert isinstance(message, EmailMessage)
    return message


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    text: str = body.get_content()
    return text.replace("\r\n", "\n")


@pytest.mark.row("COM-4")
def test_mail_has_text_and_html() -> None:
    message = read(MAIL)

    assert message.get_content_type() == "multipart/alternative"
    assert part(message, "plain").rstrip("\n") == MAIL.text.rstrip("\n")
    assert part(message, "html").rstrip("\n") == MAIL.html


@pytest.mark.row("COM-3")
def test_headers_are_as_given() -> None:
    message = read(MAIL)

    assert message["Message-ID"] == "<shipped.17@shop.example>"
    assert message["Reply-To"] == "help@shop.example"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert raw(MAIL).count(f"List-Unsubscribe: {MAIL.headers['List-Unsubscribe']}\r\n".encode()) == 1
    assert (message["From"], message["To"]) == ("Nordlicht <hello@shop.example>", "ada@customer.example")
    assert message["Date"].datetime == NOW


def test_words_of_any_language() -> None:
    mail = replace(MAIL, subject="Größe geändert – 注文が出荷されました " * 4, text="Grüße 🎒", html="<b>テント</b>")

    message = read(mail, sender_name="Großer Bär, Söhne")

    assert message["Subject"].split() == mail.subject.split()
    assert message["From"].addresses[0].display_name == "Großer Bär, Söhne"
    assert (part(message, "plain").strip(), part(message, "html").strip()) == (mail.text, mail.html)


def test_lines_are_short_and_end_in_crlf() -> None:
    content = raw(replace(MAIL, html="<p>ü = x</p>" * 4000, headers={}))

    assert content.count(b"\n") == content.count(b"\r\n")
    assert max(len(line) for line in content.split(b"\r\n")) <= 78
    assert content.isascii()


@pytest.mark.parametrize(
    ("html", "encoding"),
    [
        pytest.param("<p>.\n.x\nFrom = here</p>\n", "7bit", id="plain"),
        pytest.param("<p>" + "x" * 994 + "\n</p>", "7bit", id="longest line"),
        pytest.param("<p>" + "x" * 1000 + "</p>", "quoted-printable", id="line too long"),
        pytest.param("<p>ü</p>", "quoted-printable", id="not ASCII"),
        pytest.param("<p>\x00\x7f</p>", "quoted-printable", id="control characters"),
        pytest.param("a\n--=_alternative--\nb", "quoted-printable", id="our boundary"),
    ],
)
def test_only_harmless_bodies_travel_as_they_are(html: str, encoding: str) -> None:
    message = read(replace(MAIL, html=html))

    body = message.get_body(("html",))
    assert body is not None
    assert body["Content-Transfer-Encoding"] == encoding
    assert part(message, "html").rstrip("\n") == html.rstrip("\n")
    assert len(list(message.iter_parts())) == 2


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"])))
def test_any_text_survives(text: str) -> None:
    message = read(replace(MAIL, text=text))

    assert part(message, "plain").rstrip("\n") == text


INJECTED = "x\r\nBcc: everybody@customer.example"


@pytest.mark.row("COM-4", bad_input=True)
@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"subject": INJECTED}, id="subject"),
        pytest.param({"subject": "x\ny"}, id="line feed"),
        pytest.param({"subject": "x\0y"}, id="control character"),
        pytest.param({"to": INJECTED}, id="to"),
        pytest.param({"to": "a@b.example, c@d.example"}, id="two recipients"),
        pytest.param({"to": "nobody"}, id="no address"),
        pytest.param({"to": "Ada <ada@customer.example>"}, id="name in the address"),
        pytest.param({"to": "ada@" + "x" * 80 + ".example"}, id="domain too long"),
        pytest.param({"reply_to": INJECTED}, id="reply-to"),
        pytest.param({"message_id": INJECTED}, id="message id"),
        pytest.param({"headers": {"X-Kind": INJECTED}}, id="header's value"),
        pytest.param({"headers": {"X-Kind: a\r\nBcc": "x"}}, id="header's name"),
        pytest.param({"headers": {"Bcc": "x@y.example"}}, id="header of ours"),
    ],
)
def test_nothing_breaks_out_of_its_header(changes: dict[str, Any]) -> None:
    with pytest.raises(BadMail):
        raw(replace(MAIL, **changes))


def test_sender_name_breaks_out_neither() -> None:
    with pytest.raises(BadMail):
        raw(MAIL, sender_name=INJECTED)


def test_international_domain_is_written_in_ascii() -> None:
    assert envelope_address("ada@münchen.example") == "ada@xn--mnchen-3ya.example"


def test_files_go_along_whole() -> None:
    content = bytes(range(256)) * 40
    message = read(replace(MAIL, files=(Attached("label-1Z999.pdf", "application/pdf", content),)))

    [attached] = message.iter_attachments()
    assert ("label-1Z999.pdf", "application/pdf") == (attached.get_filename(), attached.get_content_type())
    assert content == attached.get_payload(decode=True)
    body = message.get_body(("plain",))
    assert body is not None
    assert MAIL.text.strip() == body.get_content().replace("\r\n", "\n").strip()


@pytest.mark.parametrize("name", ['a"b.pdf', "a\r\nB: c.pdf", "", "ü.pdf"])
def test_a_file_name_that_would_break_its_header_is_refused(name: str) -> None:
    with pytest.raises(BadMail, match="files"):
        raw(replace(MAIL, files=(Attached(name, "application/pdf", b"x"),)))
