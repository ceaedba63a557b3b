"""What customers of the demo's day send back, claim or keep once it has arrived, and how each of it must end."""

from dataclasses import dataclass, field
from typing import Any

_NUMBER = 904  # of the first of these customers; an even eighth of it lives in Boston, near our own warehouse
_EAST = 8  # places of the home country: each eighth customer lives in the first of them
_TAX = 105  # per cent of a price that a customer in Boston pays
LABEL_FEE = 690  # minor units, config/policies/returns.toml


@dataclass
class TakeBack:
    """One request, for one unit of `sku`. `lines`: what was bought. `waves`: when this customer buys; of several orders
    the first is sent back.

    What must become of it: `grade` that the warehouse gives, "" where no parcel is sent; the state `end`; `back_minor`
    in the shop by `refunds` refunds; `label`: used, given_back, or "" where none is needed; `instead`: the SKU that is
    sent for it; `told`: kinds of mails. The request's id comes when it is made.
    """

    name: str
    sku: str
    reason: str
    end: str
    told: tuple[str, ...]
    want: str = "refund"
    condition: str = "unopened"
    photo: bool = False
    grade: str = ""
    back_minor: int = 0
    refunds: int = 1
    label: str = ""
    instead: str = ""
    lines: list[dict[str, Any]] = field(default_factory=list)
    waves: tuple[int, ...] = (4,)
    number: int = 0
    request_id: str = ""


def takebacks() -> list[TakeBack]:
    """All of a day, the same every day."""
    found = [
        TakeBack(
            "return", "SHELL-M-M", "too_large", "closed", ("return_approved", "return_refunded"),
            condition="opened", grade="a", back_minor=_paid(19900) - LABEL_FEE, label="used",
        ),
        TakeBack(
            "exchange", "SHELL-W-M", "too_small", "closed", ("return_approved",),
            want="exchange|SHELL-W-L", condition="opened", instead="SHELL-W-L", grade="a", refunds=0, label="used",
        ),
        TakeBack(
            "claim with a photo", "POT-SET-L", "damaged", "closed",
            ("return_approved", "return_refunded"),
            condition="", photo=True, grade="damaged", back_minor=_paid(6500 + 500), label="used",
        ),
        TakeBack(
            "not worth its way back", "MUG-ENA-WHT", "colour", "closed", ("return_kept",),
            lines=[{"sku": "MUG-ENA-WHT", "quantity": 1, "discount": "2.50"}], back_minor=_paid(1200 - 250),
        ),
        TakeBack(
            "paid at once, never sent", "POT-SET-S", "changed_mind", "expired",
            ("return_approved", "return_reminder", "return_declined"),
            back_minor=_paid(4500) - LABEL_FEE, label="given_back",
            waves=(3, 0, 1, 2, 5, 5),  # trusted from the fifth order on, and one may meet trouble
        ),
        TakeBack(
            "never sent", "LAMP-200", "ordered_by_mistake", "expired",
            ("return_approved", "return_reminder", "return_reminder", "return_declined"),
            refunds=0, label="given_back",
        ),
    ]  # fmt: skip
    for place, back in enumerate(found):
        back.number = _NUMBER + place * _EAST
        back.lines = back.lines or [{"sku": back.sku, "quantity": 1}]
    return found


def _paid(price_minor: int) -> int:
    """With tax, rounded half up."""
    return (price_minor * _TAX + 50) // 100
