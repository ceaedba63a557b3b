"""A shop that keeps credit of its customers, in our words."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from connectors.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class GivenCredit:
    """Credit beyond what an order was paid with, to the order's customer.

    No shop takes a key or a note for it. It is known again by customer, amount and time: `since` is when it was wanted,
    and `taken` are the shop's ids of credits that were given for something else.
    """

    order: str
    amount_minor: int
    currency: str
    since: datetime
    taken: Collection[str] = ()


class CreditingShop(Protocol):
    """Raises: ConnectorError, where no Outcome is returned. Nothing here tells the customer."""

    async def give_credit(self, wanted: GivenCredit) -> Outcome:
        """Sent.external_id is the shop's id of the credit. Not keyed: repeated, it is given twice. VendorRejected
        `no_customer` for an order that belongs to nobody."""

    async def find_credit_given(self, wanted: GivenCredit) -> Outcome | None:
        """The same, read from the customer's account; None when it is not there."""
