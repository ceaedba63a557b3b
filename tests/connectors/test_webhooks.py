"""Signatures against the vendors' published vectors, and everything near them that must not pass."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from connectors.webhooks import (
    BadSignature,
    verify_easypost,
    verify_shopify,
    verify_standard,
    verify_stripe,
    verify_twilio,
    verify_woocommerce,
)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
RAW: dict[str, Callable[..., None]] = {"shopify": verify_shopify, "woocommerce": verify_woocommerce}


def vectors(shared: Path, name: str) -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = json.loads((shared / "fixtures/signatures" / name).read_text())["cases"]
    return cases


@pytest.mark.parametrize("vendor", sorted(RAW))
def test_raw_body_vectors(shared: Path, vendor: str) -> None:
    [case] = [c for c in vectors(shared, "raw-body-base64-hmac-DERIVED.json") if c["vendor"] == vendor]
    body, headers = case["raw_body"].encode(), {case["header"]: case["signature"]}
    RAW[vendor](body, headers, case["secret"], now=NOW)
    for bad_body, bad_secret in ((body + b" ", case["secret"]), (body, case["secret"] + "x")):
        with pytest.raises(BadSignature, match="mismatch"):
            RAW[vendor](bad_body, headers, bad_secret, now=NOW)


def test_easypost_vectors(shared: Path) -> None:
    for case in vectors(shared, "easypost.json"):
        body, headers = case["raw_body"].encode(), {"X-Hmac-Signature": case["signature"]}
        verify_easypost(body, headers, case["secret"], now=NOW)
        with pytest.raises(BadSignature, match="mismatch"):
            verify_easypost(body[:-1], headers, case["secret"], now=NOW)
        bare = {"X-Hmac-Signature": case["signature"].partition("=")[2]}
        with pytest.raises(BadSignature, match="mismatch"):
            verify_easypost(body, bare, case["secret"], now=NOW)


def test_standard_vectors(shared: Path) -> None:
    for case in vectors(shared, "standard-webhooks.json"):
        headers = {name: value for name, value in case.items() if name.startswith("webhook-")}
        now = datetime.fromtimestamp(case["now"], UTC)
        verify_standard(case["raw_body"].encode(), headers, case["secret"], now=now)
        with pytest.raises(BadSignature, match="stale"):
            verify_standard(case["raw_body"].encode(), headers, case["secret"], now=now + timedelta(seconds=301))
        with pytest.raises(BadSignature, match="mismatch"):
            verify_standard(b"{}", headers, case["secret"], now=now)


def standard(body: bytes, key: bytes, **changed: str) -> dict[str, str]:
    stamp = str(int(NOW.timestamp()))
    digest = hmac.new(key, b"msg_1." + stamp.encode() + b"." + body, hashlib.sha256).digest()
    signature = "v1," + base64.b64encode(digest).decode()
    headers = {"webhook-id": "msg_1", "webhook-timestamp": stamp, "webhook-signature": signature}
    return headers | {name.replace("_", "-"): value for name, value in changed.items()}


KEY = b"0123456789abcdef01234567"
SECRET = "whsec_" + base64.b64encode(KEY).decode()


def test_any_of_several_signatures_may_match_also_unpadded() -> None:
    good = standard(b"{}", KEY)["webhook-signature"]
    for several in (f"v1,AAAA {good}", f"v1a,x {good} v1,???", good.rstrip("=")):
        verify_standard(b"{}", standard(b"{}", KEY, webhook_signature=several), SECRET, now=NOW)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"webhook_signature": ""}, "missing"),
        ({"webhook_id": ""}, "missing"),
        ({"webhook_id": "msg_2"}, "mismatch"),
        ({"webhook_signature": "v2,AAAA"}, "mismatch"),
        ({"webhook_signature": "v1,"}, "mismatch"),
        ({"webhook_timestamp": "soon"}, "stale"),
        ({"webhook_timestamp": "-1"}, "stale"),
        ({"webhook_timestamp": "²"}, "stale"),
        ({"webhook_timestamp": "9" * 400}, "stale"),
    ],
)
def test_standard_refusals(changed: dict[str, str], code: str) -> None:
    with pytest.raises(BadSignature, match=code):
        verify_standard(b"{}", standard(b"{}", KEY, **changed), SECRET, now=NOW)


def stripe(key: bytes, *, at: datetime = NOW, body: bytes = b"{}") -> str:
    stamp = str(int(at.timestamp()))
    return f"t={stamp},v1={hmac.new(key, stamp.encode() + b'.' + body, hashlib.sha256).hexdigest()}"


def test_stripe_vectors(shared: Path) -> None:
    for case in vectors(shared, "stripe.json"):
        body, headers = case["raw_body"].encode(), {"Stripe-Signature": case["header"]}
        now = datetime.fromtimestamp(case["now"], UTC)
        verify_stripe(body, headers, case["secret"], now=now)
        for seconds in (301, -301):
            with pytest.raises(BadSignature, match="stale"):
                verify_stripe(body, headers, case["secret"], now=now + timedelta(seconds=seconds))
        for bad_body, bad_secret in ((body + b" ", case["secret"]), (body, case["secret"].removeprefix("whsec_"))):
            with pytest.raises(BadSignature, match="mismatch"):
                verify_stripe(bad_body, headers, bad_secret, now=now)


def test_stripe_signs_twice_while_a_secret_is_rolled() -> None:
    stamp, _, good = stripe(b"new").partition(",")
    for several in (f"{stamp}, v1=00,{good},v0=aa", f"{good},v1=bl\u00f6d,{stamp}"):
        verify_stripe(b"{}", {"stripe-signature": several}, "new", now=NOW)


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "missing"),
        ("t=1", "missing"),
        ("v1=00", "missing"),
        ("nonsense", "missing"),
        ("t=soon,v1=00", "stale"),
        (f"t={int(NOW.timestamp())},v1=00", "mismatch"),
        (stripe(b"key").replace("v1=", "v0="), "missing"),
        (stripe(b"other"), "mismatch"),
        (stripe(b"key", body=b"[]"), "mismatch"),
        (stripe(b"key", at=NOW - timedelta(seconds=301)), "stale"),
    ],
)
def test_stripe_refusals(header: str, code: str) -> None:
    with pytest.raises(BadSignature, match=code):
        verify_stripe(b"{}", {"stripe-signature": header}, "key", now=NOW)


@pytest.mark.parametrize(
    "verify", [verify_shopify, verify_woocommerce, verify_easypost, verify_standard, verify_stripe]
)
def test_an_empty_secret_or_header_never_passes(verify: Callable[..., None]) -> None:
    digest = hmac.new(b"", b"{}", hashlib.sha256)
    headers = standard(b"{}", b"") | {
        "x-shopify-hmac-sha256": base64.b64encode(digest.digest()).decode(),
        "x-wc-webhook-signature": base64.b64encode(digest.digest()).decode(),
        "x-hmac-signature": f"hmac-sha256-hex={digest.hexdigest()}",
        "stripe-signature": stripe(b""),
    }
    with pytest.raises(BadSignature, match="bad_secret"):
        verify(b"{}", headers, "", now=NOW)
    with pytest.raises(BadSignature, match="missing"):
        verify(b"{}", {}, SECRET, now=NOW)


def test_twilio_vectors(shared: Path) -> None:
    file = json.loads((shared / "fixtures/signatures/twilio.json").read_text())
    for case in file["cases"]:
        body, headers = (
            urlencode([tuple(pair) for pair in case["form"]]).encode(),
            {"x-twilio-signature": case["signature"]},
        )
        verify_twilio(body, headers, file["auth_token"], url=case["url"], now=NOW)
        wrong = [
            (body + b"&More=1", case["url"], file["auth_token"]),
            (body.replace(b"1234", b"1235"), case["url"], file["auth_token"]),
            (body, case["url"] + "&more=1", file["auth_token"]),
            (body, case["url"], "12346"),
            (b"\xff=\xfe", case["url"], file["auth_token"]),
        ]
        for bad_body, url, token in wrong:
            with pytest.raises(BadSignature, match="mismatch"):
                verify_twilio(bad_body, headers, token, url=url, now=NOW)
        with pytest.raises(BadSignature, match="missing"):
            verify_twilio(body, {}, file["auth_token"], url=case["url"], now=NOW)
        with pytest.raises(BadSignature, match="bad_secret"):
            verify_twilio(body, headers, "", url=case["url"], now=NOW)


def test_twilios_empty_and_repeated_fields_are_signed_too() -> None:
    url, fields = "https://shop.example.com/hooks/twilio/main", [("Body", ""), ("From", "+1"), ("From", "+1")]
    digest = hmac.new(b"token", f"{url}BodyFrom+1".encode(), hashlib.sha1).digest()

    headers = {"X-Twilio-Signature": base64.b64encode(digest).decode()}
    verify_twilio(urlencode(fields).encode(), headers, "token", url=url, now=NOW)
