"""Money as integer minor units of an ISO 4217 currency.

Exponents follow ISO 4217 (amendment 176): two unless listed. Babel knows which codes exist; its own digit
counts are display habits (CLDR shows no decimals for IQD, ISO has three) and are not used for arithmetic.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache, lru_cache

from babel.core import Locale
from babel.numbers import format_currency

ZERO_DECIMALS = frozenset("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split())
THREE_DECIMALS = frozenset("BHD IQD JOD KWD LYD OMR TND".split())
_LARGEST_MINOR = 2**53  # beyond it JSON readers of other systems round silently


class MoneyError(ValueError):
    """The text is not an amount of that currency. The message never repeats the input."""


@cache
def exponent(currency: str) -> int:
    """Number of decimals of a currency. Raises: MoneyError for a code that ISO 4217 does not list."""
    if currency in ZERO_DECIMALS:
        return 0
    if currency in THREE_DECIMALS:
        return 3
    if currency not in Locale("en").currencies:
        raise MoneyError("unknown_currency")
    return 2


def to_minor(amount: str | int | Decimal, currency: str) -> int:
    """Read a vendor's decimal text ("19.99") into minor units, exactly.

    Raises: MoneyError when it is no number, not finite, or finer than the currency allows.
    """
    return _read(str(amount).strip(), currency)


@lru_cache(maxsize=4096)  # an order says the same few amounts again and again
def _read(amount: str, currency: str) -> int:
    try:
        value = Decimal(amount)
    except InvalidOperation:
        raise MoneyError("not_an_amount") from None
    if not value.is_finite():
        raise MoneyError("not_an_amount")
    places = exponent(currency)
    if not value:
        return 0
    sign, digits, power = value.as_tuple()
    # By digits, not by decimal arithmetic: that rounds to 28 places, and "1e999999999" would be written out.
    shift = int(power) + places
    kept, finer = (digits, ()) if shift >= 0 else (digits[:shift], digits[shift:])
    if any(finer):
        raise MoneyError("too_many_decimals")
    if value.adjusted() + places >= len(str(_LARGEST_MINOR)):
        raise MoneyError("amount_too_large")
    minor: int = int("".join(map(str, kept))) * 10 ** max(shift, 0) * (-1 if sign else 1)
    if abs(minor) > _LARGEST_MINOR:
        raise MoneyError("amount_too_large")
    return minor


def to_decimal_text(minor: int, currency: str) -> str:
    """Write minor units as a vendor's decimal text: 1999 USD -> "19.99", 1999 JPY -> "1999"."""
    return str(Decimal(minor).scaleb(-exponent(currency)))


@dataclass(frozen=True, slots=True)
class Money:
    """An amount; 1999 USD is $19.99, 1999 JPY is ¥1999, 1999 KWD is 1.999."""

    minor: int
    currency: str

    def __add__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def _same(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise MoneyError("currencies_differ")

    def display(self, locale: str = "en") -> str:
        """Text for people, by locale."""
        text: str = format_currency(Decimal(to_decimal_text(self.minor, self.currency)), self.currency, locale=locale)
        return text


@dataclass(frozen=True, slots=True)
class AmountLimit:
    """An amount per currency, in minor units; `default_major` major units of a currency that is not listed."""

    minor: Mapping[str, int]
    default_major: int

    def of(self, currency: str) -> int:
        return self.minor.get(currency, self.default_major * 10 ** exponent(currency))


def allocate(total: int, weights: Sequence[int]) -> list[int]:
    """Split minor units over weights so that the parts sum exactly (largest remainder, first wins a tie).

    All-zero weights share evenly. Works for negative totals. Raises: ValueError without weights.
    """
    if not weights:
        raise ValueError("nothing to allocate over")
    if any(weight < 0 for weight in weights):
        raise ValueError("weights are never negative")
    if sum(weights) == 0:
        weights = [1] * len(weights)
    sign = -1 if total < 0 else 1
    amount, whole = abs(total), sum(weights)
    parts = [amount * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(amount * weights[i] % whole), i))
    for index in by_remainder[: amount - sum(parts)]:
        parts[index] += 1
    return [sign * part for part in parts]
