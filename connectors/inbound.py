"""How each vendor signs its deliveries, and what their headers say beside the signature. Data, one line a vendor."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from connectors import webhooks


class Verify(Protocol):
    def __call__(self, body: bytes, headers: Mapping[str, str], secret: str, *, now: datetime) -> None:
        """Raises: webhooks.BadSignature."""


class VerifyByKey(Protocol):
    def __call__(self, body: bytes, headers: Mapping[str, str], key: RSAPublicKey | None, *, now: datetime) -> None:
        """Raises: webhooks.BadSignature."""


@dataclass(frozen=True, slots=True)
class ByKey:
    """Signed with a private key of the vendor's: `key_header` names which, its public ones are at `keys_path`."""

    verify: VerifyByKey
    key_header: str
    keys_path: str


class VerifyUrl(Protocol):
    def __call__(self, body: bytes, headers: Mapping[str, str], secret: str, *, url: str, now: datetime) -> None:
        """`url`: as the vendor called it. Raises: webhooks.BadSignature."""


@dataclass(frozen=True, slots=True)
class ByUrl:
    """Signed together with the address that the vendor was given."""

    verify: VerifyUrl


@dataclass(frozen=True, slots=True)
class Inbound:
    """`verify` is by a shared secret, by the vendor's public key or with its own address. `timed`: the signature
    carries a time, judged by the product's clock. `topic_header`, `origin_header`: where the topic and the sender's own
    name for the account stand, empty when nowhere. `answer`: what the vendor wants to read, with its media type, where
    that is not ours."""

    verify: Verify | ByKey | ByUrl
    timed: bool = False
    topic_header: str = ""
    origin_header: str = ""
    answer: tuple[bytes, str] | None = None


INBOUND: Mapping[str, Inbound] = {
    "shopify": Inbound(webhooks.verify_shopify, topic_header="x-shopify-topic", origin_header="x-shopify-shop-domain"),
    "shipbob": Inbound(webhooks.verify_standard, timed=True, topic_header="x-webhook-topic"),
    "easypost": Inbound(webhooks.verify_easypost),
    "stripe": Inbound(webhooks.verify_stripe, timed=True),
    "shipengine": Inbound(ByKey(webhooks.verify_shipengine, webhooks.SHIPENGINE_KEY, "/jwks"), timed=True),
    # an empty TwiML document: anything else is sent to the phone, or written down as an error of ours
    "twilio": Inbound(ByUrl(webhooks.verify_twilio), answer=(b"<Response/>", "text/xml")),
}
