"""Returns of an order, their way back, and disputes: plain records. Attribute names are the vendor's in snake case."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from sandbox.shopify.charges import Discount
from sandbox.shopify.model import Fulfillment, Line, Location, Order, Refund, Transaction, Variant
from sandbox.shopify.money import Bag

UNFINISHED = "PROCESSING_REQUIRED"  # the one disposition that another one may follow


class Reason(NamedTuple):
    """One entry of the shop's library of reasons; `legacy` is its value in the enum that is on its way out."""

    id: int
    handle: str
    name: str
    legacy: str


class Fulfilled(NamedTuple):
    """Units of a line in one fulfilment: the vendor's FulfillmentLineItem."""

    id: int
    line: Line
    quantity: int
    fulfillment: Fulfillment


@dataclass(slots=True, eq=False)
class ReturnLine:
    id: int
    fulfilled: Fulfilled
    quantity: int
    reason: Reason
    note: str
    customer_note: str | None
    fee_id: int
    fee_percent: Decimal | None
    processed: int = 0
    refunded: int = 0

    @property
    def unprocessed(self) -> int:
        return self.quantity - self.processed

    @property
    def processable(self) -> int:
        """Units that another refund took off the order meanwhile cannot be processed any more."""
        return min(self.unprocessed, self.fulfilled.line.shipped)


@dataclass(slots=True, eq=False)
class ExchangeLine:
    """What the customer gets instead. It is no line of the order, and holds no stock, until it is processed."""

    id: int
    variant: Variant
    quantity: int
    discount: Discount | None
    title: str
    lines: list[Line] = field(default_factory=list)
    processed: int = 0
    removed: int = 0

    @property
    def unprocessed(self) -> int:
        return self.quantity - self.removed - self.processed


@dataclass(slots=True, eq=False)
class ShippingFee:
    id: int
    amount: Bag
    charged: bool = False


@dataclass(slots=True, eq=False)
class Disposition:
    id: int
    type: str
    quantity: int
    location: Location | None
    created_at: datetime


@dataclass(slots=True, eq=False)
class ReverseOrderLine:
    id: int
    of: ReturnLine
    total: int
    dispositions: list[Disposition] = field(default_factory=list)

    @property
    def open(self) -> int:
        """Units about which nothing final was said."""
        return self.total - sum(each.quantity for each in self.dispositions if each.type != UNFINISHED)


@dataclass(slots=True, eq=False)
class ReverseDeliveryLine:
    id: int
    of: ReverseOrderLine
    quantity: int


@dataclass(slots=True, eq=False)
class Label:
    url: str
    created_at: datetime
    updated_at: datetime


@dataclass(slots=True, eq=False)
class ReverseDelivery:
    id: int
    order: "ReverseOrder"
    lines: list[ReverseDeliveryLine]
    label: Label | None = None
    tracking: dict[str, str | None] | None = None


@dataclass(slots=True, eq=False)
class ReverseOrder:
    """The vendor's reverse fulfilment order: what one place expects back of one return."""

    id: int
    back: "Return"
    lines: list[ReverseOrderLine]
    status: str = "OPEN"
    deliveries: list[ReverseDelivery] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Return:
    id: int
    order: Order
    number: int
    created_at: datetime
    status: str
    lines: list[ReturnLine]
    exchanges: list[ExchangeLine] = field(default_factory=list)
    fee: ShippingFee | None = None
    request_approved_at: datetime | None = None
    closed_at: datetime | None = None
    decline: dict[str, str | None] | None = None
    reverse_orders: list[ReverseOrder] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"{self.order.name}-R{self.number}"

    @property
    def transactions(self) -> list[Transaction]:
        return [each for refund in self.refunds for each in refund.transactions]

    @property
    def begun(self) -> bool:
        """Whether work was done on it, so that it cannot be cancelled any more."""
        disposed = any(line.dispositions for order in self.reverse_orders for line in order.lines)
        processed = sum(each.processed for each in self.lines) + sum(each.processed for each in self.exchanges)
        return bool(disposed or self.refunds or processed)


@dataclass(slots=True, eq=False)
class Dispute:
    """A bank's question about a payment, or its money taken back, in the customer's currency.

    One record, for the vendor shows the same dispute twice: ShopifyPaymentsDispute with all of it, and the order's
    OrderDisputeSummary under the same number.
    """

    id: int
    order: Order
    type: str
    status: str
    reason: str
    code: str
    amount: Decimal
    initiated_at: datetime
    evidence_due_by: datetime
    evidence_sent_on: datetime | None = None
    finalized_on: datetime | None = None
