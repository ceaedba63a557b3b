"""Labels for the way back, in our words. Raises: ConnectorError."""

from dataclasses import dataclass, field
from typing import Protocol

from domain.order import Address
from domain.parcels import Parcel


@dataclass(frozen=True, slots=True)
class ReturnLabelCapabilities:
    """Declared, never guessed from a vendor's name."""

    keyed_writes: bool  # a repeat under the reference is answered with the first label
    lookup_by_reference: bool
    paid_on_use: bool  # a label that nobody uses costs nothing


@dataclass(frozen=True, slots=True)
class ReturnLabelRequest:
    """From the customer to where the goods are expected. `reference` is ours, unique to this label (another try has
    another one), 35 characters at most."""

    reference: str
    sender: Address = field(repr=False)
    receiver: Address
    parcel: Parcel


@dataclass(frozen=True, slots=True)
class ReturnLabel:
    """`pdf` is the file to print. `cost_minor` is None where a look-up does not tell it."""

    external_id: str
    tracking_number: str
    carrier: str
    service: str
    pdf: bytes = field(repr=False)
    cost_minor: int | None = None
    currency: str = ""


class ReturnLabels(Protocol):
    code: str
    account: str
    return_label_capabilities: ReturnLabelCapabilities

    async def buy_return(self, request: ReturnLabelRequest) -> ReturnLabel:
        """Make the label. Not keyed: OutcomeUnknown is left by `find_return`. VendorRejected `bad_address`,
        `bad_reference`, `unknown_shipper`, `rejected`."""

    async def find_return(self, reference: str) -> ReturnLabel | None:
        """The label that was made under the reference and is still good; None when there surely is none.
        VendorRejected `ambiguous_reference` where there are several."""

    async def void_return(self, tracking_number: str) -> None:
        """The label shall not be used any more. One that is void already counts as done; VendorRejected
        `not_voidable` where it is still good."""

    async def check(self) -> str:
        """Prove that credentials work; returns the account's display name."""


@dataclass(frozen=True, slots=True)
class PaperlessCode:
    """A picture that a counter prints the label from, for customers without a printer."""

    content: bytes = field(repr=False)
    content_type: str


class PaperlessSource(Protocol):
    async def paperless_code(self, quote: str) -> PaperlessCode:
        """The code of a label that was bought for this quote; asked again, also after OutcomeUnknown, the same.
        VendorRejected `no_code` where its carrier prints from none."""
