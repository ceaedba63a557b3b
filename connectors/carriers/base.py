"""Address verification, rates, labels and tracking in our words. Raises: ConnectorError."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from domain.order import Address
from domain.parcels import Label, Parcel, Quote, Tracker


class AddressVerdict(StrEnum):
    DELIVERABLE = "deliverable"
    CORRECTED = "corrected"  # deliverable, but the carrier writes it differently in substance
    MISSING_UNIT = "missing_unit"
    UNVERIFIABLE = "unverifiable"


@dataclass(frozen=True, slots=True)
class AddressCheck:
    """`suggestion` is set for `corrected`; `codes` are the vendor's error codes."""

    verdict: AddressVerdict
    suggestion: Address | None = None
    codes: tuple[str, ...] = ()


class AddressVerifier(Protocol):
    async def verify(self, address: Address) -> AddressCheck:
        """Safe to repeat."""


class LabelSource(Protocol):
    code: str

    async def quote(self, *, ship_from: Address, ship_to: Address, parcel: Parcel, reference: str) -> Quote:
        """Rates for a parcel. Buys nothing."""

    async def buy(self, quote: str, rate: str) -> Label:
        """Buy the label. OutcomeUnknown is left by `find_label`."""

    async def find_label(self, quote: str) -> Label | None:
        """The label bought for this quote, or None when none was."""

    async def void(self, quote: str) -> None:
        """Ask the money back for an unused label. Asking again changes nothing."""

    async def fetch_label(self, url: str) -> bytes:
        """The label's file (PDF)."""


class TrackerSource(Protocol):
    code: str

    async def create_tracker(self, tracking_number: str, carrier: str) -> Tracker:
        """Follow a parcel; the same number again gives the same tracker."""

    async def fetch_trackers(self, external_ids: Sequence[str]) -> list[Tracker]:
        """Trackers as they are now."""

    def trackers_updated_since(self, since: datetime) -> AsyncIterator[list[Tracker]]:
        """Pages of trackers."""

    async def ensure_subscriptions(self, callback_url: str) -> list[str]:
        """Create the webhook if missing."""

    async def check(self) -> str:
        """Prove that credentials work."""
