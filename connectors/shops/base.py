"""A shop in our words. Each vendor module keeps the vendor's words to itself."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from connectors.outcomes import Outcome
from domain.catalogue import CatalogueProduct, ShopStock, StockWrite
from domain.order import IncomingOrder, ShopFulfilmentOrder


@dataclass(frozen=True, slots=True)
class HoldRequest:
    """Hold one fulfilment order of the shop under our handle (unique per fulfilment order and app)."""

    fulfilment_order: str
    handle: str
    reason_notes: str


@dataclass(frozen=True, slots=True)
class ReleaseRequest:
    """Release exactly these holds; never somebody else's."""

    fulfilment_order: str
    hold_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FulfilRequest:
    """Tell the shop of one parcel. `lines`: (shop fulfilment order id, its line id, quantity)."""

    order: str
    lines: tuple[tuple[str, str, int], ...]
    tracking_number: str
    carrier: str
    tracking_url: str = ""


@dataclass(frozen=True, slots=True)
class CaptureRequest:
    order: str
    authorization: str
    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """Refund to the tender of `parent_transaction` under an idempotency key of ours. `note` names this refund and this
    try of it: a look-up knows it by the note."""

    key: str
    order: str
    parent_transaction: str
    gateway: str
    amount_minor: int
    currency: str
    note: str


@dataclass(frozen=True, slots=True)
class CancelRequest:
    order: str
    refund: bool
    restock: bool
    reason: str  # customer, declined, fraud, inventory, other
    note: str


class Shop(Protocol):
    """All ids are the vendor's, as text. Raises: ConnectorError."""

    system: str
    account: str

    async def fetch_orders(self, external_ids: Sequence[str]) -> list[IncomingOrder]:
        """The orders as they are now, in any order; unknown ids are left out."""

    def orders_updated_since(self, since: datetime) -> AsyncIterator[list[IncomingOrder]]:
        """Pages of orders by rising `updated_at`, inclusive."""

    def catalogue(self, since: datetime | None) -> AsyncIterator[list[CatalogueProduct]]:
        """Pages of products changed since then, or all."""

    async def locations(self) -> dict[str, str]:
        """The shop's locations: id -> name."""

    def stock(self) -> AsyncIterator[list[ShopStock]]:
        """Pages of what the shop shows per stock item and location."""

    async def read_stock(self, inventory_external_ids: Sequence[str]) -> list[ShopStock]:
        """The same for some stock items."""

    async def set_available(self, writes: Sequence[StockWrite]) -> list[Outcome]:
        """Compare-and-set; a stale expectation is VendorRejected with reason `stale`."""

    async def hold(self, requests: Sequence[HoldRequest]) -> list[Outcome]:
        """Sent.external_id is the hold's id; a hold that already stands under the handle counts as sent."""

    async def release(self, requests: Sequence[ReleaseRequest]) -> list[Outcome]:
        """A hold that is no longer there counts as released."""

    async def fulfilment_orders(self, external_ids: Sequence[str]) -> list[ShopFulfilmentOrder]:
        """The shop's fulfilment orders as they are now (holds, remaining quantities)."""

    async def fulfil(self, requests: Sequence[FulfilRequest]) -> list[Outcome]:
        """Write a parcel's tracking back. Sent.external_id is the shop's fulfilment id."""

    async def capture(self, request: CaptureRequest) -> Outcome:
        """Capture an authorisation. Sent.external_id is the capture's transaction id."""

    async def refund(self, request: RefundRequest) -> Outcome:
        """Refund money; the vendor honours `key` for a while. Sent.external_id is the refund's id, data["transaction"]
        its money's, data["status"] pending or success."""

    async def find_refund(self, request: RefundRequest) -> Outcome | None:
        """What became of a refund: as `refund`, VendorRejected when the gateway refused it, None when there is none of
        this `note`."""

    async def cancel_order(self, request: CancelRequest) -> Outcome:
        """Start a cancellation and wait until the shop has done it. Sent.external_id is the job's id."""

    async def ensure_subscriptions(self, callback_url: str) -> list[str]:
        """Create the webhook subscriptions that are missing; returns the topics created."""

    async def check(self) -> str:
        """Prove that credentials work; returns the account's display name."""
