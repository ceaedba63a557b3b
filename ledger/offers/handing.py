"""The order that a shop has made in a parcel's place: linked when it is captured, given its units when it is routed."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import Session

from domain.routing import Allocation
from ledger import stock
from ledger.editing.promises import promises_of, release_request
from ledger.offers.rows import set_offer
from ledger.orders import lines_of
from ledger.planning import stocked, variant_facts
from ledger.rows import select_by
from ledger.tables import Offer, Order


def link(session: Session, source: str, account: str, captured: Mapping[str, str]) -> None:
    """Orders of a shop that were captured just now: the shop's id -> ours. One of them may replace a parcel; where the
    shop's answer comes later than its order, the answer links it (`ledger.offers.replacing`)."""
    rows = select_by(session, Offer, "replacement_external_id", captured)
    first = {row["id"]: row for row in select_by(session, Order, "id", [row["order_id"] for row in rows])}
    for row in rows:
        order = first[row["order_id"]]
        if (order["source"], order["account"]) == (source, account):
            set_offer(session, row, replacement_order_id=captured[row["replacement_external_id"]])


def hand_over(session: Session, order_ids: Sequence[str], now: datetime) -> dict[str, list[Allocation]]:
    """Give what is promised to offers back for the orders that replace their parcels, in the transaction that promises
    it to these anew; the caller holds the orders' locks. Returns what stood promised, by order."""
    rows = [row for row in select_by(session, Offer, "replacement_order_id", order_ids) if row["replacement_order_id"]]
    standing = {row["replacement_order_id"]: promises_of(session, row["id"]) for row in rows}
    if not any(standing.values()):
        return {}
    # all rows that are locked from here on at once, in the fixed order
    skus = {line["sku"] for lines in lines_of(session, order_ids).values() for line in lines}
    parts = stocked(variant_facts(session, skus), skus)
    stock.lock_levels(session, parts | {each["sku"] for found in standing.values() for each in found})
    stock.release(session, [row["id"] for row in rows], now)
    return {
        order_id: [Allocation(each["location_id"], "", each["sku"], each["quantity"]) for each in found]
        for order_id, found in standing.items()
        if found
    }


def drop_promises(session: Session, order_id: str, now: datetime) -> None:
    """An order that replaces a parcel is cancelled: nobody waits for its units."""
    for row in select_by(session, Offer, "replacement_order_id", [order_id]):
        release_request(session, row["id"], now)
