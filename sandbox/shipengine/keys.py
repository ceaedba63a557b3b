"""The keys that webhooks are signed with, and how the vendor publishes them (docs: Setting Up Webhooks, Security)."""

import base64
from functools import cache

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

_BITS, _EXPONENT = 2048, 65537


@cache
def _key(number: int) -> RSAPrivateKey:
    """Made when first asked for, and once in a process: making one takes a while."""
    return generate_private_key(public_exponent=_EXPONENT, key_size=_BITS)


class Keys:
    """One key signs; a replaced one stays published, for what is still on its way."""

    def __init__(self) -> None:
        self._current = 1

    @property
    def id(self) -> str:
        return _id(self._current)

    def rotate(self) -> None:
        self._current += 1

    def sign(self, timestamp: str, body: bytes) -> str:
        """RSASSA-PKCS1-v1_5 with SHA-256 over `timestamp.body`, in base64."""
        content = timestamp.encode() + b"." + body
        return base64.b64encode(_key(self._current).sign(content, PKCS1v15(), SHA256())).decode()

    def published(self) -> dict[str, list[dict[str, str]]]:
        """The key set as RFC 7517 writes it, the newest key first."""
        return {"keys": [_public(number) for number in range(self._current, max(self._current - 2, 0), -1)]}


def _id(number: int) -> str:
    return f"sandbox-{number}"


def _public(number: int) -> dict[str, str]:
    numbers = _key(number).public_key().public_numbers()
    return {
        "kty": "RSA",
        "use": "sig",
        "alg": "RS256",
        "kid": _id(number),
        "n": _url_safe(numbers.n, _BITS // 8),
        "e": _url_safe(numbers.e, 3),
    }


def _url_safe(number: int, size: int) -> str:
    return base64.urlsafe_b64encode(number.to_bytes(size, "big")).decode().rstrip("=")
