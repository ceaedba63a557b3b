"""Deliveries that are signed with a vendor's private key, and the keys that they are checked with."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from connectors.errors import Retryable
from connectors.http import VendorHttp
from connectors.reading import Unreadable
from connectors.signing_keys import LEAST_GAP, LIFE, SigningKeys, parse_keys
from connectors.webhooks import SHIPENGINE_KEY, BadSignature, verify_shipengine
from tests.connectors.carriers.canned import CannedClient
from tests.connectors.carriers.conftest import no_sleep

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
STAMP = "2026-11-21T12:00:01.1234567Z"
BODY = b'{"resource_type":"API_TRACK"}'


@pytest.fixture(scope="module")
def private() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


def signed(key: RSAPrivateKey, body: bytes = BODY, stamp: str = STAMP) -> dict[str, str]:
    signature = key.sign(stamp.encode() + b"." + body, PKCS1v15(), SHA256())
    return {
        "X-ShipEngine-RSA-SHA256-Key-Id": "k1",
        "X-ShipEngine-RSA-SHA256-Signature": base64.b64encode(signature).decode(),
        "X-ShipEngine-Timestamp": stamp,
    }


def jwk(key: RSAPrivateKey, name: str = "k1", **changes: Any) -> dict[str, Any]:
    numbers = key.public_key().public_numbers()

    def text(value: int) -> str:
        raw = value.to_bytes((value.bit_length() + 7) // 8, "big")
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")

    return {"kty": "RSA", "use": "sig", "kid": name, "n": text(numbers.n), "e": text(numbers.e), **changes}


@pytest.mark.row("TRK-1")
def test_what_the_vendor_signed_is_believed(private: RSAPrivateKey) -> None:
    verify_shipengine(BODY, signed(private), private.public_key(), now=NOW)
    lower = {name.lower(): value for name, value in signed(private).items()}
    verify_shipengine(BODY, lower, private.public_key(), now=NOW)
    assert SHIPENGINE_KEY in lower


@pytest.mark.row("TRK-1", bad_input=True)
def test_anything_else_is_not(private: RSAPrivateKey) -> None:
    good, key = signed(private), private.public_key()
    other = generate_private_key(65537, 2048).public_key()
    for headers, body, public, now, code in (
        (good, BODY + b" ", key, NOW, "mismatch"),
        (good, BODY, other, NOW, "mismatch"),
        (good, BODY, None, NOW, "mismatch"),
        (good | {"X-ShipEngine-RSA-SHA256-Signature": "!"}, BODY, key, NOW, "mismatch"),
        (good | {"X-ShipEngine-Timestamp": "2026-11-21T12:00:02Z"}, BODY, key, NOW, "mismatch"),
        (good | {"X-ShipEngine-Timestamp": "soon"}, BODY, key, NOW, "stale"),
        (good, BODY, key, NOW + timedelta(seconds=302), "stale"),
        (good, BODY, key, NOW - timedelta(seconds=302), "stale"),
        ({}, BODY, key, NOW, "missing"),
        ({name: value for name, value in good.items() if "Key-Id" not in name}, BODY, key, NOW, "missing"),
    ):
        with pytest.raises(BadSignature, match=code):
            verify_shipengine(body, headers, public, now=now)


def test_keys_that_cannot_be_used_are_left_out(private: RSAPrivateKey) -> None:
    short = generate_private_key(65537, 1024)
    told = {
        "keys": [
            jwk(private),
            jwk(private, "enc", use="enc"),
            jwk(private, "ec", kty="EC"),
            jwk(private, ""),
            jwk(private, "no number", n="*"),
            jwk(short, "short"),
        ]
    }

    assert set(parse_keys(told)) == {"k1"}
    for wrong in (None, [], {"keys": 3}, {"keys": ["k"]}):
        with pytest.raises(Unreadable):
            parse_keys(wrong)


@pytest.mark.row("TRK-1")
async def test_keys_are_kept_and_fetched_anew_when_they_are_rolled(private: RSAPrivateKey) -> None:
    names = ["k1"]
    now = [0.0]
    client = CannedClient(lambda _request: (200, {"keys": [jwk(private, name) for name in names]}))
    http = VendorHttp(client, vendor="shipengine", base_url="https://api.shipengine.com", sleep=no_sleep)
    keys = SigningKeys(http, "/jwks", clock=lambda: now[0])

    assert await keys.of("k1") is not None
    assert await keys.of("k2") is None
    assert len(client.sent) == 1  # strangers' names do not make us ask again at once
    names.append("k2")
    now[0] = LEAST_GAP.total_seconds()
    assert await keys.of("k2") is not None
    assert len(client.sent) == 2
    names.remove("k1")
    now[0] += LIFE.total_seconds()
    assert await keys.of("k1") is None
    assert len(client.sent) == 3


@pytest.mark.row("TRK-1", bad_input=True)
async def test_a_vendor_that_is_away_says_so(private: RSAPrivateKey) -> None:
    client = CannedClient(lambda _request: (503, None))
    http = VendorHttp(client, vendor="shipengine", base_url="https://api.shipengine.com", sleep=no_sleep)

    with pytest.raises(Retryable):
        await SigningKeys(http, "/jwks").of("k1")
