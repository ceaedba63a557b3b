"""A simple sales tax: one rate per country, per state in the US; and what lines are charged with it."""

from decimal import Decimal
from typing import NamedTuple

from sandbox.shopify.charges import Charged, Discount, Given, Promotion, Tax
from sandbox.shopify.model import Address
from sandbox.shopify.money import Bag, Pair

_COUNTRY = {
    "DE": ("MwSt", "0.19"),
    "AT": ("USt", "0.20"),
    "FR": ("TVA", "0.20"),
    "NL": ("BTW", "0.21"),
    "GB": ("VAT", "0.20"),
    "BE": ("TVA", "0.21"),
    "ES": ("IVA", "0.21"),
    "IT": ("IVA", "0.22"),
    "DK": ("Moms", "0.25"),
    "SE": ("Moms", "0.25"),
    "PL": ("VAT", "0.23"),
    "CA": ("GST", "0.05"),
    "AU": ("GST", "0.10"),
    "JP": ("CT", "0.10"),
}
_STATE = {
    "CA": "0.0725",
    "NY": "0.08875",
    "NV": "0.0685",
    "TX": "0.0625",
    "WA": "0.065",
    "IL": "0.0625",
    "FL": "0.06",
    "OR": "0",
    "MT": "0",
    "NH": "0",
    "DE": "0",
}
_OTHER_STATE = "0.05"


def rate_for(address: Address | None) -> tuple[str, Decimal]:
    """(title, rate) where the goods go."""
    if address is None:
        return "Tax", Decimal(0)
    country = address.get("countryCode") or ""
    if country == "US":
        state = address.get("provinceCode") or ""
        return f"{state or 'US'} State Tax", Decimal(_STATE.get(state, _OTHER_STATE))
    title, rate = _COUNTRY.get(country, ("Tax", "0"))
    return title, Decimal(rate)


def tax_on(amount: Bag, title: str, rate: Decimal, *, included: bool) -> list[Tax]:
    """The tax in or on an amount, rounded to each currency's smallest unit; none where the rate is 0."""
    if not rate:
        return []
    factor = rate / (1 + rate) if included else rate
    return [Tax(title, rate, amount.times(factor))]


class Units(NamedTuple):
    """So many units at one price, with the line's own discounts and its tax."""

    unit: Bag
    quantity: int
    discounts: list[Discount]
    tax_rate: tuple[str, Decimal]


def charge(lines: list[Units], promotions: list[Promotion], pair: Pair, *, included: bool) -> list[Charged]:
    """What each line is charged: its own discounts first, then the order's promotions on what is left, then tax.

    A promotion whose minimum the lines do not reach gives nothing. Tax is rounded line by line.
    """
    parts: list[list[tuple[Given, Bag]]] = []
    rests: list[Bag] = []
    for line in lines:
        rest, own = line.unit * line.quantity, list[tuple[Given, Bag]]()
        for discount in line.discounts:
            off = discount.on(line.unit, line.quantity)
            off = rest if off.presentment > rest.presentment else off
            own.append((discount, off))
            rest = rest - off
        parts.append(own)
        rests.append(rest)
    for promotion in promotions:
        for at, off in enumerate(promotion.spread(rests, pair)):
            if off:
                parts[at].append((promotion, off))
                rests[at] = rests[at] - off
    return [
        Charged(line.quantity, own, tax_on(rest, *line.tax_rate, included=included))
        for line, own, rest in zip(lines, parts, rests, strict=True)
    ]
