"""Deliveries of a vendor of texts: signed over the address that it was given, answered in its own language."""

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import parse_qsl

import httpx
import pytest

from config.accounts import Account
from config.wiring import Wiring
from tests.apps.receiver.support import calling, inbox

TOKEN = "twilio-token"
HERE = "/hooks/twilio/main"
STOP = b"MessageSid=SM1&AccountSid=AC1&From=%2B14155550100&To=%2B14155550199&Body=STOP"


@pytest.fixture
async def phone(file_wiring: Wiring) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a receiver behind a proxy whose customers know it by another name."""
    account = Account("twilio", "main", "https://api.twilio.example", TOKEN, TOKEN, {"number": "+14155550199"})
    file_wiring.accounts = replace(file_wiring.accounts, texting=(account,))
    file_wiring.settings.public_url = "https://shop.example.com/orders"
    async with calling(file_wiring) as client:
        yield client


def signed(body: bytes, url: str = f"https://shop.example.com/orders{HERE}") -> dict[str, str]:
    pairs = sorted(parse_qsl(body.decode(), keep_blank_values=True))
    content = url + "".join(name + value for name, value in pairs)
    digest = hmac.new(TOKEN.encode(), content.encode(), hashlib.sha1).digest()
    return {
        "x-twilio-signature": base64.b64encode(digest).decode(),
        "content-type": "application/x-www-form-urlencoded",
    }


@pytest.mark.row("COM-3")
async def test_an_answer_is_stored_and_not_answered_with_words(phone: httpx.AsyncClient, file_wiring: Wiring) -> None:
    answer = await phone.post(HERE, content=STOP, headers=signed(STOP))

    assert (200, b"<Response/>") == (answer.status_code, answer.content)
    assert answer.headers["content-type"].startswith("text/xml")
    [row] = inbox(file_wiring)
    assert ("twilio", "main", "message.received", "SM1", "SM1") == tuple(
        row[name] for name in ("source", "account", "topic", "delivery_id", "subject")
    )


@pytest.mark.row("COM-3")
async def test_each_state_of_a_text_is_a_delivery_of_its_own(phone: httpx.AsyncClient, file_wiring: Wiring) -> None:
    for state in ("sent", "delivered", "delivered"):
        body = f"MessageSid=SM1&AccountSid=AC1&MessageStatus={state}".encode()
        assert 200 == (await phone.post(HERE, content=body, headers=signed(body))).status_code

    assert ["SM1:delivered", "SM1:sent"] == sorted(row["delivery_id"] for row in inbox(file_wiring))


@pytest.mark.row("COM-3")
async def test_the_query_is_part_of_what_is_signed(phone: httpx.AsyncClient, file_wiring: Wiring) -> None:
    url = f"https://shop.example.com/orders{HERE}?a=1&b=x%20y"

    answer = await phone.post(f"{HERE}?a=1&b=x%20y", content=STOP, headers=signed(STOP, url))
    assert 200 == answer.status_code
    assert 1 == len(inbox(file_wiring))


@pytest.mark.row("COM-3", bad_input=True)
@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="unsigned"),
        pytest.param(signed(STOP, f"http://receiver{HERE}"), id="another address"),
        pytest.param(signed(STOP + b"P"), id="another body"),
    ],
)
async def test_what_is_not_signed_stops_nobody(
    phone: httpx.AsyncClient, file_wiring: Wiring, headers: dict[str, str]
) -> None:
    answer = await phone.post(HERE, content=STOP, headers=headers)

    assert (401, "bad_signature") == (answer.status_code, answer.json()["error"])
    assert inbox(file_wiring) == []
