"""What an edit costs by our own calculation: lines, discounts, shipping, tax, and what is to pay or to give back.

A shop that calculates itself is the authority (`as_shop_says`); `compare` shows where the two differ. Everything is
counted as a change of what the shop charged, so that an edit that changes nothing costs nothing whatever it charged.
Amounts are minor units of the order's currency; a half rounds up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from fractions import Fraction
from typing import Any

from domain.edits import OF_GOODS, EditError, EditKind, Wanted
from domain.placed import PlacedLine, PlacedOrder, Tender


@dataclass(frozen=True, slots=True)
class Prices:
    """What can be added costs now: `units` by SKU, `shipping` by code; with tax where the order's prices have it.

    `tax_rates` by SKU where somebody knows better than the order's own lines do (Fraction(19, 100) is 19 %).
    """

    currency: str
    units: Mapping[str, int] = field(default_factory=dict)
    shipping: Mapping[str, int] = field(default_factory=dict)
    tax_rates: Mapping[str, Fraction] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LineQuote:
    """`line_id` is empty for what is added. Goods are after discount, without tax unless prices contain it."""

    line_id: str
    sku: str
    old_quantity: int
    new_quantity: int
    unit_price_minor: int
    old_goods_minor: int
    new_goods_minor: int
    old_discount_minor: int
    new_discount_minor: int
    old_tax_minor: int
    new_tax_minor: int


@dataclass(frozen=True, slots=True)
class RefundShare:
    payment_id: str
    gateway: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Quote:
    """`to_pay_minor` is beyond what is paid or authorised and was not owed before; `to_capture_minor` is what then
    remains to be taken of authorisations. `lost_discount`: units with a discount become goods without one."""

    currency: str
    lines: tuple[LineQuote, ...]
    old_goods_minor: int
    new_goods_minor: int
    old_discount_minor: int
    new_discount_minor: int
    old_shipping_minor: int
    new_shipping_minor: int
    old_tax_minor: int
    new_tax_minor: int
    old_total_minor: int
    new_total_minor: int
    to_pay_minor: int
    to_refund_minor: int
    to_capture_minor: int
    refunds: tuple[RefundShare, ...]
    promotion_changed: bool
    lost_discount: bool

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"lines": [asdict(x) for x in self.lines], "refunds": [asdict(x) for x in self.refunds]}


def quote(order: PlacedOrder, wanted: Wanted, prices: Prices) -> Quote:
    """Raises: EditError `no_price` for a SKU or a shipping method without a price, `price_currency`."""
    if prices.currency != order.currency and (wanted.added or wanted.shipping_code):
        raise EditError("price_currency", "prices")
    lines = tuple(_kept(line, wanted.lines[line.id]) for line in order.lines) + tuple(
        _added(order, wanted, number, prices) for number in range(len(wanted.added))
    )
    shipping, shipping_tax = _shipping(order, wanted, prices)
    old = {name: sum(getattr(line, f"old_{name}_minor") for line in lines) for name in ("goods", "discount", "tax")}
    new = {name: sum(getattr(line, f"new_{name}_minor") for line in lines) for name in ("goods", "discount", "tax")}
    old_tax, new_tax = old["tax"] + order.shipping_tax_minor, new["tax"] + shipping_tax
    change = new["goods"] - old["goods"] + shipping - order.shipping_minor
    change += 0 if order.taxes_included else new_tax - old_tax
    discounted = {line.id for line in order.lines if line.discount_minor}
    lost = any(added.instead_of in discounted for added in wanted.added)
    found = Quote(
        currency=order.currency,
        lines=lines,
        old_goods_minor=old["goods"],
        new_goods_minor=new["goods"],
        old_discount_minor=old["discount"],
        new_discount_minor=new["discount"],
        old_shipping_minor=order.shipping_minor,
        new_shipping_minor=shipping,
        old_tax_minor=old_tax,
        new_tax_minor=new_tax,
        old_total_minor=order.total_minor,
        new_total_minor=order.total_minor,
        to_pay_minor=0,
        to_refund_minor=0,
        to_capture_minor=0,
        refunds=(),
        promotion_changed=_may_change_promotion(order, wanted, bool(discounted)),
        lost_discount=lost,
    )
    total = 0 if wanted.cancelled else max(order.total_minor + change, 0)
    return _settled(order, found, total, all_back=wanted.cancelled)


def _may_change_promotion(order: PlacedOrder, wanted: Wanted, discounted: bool) -> bool:
    """Nobody here knows a discount's rule: any change of the goods may change it, and one that no line shows may be of
    the shipping."""
    if wanted.kinds & OF_GOODS:
        return discounted or bool(order.discounts)
    return EditKind.SHIPPING in wanted.kinds and bool(order.discounts)


def _kept(line: PlacedLine, quantity: int) -> LineQuote:
    """A line with other units: its discount stays what it is per unit, its tax what it is per amount."""
    goods = line.unit_price_minor * line.quantity - line.discount_minor
    if quantity == line.quantity:
        discount, new_goods, tax = line.discount_minor, goods, line.tax_minor
    else:
        discount = _part(line.discount_minor, quantity, line.quantity)
        new_goods = line.unit_price_minor * quantity - discount
        tax = _part(line.tax_minor, new_goods, goods) if goods else _part(line.tax_minor, quantity, line.quantity)
    return LineQuote(
        line.id, line.sku, line.quantity, quantity, line.unit_price_minor, goods, new_goods, line.discount_minor,
        discount, line.tax_minor, tax,
    )  # fmt: skip


def _part(amount: int, some: int, whole: int) -> int:
    return (2 * amount * some + whole) // (2 * whole) if whole else 0


def _added(order: PlacedOrder, wanted: Wanted, number: int, prices: Prices) -> LineQuote:
    """Units at today's price without a discount, taxed like the line they replace, else like the order's lines."""
    added = wanted.added[number]
    price = prices.units.get(added.sku)
    if price is None:
        raise EditError("no_price", f"added[{number + 1}]")
    goods = price * added.quantity
    tax = _rounded(goods * _tax_share(order, prices, added.sku, added.instead_of))
    return LineQuote("", added.sku, 0, added.quantity, price, 0, goods, 0, 0, 0, tax)


def _rounded(amount: Fraction) -> int:
    return _part(amount.numerator, 1, amount.denominator)


def _tax_share(order: PlacedOrder, prices: Prices, sku: str, instead_of: str) -> Fraction:
    """Tax as a share of goods as they are priced: of the net price, or of the gross one where it contains the tax."""
    if sku in prices.tax_rates:
        rate = prices.tax_rates[sku]
        return rate / (1 + rate) if order.taxes_included else rate
    alike = [line for line in order.lines if line.sku == sku] or [x for x in order.lines if x.id == instead_of]
    for lines in (alike, order.lines):
        goods = sum(line.unit_price_minor * line.quantity - line.discount_minor for line in lines)
        if goods > 0:
            return Fraction(sum(line.tax_minor for line in lines), goods)
    return Fraction(0)


def _shipping(order: PlacedOrder, wanted: Wanted, prices: Prices) -> tuple[int, int]:
    """Price and tax of the shipping as it is wanted."""
    if wanted.cancelled:
        return 0, 0
    if not wanted.shipping_code:
        return order.shipping_minor, order.shipping_tax_minor
    price = prices.shipping.get(wanted.shipping_code)
    if price is None:
        raise EditError("no_price", "shipping_code")
    if order.shipping_minor:
        return price, _part(order.shipping_tax_minor, price, order.shipping_minor)
    return price, _rounded(price * _tax_share(order, prices, "", ""))


def _settled(order: PlacedOrder, found: Quote, total: int, *, all_back: bool) -> Quote:
    """With a total: what is to pay, to give back and to take of authorisations. What was owed or overpaid before the
    edit stays so; a cancel gives everything back. What a return gave back is not owed: it was paid, and the total that
    still has it is that of a shop which was told of money, not of goods."""
    there = sum(tender.refundable_minor for tender in order.tenders)
    authorised = sum(tender.facts.authorised_minor for tender in order.tenders)
    paid = there + min(order.returned_minor, max(order.total_minor - there - authorised, 0))
    owed = max(order.total_minor - paid - authorised, 0)
    over = 0 if all_back else max(paid - order.total_minor, 0)
    back = min(max(paid - total - over, 0), there)
    return replace(
        found,
        new_total_minor=total,
        to_pay_minor=max(total - paid - authorised - owed, 0),
        to_refund_minor=back,
        to_capture_minor=min(authorised, max(total - paid, 0)),
        refunds=split_refund(back, order.tenders),
    )


def split_refund(amount: int, tenders: Sequence[Tender]) -> tuple[RefundShare, ...]:
    """Money back over the tenders, the last taken first, never more than each still has. Raises: EditError
    `refund_too_large` when they have less in all."""
    left, shares = amount, []
    for tender in reversed(tenders):
        part = min(left, max(tender.refundable_minor, 0))
        if part > 0:
            shares.append(RefundShare(tender.payment_id, tender.facts.gateway, part))
            left -= part
    if left > 0:
        raise EditError("refund_too_large", "tenders")
    return tuple(shares)


@dataclass(frozen=True, slots=True)
class ShopTotals:
    """What a shop calculates of the order as it is wanted. `goods_minor` after discounts; titles of `discounts`."""

    currency: str
    total_minor: int
    goods_minor: int
    tax_minor: int
    shipping_minor: int
    discounts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    name: str
    own_minor: int
    shop_minor: int


def compare(own: Quote, shop: ShopTotals) -> tuple[Difference, ...]:
    """Where the shop says something else. Raises: EditError `price_currency`."""
    if own.currency != shop.currency:
        raise EditError("price_currency", "shop")
    pairs = [
        ("total", own.new_total_minor, shop.total_minor),
        ("goods", own.new_goods_minor, shop.goods_minor),
        ("shipping", own.new_shipping_minor, shop.shipping_minor),
        ("tax", own.new_tax_minor, shop.tax_minor),
    ]
    return tuple(Difference(name, ours, theirs) for name, ours, theirs in pairs if ours != theirs)


def as_shop_says(order: PlacedOrder, own: Quote, shop: ShopTotals) -> Quote:
    """The quote with the shop's totals, and money by them. A promotion has changed when other discounts apply than
    before or, where those are not known, when a discounted order's goods cost other than we expect."""
    unexpected = any(difference.name == "goods" for difference in compare(own, shop))
    if order.discounts is not None:
        changed = set(order.discounts) != set(shop.discounts) or (unexpected and bool(shop.discounts))
    else:
        changed = unexpected and bool(own.old_discount_minor or shop.discounts)
    said = replace(
        own,
        new_goods_minor=shop.goods_minor,
        new_shipping_minor=shop.shipping_minor,
        new_tax_minor=shop.tax_minor,
        promotion_changed=changed or own.lost_discount,
    )
    return _settled(order, said, shop.total_minor, all_back=False)
