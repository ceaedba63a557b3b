"""An edit of an order that is not saved yet, as plain records."""

from dataclasses import dataclass
from decimal import Decimal

from sandbox.shopify.charges import Charged, Discount, Promotion, Shipping, Tax
from sandbox.shopify.model import Line, Order, Variant
from sandbox.shopify.money import Bag


@dataclass(slots=True, eq=False)
class StagedLine:
    """A line as it would be. `key` ends its id: the line's number, or a UUID for a line added in this edit."""

    key: str
    order: Order
    line: Line | None
    variant: Variant
    unit: Bag
    quantity: int
    discounts: list[Discount]
    tax_rate: tuple[str, Decimal]
    restock: bool = False

    @property
    def before(self) -> int:
        return self.line.current_quantity if self.line else 0

    @property
    def shipped(self) -> int:
        return self.line.shipped if self.line else 0

    @property
    def new_discounts(self) -> list[Discount]:
        known = self.line.discounts if self.line else []
        return [each for each in self.discounts if each not in known]

    @property
    def lost_discounts(self) -> list[Discount]:
        return [each for each in self.line.discounts if each not in self.discounts] if self.line else []

    @property
    def changed(self) -> bool:
        return bool(self.quantity != self.before or self.new_discounts or self.lost_discounts)


@dataclass(slots=True, eq=False)
class StagedShipping:
    key: str
    shipping: Shipping | None
    title: str
    price: Bag
    status: str = "NONE"


@dataclass(slots=True, eq=False)
class Calculated:
    """What an edit comes to."""

    charged: list[tuple[StagedLine, Charged]]
    subtotal: Bag
    cart_discount: Bag
    taxes: list[Tax]
    total: Bag


@dataclass(slots=True, eq=False)
class Session:
    """One edit: the vendor's CalculatedOrder and its OrderEditSession share the number.

    It is of use only while the order stands at `revision`: a commit or a refund by somebody else ends it.
    """

    id: int
    order: Order
    revision: int
    lines: list[StagedLine]
    shippings: list[StagedShipping]
    promotions: list[Promotion]
    refunds: int
    calculated: Calculated | None = None

    @property
    def is_over(self) -> bool:
        """Whether the order was edited or refunded since the edit began."""
        return (self.revision, self.refunds) != (self.order.revision, len(self.order.refunds))

    @property
    def added(self) -> list[StagedLine]:
        return [each for each in self.lines if each.line is None]

    @property
    def lost_promotions(self) -> list[Promotion]:
        return [each for each in self.order.promotions if each not in self.promotions]

    @property
    def changed(self) -> bool:
        shippings = any(each.status != "NONE" for each in self.shippings)
        return shippings or bool(self.lost_promotions) or any(each.changed for each in self.lines)
