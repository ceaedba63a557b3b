"""A shop that keeps returns of its own, in our words."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from connectors.disputes import DisputeSource
from connectors.outcomes import Outcome
from connectors.shops.crediting import CreditingShop
from domain.disputes import DisputeState, StatedDispute
from domain.returns.words import ReturnReason


@dataclass(frozen=True, slots=True)
class ReturnCapabilities:
    """Declared, never guessed from a vendor's name."""

    keyed_refunds: bool  # a refund repeated under its key is answered with the first result
    lookup_by_reference: bool  # a return is found by our reference, its parcel by the tracking number
    repeats_look_first: bool  # processing and disposing say totals: what is there already is not done again


class ShopReturnState(StrEnum):
    REQUESTED = "requested"  # by the customer in the shop; nobody has answered
    OPEN = "open"
    CLOSED = "closed"
    DECLINED = "declined"
    CANCELLED = "cancelled"


class DeclineReason(StrEnum):
    FINAL_SALE = "final_sale"
    TOO_LATE = "too_late"
    OTHER = "other"


class Placed(StrEnum):
    """What the shop is told of units that were expected back."""

    RESTOCKED = "restocked"  # the shop counts them as stock of a location
    NOT_RESTOCKED = "not_restocked"
    MISSING = "missing"
    UNDECIDED = "undecided"  # another word may follow


@dataclass(frozen=True, slots=True)
class ReturnableUnits:
    """Units of an order line that went out in one parcel and can still be returned. Ids are the shop's."""

    fulfilled_line: str
    line: str
    quantity: int


@dataclass(frozen=True, slots=True)
class WantedReturnLine:
    fulfilled_line: str
    quantity: int
    reason: ReturnReason | None = None


@dataclass(frozen=True, slots=True)
class WantedExchange:
    """What the customer gets instead. `variant`: the shop's id; `discount_minor`: off the price of each unit, in minor
    units of the draft's currency."""

    variant: str
    quantity: int
    discount_minor: int = 0


@dataclass(frozen=True, slots=True)
class ReturnDraft:
    """A return that was approved here. `reference` is our request's id: a look-up knows the return by it.

    `fee_minor`: what is kept for the way back, in minor units of `currency`, what the customer paid in. `exchanges`
    become lines of the order when they are processed, and hold no stock in the shop before.
    """

    order: str
    reference: str
    lines: tuple[WantedReturnLine, ...]
    fee_minor: int = 0
    currency: str = ""
    requested_at: datetime | None = None
    exchanges: tuple[WantedExchange, ...] = ()


@dataclass(frozen=True, slots=True)
class ShopReturnLine:
    """`processed`: units that have left the order for good; `refunded`: units whose money a refund counts."""

    external_id: str
    fulfilled_line: str
    line: str
    quantity: int
    processed: int
    refunded: int
    reason: ReturnReason
    note: str


@dataclass(frozen=True, slots=True)
class ShopExchangeLine:
    """`processed`: units that are lines of the order now."""

    external_id: str
    variant: str
    quantity: int
    processed: int


@dataclass(frozen=True, slots=True)
class PlacedUnits:
    placed: Placed
    quantity: int
    location: str = ""


@dataclass(frozen=True, slots=True)
class AwaitedLine:
    """Units that one place expects. `open`: units about which nothing final has been said."""

    external_id: str
    fulfilled_line: str
    quantity: int
    placed: tuple[PlacedUnits, ...] = ()

    @property
    def open(self) -> int:
        return self.quantity - sum(each.quantity for each in self.placed if each.placed is not Placed.UNDECIDED)

    def said(self, placed: Placed, location: str) -> int:
        """Units of which exactly this was said."""
        return sum(each.quantity for each in self.placed if (each.placed, each.location) == (placed, location))


@dataclass(frozen=True, slots=True)
class ParcelBack:
    external_id: str
    tracking_number: str


@dataclass(frozen=True, slots=True)
class Awaited:
    """What one place expects of a return."""

    external_id: str
    is_open: bool
    lines: tuple[AwaitedLine, ...]
    parcels: tuple[ParcelBack, ...] = ()


@dataclass(frozen=True, slots=True)
class ShopReturn:
    """A return as the shop has it now. `name` is for people."""

    external_id: str
    name: str
    order: str
    state: ShopReturnState
    lines: tuple[ShopReturnLine, ...]
    awaited: tuple[Awaited, ...] = ()
    exchanges: tuple[ShopExchangeLine, ...] = ()

    def referenced(self, reference: str) -> bool:
        """Whether it was made for our request of that id."""
        return bool(reference) and any(line.note == reference for line in self.lines)


@dataclass(frozen=True, slots=True)
class SendBack:
    """The parcel that brings all that is awaited. `replaces`: tracking number of a label that is of no use any more."""

    returned: str
    tracking_number: str
    tracking_url: str = ""
    label_url: str = ""
    replaces: str = ""


@dataclass(frozen=True, slots=True)
class Disposal:
    """How many units of an awaited line are to have this word in all, whenever it was said."""

    awaited_line: str
    placed: Placed
    quantity: int
    location: str = ""  # needed for units that are restocked


@dataclass(frozen=True, slots=True)
class CreditRefund:
    """Money of an order given back as the shop's own credit. `key` and `note` as of a `RefundRequest`."""

    key: str
    order: str
    amount_minor: int
    currency: str
    note: str
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ShopDispute:
    """A bank takes money back for its customer; an inquiry only asks."""

    external_id: str
    state: DisputeState
    is_inquiry: bool


class ReturningShop(CreditingShop, DisputeSource, Protocol):
    """Raises: ConnectorError, where no Outcome is returned.

    Nothing here tells the customer: messages are ours. Money and goods move apart: nothing here but the refunds moves
    money.
    """

    return_capabilities: ReturnCapabilities

    async def returnable(self, order: str) -> list[ReturnableUnits]:
        """What can still be returned of an order."""

    async def returns_of(self, order: str) -> list[ShopReturn]:
        """All returns of an order, in any state."""

    async def fetch_return(self, external_id: str) -> ShopReturn | None:
        """A return as it is now; None when there is none."""

    async def returns_about(self, subject: str) -> list[ShopReturn]:
        """What a delivery is about (its `subject`): a return, or an order with all of its returns."""

    def returns_under_way(self, known: Sequence[str]) -> AsyncIterator[list[ShopReturn]]:
        """Pages of returns that have not ended in the shop, and the known ones in whatever state."""

    async def find_return(self, order: str, reference: str) -> ShopReturn | None:
        """The order's return that was made for our request; a living one before one that was cancelled."""

    async def create_return(self, draft: ReturnDraft) -> Outcome:
        """Open a return. Sent.external_id is its id. Not keyed: after OutcomeUnknown ask `find_return`.
        VendorRejected `bad_quantity` (more than can be returned), `not_found`."""

    async def approve_return(self, external_id: str) -> Outcome:
        """A customer's request becomes an open return. Safe to repeat, as the next three; VendorRejected
        `invalid_state` where it is in a state that this cannot follow."""

    async def decline_return(self, external_id: str, reason: DeclineReason, note: str) -> Outcome:
        """Refuse a customer's request. `note` is shown to them, 500 characters at most."""

    async def cancel_return(self, external_id: str) -> Outcome:
        """End a return of which nothing has happened yet; its units can be returned again."""

    async def close_return(self, external_id: str) -> Outcome:
        """No more work is expected on it."""

    async def process_return(self, external_id: str, processed: Sequence[tuple[str, int]]) -> Outcome:
        """Units leave the order: (id of the return's line, units in all). Sent.data["units"] is how many went now.
        After OutcomeUnknown repeat it: it looks first. VendorRejected `bad_quantity`, `invalid_state`."""

    async def process_exchanges(self, external_id: str) -> Outcome:
        """All that a return promises in exchange joins its order, which then wants it shipped. Sent.data["units"] is
        how many went now. Looks first, and is to be repeated after OutcomeUnknown. VendorRejected `no_exchange` where
        the return promises none, `invalid_state`."""

    async def send_back(self, parcel: SendBack) -> Outcome:
        """Tell the shop of the parcel and its label. Sent.external_id is the shop's id of it. Looks first.
        VendorRejected `invalid_state` where nothing is awaited."""

    async def dispose(self, external_id: str, disposals: Sequence[Disposal]) -> Outcome:
        """Say what became of units of a return. Sent.data["units"] is how many were new. Looks first, because the
        shop counts what is said twice. VendorRejected `already_disposed` where others have said something else."""

    async def refund_to_credit(self, request: CreditRefund) -> Outcome:
        """Outcome as of `Shop.refund`. Keyed."""

    async def find_credit(self, request: CreditRefund) -> Outcome | None:
        """As `Shop.find_refund`."""

    async def disputes_of(self, order: str) -> list[ShopDispute]:
        """The order's disputes as they are now."""

    async def told_dispute(self, body: bytes) -> StatedDispute:
        """The dispute that a delivery tells of, in the state that it is in now. Raises also: OrderError."""
