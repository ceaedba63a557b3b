"""Passwords of agents: argon2id with the library's parameters (RFC 9106), which stand in each hash."""

import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ledger.operator import Refused

LEAST, MOST = 12, 256  # characters; the upper bound keeps a hostile text from costing more than a password
_hasher = PasswordHasher()


def hash_password(password: str) -> str:
    """Takes a tenth of a second and 64 MiB, on purpose. Raises: Refused for one that is too short or too long."""
    if not LEAST <= len(password) <= MOST:
        raise Refused(f"a password has {LEAST} to {MOST} characters; a few unrelated words are easy to remember")
    return _hasher.hash(password)


def matches(stored: str | None, password: str) -> bool:
    """Whether it is the password of this hash. Without a hash the answer is no, and it takes as long."""
    try:
        return _hasher.verify(stored or _nobody(), password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def outdated(stored: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(stored)


@cache
def _nobody() -> str:
    return _hasher.hash(secrets.token_hex(32))
