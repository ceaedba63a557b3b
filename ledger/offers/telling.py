"""What the customer is told of an offer: one claim for a round, about its best remedy; the page shows the others.

An offer that ends before it was told is not told any more.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from domain.messages import ClaimKind
from domain.order import Facts
from domain.remedies import Remedy
from ledger.messages import Claim, parcel_facts, say, withdraw
from ledger.offers.rows import OfferRow
from ledger.orders import OrderRow, lines_of
from ledger.rows import select_by
from ledger.tables import ShipmentLine


def facts_of(session: Session, order: OrderRow, parcel: Mapping[str, Any]) -> Facts:
    """What all claims about a parcel share, with what is in it."""
    content = {
        row["order_line_id"]: row["quantity"] for row in select_by(session, ShipmentLine, "shipment_id", [parcel["id"]])
    }
    return parcel_facts(order, parcel, content, lines_of(session, [order["id"]])[order["id"]])


def tell(
    session: Session, order: OrderRow, parcel: Mapping[str, Any], offers: Sequence[OfferRow], now: datetime
) -> None:
    """`offers`: of one round, the best first."""
    best = offers[0]
    facts = facts_of(session, order, parcel)
    facts |= {"offer": best["id"], "choice": best["kind"], "expires_at": best["expires_at"].isoformat()}
    if best["kind"] in (Remedy.CREDIT, Remedy.REFUND):
        facts |= {"amount_minor": best["amount_minor"], "currency": best["currency"]}
    say(session, [Claim(ClaimKind.PARCEL_OFFER, parcel["id"], order, facts)], now)


def take_back(session: Session, shipment_ids: Iterable[str], now: datetime) -> None:
    """None of what was offered for these parcels stands any more."""
    if parcels := sorted(shipment_ids):
        withdraw(session, ClaimKind.PARCEL_OFFER, parcels, "offer_withdrawn", now)
