"""A warehouse node in our words."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.catalogue import NodeStock
from domain.nodes import NodeLine, NodeOrder, NodeOrderRequest
from domain.order import Address


@dataclass(frozen=True, slots=True)
class NodeCapabilities:
    """Declared, never guessed from a vendor's name."""

    can_hold: bool  # takes an order and keeps it back until told
    keyed_writes: bool  # a repeated reference is answered with the first result
    lookup_by_reference: bool
    ships_itself: bool  # buys its own labels
    can_edit: bool = False  # is an EditableWarehouse


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

    async def fetch_order(self, external_id: str) -> NodeOrder | None:
        """The node's order by its own id, as it is now; None when there is none."""

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


class EditableWarehouse(Protocol):
    """A node that changes what it already has, as long as it has not labelled it.

    Both calls set the whole and read the order back. VendorRejected with reason `too_late` once it is too late;
    after OutcomeUnknown `find_order` tells by `request_digest` which of the two contents the node has.
    """

    async def change_address(self, external_id: str, ship_to: Address, email: str) -> NodeOrder:
        """Send everything that still goes out to another address; VendorRejected `bad_address`."""

    async def change_lines(self, external_id: str, lines: Sequence[NodeLine]) -> NodeOrder:
        """Send exactly these lines; VendorRejected `unknown_sku`, `bad_lines`, or `split` where it cannot."""
