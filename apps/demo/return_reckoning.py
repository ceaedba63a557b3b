"""What became of returns by the fake vendors' own counters against how they must end: pure, as `apps.demo.reckoning`,
one sentence for everything that is compared, empty where both sides agree."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apps.demo.takebacks import TakeBack
from domain.money import to_minor

Row = Mapping[str, Any]
_OVERTAKEN = "return_received"  # is not mailed any more where the parcel was graded at once
_SHELF = ("a", "b")  # grades of what is sold again, config/policies/returns.toml


@dataclass(frozen=True, slots=True)
class Seen:
    """One request: its `row` here, its `order` at the shop, the `labels` of its code at the carrier, the kinds of the
    mails about it that are in the mailbox."""

    name: str
    back: TakeBack
    row: Row
    order: Row
    labels: Sequence[Row] = ()
    told: Sequence[str] = ()


def ended(seen: Iterable[Seen]) -> Iterator[str]:
    """Each came to the state that is due, and its customer was told what had to be told, no more."""
    for each in seen:
        state = each.row.get("state", "never taken in")
        told = sorted(kind for kind in each.told if kind != _OVERTAKEN)
        if state != each.back.end:
            yield f"{each.name}: {state}, not {each.back.end}"
        elif told != sorted(each.back.told):
            yield f"{each.name}: its customer was told {', '.join(told) or 'nothing'}"
        else:
            yield ""


def refunded(seen: Iterable[Seen]) -> Iterator[str]:
    """The shop gave back what is due, to the cent, by as many refunds."""
    for each in seen:
        there = each.order["refunds"], to_minor(each.order["refunded"], each.order["currency"])
        due = each.back.refunds, each.back.back_minor
        yield (
            ""
            if there == due
            else f"{each.name}: {there[0]} refunds of {there[1]} in its shop, not {due[0]} of {due[1]}"
        )


def labels(seen: Iterable[Seen]) -> Iterator[str]:
    """One label where goods are to be sent, its money asked back where it was never used."""
    for each in seen:
        found = ["given_back" if label["refunded"] else "used" for label in each.labels]
        due = [each.back.label] if each.back.label else []
        yield "" if found == due else f"{each.name}: labels {', '.join(found) or 'none'} at the carrier"


def exchanged(seen: Iterable[Seen]) -> Iterator[str]:
    """What was wanted instead left once, as the one unit that the shop's return promises."""
    for each in seen:
        if not each.back.instead:
            continue
        sku, parts = each.back.instead, each.order["fulfillments"]
        left = [line for part in parts for line in part["lines"] if part["status"] == "SUCCESS" and line["sku"] == sku]
        promised = [one for back in each.order["returns"] for one in back["exchanges"]]
        units = [sum(line["quantity"] for line in left), sum(one["processed"] for one in promised)]
        yield "" if units == [1, 1] else f"{each.name}: {units[0]} of {sku} left, {units[1]} of the shop's return"


def shelved(parcels: Iterable[Row], movements: Iterable[Row]) -> Iterator[str]:
    """What the warehouse's people found good is stock again, each unit once, and nothing else is. `parcels`: as they
    were opened, `movements` of stock that came back."""
    good = Counter(unit["sku"] for parcel in parcels for unit in parcel["units"] or () if unit["grade"] in _SHELF)
    ours = Counter[str]()
    for movement in movements:
        ours[movement["sku"]] += movement["delta"]
    for sku in sorted({*good, *ours}):
        yield "" if good[sku] == ours[sku] else f"{ours[sku]} of {sku} put on the shelf, {good[sku]} were good"
