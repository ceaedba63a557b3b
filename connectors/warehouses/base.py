"""A warehouse node in our words."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.catalogue import NodeStock
from domain.nodes import NodeOrder, NodeOrderRequest


@dataclass(frozen=True, slots=True)
class NodeCapabilities:
    """Declared, never guessed from a vendor's name."""

    can_hold: bool  # takes an order and keeps it back until told
    keyed_writes: bool  # a repeated reference is answered with the first result
    lookup_by_reference: bool
    ships_itself: bool  # buys its own labels


class Warehouse(Protocol):
    """Raises: ConnectorError."""

    system: str
    account: str
    capabilities: NodeCapabilities

    async def create_order(self, request: NodeOrderRequest) -> NodeOrder:
        """Hand one fulfilment order over, once per reference.

        A repeated reference whose content equals ours counts as done; with other content it is VendorRejected
        with reason `reference_conflict`; not enough stock or a bad SKU is VendorRejected (`no_stock`,
        `unknown_sku`), a bad address `bad_address`.
        """

    async def find_order(self, reference: str) -> NodeOrder | None:
        """What the node has under our reference; None when it surely has nothing."""

    async def cancel_order(self, external_id: str) -> None:
        """Ask to cancel everything not yet labelled. VendorRejected with reason `too_late` otherwise."""

    def orders_updated_since(self, since: datetime) -> AsyncIterator[list[NodeOrder]]:
        """Pages of orders changed since then."""

    def stock(self) -> AsyncIterator[list[NodeStock]]:
        """Pages of stock per SKU."""

    async def ensure_subscriptions(self, callback_url: str) -> list[str]:
        """Create missing webhook subscriptions; returns the topics created."""

    async def check(self) -> str:
        """Prove that credentials work; returns the account's display name."""
