"""What returns are judged by: facts of line, order and customer, nothing personal. Amounts in minor units of the
order's currency, tax included, as the customer paid."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class LineFacts:
    """An order line as it was sold. `sold`: units that were ever to be had, `in_return` of them in open requests,
    `returned` done (kept ones too). `paid_minor`: for all sold units after discount.

    `delivered_at`: the last unit's; `on_its_way`: a carrier still has some. `final_sale`: sold as such.
    """

    order_id: str
    line_id: str
    sku: str
    sold: int
    shipped: int
    delivered: int
    in_return: int = 0
    returned: int = 0
    paid_minor: int = 0
    discount_percent: int = 0
    category: str = ""
    tags: frozenset[str] = frozenset()
    final_sale: bool = False
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    on_its_way: bool = False
    promised_by: datetime | None = None

    @property
    def used_up(self) -> int:
        return self.in_return + self.returned

    @property
    def arrived(self) -> int:
        """Units at the customer's. Where no carrier says so and none has it: what was sent."""
        return self.delivered if self.delivered_at is not None or self.on_its_way else self.shipped

    def value_minor(self, quantity: int) -> int:
        return self.paid_minor * quantity // self.sold if self.sold else 0


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """`complete_at`: when the last unit of the order was delivered, None before; `all_sent_at`: when the last one left.
    `country` (ISO 3166-1) and `region` are the destination's. `changing`: an edit is being made. `disputed`: a
    chargeback is open."""

    order_id: str
    currency: str
    country: str
    placed_at: datetime
    region: str = ""
    complete_at: datetime | None = None
    all_sent_at: datetime | None = None
    on_its_way: bool = False
    cancelled: bool = False
    changing: bool = False
    disputed: bool = False


@dataclass(frozen=True, slots=True)
class CustomerFacts:
    """A customer's past, over the policy's `history` but for `orders`. `business`: no consumer, as far as is known.

    `return_percent`: units returned of units delivered. `unreturned`: times that something was given ahead and the
    goods never came. `kept_*`: what was left with them over the policy's keep period. `ahead_minor`: by currency, what
    is out now ahead of the goods.
    """

    customer_id: str
    business: bool = False
    tier: str = ""
    orders: int = 0
    return_percent: int = 0
    returns: int = 0
    claims: int = 0
    unreturned: int = 0
    kept_units: int = 0
    kept_minor: Mapping[str, int] = field(default_factory=dict)
    ahead_minor: Mapping[str, int] = field(default_factory=dict)
