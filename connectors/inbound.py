"""How each vendor signs its deliveries, and what their headers say beside the signature. Data, one line a vendor."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from connectors import webhooks


class Verify(Protocol):
    def __call__(self, body: bytes, headers: Mapping[str, str], secret: str, *, now: datetime) -> None:
        """Raises: webhooks.BadSignature."""


@dataclass(frozen=True, slots=True)
class Inbound:
    """`timed`: the signature carries a time, judged by the product's clock. `topic_header`, `origin_header`: where
    the topic and the sender's own name for the account stand, empty when nowhere."""

    verify: Verify
    timed: bool = False
    topic_header: str = ""
    origin_header: str = ""


INBOUND: Mapping[str, Inbound] = {
    "shopify": Inbound(webhooks.verify_shopify, topic_header="x-shopify-topic", origin_header="x-shopify-shop-domain"),
    "shipbob": Inbound(webhooks.verify_standard, timed=True, topic_header="x-webhook-topic"),
    "easypost": Inbound(webhooks.verify_easypost),
}
