"""Money in two currencies at once: the shop's and the customer's (presentment)."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

_EXPONENTS = {"JPY": 0, "KRW": 0, "CLP": 0, "ISK": 0, "KWD": 3, "BHD": 3, "OMR": 3, "JOD": 3, "TND": 3}
_PER_USD = {
    "USD": "1",
    "EUR": "0.92",
    "GBP": "0.79",
    "CAD": "1.36",
    "AUD": "1.52",
    "CHF": "0.88",
    "JPY": "149.5",
    "KWD": "0.307",
    "SEK": "10.4",
    "DKK": "6.86",
    "NOK": "10.6",
    "PLN": "3.95",
    "MXN": "17.1",
    "ISK": "137",
    "BHD": "0.376",
    "KRW": "1330",
    "NZD": "1.64",
    "CZK": "22.9",
}
ZERO = Decimal(0)


class UnknownCurrencyError(ValueError):
    """The sandbox has no rate for this currency."""


def quantum(currency: str) -> Decimal:
    return Decimal(1).scaleb(-_EXPONENTS.get(currency, 2))


def plain(amount: Decimal) -> str:
    """As GraphQL's Decimal is written: no trailing zeros, but one decimal at least ("10.0", "9.99")."""
    text = format(amount, "f")
    if "." in text:
        text = text.rstrip("0")
        return text + "0" if text.endswith(".") else text
    return text + ".0"


@dataclass(frozen=True, slots=True)
class Pair:
    """The two currencies of one order; `rate` is presentment units per shop unit."""

    shop: str
    presentment: str
    shop_quantum: Decimal
    presentment_quantum: Decimal
    rate: Decimal

    @classmethod
    def of(cls, shop: str, presentment: str) -> "Pair":
        if presentment not in _PER_USD or shop not in _PER_USD:
            raise UnknownCurrencyError(f"no rate from {shop} to {presentment}")
        rate = Decimal(1) if shop == presentment else Decimal(_PER_USD[presentment]) / Decimal(_PER_USD[shop])
        return cls(shop, presentment, quantum(shop), quantum(presentment), rate)

    def from_shop(self, amount: Decimal) -> "Bag":
        return self.rounded(amount, amount * self.rate)

    def from_presentment(self, amount: Decimal) -> "Bag":
        return self.rounded(amount / self.rate, amount)

    def rounded(self, shop: Decimal, presentment: Decimal) -> "Bag":
        return Bag(
            self,
            shop.quantize(self.shop_quantum, ROUND_HALF_UP),
            presentment.quantize(self.presentment_quantum, ROUND_HALF_UP),
        )

    @property
    def zero(self) -> "Bag":
        return self.rounded(ZERO, ZERO)


@dataclass(frozen=True, slots=True)
class Bag:
    """One amount in both currencies; sums of bags are exact in each."""

    pair: Pair
    shop: Decimal
    presentment: Decimal

    def __add__(self, other: "Bag") -> "Bag":
        return Bag(self.pair, self.shop + other.shop, self.presentment + other.presentment)

    def __sub__(self, other: "Bag") -> "Bag":
        return Bag(self.pair, self.shop - other.shop, self.presentment - other.presentment)

    def __mul__(self, count: int) -> "Bag":
        return Bag(self.pair, self.shop * count, self.presentment * count)

    def __bool__(self) -> bool:
        return self.presentment > 0

    def share(self, part: int, whole: int) -> "Bag":
        """`part` of `whole`, rounded; the whole share is exactly the bag."""
        if part == whole:
            return self
        return self.pair.rounded(self.shop * part / whole, self.presentment * part / whole)

    def times(self, factor: Decimal) -> "Bag":
        return self.pair.rounded(self.shop * factor, self.presentment * factor)


def total(bags: "list[Bag]", pair: Pair) -> Bag:
    result = pair.zero
    for bag in bags:
        result = result + bag
    return result
