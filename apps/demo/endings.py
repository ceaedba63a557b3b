"""How each order ended: the sandbox's shops say which orders exist, the ledger says what became of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from apps.demo.purchases import Purchase
from apps.demo.stage import Stage
from apps.demo.story import SHOPS
from domain.decisions import in_words
from domain.parcels import ParcelState
from ledger.orders import EDIT_WINDOW, lines_of, open_holds
from ledger.rows import group_by, select_by
from ledger.tables import FulfilmentOrder, Location, Order, ReviewCase, Shipment
from ledger.tables.base import table_of

MISSING, UNEXPLAINED, ESCAPED = "not captured", "unexplained", "left though cancelled"
LATE = "cancelled_too_late"  # the case of such an order
_order = table_of(Order)
_TROUBLE = {ParcelState.EXCEPTION, ParcelState.LOST, ParcelState.RETURNING, ParcelState.RETURNED, ParcelState.DAMAGED}
_AT_NODE = ("open", "in_progress", "scheduled")


@dataclass(frozen=True, slots=True)
class Ending:
    """`end` is one of few words; `detail` names parcel, reason, owner, due time. `order_id` is ours, "" if missing."""

    shop: str
    name: str
    external_id: str
    story: str
    order_id: str
    end: str
    detail: str = ""
    cases: tuple[str, ...] = ()


async def endings(stage: Stage, purchases: Sequence[Purchase]) -> list[Ending]:
    """One for every order that the sandbox's shops have."""
    stories = {(purchase.shop, purchase.order_id): purchase.story for purchase in purchases}
    found: list[Ending] = []
    for shop in SHOPS:
        orders = await stage.controls.orders(shop)
        ours = stage.wiring.read(_ends_of, shop)
        for order in orders:
            order_id, end, detail, cases = ours.get(order["id"], ("", MISSING, "", ()))
            story = stories.get((shop, order["id"]), "")
            found.append(Ending(shop, order["name"], order["id"], story, order_id, end, detail, cases))
    return found


def _ends_of(session: Session, shop: str) -> dict[str, tuple[str, str, str, tuple[str, ...]]]:
    orders = session.execute(sa.select(_order).where(_order.c.account == shop)).mappings().all()
    ids = [order["id"] for order in orders]
    look = _Look(session, ids)
    return {order["external_id"]: (order["id"], *look.end(dict(order)), look.cases(order["id"])) for order in orders}


class _Look:
    """Everything around a set of orders, each table read once."""

    def __init__(self, session: Session, ids: Sequence[str]) -> None:
        self._holds = open_holds(session, ids)
        self._lines = lines_of(session, ids)
        self._parcels = group_by(select_by(session, Shipment, "order_id", ids, order_by="id"), "order_id")
        self._nodes = group_by(select_by(session, FulfilmentOrder, "order_id", ids, order_by="id"), "order_id")
        self._cases = group_by(select_by(session, ReviewCase, "order_id", ids, order_by="id"), "order_id")
        self._places = {row["id"]: row["name"] for row in session.execute(sa.select(table_of(Location))).mappings()}

    def cases(self, order_id: str) -> tuple[str, ...]:
        return tuple(sorted(c["kind"] for c in self._cases.get(order_id, []) if c["state"] != "resolved"))

    def end(self, order: Mapping[str, Any]) -> tuple[str, str]:
        holds = [hold for hold in self._holds.get(order["id"], []) if hold["name"] != EDIT_WINDOW]
        if order["state"] == "cancelled" and LATE in self.cases(order["id"]):
            return ESCAPED, "the warehouse had picked it already: a person recalls it or awaits its return"
        if order["state"] == "cancelled":
            return str(order["state"]), in_words(order["cancel_reason"])
        if holds:
            reasons = "; ".join(f"{in_words(h['reason'])} ({h['owner']}, due {h['due_at']:%d %b %H:%M})" for h in holds)
            return "held", reasons
        parcels = [p for p in self._parcels.get(order["id"], []) if p["state"] != ParcelState.CANCELLED]
        return _completed(parcels) if order["state"] == "completed" else self._under_way(order, parcels)

    def _under_way(self, order: Mapping[str, Any], parcels: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
        for parcel in parcels:
            if parcel["state"] in _TROUBLE:
                return "parcel in trouble", f"{parcel['state']}: {parcel['carrier']} {parcel['tracking_number']}"
        for parcel in parcels:
            if parcel["shipped_at"] and parcel["state"] != ParcelState.DELIVERED:
                return "in transit", f"{parcel['state']}: {parcel['carrier']} {parcel['tracking_number']}"
        if units := sum(line["backordered"] for line in self._lines[order["id"]]):
            return "backordered", f"{units} units"
        for row in self._nodes.get(order["id"], []):
            if row["state"] in _AT_NODE:
                why = ", ".join(in_words(kind) for kind in self.cases(order["id"]))
                return "at the warehouse", ": ".join(filter(None, [self._places[row["location_id"]], why]))
        if kinds := self.cases(order["id"]):
            return "waits for a person", ", ".join(in_words(kind) for kind in kinds)
        return UNEXPLAINED, order["state"]


def _completed(parcels: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    if not parcels:
        return "nothing to ship", ""
    if any(parcel["state"] in _TROUBLE for parcel in parcels):
        return "made good", "a parcel did not arrive: sent once more, or paid back"
    return "delivered", f"{len(parcels)} parcels" if len(parcels) > 1 else ""
