"""Deliveries signed with a vendor's private key: its public keys are fetched, and fetched anew when it rolls them."""

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Protocol

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers

from connectors.http import VendorHttp
from connectors.reading import mapping, shaped, text
from connectors.webhooks import number_of_base64url

LIFE = timedelta(hours=12)
LEAST_GAP = timedelta(minutes=1)  # between two fetches: unknown key names cost nobody anything but a minute
_LEAST_BITS = 2048


class Keys(Protocol):
    async def of(self, key_id: str) -> RSAPublicKey | None:
        """The key of this name; None where the vendor has none. Raises: ConnectorError when they cannot be had."""


class SigningKeys:
    """The public keys (JWKS) of one vendor's account. `clock` counts seconds and never goes back."""

    def __init__(self, http: VendorHttp, path: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._http = http
        self._path = path
        self._clock = clock
        self._keys: dict[str, RSAPublicKey] = {}
        self._fetched_at: float | None = None
        self._asking = asyncio.Lock()

    async def of(self, key_id: str) -> RSAPublicKey | None:
        """See `Keys.of`."""
        async with self._asking:  # deliveries that come together lead to one question
            if self._older_than(LIFE) or (key_id not in self._keys and self._older_than(LEAST_GAP)):
                answer = await self._http.call("signing_keys", "GET", self._path, write=False)
                self._keys, self._fetched_at = parse_keys(answer.body), self._clock()
        return self._keys.get(key_id)

    def _older_than(self, age: timedelta) -> bool:
        return self._fetched_at is None or self._clock() - self._fetched_at >= age.total_seconds()


@shaped
def parse_keys(body: Any) -> dict[str, RSAPublicKey]:
    """RSA keys for signatures, by name; keys of other kinds, and ones that are too short, are left out.
    Raises: Unreadable."""
    found: dict[str, RSAPublicKey] = {}
    for each in mapping(body, "keys").get("keys") or ():
        made = _key(mapping(each, "key"))
        if made is not None:
            found[text(each.get("kid"))] = made
    return found


def _key(data: Mapping[str, Any]) -> RSAPublicKey | None:
    if data.get("kty") != "RSA" or data.get("use", "sig") != "sig" or not text(data.get("kid")):
        return None
    modulus, exponent = (number_of_base64url(text(data.get(name))) for name in ("n", "e"))
    if modulus.bit_length() < _LEAST_BITS:
        return None
    try:
        return RSAPublicNumbers(exponent, modulus).public_key()
    except ValueError:
        return None
