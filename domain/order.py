"""A shop's order in our words, as a connector hands it over: plain values, nothing stored yet.

Amounts are minor units of `currency` (what the customer pays in); ids are the vendor's, as text, because
they exceed 2^53.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class OrderError(ValueError):
    """A body is not an order that we can take. `code` is stable; `where` names the field, never its value."""

    def __init__(self, code: str, where: str = "") -> None:
        super().__init__(f"{code}: {where}" if where else code)
        self.code = code
        self.where = where


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address with its contact. `region` and `country` are codes (ISO 3166-2 tail, ISO 3166-1)."""

    name: str = ""
    company: str = ""
    line1: str = ""
    line2: str = ""
    city: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""
    phone: str = ""


class TransactionKind(StrEnum):
    AUTHORIZATION = "authorization"
    CAPTURE = "capture"  # of an earlier authorisation
    SALE = "sale"  # authorised and captured at once
    REFUND = "refund"
    VOID = "void"
    CHANGE = "change"  # money handed back at a till; changes nothing that we count


class TransactionStatus(StrEnum):
    SUCCESS = "success"
    PENDING = "pending"  # also a vendor's "awaiting response": not money yet
    FAILED = "failed"


class RiskLevel(StrEnum):
    NONE = "none"  # the shop says nothing
    PENDING = "pending"  # the shop is still thinking
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class IncomingLine:
    """One line. `quantity` is what is wanted now (after edits). Discount and tax are of the whole line."""

    external_id: str
    sku: str
    title: str
    quantity: int
    unit_price_minor: int
    discount_minor: int = 0
    tax_minor: int = 0
    variant_external_id: str = ""
    requires_shipping: bool = True
    gift_card: bool = False


@dataclass(frozen=True, slots=True)
class IncomingTransaction:
    external_id: str
    kind: TransactionKind
    status: TransactionStatus
    amount_minor: int
    gateway: str
    processed_at: datetime
    parent_external_id: str = ""
    authorization_expires_at: datetime | None = None
    error_code: str = ""


@dataclass(frozen=True, slots=True)
class ShopFulfilmentLine:
    external_id: str
    line_external_id: str
    remaining: int


@dataclass(frozen=True, slots=True)
class ShopHold:
    external_id: str
    handle: str
    ours: bool


@dataclass(frozen=True, slots=True)
class ShopFulfilmentOrder:
    """The shop's own fulfilment order. `status` is in our words: scheduled, open, on_hold, in_progress,
    incomplete, closed, cancelled."""

    external_id: str
    status: str
    lines: tuple[ShopFulfilmentLine, ...]
    holds: tuple[ShopHold, ...] = ()
    location_external_id: str = ""


@dataclass(frozen=True, slots=True)
class ShopFulfilment:
    """A parcel that the shop already knows."""

    external_id: str
    tracking_numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RiskFact:
    description: str
    sentiment: str


@dataclass(frozen=True, slots=True)
class Risk:
    level: RiskLevel = RiskLevel.NONE
    recommendation: str = ""  # "accept", "investigate", "cancel" or empty
    facts: tuple[RiskFact, ...] = ()


@dataclass(frozen=True, slots=True)
class IncomingOrder:
    """One order as its source states it now; a later `updated_at` replaces an earlier one."""

    external_id: str
    name: str
    created_at: datetime
    updated_at: datetime
    currency: str
    lines: tuple[IncomingLine, ...]
    total_minor: int
    tax_minor: int = 0
    shipping_minor: int = 0  # after its own discount, without tax unless taxes are included
    shipping_tax_minor: int = 0
    discount_minor: int = 0
    other_minor: int = 0  # of the total, in no line and not shipping: tips, duties, fees, rounding; either sign
    taxes_included: bool = False
    email: str = ""
    phone: str = ""
    locale: str = "en"
    customer_external_id: str = ""
    shipping_address: Address | None = None
    billing_address: Address | None = None
    shipping_code: str = ""
    shipping_title: str = ""
    cancelled_at: datetime | None = None
    test: bool = False
    tags: tuple[str, ...] = ()
    transactions: tuple[IncomingTransaction, ...] = ()
    fulfilment_orders: tuple[ShopFulfilmentOrder, ...] = ()
    fulfilments: tuple[ShopFulfilment, ...] = ()
    risk: Risk = field(default_factory=Risk)


def check_incoming(order: IncomingOrder) -> None:
    """Refuse what cannot be an order. Raises: OrderError with the field's name."""
    if not order.external_id:
        raise OrderError("missing_id", "external_id")
    if not order.lines:
        raise OrderError("no_lines", "lines")
    for index, line in enumerate(order.lines, start=1):
        if line.quantity < 0:
            raise OrderError("negative_quantity", f"lines[{index}].quantity")
        if line.unit_price_minor < 0 or line.discount_minor < 0 or line.tax_minor < 0:
            raise OrderError("negative_amount", f"lines[{index}]")
    for name in ("total_minor", "tax_minor", "shipping_minor", "shipping_tax_minor", "discount_minor"):
        if getattr(order, name) < 0:
            raise OrderError("negative_amount", name)


def line_total_minor(line: IncomingLine, *, taxes_included: bool) -> int:
    """What the customer pays for the line."""
    net = line.unit_price_minor * line.quantity - line.discount_minor
    return net if taxes_included else net + line.tax_minor


Facts = dict[str, Any]  # JSON-able, nothing personal
