"""Amounts as Stripe counts them: its smallest units are ours but for the currencies below.

Source: docs.stripe.com/currencies, sections Zero-decimal, Three-decimal and Special cases, read 2026-11. HUF and TWD
are special in payouts only: charges and refunds take their two decimals.
"""

from connectors.errors import VendorRejected
from connectors.reading import Unreadable
from domain.money import MoneyError, exponent

VENDOR = "stripe"
_HUNDREDTHS = frozenset({"ISK", "UGX"})  # without decimals, yet written with two, which must be 00
_WHOLE = frozenset({"MGA"})  # two decimals in ISO 4217, none at Stripe
_TENTHS = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})  # three decimals, of which the last must be 0


def to_stripe(operation: str, minor: int, currency: str) -> int:
    """Our minor units in Stripe's. Raises: VendorRejected `not_chargeable` for what Stripe cannot take exactly."""
    try:
        places = exponent(currency)
    except MoneyError:
        raise _refused(operation, "unknown currency") from None
    if minor <= 0:
        raise _refused(operation, "not a positive amount")
    if currency in _HUNDREDTHS:
        return minor * 100
    if currency in _WHOLE:
        if minor % 100:
            raise _refused(operation, f"{currency} has no decimals here")
        return minor // 100
    if places == 3:
        if currency not in _TENTHS:
            raise _refused(operation, f"{currency} is not taken")
        if minor % 10:
            raise _refused(operation, f"the third decimal of {currency} must be 0")
    return minor


def from_stripe(amount: object, currency: str) -> int:
    """Stripe's units in ours. Raises: Unreadable."""
    if isinstance(amount, bool) or not isinstance(amount, int):
        raise Unreadable("bad_amount", "amount")
    if currency in _WHOLE:
        return amount * 100
    if currency in _HUNDREDTHS:
        if amount % 100:
            raise Unreadable("bad_amount", "amount")
        return amount // 100
    return amount


def _refused(operation: str, why: str) -> VendorRejected:
    return VendorRejected(VENDOR, operation, why, reason="not_chargeable")
