"""Units promised to an edit request before anybody is told of it.

They are rows of `reservation` like any other promise, held by us, with the request in place of a fulfilment order and
no order line: so nobody else is promised them while the request waits for a person, a payment or the customer.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from domain.policy import Policies
from domain.routing import Allocation, serves
from domain.states import FulfilmentOrderState, RequestState
from ledger import stock
from ledger.fulfilment import fulfilment_orders_of
from ledger.orders import OrderRow, lines_of
from ledger.planning import demand_of, free_whole, plan_stocked, stocked, variant_facts
from ledger.rows import select_by
from ledger.scans import parcels_of
from ledger.tables import Reservation

LIVE = ("ours", "at_node")
_ENDED = (FulfilmentOrderState.CLOSED, FulfilmentOrderState.CANCELLED)


def reserve_for_request(
    session: Session,
    order: OrderRow,
    request_id: str,
    units: Mapping[str, int],
    policies: Policies,
    now: datetime,
    *,
    country: str = "",
) -> dict[str, int]:
    """Promise these units (by SKU, kits as one) to a request; the caller holds the order's lock.

    All or nothing: returns the units that are missing by SKU, {} when all are promised. What the request had before
    is given back first, so asking again is safe. Nodes that have the order already come first, then whatever the
    router would choose. `country`: where the order is to go when the request changes that.

    Raises: ValueError for a negative number of units.
    """
    if any(count < 0 for count in units.values()):
        raise ValueError("negative units")
    wanted = {sku: count for sku, count in sorted(units.items()) if count}
    standing = promises_of(session, request_id)
    facts = variant_facts(session, wanted)
    skus = stocked(facts, wanted) | {row["sku"] for row in standing}
    levels = stock.lock_levels(session, skus)
    if standing:
        stock.release(session, [request_id], now)
        levels = stock.lock_levels(session, skus)
    free = stock.free_units(levels)
    there = {**order, "country": country or order["country"]}
    demand = demand_of(there, [(sku, sku, count) for sku, count in wanted.items()], facts, policies)
    here = _has_it(session, order["id"], policies)
    plan, parts = plan_stocked(demand, [n for n in policies.nodes if n.id in here], free, facts, policies)
    if plan.backordered:
        plan, parts = plan_stocked(demand, policies.nodes, free, facts, policies)
    if plan.backordered:
        return dict(plan.backordered)
    promised = [Allocation(part.node_id, "", part.sku, part.quantity) for part, _ in parts]
    stock.reserve(session, [(order["id"], request_id, part) for part in promised], free, now)
    return {}


def _has_it(session: Session, order_id: str, policies: Policies) -> set[str]:
    """Nodes that have a part of the order, or are to get one, and can still change it: nothing has left, and a node
    that labels its parcels itself has not done so."""
    live = [
        row
        for row in fulfilment_orders_of(session, [order_id])[order_id]
        if row["state"] not in _ENDED and row["request_state"] != RequestState.CANCELLATION_REQUESTED
    ]
    labelled, left = parcels_of(session, [row["id"] for row in live])
    themselves = {node.id for node in policies.nodes if node.ships_itself}
    return {
        row["location_id"]
        for row in live
        if row["id"] not in left and not (row["id"] in labelled and row["location_id"] in themselves)
    }


def release_request(session: Session, request_id: str, now: datetime) -> None:
    """Give a request's promises back. Safe to repeat."""
    standing = promises_of(session, request_id)
    if standing:
        stock.lock_levels(session, {row["sku"] for row in standing})
        stock.release(session, [request_id], now)


def promises_of(session: Session, request_id: str) -> list[Mapping[str, Any]]:
    """A request's promises that stand."""
    rows = select_by(session, Reservation, "fulfilment_order_id", [request_id], order_by="id")
    return [row for row in rows if row["holder"] in LIVE]


def free_by_sku(session: Session, skus: Iterable[str], policies: Policies, country: str) -> dict[str, int]:
    """Units that could be promised now to an order that goes to this country, by SKU (kits as one). Nothing is
    locked: to offer, not to promise."""
    wanted = set(skus)
    facts = variant_facts(session, wanted)
    free = stock.free_units(stock.read_levels(session, stocked(facts, wanted)))
    nodes = [node for node in policies.nodes if serves(node, country)]
    return {
        sku: sum(
            free_whole(facts, sku, node.id, free)
            for node in nodes
            if node.hazmat or not facts.get(sku, {}).get("hazmat")
        )
        for sku in sorted(wanted)
    }


def lock_stock(session: Session, order_id: str) -> None:
    """Lock the stock rows of all that an order wants or has been promised, in the fixed order. Whoever changes
    several of its promises in one transaction begins with this; the order's lines are as wanted by then."""
    skus = {line["sku"] for line in lines_of(session, [order_id])[order_id]}
    standing = select_by(session, Reservation, "order_id", [order_id])
    needed = stocked(variant_facts(session, skus), skus) | {r["sku"] for r in standing if r["holder"] in LIVE}
    stock.lock_levels(session, needed)
