"""Signatures of inbound deliveries: pure checks over the raw bytes, one function per scheme.

Sources: the vendors' documents and the Standard Webhooks specification; checked against published vectors.
"""

import base64
import binascii
import hashlib
import hmac
import unicodedata
from collections.abc import Mapping
from datetime import datetime

TOLERANCE_S = 300


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
