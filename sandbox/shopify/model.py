"""The things of a shop, as plain records. Attribute names are the vendor's field names in snake case."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sandbox.shopify.charges import Charged, Discount, Promotion, Shipping
from sandbox.shopify.money import Bag, Pair
from sandbox.shopify.risks import Risk

if TYPE_CHECKING:
    from sandbox.shopify.return_model import Dispute, Return

Address = dict[str, Any]


@dataclass(slots=True, eq=False)
class Location:
    id: int
    name: str
    address: Address
    created_at: datetime


@dataclass(slots=True, eq=False)
class Level:
    """Stock of one item at one place; on hand is available plus committed."""

    item: "Item"
    location: Location
    available: int
    updated_at: datetime
    committed: int = 0
    incoming: int = 0

    def quantity(self, name: str) -> int:
        if name == "on_hand":
            return self.available + self.committed
        value: int = getattr(self, name, 0)
        return value


@dataclass(slots=True, eq=False)
class Item:
    id: int
    sku: str
    weight_g: int
    hs_code: str
    origin: str
    cost: Decimal
    tracked: bool
    requires_shipping: bool
    created_at: datetime
    updated_at: datetime
    levels: dict[int, Level] = field(default_factory=dict)
    variant: "Variant | None" = None


@dataclass(slots=True, eq=False)
class Product:
    id: int
    title: str
    handle: str
    description: str
    vendor: str
    product_type: str
    category: str
    tags: list[str]
    option_names: list[str]
    image: str
    metafields: list[dict[str, Any]]
    is_gift_card: bool
    created_at: datetime
    updated_at: datetime
    variants: list["Variant"] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Variant:
    id: int
    product: Product
    sku: str
    title: str
    options: list[tuple[str, str]]
    price: Decimal
    barcode: str
    position: int
    inventory_item: Item
    created_at: datetime
    updated_at: datetime
    components: list[tuple["Variant", int]] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Customer:
    id: int
    first_name: str | None
    last_name: str | None
    email: str | None
    phone: str | None
    locale: str
    created_at: datetime
    updated_at: datetime
    number_of_orders: int = 0
    default_address: Address | None = None


@dataclass(slots=True, eq=False)
class Line:
    id: int
    order: "Order"
    variant: Variant
    quantity: int
    unit: Bag
    current_quantity: int
    discounts: list[Discount]
    tax_rate: tuple[str, Decimal]  # kept from the sale: a later address taxes later lines only
    whole: Charged  # for `quantity` units, those that refunds and edits took away included
    now: Charged  # as the last edit left it; refunds take shares of it
    fulfilled: int = 0
    returned: int = 0  # fulfilled units that were refunded

    @property
    def unfulfilled(self) -> int:
        return max(self.current_quantity - self.shipped, 0)

    @property
    def shipped(self) -> int:
        """Units that left and were not refunded: no edit can take them away."""
        return self.fulfilled - self.returned

    @property
    def left(self) -> Charged:
        """What the units that are still ordered are charged."""
        return self.now.share(self.current_quantity)


@dataclass(slots=True, eq=False)
class Transaction:
    id: int
    order: "Order"
    kind: str
    status: str
    gateway: str
    amount: Bag
    created_at: datetime
    processed_at: datetime | None
    parent: "Transaction | None" = None
    expires_at: datetime | None = None
    error_code: str | None = None
    card: tuple[str, str] | None = None


@dataclass(slots=True, eq=False)
class Hold:
    id: int
    handle: str | None
    reason: str
    reason_notes: str | None
    app: str


@dataclass(slots=True, eq=False)
class FoLine:
    id: int
    line: Line
    total: int
    remaining: int


@dataclass(slots=True, eq=False)
class FulfillmentOrder:
    id: int
    order: "Order"
    location: Location
    lines: list[FoLine]
    created_at: datetime
    updated_at: datetime
    status: str = "OPEN"
    request_status: str = "UNSUBMITTED"
    fulfill_at: datetime | None = None
    fulfill_by: datetime | None = None
    holds: list[Hold] = field(default_factory=list)
    fulfillments: list["Fulfillment"] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Fulfillment:
    id: int
    order: "Order"
    name: str
    location: Location
    lines: list[tuple[int, Line, int]]
    created_at: datetime
    updated_at: datetime
    status: str = "SUCCESS"
    company: str | None = None
    tracking: list[tuple[str | None, str | None]] = field(default_factory=list)
    fulfillment_orders: list[FulfillmentOrder] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    notified: int = 0


@dataclass(slots=True, eq=False)
class RefundLine:
    id: int
    line_item: Line
    quantity: int
    restock_type: str
    location: Location | None
    subtotal: Bag
    tax: Bag


@dataclass(slots=True, eq=False)
class Refund:
    id: int
    order: "Order"
    created_at: datetime
    note: str | None
    lines: list[RefundLine]
    shipping: Bag
    transactions: list[Transaction]
    back: "Return | None" = None


@dataclass(slots=True, eq=False)
class Order:
    id: int
    number: int
    pair: Pair
    customer: Customer
    email: str | None
    phone: str | None
    created_at: datetime
    processed_at: datetime
    updated_at: datetime
    shipping_address: Address | None
    billing_address: Address | None
    taxes_included: bool
    locale: str
    risk: Risk
    shippings: list[Shipping] = field(default_factory=list)
    promotions: list[Promotion] = field(default_factory=list)
    note: str | None = None
    tags: list[str] = field(default_factory=list)
    custom_attributes: list[dict[str, Any]] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    transactions: list[Transaction] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    fulfillments: list[Fulfillment] = field(default_factory=list)
    fulfillment_orders: list[FulfillmentOrder] = field(default_factory=list)
    cancelled_at: datetime | None = None
    cancel_reason: str | None = None
    staff_note: str | None = None
    closed_at: datetime | None = None
    po_number: str | None = None
    source_identifier: str | None = None
    edited: bool = False
    editable: bool = True
    revision: int = 0  # rises with each committed edit
    original_total: Bag | None = None
    returns: list["Return"] = field(default_factory=list)
    return_fees: Bag | None = None  # of what was processed: they are part of what the customer owes
    disputes: list["Dispute"] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"#{self.number}"

    @property
    def shipping(self) -> Shipping | None:
        """The shipping line that the order has now; the first, should it have several."""
        return next((each for each in self.shippings if not each.removed), None)


@dataclass(slots=True, eq=False)
class Subscription:
    id: int
    topic: str
    uri: str
    include_fields: list[str]
    filter: str | None
    name: str | None
    created_at: datetime
    updated_at: datetime


@dataclass(slots=True, eq=False)
class Job:
    """Work that the shop does later; `work` is dropped when it is done."""

    id: str
    due_at: datetime
    work: Any = None

    @property
    def done(self) -> bool:
        return self.work is None
