"""What a merchant can show a bank about an order: facts with their times, in the order in which they matter. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.disputes import StatedDispute
from domain.money import to_decimal_text
from domain.order import Address

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Evidence:
    """`sections`: title -> lines of text. It names the customer, so it is kept like other papers of an order."""

    title: str
    created_at: datetime
    sections: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def texts(self) -> list[str]:
        return [self.title, *(text for name, lines in self.sections for text in (name, *lines))]


@dataclass(frozen=True, slots=True)
class Sent:
    """One parcel with all that its carrier said of it, oldest first."""

    parcel: Row
    content: Sequence[Row]
    events: Sequence[Row]


def gather(
    dispute: StatedDispute,
    order: Row,
    *,
    email: str,
    address: Address,
    lines: Sequence[Row],
    money: Sequence[Row],
    parcels: Sequence[Sent],
    messages: Sequence[Row],
    returns: Sequence[Row],
    now: datetime,
) -> Evidence:
    """The packet of one order."""
    currency = order["currency"]
    about = [
        f"Dispute {dispute.external_id}: {to_decimal_text(dispute.amount_minor, dispute.currency)} {dispute.currency}",
        f"Reason that the bank gives: {dispute.reason or 'none'}",
        *([f"To be answered by {text_of(dispute.answer_by)}"] if dispute.answer_by else []),
    ]
    bought = [
        f"Order {order['name']} of {text_of(order['placed_at'])}",
        *(
            f"{line['ordered'] - line['cancelled']} x {line['sku']} {line['title']}, "
            f"{to_decimal_text(line['unit_price_minor'], currency)} {currency} each"
            for line in lines
        ),
        f"Total {to_decimal_text(order['total_minor'], currency)} {currency}",
    ]
    place = f"{address.postal_code} {address.city} {address.region} {address.country}"
    to = [part for part in (address.name, address.company, address.line1, address.line2, place, email) if part.strip()]
    paid = [
        f"{text_of(row['processed_at'])}  {row['kind']} of {to_decimal_text(row['amount_minor'], row['currency'])} "
        f"{row['currency']} by {row['gateway']}: {row['status']}"
        for row in money
    ]
    sections = [("The dispute", about), ("What was bought", bought), ("Sent to", to), ("Payments", paid)]
    sections += [(_parcel_title(number, each), parcel_lines(each)) for number, each in enumerate(parcels, start=1)]
    sections.append(("Messages to the customer", [f"{text_of(m['sent_at'])}  {m['kind']}" for m in messages]))
    sections.append(("Returns", [f"{text_of(r['created_at'])}  {r['rma']}: {r['state']}" for r in returns]))
    kept = tuple((title, tuple(texts)) for title, texts in sections if texts)
    return Evidence(f"Evidence on order {order['name']}", now, kept)


def _parcel_title(number: int, each: Sent) -> str:
    delivered = each.parcel["delivered_at"]
    proof = f"delivered {text_of(delivered)}" if delivered else f"not delivered yet: {each.parcel['state']}"
    return f"Parcel {number}, {proof}"


def parcel_lines(each: Sent) -> list[str]:
    """One parcel with its content and its scans."""
    parcel = each.parcel
    goods = ", ".join(f"{part['quantity']} x {part['sku']}" for part in each.content)
    return [
        f"{parcel['carrier']} {parcel['tracking_number']} {parcel['tracking_url']}".strip(),
        f"Content: {goods}",
        *(
            f"{text_of(event['occurred_at'])}  {event['state']}  {event['city']} {event['country']}".rstrip()
            for event in each.events
        ),
    ]


def text_of(moment: datetime | None) -> str:
    """A time as papers have it."""
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "unknown"
