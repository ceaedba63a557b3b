"""What is charged for lines and for shipping: discounts, promotions, taxes."""

from dataclasses import dataclass
from decimal import Decimal

from sandbox.shopify.money import Bag, Pair, total

_HUNDRED = Decimal(100)


@dataclass(slots=True, eq=False)
class Tax:
    title: str
    rate: Decimal
    price_set: Bag


@dataclass(slots=True, eq=False)
class Discount:
    """A manual discount of one line: so many per cent, or an amount.

    With `units` the amount is for that many units together and further ones are sold at the full price; without, it
    is for each unit, as an order edit's is (`OrderEditAppliedDiscountInput`).
    """

    id: int
    title: str
    percent: Decimal | None = None
    amount: Bag | None = None
    units: int | None = None

    def on(self, unit: Bag, count: int) -> Bag:
        """What it takes off so many units of this price; never more than they cost."""
        whole = unit * count
        if self.percent is not None:
            return whole.times(self.percent / _HUNDRED)
        if self.amount is None:
            return unit.pair.zero
        if self.units is None:
            taken = self.amount * count
        else:
            taken = self.amount.share(min(count, self.units), self.units)
        return whole if taken.presentment > whole.presentment else taken


@dataclass(slots=True, eq=False)
class Promotion:
    """A discount of the whole order, by a code or automatic: given while the goods cost at least `minimum`."""

    id: int
    title: str
    code: str | None
    percent: Decimal | None
    amount: Bag | None
    minimum: Bag

    def spread(self, bases: list[Bag], pair: Pair) -> list[Bag]:
        """What each line gets of it, exact in the sum; nothing where the lines together are below the minimum."""
        whole = total(bases, pair)
        if not whole or whole.shop < self.minimum.shop:
            return [pair.zero for _ in bases]
        if self.percent is not None:
            return [base.times(self.percent / _HUNDRED) for base in bases]
        given = self.amount or pair.zero
        given = whole if given.presentment > whole.presentment else given
        shares, seen, spent = [], pair.zero, pair.zero
        for base in bases:
            seen = seen + base
            due = given if seen == whole else given.times(seen.presentment / whole.presentment)
            shares.append(due - spent)
            spent = due
        return shares


Given = Discount | Promotion


@dataclass(slots=True, eq=False)
class Charged:
    """What so many units of a line are charged: who took what off, and the taxes of the rest."""

    quantity: int
    parts: list[tuple[Given, Bag]]
    taxes: list[Tax]

    def share(self, quantity: int) -> "Charged":
        """The same for another number of units; of no units there is no share."""
        if quantity == self.quantity or not self.quantity:
            return self
        return Charged(
            quantity,
            [(given, amount.share(quantity, self.quantity)) for given, amount in self.parts],
            [Tax(tax.title, tax.rate, tax.price_set.share(quantity, self.quantity)) for tax in self.taxes],
        )

    def same(self, other: "Charged") -> bool:
        return (
            self.quantity == other.quantity
            and self.parts == other.parts
            and [tax.price_set for tax in self.taxes] == [tax.price_set for tax in other.taxes]
        )

    def off(self, pair: Pair) -> Bag:
        """All discounts together."""
        return total([amount for _, amount in self.parts], pair)

    def line_off(self, pair: Pair) -> Bag:
        """The line's own discounts, without the order's promotions."""
        return total([amount for given, amount in self.parts if isinstance(given, Discount)], pair)


@dataclass(slots=True, eq=False)
class Shipping:
    """A shipping line; one that an edit has removed stays with the order, but counts for nothing."""

    id: int
    title: str
    code: str
    price: Bag
    taxes: list[Tax]
    refunded: Bag
    custom: bool = False
    removed: bool = False

    @property
    def left(self) -> Bag:
        """The price after refunds, without tax where tax is added."""
        return self.price.pair.zero if self.removed else self.price - self.refunded

    def taxes_left(self) -> list[Tax]:
        """The taxes of what is left."""
        left = self.left
        if left == self.price:
            return self.taxes
        if not left:
            return []
        pair, whole = self.price.pair, self.price
        return [
            Tax(
                tax.title,
                tax.rate,
                pair.rounded(
                    tax.price_set.shop * left.shop / (whole.shop or 1),
                    tax.price_set.presentment * left.presentment / whole.presentment,
                ),
            )
            for tax in self.taxes
        ]
