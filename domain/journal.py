"""Double-entry postings of an order's own facts. Positive is debit, negative credit; every entry sums to zero.

Accounts: receivable, deferred_revenue, revenue, tax_payable, cash:{gateway}, shipping_cost, carrier_payable.
Revenue is recognised at hand-over to the carrier.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


class Unbalanced(ValueError):
    """An entry whose lines do not sum to zero."""


@dataclass(frozen=True, slots=True)
class Entry:
    """`key` is the fact that is posted: posted once, whoever asks again."""

    key: str
    order_id: str
    kind: str
    currency: str
    lines: tuple[tuple[str, int], ...]

    def __post_init__(self) -> None:
        if sum(amount for _, amount in self.lines) != 0:
            raise Unbalanced(self.key)


def _entry(key: str, order_id: str, kind: str, currency: str, lines: Sequence[tuple[str, int]]) -> Entry:
    return Entry(key, order_id, kind, currency, tuple((account, amount) for account, amount in lines if amount))


def order_placed(order_id: str, currency: str, total_minor: int, tax_minor: int, key: str) -> Entry:
    """The customer owes the total; revenue waits for the parcel."""
    return _entry(
        key,
        order_id,
        "order_placed",
        currency,
        [
            ("receivable", total_minor),
            ("deferred_revenue", tax_minor - total_minor),
            ("tax_payable", -tax_minor),
        ],
    )


def reversal(entry: Entry, key: str, kind: str) -> Entry:
    """The same entry with signs turned."""
    return Entry(key, entry.order_id, kind, entry.currency, tuple((a, -m) for a, m in entry.lines))


def money_in(order_id: str, currency: str, gateway: str, amount_minor: int, transaction: str) -> Entry:
    return _entry(
        f"txn:{transaction}",
        order_id,
        "payment",
        currency,
        [
            (f"cash:{gateway}", amount_minor),
            ("receivable", -amount_minor),
        ],
    )


def money_back(order_id: str, currency: str, gateway: str, amount_minor: int, transaction: str) -> Entry:
    return _entry(
        f"txn:{transaction}",
        order_id,
        "refund",
        currency,
        [
            ("receivable", amount_minor),
            (f"cash:{gateway}", -amount_minor),
        ],
    )


def goods_sent(order_id: str, currency: str, amount_minor: int, shipment_id: str) -> Entry:
    """A parcel's share of the net value turns into revenue."""
    return _entry(
        f"shipment:{shipment_id}",
        order_id,
        "revenue",
        currency,
        [
            ("deferred_revenue", amount_minor),
            ("revenue", -amount_minor),
        ],
    )


def label_bought(order_id: str, currency: str, cost_minor: int, shipment_id: str) -> Entry:
    return _entry(
        f"label:{shipment_id}",
        order_id,
        "label",
        currency,
        [
            ("shipping_cost", cost_minor),
            ("carrier_payable", -cost_minor),
        ],
    )


def recognised_minor(
    net_minor: int, line_values: Mapping[str, int], ordered: Mapping[str, int], shipped: Mapping[str, int]
) -> int:
    """How much of the order's net value is revenue once these units have left, all parcels together.

    Shipping and other amounts follow the lines' values. A complete order gives the net value exactly, so the
    parcels' differences always sum to it.
    """
    if all(shipped.get(line, 0) >= count for line, count in ordered.items()):
        return net_minor
    value = {line: max(line_values.get(line, 0), 0) or 1 for line, count in ordered.items() if count}
    sent = sum(value[line] * min(shipped.get(line, 0), ordered[line]) // ordered[line] for line in value)
    return net_minor * sent // sum(value.values())
