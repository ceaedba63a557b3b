"""Planning an order anew after an edit: what no node was told of goes back to the router, all in one transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.decisions import Reason
from domain.policy import Policies
from domain.routing import Allocation
from domain.states import EffectState, FulfilmentOrderState, RequestState
from ledger import queue, stock
from ledger.cases import open_cases, resolve_by_key
from ledger.completing import complete_if_done
from ledger.editing.promises import lock_stock
from ledger.effects import move_effects
from ledger.fulfilment import FulfilmentRow, advance_fulfilment_orders, fulfilment_orders_of, give_back_units
from ledger.orders import Fenced, OrderRow, count_units, lines_of, lock_orders
from ledger.routing import ROUTABLE, backorder_case, route_locked
from ledger.rows import group_by, mappings, select_by
from ledger.scans import parcels_of
from ledger.tables import Effect, FulfilmentOrder, Location
from ledger.tables.base import table_of

_effect = table_of(Effect)
BUYING = "label.buy"
TELLING = ("node.create_order", "label.quote", BUYING)  # how a node hears of a fulfilment order
_DOUBTFUL = (EffectState.SENDING, EffectState.UNKNOWN, EffectState.PARKED)
_UNTRIED = (EffectState.PLANNED, EffectState.CANCELLED)


class StillPromised(Exception):
    """A node was told of more units of a line than are wanted now: it has to be changed there first."""

    def __init__(self, line_ids: Sequence[str]) -> None:
        super().__init__(f"nodes still have more than is wanted of {', '.join(line_ids)}")
        self.line_ids = tuple(line_ids)


def untold(session: Session, order: OrderRow) -> list[FulfilmentRow]:
    """The fulfilment orders that no node has heard of: scheduled, or about to be told by an effect that was never
    tried, or in our own warehouse without a label. While a fence stands nothing is told, so they stay so. The caller
    holds the order's lock."""
    rows = fulfilment_orders_of(session, [order["id"]])[order["id"]]
    effects = telling_effects(session, rows)
    submitted = [
        row
        for row in rows
        if (row["state"], row["request_state"]) == (FulfilmentOrderState.OPEN, RequestState.SUBMITTED)
    ]
    labelled, left = parcels_of(session, [row["id"] for row in submitted])
    places = select_by(session, Location, "id", {row["location_id"] for row in submitted})
    ours = {place["id"] for place in places if not place["ships_itself"]}

    def unheard(row: FulfilmentRow) -> bool:
        telling = effects.get(row["id"], [])
        if row["location_id"] in ours:  # rates that were asked for bind nobody; a label that may be bought does
            buying = any(e["kind"] == BUYING and e["state"] in _DOUBTFUL for e in telling)
            return not (buying or row["pick_list_id"] or row["id"] in labelled or row["id"] in left)
        return bool(telling) and all(e["state"] in _UNTRIED and e["attempts"] == 0 for e in telling)

    found = {row["id"] for row in submitted if unheard(row)}
    return [row for row in rows if row["state"] == FulfilmentOrderState.SCHEDULED or row["id"] in found]


def telling_effects(session: Session, rows: Sequence[FulfilmentRow]) -> dict[str, list[Mapping[str, Any]]]:
    """Locked: a sender claims them without the order's lock, and asks its guard only then."""
    if not rows:
        return {}
    statement = (
        sa.select(_effect)
        .where(_effect.c.order_id == rows[0]["order_id"], _effect.c.kind.in_(TELLING))
        .order_by(_effect.c.id)
        .with_for_update()
    )
    mine = {row["id"] for row in rows}
    return group_by([row for row in mappings(session, statement) if row["subject_id"] in mine], "subject_id")


def replan(session: Session, order: OrderRow, request_id: str, policies: Policies, now: datetime) -> Reason:
    """Give back what stands promised to the request and to fulfilment orders that no node has heard of, and promise
    what is wanted now, before anybody else can take a unit of it. The caller holds the order's lock, its lines are as
    wanted already. What was promised stays promised, where the router would not leave it if need be.

    Returns the router's reason; not_routable where nothing is routed yet, or any more.
    Raises: StillPromised; Fenced when somebody else's fence stands.
    """
    order = lock_orders(session, [order["id"]])[order["id"]]
    if order["fence_token"] not in ("", request_id):
        raise Fenced(order["id"])
    select_by(session, FulfilmentOrder, "order_id", [order["id"]], lock=True)
    lock_stock(session, order["id"])
    promised = _give_back(session, untold(session, order), request_id, now)
    lines = lines_of(session, [order["id"]])[order["id"]]
    too_many = [line["id"] for line in lines if line["reserved"] > line["ordered"] - line["cancelled"]]
    if too_many:
        raise StillPromised(too_many)
    count_units(session, [(line["id"], "backordered", -line["backordered"]) for line in lines if line["backordered"]])
    if order["state"] not in ROUTABLE or order["cancelled_at"] is not None:
        return Reason("not_routable", {"state": order["state"]})
    reason = route_locked(session, [order], policies, now, promised={order["id"]: promised})[order["id"]]
    _settle(session, order, now)
    return reason


def _give_back(session: Session, rows: Sequence[FulfilmentRow], request_id: str, now: datetime) -> list[Allocation]:
    """End them; returns the stocked units that were promised."""
    effects = telling_effects(session, rows)
    waiting = [e for found in effects.values() for e in found if e["state"] == EffectState.PLANNED]
    move_effects(session, waiting, EffectState.CANCELLED, "edited", now)
    given = stock.release(session, [request_id, *(row["id"] for row in rows)], now)
    for row in rows:
        give_back_units(session, row)
    advance_fulfilment_orders(session, [(row, _ended(row)) for row in rows], "edited", now)
    return [Allocation(row["location_id"], row["order_line_id"], row["sku"], row["quantity"]) for row in given]


def _ended(row: FulfilmentRow) -> dict[str, str]:
    ended = {"state": str(FulfilmentOrderState.CANCELLED)}
    if row["request_state"] == RequestState.SUBMITTED:
        ended["request_state"] = RequestState.REJECTED
    return ended


def _settle(session: Session, order: OrderRow, now: datetime) -> None:
    """Who waits for missing units, and whether the rest is all there is."""
    order = lock_orders(session, [order["id"]])[order["id"]]
    missing = {
        line["id"]: line["backordered"] for line in lines_of(session, [order["id"]])[order["id"]] if line["backordered"]
    }
    if missing and order["state"] in ROUTABLE:
        open_cases(session, [backorder_case(order, missing)], now)
    elif not missing:
        resolve_by_key(session, f"backorder:{order['id']}", cause="edited", now=now)
    complete_if_done(session, order, now)
    queue.enqueue(session, [queue.work_row("reconcile", order["id"], now)])
