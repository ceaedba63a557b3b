"""Money taken outside the shop: a hosted payment page with an end."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from connectors.disputes import DisputeSource
from connectors.outcomes import Outcome
from domain.disputes import StatedDispute


@dataclass(frozen=True, slots=True)
class LinkRequest:
    """`key` is the vendor's idempotency key, `reference` our request's id (comes back in webhooks). The page is
    closed at `expires_at`, which vendors keep within bounds (30 minutes to 24 hours). `description` names no person."""

    key: str
    reference: str
    amount_minor: int
    currency: str
    description: str
    expires_at: datetime
    success_url: str
    cancel_url: str
    locale: str = "en"


class LinkState(StrEnum):
    OPEN = "open"
    PAID = "paid"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class PaymentLink:
    """`payment` is the vendor's id of the money, to refund it; empty until it is paid."""

    external_id: str
    state: LinkState
    url: str
    reference: str
    amount_minor: int
    currency: str
    payment: str = ""
    paid_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PaymentRefund:
    """`key` is the vendor's idempotency key; `reference` our refund's id, which a look-up knows it by."""

    key: str
    payment: str
    amount_minor: int
    currency: str
    reference: str


class RefundState(StrEnum):
    PENDING = "pending"
    SUCCEEDED = "succeeded"


class Payments(DisputeSource, Protocol):
    """Raises: ConnectorError, where no Outcome is returned."""

    system: str
    account: str
    dispute_topics: tuple[str, ...]  # of deliveries about disputes, whose subject is the dispute

    async def create_link(self, request: LinkRequest) -> Outcome:
        """Sent.external_id is the link's id, data["url"] its page. Keyed."""

    async def fetch_link(self, external_id: str) -> PaymentLink | None:
        """The link as it is now."""

    async def expire_link(self, external_id: str) -> Outcome:
        """Close the page; one that is closed counts as sent. VendorRejected `paid` when the money is there."""

    async def refund(self, request: PaymentRefund) -> Outcome:
        """Sent.external_id is the refund's id, data["state"] a RefundState: one that is pending may still fail. Keyed.
        VendorRejected `declined`, `too_much`."""

    async def find_refund(self, request: PaymentRefund) -> Outcome | None:
        """What became of a refund: Sent as of `refund`, VendorRejected when it failed (also after it had
        succeeded: banks send money back), None when there is none under `reference`."""

    async def fetch_dispute(self, external_id: str) -> StatedDispute | None:
        """A dispute as it is now; None when there is none of that id."""

    async def check(self) -> str:
        """Prove that credentials work; returns the account's display name."""
