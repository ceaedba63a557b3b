"""What goes back for units that were returned: per line, for shipping, and over what the order was paid with.

Every part is a share of what the customer paid, so that the parts of all units are exactly the whole in whatever order
and number of requests they come back. Amounts are minor units of the order's currency.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from domain.edit_quote import split_refund
from domain.money import allocate
from domain.placed import PlacedLine, PlacedOrder, Tender
from domain.returns.asks import ReturnError
from domain.returns.policy import Destination, MoneyPolicy, ShippingBack, TenderRule
from domain.returns.words import Resolution, ReturnKind


@dataclass(frozen=True, slots=True)
class ReturnedUnits:
    """Units of one line whose money is due. `kept_percent` of it stays with the shop for what they have lost in value
    (`domain.returns.disposition`), then `fee_minor`, as far as there is that much."""

    line_id: str
    quantity: int
    kind: ReturnKind
    fee_minor: int = 0
    kept_percent: int = 0


@dataclass(frozen=True, slots=True)
class RefundedBefore:
    """What earlier requests have got of this order, whatever became of the money since: units by line, and of shipping
    and of what is in no line."""

    units: Mapping[str, int] = field(default_factory=dict)
    shipping_minor: int = 0
    other_minor: int = 0


@dataclass(frozen=True, slots=True)
class LineRefund:
    """`paid_minor` is goods - discount, with tax; `refund_minor` what is left of it after what is kept."""

    line_id: str
    quantity: int
    goods_minor: int
    discount_minor: int
    tax_minor: int
    paid_minor: int
    kept_minor: int
    fee_minor: int
    refund_minor: int


@dataclass(frozen=True, slots=True)
class TenderShare:
    """What of a payment goes where. Credit uses up the payment's room too: it stands for that money."""

    payment_id: str
    gateway: str
    amount_minor: int
    to: Destination


@dataclass(frozen=True, slots=True)
class PayBack:
    """`short_minor`: due and not there any more, somebody gave it back otherwise. `bonus_minor` is beyond the amount
    and taken from no payment."""

    amount_minor: int
    short_minor: int
    shares: tuple[TenderShare, ...]
    bonus_minor: int = 0

    def to(self, destination: Destination) -> int:
        """What goes there, without a bonus."""
        return sum(share.amount_minor for share in self.shares if share.to is destination)


@dataclass(frozen=True, slots=True)
class ReturnRefund:
    """`other_minor`: what was paid in no line and not for shipping (duties, tips), owed with a whole withdrawal."""

    currency: str
    lines: tuple[LineRefund, ...]
    shipping_minor: int
    other_minor: int
    due_minor: int
    back: PayBack

    def as_json(self) -> dict[str, Any]:
        shares = [asdict(share) | {"to": str(share.to)} for share in self.back.shares]
        return asdict(self) | {
            "lines": [asdict(line) for line in self.lines],
            "back": asdict(self.back) | {"shares": shares},
        }


def refund_for(
    order: PlacedOrder,
    units: Sequence[ReturnedUnits],
    before: RefundedBefore,
    resolution: Resolution,
    policy: MoneyPolicy,
) -> ReturnRefund:
    """`order` as it was sold: its lines with all units that were ever to be had, not as a shop counts after returns.

    Raises: ReturnError unknown_line, bad_quantity (more units than are left).
    """
    parts = _numbered(order, units, before)
    lines = tuple(_line(order, part) for part in parts)
    gone = Counter(before.units)
    for each in units:
        gone[each.line_id] += each.quantity
    whole = all(gone[line.id] >= line.quantity for line in order.lines)
    shipping = _shipping(order, parts, before, policy, whole=whole)
    withdrawn = whole and any(each.kind is ReturnKind.WITHDRAWAL for each in units)
    other = max(_other(order) - before.other_minor, 0) if withdrawn else 0
    due = sum(line.refund_minor for line in lines) + shipping + other
    back = pay_back(due, order.tenders, resolution, policy, order.currency)
    return ReturnRefund(order.currency, lines, shipping, other, due, back)


def pay_back(
    due_minor: int, tenders: Sequence[Tender], resolution: Resolution, policy: MoneyPolicy, currency: str
) -> PayBack:
    """Money over the tenders by the policy's order, never more than captured - refunded - granted of each; within one
    rule the last taken first. Also for what an exchange gives back."""
    rules = {tender.payment_id: _rule(tender, policy) for tender in tenders}
    by_rule = sorted(reversed(tenders), key=lambda tender: policy.tenders.index(rules[tender.payment_id]))
    amount = min(max(due_minor, 0), sum(max(tender.refundable_minor, 0) for tender in tenders))
    credit = resolution is Resolution.STORE_CREDIT
    shares = tuple(
        TenderShare(
            share.payment_id,
            share.gateway,
            share.amount_minor,
            Destination.STORE_CREDIT if credit else rules[share.payment_id].back,
        )
        for share in split_refund(amount, by_rule[::-1])
    )
    earning = sum(share.amount_minor for share in shares if rules[share.payment_id].bonus)
    bonus = min(earning * policy.bonus_percent // 100, policy.bonus_at_most.of(currency)) if credit else 0
    return PayBack(amount, max(due_minor, 0) - amount, shares, bonus)


@dataclass(frozen=True, slots=True)
class ExchangeQuote:
    """What the wanted product costs beyond what comes back for the old one, or the other way round."""

    credit_minor: int
    price_minor: int
    to_pay_minor: int
    to_refund_minor: int
    even: bool


def exchange_quote(credit_minor: int, price_minor: int, *, same_product: bool, policy: MoneyPolicy) -> ExchangeQuote:
    """`credit_minor`: the due of the units that come back; `price_minor`: of the wanted ones, with tax."""
    even = same_product and policy.even_exchange
    change = 0 if even else price_minor - credit_minor
    return ExchangeQuote(credit_minor, price_minor, max(change, 0), max(-change, 0), even)


@dataclass(frozen=True, slots=True)
class _Part:
    """Units of a line, from the `first` one that has not gone back yet."""

    line: PlacedLine
    units: ReturnedUnits
    first: int

    def share_of(self, amount: int) -> int:
        """Of an amount of the whole line: each unit has its own share, once."""
        return sum(allocate(amount, [1] * self.line.quantity)[self.first : self.first + self.units.quantity])


def _numbered(order: PlacedOrder, units: Sequence[ReturnedUnits], before: RefundedBefore) -> list[_Part]:
    """Units of a line may come back for several reasons; each is one that no other has had."""
    known = {line.id: line for line in order.lines}
    used = Counter(before.units)
    found: list[_Part] = []
    for number, each in enumerate(units, start=1):
        line = known.get(each.line_id)
        if line is None:
            raise ReturnError("unknown_line", f"units[{number}]")
        if not 0 < each.quantity <= line.quantity - used[line.id]:
            raise ReturnError("bad_quantity", f"units[{number}]")
        found.append(_Part(line, each, used[line.id]))
        used[line.id] += each.quantity
    return found


def _line(order: PlacedOrder, part: _Part) -> LineRefund:
    line, each = part.line, part.units
    goods = line.unit_price_minor * each.quantity
    discount, tax = part.share_of(line.discount_minor), part.share_of(line.tax_minor)
    paid = max(goods - discount + (0 if order.taxes_included else tax), 0)
    kept = paid * each.kept_percent // 100
    fee = min(max(each.fee_minor, 0), paid - kept)
    return LineRefund(line.id, each.quantity, goods, discount, tax, paid, kept, fee, paid - kept - fee)


def _paid(order: PlacedOrder, line: PlacedLine) -> int:
    net = line.unit_price_minor * line.quantity - line.discount_minor
    return max(net if order.taxes_included else net + line.tax_minor, 0)


def _shipping_paid(order: PlacedOrder) -> int:
    return order.shipping_minor + (0 if order.taxes_included else order.shipping_tax_minor)


def _other(order: PlacedOrder) -> int:
    return order.total_minor - sum(_paid(order, line) for line in order.lines) - _shipping_paid(order)


def _shipping(
    order: PlacedOrder, parts: Sequence[_Part], before: RefundedBefore, policy: MoneyPolicy, *, whole: bool
) -> int:
    """The best that a line's rule gives, less what went back before."""
    paid = _shipping_paid(order)
    rules = {policy.shipping[part.units.kind] for part in parts}
    left = max(paid - before.shipping_minor, 0)
    if whole and ShippingBack.WHOLE_ORDER in rules:
        return left
    shared = [part for part in parts if policy.shipping[part.units.kind] is ShippingBack.SHARE]
    shares = 0
    if shared:
        of_lines = allocate(paid, [_paid(order, line) for line in order.lines])
        by_line = {line.id: amount for line, amount in zip(order.lines, of_lines, strict=True)}
        shares = sum(part.share_of(by_line[part.line.id]) for part in shared)
    standard = 0
    if whole and ShippingBack.STANDARD in rules:
        owed = min(paid, policy.standard_shipping.get(order.currency, paid))
        standard = max(owed - before.shipping_minor, 0)
    return min(max(shares, standard), left)


def _rule(tender: Tender, policy: MoneyPolicy) -> TenderRule:
    return next(rule for rule in policy.tenders if not rule.gateways or tender.facts.gateway in rule.gateways)
