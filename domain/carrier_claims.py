"""Claims against carriers for parcels that they lost or damaged: when one may be filed, for how much, with what. Pure.

Windows are data (config/policies/carrier_claims.toml), each with its source: carriers count them from different days.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from domain.evidence import Evidence, Sent, parcel_lines, text_of
from domain.money import to_decimal_text
from domain.order import Address
from domain.parcels import ParcelState

Row = Mapping[str, Any]


class Ground(StrEnum):
    LOST = "lost"
    DAMAGED = "damaged"


class CountsFrom(StrEnum):
    """The day on which a carrier's window begins."""

    SHIPPED = "shipped"  # mailing, acceptance
    DELIVERED = "delivered"  # of a damaged parcel; of a lost one the day on which it should have come


@dataclass(frozen=True, slots=True)
class ClaimWindow:
    """`opens_after` and `closes_after` count from the same day; the last instant of the window is inside it.
    `covered_minor`: what the carrier owes without a declared value, in `covered_currency`; None: the goods' value."""

    carrier: str  # in lower case
    ground: Ground
    counts_from: CountsFrom
    opens_after: timedelta
    closes_after: timedelta
    covered_minor: int | None
    covered_currency: str
    pays_postage: bool
    proofs: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True)
class ClaimPolicy:
    """`margin`: how long before a window closes somebody is told. Of a carrier that is not listed the windows of
    `fallback` count: the shortest that are known."""

    windows: tuple[ClaimWindow, ...]
    fallback: str
    margin: timedelta

    def window_of(self, carrier: str, ground: Ground) -> ClaimWindow:
        """Raises: LookupError when neither the carrier nor the fallback has one."""
        for name in (carrier.strip().lower(), self.fallback):
            for window in self.windows:
                if (window.carrier, window.ground) == (name, ground):
                    return window
        raise LookupError(f"no claim window for {ground}")


@dataclass(frozen=True, slots=True)
class ClaimTimes:
    opens_at: datetime
    closes_at: datetime

    def is_open(self, now: datetime) -> bool:
        return self.opens_at <= now <= self.closes_at


def ground_of(state: ParcelState) -> Ground | None:
    """What a carrier can be asked to pay for; None where it owes nothing."""
    return {ParcelState.LOST: Ground.LOST, ParcelState.DAMAGED: Ground.DAMAGED}.get(state)


def claim_times(window: ClaimWindow, *, shipped_at: datetime, delivered_at: datetime | None) -> ClaimTimes:
    """`delivered_at`: of a damaged parcel; of a lost one the promised day, none where nobody promised any."""
    day = delivered_at if window.counts_from is CountsFrom.DELIVERED and delivered_at is not None else shipped_at
    return ClaimTimes(day + window.opens_after, day + window.closes_after)


@dataclass(frozen=True, slots=True)
class ClaimAmount:
    """In minor units of the order's currency. `goods_minor` is what the shop paid or what the customer did, as the
    policy says; `claimed_minor` is capped by what is covered, where that is in the same currency."""

    currency: str
    goods_minor: int
    postage_minor: int
    covered_minor: int | None
    claimed_minor: int


def claim_amount(
    window: ClaimWindow, currency: str, *, goods_minor: int, postage_minor: int, postage_currency: str
) -> ClaimAmount:
    """Postage in another currency than the order's stands in the packet only."""
    postage = postage_minor if window.pays_postage and postage_currency == currency else 0
    covered = window.covered_minor if window.covered_currency == currency else None
    goods = goods_minor if covered is None else min(goods_minor, covered)
    return ClaimAmount(currency, goods_minor, postage, covered, goods + postage)


def packet(
    order: Row,
    sent: Sent,
    *,
    ground: Ground,
    window: ClaimWindow,
    times: ClaimTimes,
    amount: ClaimAmount,
    lines: Sequence[Row],
    address: Address,
    remedies: Sequence[Row],
    now: datetime,
) -> Evidence:
    """Facts, proofs and amounts as a paper for the carrier. It names the recipient, as the label did."""
    currency = amount.currency
    titles = {line["id"]: line for line in lines}
    money = [
        f"Value of the goods: {_money(amount.goods_minor, currency)}",
        *([f"Postage: {_money(amount.postage_minor, currency)}"] if amount.postage_minor else []),
        *([f"Covered without a declared value: {_money(amount.covered_minor, currency)}"]
          if amount.covered_minor is not None else []),
        f"Claimed: {_money(amount.claimed_minor, currency)}",
    ]  # fmt: skip
    goods = [
        f"{part['quantity']} x {part['sku']} {titles[part['order_line_id']]['title']}, sold at "
        f"{_money(titles[part['order_line_id']]['unit_price_minor'], currency)} each"
        for part in sent.content
        if part["order_line_id"] in titles
    ]
    place = f"{address.postal_code} {address.city} {address.region} {address.country}"
    to = [part for part in (address.name, address.company, address.line1, address.line2, place) if part.strip()]
    about = [
        f"Ground: {ground}",
        f"To be filed from {text_of(times.opens_at)} to {text_of(times.closes_at)}",
        f"By the carrier's terms: {window.source}",
        f"Order {order['name']} of {text_of(order['placed_at'])}",
    ]
    customer = [
        f"{text_of(row['accepted_at'])}  {row['kind']} of {_money(row['amount_minor'], currency)}" for row in remedies
    ]
    sections = [
        ("The claim", about),
        ("Amounts", money),
        ("What was in it", goods),
        ("Sent to", to),
        ("The parcel", parcel_lines(sent)),
        ("Given to the customer for it", customer),
        ("Proofs that the carrier asks for", list(window.proofs)),
    ]
    kept = tuple((title, tuple(texts)) for title, texts in sections if texts)
    return Evidence(f"Claim for parcel {sent.parcel['tracking_number']}", now, kept)


def as_json(
    claim: Row, sent: Sent, *, ground: Ground, window: ClaimWindow, times: ClaimTimes, amount: ClaimAmount
) -> dict[str, Any]:
    """The same facts for programs; whom it was sent to is in the paper only."""
    return {
        "claim": claim["id"],
        "ground": str(ground),
        "carrier": sent.parcel["carrier"],
        "service": sent.parcel["service"],
        "tracking_number": sent.parcel["tracking_number"],
        "order": claim["order_id"],
        "shipped_at": _iso(sent.parcel["shipped_at"]),
        "opens_at": times.opens_at.isoformat(),
        "closes_at": times.closes_at.isoformat(),
        "amount": asdict(amount),
        "content": [
            {"sku": part["sku"], "quantity": part["quantity"], "line": part["order_line_id"]} for part in sent.content
        ],
        "events": [
            {
                "at": event["occurred_at"].isoformat(), "state": event["state"], "code": event["raw_code"],
                "city": event["city"], "country": event["country"],
            }
            for event in sent.events
        ],
        "proofs": list(window.proofs),
        "source": window.source,
    }  # fmt: skip


def _money(minor: int, currency: str) -> str:
    return f"{to_decimal_text(minor, currency)} {currency}"


def _iso(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""
