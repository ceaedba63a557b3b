"""Signed links and sessions: purpose, subject, version and expiry, so that each does one thing for one order for a
while. All are signed under the one secret; what is signed begins with its purpose, so that none passes for another."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from urllib.parse import urlsplit

from config.accounts import Account, ConfigError
from config.settings import Settings

LIVES = timedelta(days=7)
ADDRESS_ANSWERS = ("accept_suggestion", "keep_address")
ORDER_PAGE = "order_page"
REQUEST_PAGE = "request_page"
GIFT_PAGE = "gift_page"
TRACK_PAGE = "track_page"
OFFER_PAGE = "offer_page"
ORDER_SESSION = "order_session"
UNSUBSCRIBE = "unsubscribe"


class BadLink(Exception):
    """The link does not do what it says; `code` is expired or forged."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Grant:
    """What the holder of a link or of a session may do, to what, as it stood at which version, and until when."""

    purpose: str
    subject: str
    version: str
    expires: int  # seconds since 1970, on the product's clock


def is_ready(settings: Settings) -> bool:
    """Whether there is a secret to sign with."""
    return len(settings.link_secret.get_secret_value()) >= 32


def _key(settings: Settings) -> bytes:
    if not is_ready(settings):
        raise ConfigError("AFTERCART_LINK_SECRET must be set to at least 32 characters: it signs the links in mails")
    return settings.link_secret.get_secret_value().encode()


def _sign(settings: Settings, text: str) -> str:
    return hmac.new(_key(settings), text.encode("utf-8", "surrogatepass"), sha256).hexdigest()[:40]


def _signature(settings: Settings, grant: Grant) -> str:
    return _sign(settings, f"{grant.purpose}|{grant.subject}|{grant.version}|{grant.expires}")


def answer_link(settings: Settings, *, purpose: str, subject: str, version: str, now: datetime) -> str:
    """A link to the receiver's answer page."""
    grant = Grant(purpose, subject, version, int((now + LIVES).timestamp()))
    return f"{_base(settings)}/answers/{purpose}/{_tail(settings, grant)}"


def order_link(settings: Settings, *, order_id: str, version: int, expires_at: datetime) -> str:
    """A link that opens an order's page. `version`: of the mailbox that it is sent to, see `ledger.order_access`."""
    grant = Grant(ORDER_PAGE, order_id, str(version), int(expires_at.timestamp()))
    return f"{_base(settings)}/portal/links/{_tail(settings, grant)}"


def gift_link(settings: Settings, *, order_id: str, version: str, expires_at: datetime) -> str:
    """A link that the buyer hands on: whoever got the order as a gift may send it back, and sees no prices."""
    grant = Grant(GIFT_PAGE, order_id, version, int(expires_at.timestamp()))
    return f"{_base(settings)}/portal/gifts/{_tail(settings, grant)}"


def track_link(settings: Settings, *, order_id: str, version: int, expires_at: datetime) -> str:
    """A link to where an order's parcels are, for messages that are read over a shoulder: it opens no session, and its
    page shows towns and days. `version`: as for `order_link`."""
    grant = Grant(TRACK_PAGE, order_id, str(version), int(expires_at.timestamp()))
    return f"{_base(settings)}/portal/track/{_tail(settings, grant)}"


def request_link(settings: Settings, *, order_id: str, version: int, request_id: str, expires_at: datetime) -> str:
    """A link that opens the order and leads to the page of one request of it. `version`: as for `order_link`."""
    grant = request_grant(order_id, str(version), request_id, int(expires_at.timestamp()))
    tail = f"{order_id}/{version}/{request_id}/{grant.expires}/{_signature(settings, grant)}"
    return f"{_base(settings)}/portal/requests/{tail}"


def request_grant(order_id: str, version: str, request_id: str, expires: int) -> Grant:
    """What such a link grants: the order, at that version of its mailbox, by way of this request."""
    return Grant(REQUEST_PAGE, order_id, f"{version}:{request_id}", expires)


def offer_link(settings: Settings, *, order_id: str, version: int, shipment_id: str, expires_at: datetime) -> str:
    """A link to the page of what is offered for a parcel: opened it shows, one tap takes. `version`: as for
    `order_link`. Good for longer than the offer, so that whoever comes late is told why there is none."""
    grant = offer_grant(order_id, str(version), shipment_id, int(expires_at.timestamp()))
    tail = f"{order_id}/{version}/{shipment_id}/{grant.expires}/{_signature(settings, grant)}"
    return f"{_base(settings)}/portal/offers/{tail}"


def offer_grant(order_id: str, version: str, shipment_id: str, expires: int) -> Grant:
    """What such a link grants: to answer for this parcel of the order, to that version of its mailbox."""
    return Grant(OFFER_PAGE, order_id, f"{version}:{shipment_id}", expires)


def order_page(settings: Settings, *, order_id: str) -> str:
    """The order's page for whoever has opened it before; anybody else is asked who they are."""
    return f"{_base(settings)}/portal/orders/{order_id}"


def unsubscribe_link(settings: Settings, *, order_id: str, version: int, expires_at: datetime) -> str:
    """Where a mail's own button "unsubscribe" posts to (RFC 8058). `version`: of the mailbox that the mail goes to."""
    grant = Grant(UNSUBSCRIBE, order_id, str(version), int(expires_at.timestamp()))
    return f"{_base(settings)}/portal/unsubscribe/{_tail(settings, grant)}"


def hook_url(settings: Settings, account: Account) -> str:
    """Where an account's vendor posts what has happened."""
    return f"{_base(settings)}/hooks/{account.system}/{account.account}"


def _tail(settings: Settings, grant: Grant) -> str:
    return f"{grant.subject}/{grant.version}/{grant.expires}/{_signature(settings, grant)}"


def _base(settings: Settings) -> str:
    return settings.public_url.rstrip("/")


def path_prefix(settings: Settings) -> str:
    """The path of `AFTERCART_PUBLIC_URL`, which a proxy in front takes off again; usually none."""
    return urlsplit(_base(settings)).path


def is_https(settings: Settings) -> bool:
    return urlsplit(settings.public_url).scheme == "https"


def check_link(
    settings: Settings, *, purpose: str, subject: str, version: str, expires: int, signature: str, now: datetime
) -> Grant:
    """Raises: BadLink."""
    grant = Grant(purpose, subject, version, expires)
    wanted = _signature(settings, grant)
    if not hmac.compare_digest(wanted.encode(), signature.encode("utf-8", "replace")):
        raise BadLink("forged")
    if expires < now.timestamp():
        raise BadLink("expired")
    return grant


def seal(settings: Settings, grant: Grant) -> str:
    """A grant as the value of a cookie."""
    return "~".join((grant.purpose, grant.subject, grant.version, str(grant.expires), _signature(settings, grant)))


def unseal(settings: Settings, text: str, *, purpose: str, now: datetime) -> Grant:
    """Raises: BadLink."""
    said, *rest = text.split("~")
    if said != purpose or len(rest) != 4 or not _is_number(rest[2]):
        raise BadLink("forged")
    subject, version, expires, signature = rest
    return check_link(
        settings,
        purpose=purpose,
        subject=subject,
        version=version,
        expires=int(expires),
        signature=signature,
        now=now,
    )


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 15


def expiry_of(text: str) -> int | None:
    """The expiry as it stands in a link's path; none when it is no time at all."""
    return int(text) if _is_number(text) else None


def form_token(settings: Settings, bound_to: str) -> str:
    """The token that a form of ours carries: whoever does not hold the session (or the visit) cannot make it."""
    return _sign(settings, f"form|{bound_to}")


def is_form_token(settings: Settings, bound_to: str, given: str) -> bool:
    return hmac.compare_digest(form_token(settings, bound_to).encode(), given.encode("utf-8", "replace"))


def fingerprint(settings: Settings, what: str, text: str) -> str:
    """A hash of something personal, under our secret and only for this use: it can be counted, not read back."""
    return f"{what}:{_sign(settings, f'fingerprint|{what}|{text}')}"
