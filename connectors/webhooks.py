"""Signatures of inbound deliveries: pure checks over the raw bytes, one function per scheme.

Sources: the vendors' documents and the Standard Webhooks specification; checked against published vectors.
"""

import base64
import binascii
import hashlib
import hmac
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

TOLERANCE_S = 300
_MOST_FIELDS = 200  # of a form; a text's has some thirty


class BadSignature(Exception):
    """The delivery is not to be believed. `code` is stable: missing, mismatch, stale or bad_secret."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def verify_shopify(body: bytes, headers: Mapping[str, str], secret: str, *, now: datetime) -> None:
    """Base64 HMAC-SHA256 of the body. Carries no time. Raises: BadSignature."""
    _raw_base64(body, _header(headers, "x-shopify-hmac-sha256"), secret)


def verify_woocommerce(body: bytes, headers: Mapping[str, str], secret: str, *, now: datetime) -> None:
    """Base64 HMAC-SHA256 of the body. Carries no time. Raises: BadSignature."""
    _raw_base64(body, _header(headers, "x-wc-webhook-signature"), secret)


def verify_standard(body: bytes, headers: Mapping[str, str], secret: str, *, now: datetime) -> None:
    """Standard Webhooks (ShipBob): id, time and body signed; any of several signatures may match.

    `secret` is what the vendor gave, with or without `whsec_`. Raises: BadSignature.
    """
    message_id = _header(headers, "webhook-id")
    timestamp = _header(headers, "webhook-timestamp")
    signatures = _header(headers, "webhook-signature")
    _check_time(timestamp, now)
    key = _standard_key(secret)
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    for entry in signatures.split():
        version, _, value = entry.partition(",")
        # ShipBob's own example leaves the padding out, so digests are compared, not texts
        if version == "v1" and hmac.compare_digest(_digest(value), digest):
            return
    raise BadSignature("mismatch")


def verify_easypost(body: bytes, headers: Mapping[str, str], secret: str, *, now: datetime) -> None:
    """Hex HMAC-SHA256 behind a prefix, keyed with the NFKD form of the secret. Raises: BadSignature."""
    given = _header(headers, "x-hmac-signature")
    key = unicodedata.normalize("NFKD", secret).encode()
    digest = hmac.new(_some(key), body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(f"hmac-sha256-hex={digest}".encode(), given.encode()):
        raise BadSignature("mismatch")


def verify_stripe(body: bytes, headers: Mapping[str, str], secret: str, *, now: datetime) -> None:
    """Hex HMAC-SHA256 of time and body; any `v1` may match, there are two while a secret is rolled.

    `secret` is used as the vendor gave it, with its `whsec_`. Raises: BadSignature.
    """
    parts = [part.strip().partition("=") for part in _header(headers, "stripe-signature").split(",")]
    timestamp = next((value for name, _, value in parts if name == "t"), "")
    given = [value for name, _, value in parts if name == "v1"]
    if not timestamp or not given:
        raise BadSignature("missing")
    _check_time(timestamp, now)
    digest = hmac.new(_some(secret.encode()), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    if not any(hmac.compare_digest(digest.encode(), value.encode()) for value in given):
        raise BadSignature("mismatch")


def verify_twilio(body: bytes, headers: Mapping[str, str], secret: str, *, url: str, now: datetime) -> None:
    """Base64 HMAC-SHA1 of the address as the vendor called it and the form's fields, sorted, name and value without
    anything between. Carries no time. `secret` is the account's auth token. Raises: BadSignature.

    Source: twilio.com/docs/usage/security, "Validating Signatures from Twilio", read 2026-11. A field that comes
    several times counts once with each value, as in the vendor's own library.
    """
    given = _header(headers, "x-twilio-signature")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except (UnicodeDecodeError, ValueError):
        raise BadSignature("mismatch") from None
    signed = url + "".join(name + value for name, value in sorted(set(pairs)))
    digest = hmac.new(_some(secret.encode()), signed.encode(), hashlib.sha1).digest()
    if not hmac.compare_digest(base64.b64encode(digest), given.encode()):
        raise BadSignature("mismatch")


SHIPENGINE_KEY = "x-shipengine-rsa-sha256-key-id"


def verify_shipengine(body: bytes, headers: Mapping[str, str], key: RSAPublicKey | None, *, now: datetime) -> None:
    """RSA-SHA256 (PKCS #1 v1.5) in base64 over time, a dot, and the body. `key`: the vendor's, of the name that stands
    in the header `SHIPENGINE_KEY`. Raises: BadSignature.

    Source: ShipStation API documentation, Webhook Validation, read 2026-11.
    """
    timestamp = _header(headers, "x-shipengine-timestamp")
    signature = _header(headers, "x-shipengine-rsa-sha256-signature")
    _header(headers, SHIPENGINE_KEY)
    try:
        signed_at = datetime.fromisoformat(timestamp)
    except ValueError:
        raise BadSignature("stale") from None
    if abs((now - (signed_at if signed_at.tzinfo else signed_at.replace(tzinfo=UTC))).total_seconds()) > TOLERANCE_S:
        raise BadSignature("stale")
    if key is None:
        raise BadSignature("mismatch")
    try:
        key.verify(_digest(signature), timestamp.encode() + b"." + body, PKCS1v15(), SHA256())
    except InvalidSignature:
        raise BadSignature("mismatch") from None


def number_of_base64url(value: str) -> int:
    """A number as JSON Web Keys write it; 0 for what is none."""
    try:
        return int.from_bytes(base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)), "big")
    except (binascii.Error, ValueError):
        return 0


def _raw_base64(body: bytes, given: str, secret: str) -> None:
    digest = hmac.new(_some(secret.encode()), body, hashlib.sha256).digest()
    if not hmac.compare_digest(base64.b64encode(digest), given.encode()):
        raise BadSignature("mismatch")


def _header(headers: Mapping[str, str], name: str) -> str:
    """A header by its lower-case name, also from a plain dict with the vendor's capitals."""
    value = headers.get(name)
    if value is None:
        value = next((text for key, text in headers.items() if key.lower() == name), "")
    if not value:
        raise BadSignature("missing")
    return value


def _check_time(timestamp: str, now: datetime) -> None:
    # int() alone would also take signs, blanks and digits of other scripts
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise BadSignature("stale")
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE_S:
        raise BadSignature("stale")


def _standard_key(secret: str) -> bytes:
    try:
        return _some(base64.b64decode(secret.removeprefix("whsec_"), validate=True))
    except (binascii.Error, ValueError):
        raise BadSignature("bad_secret") from None


def _some(key: bytes) -> bytes:
    """An unset secret would make a signature that anybody can compute."""
    if not key:
        raise BadSignature("bad_secret")
    return key


def _digest(value: str) -> bytes:
    try:
        return base64.b64decode(value + "=" * (-len(value) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""
