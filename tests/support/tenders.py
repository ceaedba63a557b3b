"""Payments of an order by what they hold."""

from domain.payments import TenderFacts
from domain.placed import Tender


def tender(
    name: str = "card", *, captured: int = 0, authorised: int = 0, refunded: int = 0, granted: int = 0
) -> Tender:
    return Tender(f"pay_{name}", TenderFacts(name, authorised, captured, refunded, "", None, ""), granted)
