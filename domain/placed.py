"""An order as it stands before an edit: its content and its money, nothing personal. Amounts in minor units."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from domain.payments import TenderFacts


@dataclass(frozen=True, slots=True)
class PlacedLine:
    """A line as it stands. `quantity` is wanted now, `shipped` of it have left. Discount and tax are of all units."""

    id: str
    sku: str
    quantity: int
    shipped: int = 0
    unit_price_minor: int = 0
    discount_minor: int = 0
    tax_minor: int = 0

    @property
    def left(self) -> int:
        """Units that have not gone out yet."""
        return self.quantity - self.shipped


@dataclass(frozen=True, slots=True)
class Tender:
    """What one payment of the order holds, in the order in which they were taken. `granted_minor`: refunds promised
    and not yet among the refunded."""

    payment_id: str
    facts: TenderFacts
    granted_minor: int = 0

    @property
    def refundable_minor(self) -> int:
        return self.facts.captured_minor - self.facts.refunded_minor - self.granted_minor


def shared(tenders: Sequence[Tender]) -> tuple[Tender, ...]:
    """What a tender has given back beyond what it took (store credit in the place of money) is room of the others, the
    last taken first: a shop gives back no more than an order was paid with in all. What is there in all stays so."""
    over = sum(max(-tender.refundable_minor, 0) for tender in tenders)
    used = made_up = min(over, sum(max(tender.refundable_minor, 0) for tender in tenders))
    found: list[Tender] = []
    for tender in reversed(tenders):
        room = tender.refundable_minor
        part = min(used, room) if room > 0 else max(-made_up, room)
        used, made_up = used - max(part, 0), made_up + min(part, 0)
        found.append(replace(tender, granted_minor=tender.granted_minor + part))
    return tuple(reversed(found))


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """The order before the edit, as far as its content and its money go; nothing personal.

    `total_minor` is what the shop says, `shipping_minor` after its discount, without tax unless taxes are included.
    `discounts`: titles of the discounts that apply, None where nobody knows them. `returned_minor`: what its tenders
    gave or promise back, and goods stand for, for units that came back.
    """

    order_id: str
    currency: str
    lines: tuple[PlacedLine, ...]
    total_minor: int = 0
    shipping_minor: int = 0
    shipping_tax_minor: int = 0
    shipping_code: str = ""
    taxes_included: bool = False
    contact_version: str = ""
    country: str = ""
    tenders: tuple[Tender, ...] = ()
    discounts: tuple[str, ...] | None = None
    edits: int = 0  # applied before this one
    returned_minor: int = 0
