"""Parcels: what a node says of its orders becomes shipments, shipped units, and what follows from them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from domain.ids import new_id
from domain.nodes import NodeOrder, NodeShipment, NodeState
from domain.parcels import ParcelState
from domain.policy import Policies
from domain.states import FulfilmentOrderState, OrderState, RequestState, check_parcel
from ledger import audit, forecasts, stock
from ledger.adopting import adopt
from ledger.cases import CaseDraft, latest_about, open_cases
from ledger.departures import Departure, mark_shipped
from ledger.editing.news import may_leave
from ledger.effects import EffectDraft
from ledger.fulfilment import (
    FulfilmentRow,
    advance_fulfilment_orders,
    give_back_units,
    record_acceptance,
)
from ledger.orders import OrderRow, lock_orders
from ledger.rows import Row, insert_rows, select_by, update_by
from ledger.tables import FulfilmentOrder, Location, Shipment
from ledger.tables.base import table_of
from ledger.taking_back import take_back, too_late

_shipment = table_of(Shipment)
_TROUBLE = (NodeState.EXCEPTION, NodeState.ON_HOLD)


def record_node_orders(
    session: Session, said: Sequence[NodeOrder], policies: Policies, now: datetime
) -> tuple[dict[str, str], list[EffectDraft]]:
    """Take over what nodes say, each under our reference `{fulfilment order}.{attempt}`.

    Returns an outcome per reference (shipped, in_progress, cancelled, trouble, fenced, withdrawn, unknown_reference,
    stale) and the effects wanted. Saying the same twice changes nothing. A parcel that leaves while an edit has fenced
    its order is not counted before the edit has written what the node has: it is to be told again (`fenced`). See
    `editing.news` for what may go on while the edit is parked.
    """
    ids = {order.reference: order.reference.rpartition(".")[0] for order in said}
    found = {row["id"]: row for row in select_by(session, FulfilmentOrder, "id", set(ids.values()))}
    orders = lock_orders(session, [row["order_id"] for row in found.values()])
    found = {row["id"]: row for row in select_by(session, FulfilmentOrder, "id", set(ids.values()), lock=True)}
    outcome: dict[str, str] = {}
    effects: list[EffectDraft] = []
    found = adopt(session, said, found, orders, now)
    waiting = [
        (row["id"], order.external_id)
        for order in said
        if (row := found.get(ids[order.reference])) is not None
        and row["request_state"] == RequestState.SUBMITTED
        and order.state is not NodeState.CANCELLED
        and order.reference == f"{row['id']}.{row['attempt']}"
    ]
    if waiting:
        record_acceptance(session, waiting, now)
        found |= {row["id"]: row for row in select_by(session, FulfilmentOrder, "id", [i for i, _ in waiting])}
    parcels = _Parcels(session, list(found), policies, now)
    for order in said:
        row = found.get(ids[order.reference])
        if row is None:
            outcome[order.reference] = "unknown_reference"
        elif order.reference != f"{row['id']}.{row['attempt']}":
            outcome[order.reference] = "stale"
        elif order.state is NodeState.CANCELLED:
            outcome[order.reference] = "cancelled"
            effects += node_cancelled(session, orders[row["order_id"]], row, now)
        elif row["state"] == FulfilmentOrderState.CANCELLED:
            outcome[order.reference] = "withdrawn"
            effects += _ask_back(session, row, order, now)
        else:
            outcome[order.reference] = parcels.take(orders[row["order_id"]], row, order)
    return outcome, effects + parcels.write()


class _Parcels:
    """What nodes say of parcels: taken one by one, written as one."""

    def __init__(self, session: Session, fulfilment_ids: Sequence[str], policies: Policies, now: datetime) -> None:
        self._session, self._policies, self._now = session, policies, now
        rows = select_by(session, Shipment, "fulfilment_order_id", fulfilment_ids)
        self._known = {(row["fulfilment_order_id"], row["external_id"]): row for row in rows}
        self._fresh: list[Row] = []
        self._named: list[Row] = []
        self._left: dict[str, Departure] = {}
        self._trouble: list[CaseDraft] = []

    def take(self, order: OrderRow, row: FulfilmentRow, said: NodeOrder) -> str:
        """Returns the outcome for the order."""
        outcome = "in_progress"
        for parcel in said.shipments:
            if parcel.state in _TROUBLE:
                outcome = "trouble"
                self._trouble.append(_trouble(order, row, parcel))
            if parcel.state not in (NodeState.LABELLED, NodeState.SHIPPED, NodeState.DELIVERED):
                continue
            shipment = self._known.get((row["id"], parcel.external_id)) or self._new(order, row, parcel)
            left = shipment["shipped_at"] is not None or shipment["id"] in self._left
            if parcel.state is not NodeState.LABELLED and not left:
                if not may_leave(self._session, order, row["id"]):
                    outcome = "fenced"
                    continue
                outcome = "shipped"
                shipment = self._name(shipment, parcel)
                at = parcel.shipped_at or self._now
                self._left[shipment["id"]] = Departure(order, row, shipment, parcel.lines, at)
        return outcome

    def write(self) -> list[EffectDraft]:
        """Returns the effects wanted."""
        add_shipments(self._session, self._fresh, self._now)
        update_by(self._session, Shipment, self._named)
        open_cases(self._session, self._trouble, self._now)
        return mark_shipped(self._session, list(self._left.values()), self._now)

    def _new(self, order: OrderRow, row: FulfilmentRow, parcel: NodeShipment) -> Row:
        fresh = {
            "id": new_id("shp"),
            "order_id": order["id"],
            "fulfilment_order_id": row["id"],
            "external_id": parcel.external_id,
            "state": ParcelState.LABEL_CREATED,
            **self._names(parcel),
            "label_document_id": "",
            "quote_external_id": "",
            "label_cost_minor": 0,
            "label_currency": "",
            "tracker_external_id": "",
            "followed_by": "",
            "polling": False,
            "shop_fulfilment_external_id": "",
            "created_at": self._now,
            "shipped_at": None,
            "delivered_at": None,
            "estimated_delivery": None,
            "due_at": self._now,
            "attempts": 0,
            "lease_token": 0,
            "error": "",
        }
        self._fresh.append(fresh)
        self._known[row["id"], parcel.external_id] = fresh
        return fresh

    def _name(self, shipment: Mapping[str, Any], parcel: NodeShipment) -> Mapping[str, Any]:
        """A label made earlier may have had no number yet."""
        if shipment["tracking_number"] == parcel.tracking_number:
            return shipment
        names = self._names(parcel)
        self._named.append({"id": shipment["id"], **names})
        return {**shipment, **names}

    def _names(self, parcel: NodeShipment) -> dict[str, str]:
        return {
            "tracking_number": parcel.tracking_number,
            "carrier": parcel.carrier,
            "service": parcel.service,
            "tracking_url": parcel.tracking_url or tracking_url(self._policies, parcel.carrier, parcel.tracking_number),
        }


def _trouble(order: OrderRow, row: FulfilmentRow, parcel: NodeShipment) -> CaseDraft:
    return CaseDraft(
        key=f"node_trouble:{row['id']}:{parcel.detail or parcel.raw_state}",
        kind="node_exception",
        severity="high",
        order_id=order["id"],
        subject_id=row["id"],
        facts={"state": parcel.raw_state, "detail": parcel.detail},
        choices=["wait", "reroute", "cancel"],
    )


def add_shipments(session: Session, rows: Sequence[Row], now: datetime) -> None:
    """Write parcels' rows, each with its first audit line."""
    insert_rows(session, Shipment, rows)
    audit.append(session, [audit.entry("shipment", row["id"], "", row["state"], "created", now) for row in rows])


def tracking_url(policies: Policies, carrier: str, number: str) -> str:
    """Where a person can follow a parcel."""
    urls = policies.shipping.tracking_urls
    return urls.get(carrier.lower(), urls["default"]).replace("{number}", number)


def _ask_back(session: Session, row: FulfilmentRow, said: NodeOrder, now: datetime) -> list[EffectDraft]:
    """A node has what was taken back: a call of ours came there after it had said that it knew of nothing. What has
    left is a person's case; nothing of it was ever promised or counted."""
    left = (NodeState.SHIPPED, NodeState.DELIVERED)
    if said.state in left or any(parcel.state in left for parcel in said.shipments):
        case = too_late(row["order_id"], row["id"], {"location": row["location_id"]})
        if latest_about(session, case.key) is None:  # the node goes on telling of it
            open_cases(session, [case], now)
        return []
    [place] = select_by(session, Location, "id", [row["location_id"]])
    target = f"{place['system']}/{place['account']}"
    about = {"order_id": row["order_id"], "subject_id": row["id"]}
    return [take_back(reference=said.reference, target=target, **about, again=True)]


def node_cancelled(session: Session, order: OrderRow, row: FulfilmentRow, now: datetime) -> list[EffectDraft]:
    """The node will not ship this. When we asked for it, it is done; otherwise a person decides what next."""
    if row["state"] in (FulfilmentOrderState.CANCELLED, FulfilmentOrderState.CLOSED):
        return []
    asked = row["request_state"] == RequestState.CANCELLATION_REQUESTED or order["state"] == OrderState.CANCELLED
    stock.release(session, [row["id"]], now)
    wanted = {"state": str(FulfilmentOrderState.CANCELLED)}
    if row["request_state"] == RequestState.CANCELLATION_REQUESTED:
        wanted["request_state"] = RequestState.CANCELLED
    elif row["request_state"] == RequestState.SUBMITTED:
        wanted["request_state"] = RequestState.REJECTED
    advance_fulfilment_orders(session, [(row, wanted)], "node_cancelled", now)
    give_back_units(session, row)
    if not asked:
        open_cases(
            session,
            [
                CaseDraft(
                    key=f"node_cancelled:{row['id']}",
                    kind="node_cancelled",
                    severity="high",
                    order_id=order["id"],
                    subject_id=row["id"],
                    facts={"location": row["location_id"]},
                    choices=["reroute", "cancel"],
                )
            ],
            now,
        )
    return []


def advance_shipments(
    session: Session,
    moves: Sequence[tuple[Mapping[str, Any], ParcelState, Mapping[str, Any]]],
    *,
    cause: str,
    now: datetime,
    by_events: bool = False,
) -> None:
    """The one writer of a parcel's state: (row, state, further columns; the same ones in all moves). `by_events`: the
    state is what all events of the parcel give together. Raises: IllegalTransition."""
    entries = []
    for row, to, _ in moves:
        if row["state"] != to:
            check_parcel(row["state"], to, by_events=by_events)
            entries.append(audit.entry("shipment", row["id"], row["state"], to, cause, now))
    audit.append(session, entries)
    update_by(
        session, Shipment, [{"id": row["id"], "state": to, "inspect_at": now, **values} for row, to, values in moves]
    )
    forecasts.heard(session, [(row["id"], to) for row, to, _ in moves if row["state"] != to], now)
