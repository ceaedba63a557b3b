"""Address verification, rates, labels and tracking in our words. Raises: ConnectorError."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

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

    async def quote(
        self, *, ship_from: Address, ship_to: Address, parcel: Parcel, reference: str, back: bool = False
    ) -> Quote:
        """Rates for a parcel. Buys nothing. `back`: for its way back, from who it went to, to who sent it."""

    async def buy(self, quote: str, rate: str) -> Label:
        """Buy the label. OutcomeUnknown is left by `find_label`."""

    async def find_label(self, quote: str) -> Label | None:
        """The label bought for this quote, or None when none was."""

    async def void(self, quote: str) -> None:
        """Ask the money back for an unused label. Asking again changes nothing."""

    async def fetch_label(self, url: str) -> bytes:
        """The label's file (PDF)."""


@dataclass(frozen=True, slots=True)
class ParcelRef:
    """A parcel at whoever follows it. `source_external_id` is what the source gave when it began to follow."""

    source_external_id: str
    tracking_number: str
    carrier: str


@dataclass(frozen=True, slots=True)
class SourceLimits:
    """What an account may ask: `per_second` None where the vendor says nothing. `at_once` is ours, to be polite."""

    at_once: int
    per_second: float | None = None


class TrackingSource(Protocol):
    """Somebody who tells of parcels: an aggregator or a carrier itself.

    `batch`: the most parcels that one `fetch` takes. `carriers`: those it follows, in lower case and by the names that
    parcels have; empty for any.
    """

    code: str
    account: str
    batch: int
    limits: SourceLimits
    carriers: frozenset[str]

    async def fetch(self, refs: Sequence[ParcelRef]) -> Sequence[Tracker]:
        """What is known now, all scans oldest first, under the refs' `source_external_id`; parcels that the source
        does not know are left out. Raises: VendorRejected (`unreadable_answer` too), Retryable, AuthFailed."""

    async def follow(self, tracking_number: str, carrier: str) -> Tracker:
        """Begin to follow a parcel; the same number again gives the same `external_id`."""

    async def check(self) -> str:
        """Prove that credentials work."""


@runtime_checkable
class Subscribing(Protocol):
    """A source that sends webhooks as well."""

    async def ensure_subscriptions(self, callback_url: str) -> list[str]:
        """Create the webhook if missing; returns what it was created for."""


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
