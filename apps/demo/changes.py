"""What customers of the demo's day want changed once their orders stand: each kind before release, at the 3PL and in
our own warehouse, and what cannot be had."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from apps.demo.people import STREET, customer

EARLY, AT_NODES, GONE = "before release", "at the warehouse", "after it left"
MINE, THEIRS = "brooklyn", "cicero"
_GAS = [{"sku": "GAS-230", "quantity": 2}, {"sku": "MUG-ENA-WHT", "quantity": 1}]  # hazmat: only the 3PL ships it
_SHELLS = [{"sku": "SHELL-M-S", "quantity": 2}, {"sku": "POT-SET-S", "quantity": 1}]
_ONE = [{"sku": "POT-SET-S", "quantity": 1}]
_NUMBER = 600  # of the first of these customers; an even eighth of it lives in Boston
_EAST = 8  # places of the home country: each eighth customer lives in the first of them


@dataclass
class Change:
    """One request. `actions` as the order page sends them, but with the line's SKU as `line`. `contact`: what is new.

    `end` and `code`: the state that it ends in, and why, as it must be. The request's id comes when it is made.
    """

    name: str
    when: str
    lines: list[dict[str, Any]]
    actions: list[dict[str, Any]]
    contact: dict[str, str] | None = None
    end: str = "applied"
    code: str = ""
    node: str = ""
    pays: bool = False
    body: dict[str, Any] = field(default_factory=dict)  # what is special about the purchase
    number: int = 0
    request_id: str = ""


def changes() -> list[Change]:
    """All of a day, the same every day."""
    found = [
        *_each_kind(EARLY, "", _GAS),
        *_each_kind(AT_NODES, THEIRS, _GAS),
        *_each_kind(AT_NODES, MINE, _SHELLS),
        *_troubles(),
    ]
    for place, change in enumerate(found):
        change.number = _NUMBER + place * _EAST
        if change.contact is not None:
            change.contact = _new_contact(change)
    return found


def _each_kind(when: str, node: str, lines: list[dict[str, Any]]) -> Iterator[Change]:
    first, second = (line["sku"] for line in lines)
    swapped, other = ("MUG-ENA-WHT", "MUG-ENA-BLU") if second.startswith("MUG") else ("SHELL-M-S", "SHELL-M-L")
    told = when == AT_NODES

    def change(kind: str, goods: list[dict[str, Any]] = lines, **more: Any) -> Change:
        known = {name: more.pop(name) for name in ("contact", "end", "code", "pays") if name in more}
        return Change(f"{kind}, {node or when}", when, goods, [{"kind": kind, **more}], node=node, **known)

    yield change("address", contact_version="$proposed", contact={})
    yield change("contact", contact_version="$proposed", contact={})
    yield change("quantity", line=first, quantity=1)
    yield change("swap", line=swapped, sku=other, quantity=1)
    yield change("add", sku=second, quantity=1, pays=True)
    yield change("remove", line=second)
    end: dict[str, Any] = {"end": "refused", "code": "node"} if told else {}  # no call for it, no other sheet
    yield change("shipping", shipping_code="economy", **end)
    yield change("cancel", _ONE if node == MINE else lines)


def _troubles() -> Iterator[Change]:
    yield Change(
        "sold out", EARLY, [{"sku": "SLP-0C-REG", "quantity": 1}],
        [{"kind": "swap", "line": "SLP-0C-REG", "sku": "SLP-M10-REG"}], end="refused", code="out_of_stock",
    )  # fmt: skip
    yield Change(
        "unpaid", EARLY, _GAS, [{"kind": "add", "sku": "MUG-ENA-WHT", "quantity": 2}], end="expired",
        code="payment_overdue",
    )  # fmt: skip
    yield Change(
        "promotion", EARLY, [{"sku": "POT-SET-L", "quantity": 1}, {"sku": "STOVE-1", "quantity": 1}],
        [{"kind": "remove", "line": "STOVE-1"}],
        body={"discounts": [{"title": "Camp week", "percent": 10, "minimum": 100}]},
    )  # fmt: skip
    yield Change(
        "too late", GONE, _GAS, [{"kind": "address", "contact_version": "$proposed"}], contact={}, end="refused",
        code="already_shipped",
    )  # fmt: skip


def _new_contact(change: Change) -> dict[str, str]:
    if change.actions[0]["kind"] == "contact":
        return {"email": f"new.{customer(change.number, 'US')['email']}", "phone": "+16175550173"}
    return {"line1": f"{change.number} {STREET} Tremont Street", "line2": "", "postal_code": "02111"}
