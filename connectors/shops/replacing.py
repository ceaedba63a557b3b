"""A shop that makes an order of ours in the place of a parcel that does not come, in our words."""

from dataclasses import dataclass
from typing import Protocol

from connectors.outcomes import Outcome
from domain.order import Address


@dataclass(frozen=True, slots=True)
class ReplacementLine:
    """`variant`: the shop's id."""

    variant: str
    quantity: int


@dataclass(frozen=True, slots=True)
class ReplacementOrder:
    """An order that costs its customer nothing. `reference` is ours: a look-up knows the order by it. `replaces`: the
    shop's id of the order whose parcel does not come; the new one belongs to its customer."""

    reference: str
    replaces: str
    ship_to: Address
    email: str
    shipping_code: str
    lines: tuple[ReplacementLine, ...]


class ReplacingShop(Protocol):
    """Raises: ConnectorError, where no Outcome is returned. Nothing here tells the customer."""

    async def place_replacement(self, wanted: ReplacementOrder) -> Outcome:
        """Sent.external_id is the new order's id. Not keyed: after OutcomeUnknown ask `find_replacement`.
        VendorRejected `not_found` (there is no such order), `bad_address`, `bad_lines`."""

    async def find_replacement(self, wanted: ReplacementOrder) -> Outcome | None:
        """The order of this reference, a cancelled one too; None when there is none."""
