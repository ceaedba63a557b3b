"""A simple sales tax: one rate per country, per state in the US."""

from decimal import Decimal

from sandbox.shopify.model import Address, Tax
from sandbox.shopify.money import Bag

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
