"""Signed links: purpose, subject, version and expiry, so that a link does one thing for one order for a while."""

import hmac
from datetime import datetime, timedelta
from hashlib import sha256

from config.accounts import ConfigError
from config.settings import Settings

LIVES = timedelta(days=7)
ADDRESS_ANSWERS = ("accept_suggestion", "keep_address")


class BadLink(Exception):
    """The link does not do what it says; `code` is expired or forged."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def _key(settings: Settings) -> bytes:
    secret = settings.link_secret.get_secret_value()
    if len(secret) < 32:
        raise ConfigError("AFTERCART_LINK_SECRET must be set to at least 32 characters: it signs the links in mails")
    return secret.encode()


def _sign(settings: Settings, text: str) -> str:
    return hmac.new(_key(settings), text.encode(), sha256).hexdigest()[:40]


def answer_link(settings: Settings, *, purpose: str, subject: str, version: str, now: datetime | None = None) -> str:
    """A link to the receiver's answer page. Without `now` it does not expire by itself: the thing it answers
    does (the hold is released, the contact version is replaced)."""
    expires = int((now + LIVES).timestamp()) if now else 0
    text = f"{purpose}|{subject}|{version}|{expires}"
    base = settings.public_url.rstrip("/")
    return f"{base}/answers/{purpose}/{subject}/{version}/{expires}/{_sign(settings, text)}"


def check_link(
    settings: Settings, *, purpose: str, subject: str, version: str, expires: int, signature: str, now: datetime
) -> None:
    """Raises: BadLink."""
    wanted = _sign(settings, f"{purpose}|{subject}|{version}|{expires}")
    if not hmac.compare_digest(wanted, signature):
        raise BadLink("forged")
    if expires < now.timestamp():
        raise BadLink("expired")
