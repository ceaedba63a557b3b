"""A shop whose orders can be changed after they were placed, in our words."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from connectors.outcomes import Outcome
from domain.order import Address


@dataclass(frozen=True, slots=True)
class LineQuantity:
    """What an existing line is to have in all, units that have shipped included; 0 removes what has not shipped."""

    line: str
    quantity: int


@dataclass(frozen=True, slots=True)
class AddedVariant:
    variant: str
    quantity: int


@dataclass(frozen=True, slots=True)
class ShippingChoice:
    """Another shipping method in place of all that the order has. `price_minor` before tax."""

    title: str
    price_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class LinesEdit:
    """One change of an order's lines and shipping, all or nothing. Ids are the shop's.

    `before`: ids of the lines that the order had when the edit was made; whatever else is there at a look-up was
    added by it (or by somebody else).
    """

    order: str
    before: tuple[str, ...]
    quantities: tuple[LineQuantity, ...] = ()
    added: tuple[AddedVariant, ...] = ()
    shipping: ShippingChoice | None = None


@dataclass(frozen=True, slots=True)
class CalculatedLine:
    """A line of the order as it would be. `line` is the shop's id of an existing line, empty for an added one."""

    line: str
    variant: str
    sku: str
    title: str
    quantity: int
    unit_price_minor: int  # before discounts
    discounted_unit_price_minor: int


@dataclass(frozen=True, slots=True)
class CalculatedOrder:
    """What the shop says the order would cost, in minor units of `currency` (what the customer pays in).

    `outstanding_minor` is what the shop would then have to get (positive) or to give back (negative), by its own
    count of payments. `discounts`: titles or codes of the discounts that apply, each once, sorted.
    """

    currency: str
    total_minor: int
    subtotal_minor: int
    tax_minor: int
    shipping_minor: int
    outstanding_minor: int
    lines: tuple[CalculatedLine, ...]
    discounts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ManualPayment:
    """Money taken elsewhere. `method` is unique to the payment: it is what a look-up knows it by."""

    order: str
    amount_minor: int
    currency: str
    method: str
    paid_at: datetime


class EditableShop(Protocol):
    """Raises: ConnectorError, where no Outcome is returned."""

    async def calculate(self, edit: LinesEdit) -> CalculatedOrder:
        """What the order would come to. Nothing is changed. VendorRejected `not_editable` (cancelled, too old, in
        another currency), `unknown_line`, `unknown_variant`, `bad_quantity` (fewer than have shipped)."""

    async def commit(self, edit: LinesEdit, *, expected_total_minor: int, note: str) -> Outcome:
        """Stage the edit, compare the shop's total with what the customer agreed to, commit, all in one go.
        VendorRejected `price_changed` where they differ (nothing is committed), else as `calculate`. The customer
        is not told by the shop. Not keyed: after OutcomeUnknown ask `committed`."""

    async def committed(self, edit: LinesEdit) -> bool | None:
        """Whether the order has exactly what the edit asks for: True, or False where nothing of it is there. None
        where the order is neither (somebody else has changed the same lines)."""

    async def set_address(self, order: str, ship_to: Address) -> Outcome:
        """Overwrite the shipping address; safe to repeat. VendorRejected `bad_address`, `not_editable`."""

    async def set_contact(self, order: str, *, email: str, phone: str) -> Outcome:
        """Overwrite the order's e-mail and phone; safe to repeat. Empty values are left as they are."""

    async def record_payment(self, payment: ManualPayment) -> Outcome:
        """Book money that was taken elsewhere. Not keyed: a look-up finds it among the order's transactions by
        `method`. VendorRejected `nothing_outstanding`."""
