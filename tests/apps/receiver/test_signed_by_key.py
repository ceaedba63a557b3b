"""Deliveries that a vendor signs with a private key: its public one is asked for, and nothing else is believed."""

import base64
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from config.accounts import Account
from config.wiring import Wiring
from connectors.errors import Retryable
from tests.apps.receiver.support import calling, dump, inbox

PATH = "/hooks/shipengine/warehouse"
DATA = {"tracking_number": "1Z1", "carrier_code": "ups", "events": []}
BODY = dump({"resource_type": "API_TRACK", "resource_url": "https://api.shipengine.com/v1/tracking", "data": DATA})


class Keys:
    """One public key, or nobody who could give it."""

    def __init__(self, key: RSAPublicKey | None) -> None:
        self.asked: list[str] = []
        self._key = key

    async def of(self, key_id: str) -> RSAPublicKey | None:
        self.asked.append(key_id)
        if self._key is None:
            raise Retryable("shipengine", "signing_keys", "http_503")
        return self._key if key_id == "k1" else None


@pytest.fixture(scope="module")
def private() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


def with_account(wiring: Wiring, keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account("shipengine", "warehouse", "https://api.shipengine.com", "key")
    monkeypatch.setitem(vars(wiring), "accounts", replace(wiring.accounts, tracking=(account,)))
    monkeypatch.setattr(wiring, "signing_keys", lambda _account, _path: keys)


def signed(wiring: Wiring, key: RSAPrivateKey, *, name: str = "k1", ago: timedelta = timedelta(0)) -> dict[str, str]:
    stamp = (wiring.now() - ago).isoformat()
    signature = key.sign(stamp.encode() + b"." + BODY, PKCS1v15(), SHA256())
    return {
        "x-shipengine-rsa-sha256-key-id": name,
        "x-shipengine-rsa-sha256-signature": base64.b64encode(signature).decode(),
        "x-shipengine-timestamp": stamp,
    }


@pytest.mark.row("TRK-1")
async def test_a_signed_delivery_is_stored_under_its_parcel(
    file_wiring: Wiring, private: RSAPrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_account(file_wiring, Keys(private.public_key()), monkeypatch)
    async with calling(file_wiring) as client:
        for _ in range(2):  # sent again with a new time and signature
            answer = await client.post(PATH, content=BODY, headers=signed(file_wiring, private))
            assert answer.status_code == 200

    [row] = inbox(file_wiring)
    assert ("shipengine", "warehouse", "API_TRACK", "shipengine:ups:1Z1") == tuple(
        row[name] for name in ("source", "account", "topic", "subject")
    )


@pytest.mark.row("TRK-1", bad_input=True)
async def test_anything_else_is_refused(
    file_wiring: Wiring, private: RSAPrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = Keys(private.public_key())
    with_account(file_wiring, keys, monkeypatch)
    good = signed(file_wiring, private)
    async with calling(file_wiring) as client:
        for headers, code in (
            ({}, "bad_signature"),
            (good | {"x-shipengine-rsa-sha256-signature": "AAAA"}, "bad_signature"),
            (signed(file_wiring, private, name="k2"), "bad_signature"),
            (signed(file_wiring, private, ago=timedelta(minutes=6)), "stale_signature"),
        ):
            answer = await client.post(PATH, content=BODY, headers=headers)
            assert (401, code) == (answer.status_code, answer.json()["error"])

    assert inbox(file_wiring) == []
    assert keys.asked == ["k1", "k2", "k1"]


@pytest.mark.row("TRK-1", bad_input=True)
async def test_without_the_vendors_keys_it_is_asked_to_send_again(
    file_wiring: Wiring, private: RSAPrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_account(file_wiring, Keys(None), monkeypatch)
    async with calling(file_wiring) as client:
        answer = await client.post(PATH, content=BODY, headers=signed(file_wiring, private))

    assert (503, "keys_away") == (answer.status_code, answer.json()["error"])
    assert answer.headers["retry-after"]
    assert inbox(file_wiring) == []
