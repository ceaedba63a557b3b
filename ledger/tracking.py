"""Parcels under way: events merged by time of occurrence, milestones told, orders completed."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.messages import ClaimKind
from domain.parcels import TERMINAL, ParcelState, Tracker, TrackingEvent, merge_state
from ledger import queue
from ledger.cases import CaseDraft, open_cases
from ledger.claims import Claimed, Claims
from ledger.completing import count_delivered
from ledger.effects import EffectDraft, EffectRow, Verdict
from ledger.messages import TROUBLE, Claim, parcel_facts, say
from ledger.orders import OrderRow, lines_of, lock_orders
from ledger.rows import Row, group_by, insert_missing, select_by, update_by
from ledger.shipments import advance_shipments
from ledger.tables import Shipment, ShipmentLine, TrackingEventRow
from ledger.tables.base import table_of

_shipment = table_of(Shipment)
_CLAIMS = Claims(Shipment, _shipment.c.polling.is_(True), _shipment.c.tracker_external_id != "")
QUIET = timedelta(hours=6)
NEAR = timedelta(hours=1)  # on the last mile things change by the hour


def claim_parcels(session: Session, *, limit: int, now: datetime, real_now: datetime) -> Claimed:
    """Parcels whose next look is due."""
    return _CLAIMS.take(session, limit=limit, now=now, real_now=real_now)


def free_parcels(session: Session, ids: Sequence[str], token: int, due_at: datetime, code: str) -> None:
    """Look again at a time."""
    session.execute(
        sa.update(_shipment)
        .where(_shipment.c.id.in_(ids), _shipment.c.lease_token == token)
        .values(lease_until=None, due_at=due_at, error=code)
    )


def report_untold(session: Session, rows: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """Parcels of which the carrier has told nothing for many looks become a case: nobody else would notice."""
    open_cases(
        session,
        [
            CaseDraft(
                key=f"untold:{row['id']}",
                kind="parcel_not_tracked",
                order_id=row["order_id"],
                subject_id=row["id"],
                facts={"carrier": row["carrier"], "looks": row["attempts"]},
                choices=["retry", "ask_carrier"],
            )
            for row in rows
            if row["attempts"] >= queue.MAX_ATTEMPTS
        ],
        now,
    )


def record_trackers(session: Session, trackers: Sequence[Tracker], now: datetime) -> dict[str, str]:
    """Merge what carriers say; returns the state per tracker id. Saying it again, or older things later,
    changes nothing."""
    wanted = [t.external_id for t in trackers]
    told = select_by(session, Shipment, "tracker_external_id", wanted)
    orders = lock_orders(session, [parcel["order_id"] for parcel in told])
    # Anew: while we waited for the lock somebody else may have heard the same.
    parcels = group_by(select_by(session, Shipment, "tracker_external_id", wanted), "tracker_external_id")
    known = [(row, tracker) for tracker in trackers for row in parcels.get(tracker.external_id, [])]
    insert_missing(session, TrackingEventRow, [_event(row, event) for row, t in known for event in t.events])
    events = group_by(select_by(session, TrackingEventRow, "shipment_id", {r["id"] for r, _ in known}), "shipment_id")
    outcome = dict.fromkeys(wanted, "unknown_tracker")
    moves: dict[str, tuple[Mapping[str, Any], ParcelState, dict[str, Any]]] = {}
    for row, tracker in known:
        state = _merged(row, events.get(row["id"], []))
        moves[row["id"]] = (row, state, _values(row, state, tracker, now))
        outcome[tracker.external_id] = str(state)
    advance_shipments(session, list(moves.values()), cause="tracking", now=now)
    for row, state, values in moves.values():
        if row["state"] != state:
            _milestone(session, orders[row["order_id"]], {**row, **values, "state": state}, state, now)
    return outcome


def _event(row: Mapping[str, Any], event: TrackingEvent) -> Row:
    return {
        "shipment_id": row["id"],
        "digest": event.digest(),
        "state": event.state,
        "raw_code": event.raw_code,
        "detail_code": event.detail_code,
        "city": event.city,
        "country": event.country,
        "occurred_at": event.occurred_at,
    }


def _values(row: Mapping[str, Any], state: ParcelState, tracker: Tracker, now: datetime) -> dict[str, Any]:
    near = state in (ParcelState.OUT_FOR_DELIVERY, ParcelState.ARRIVED_LOCAL, ParcelState.ATTEMPTED)
    return {
        "polling": state not in TERMINAL,
        "due_at": now + (NEAR if near else QUIET),
        "lease_until": None,
        "attempts": 0,
        "error": "",
        "estimated_delivery": tracker.estimated_delivery,
        "delivered_at": now if state is ParcelState.DELIVERED else row["delivered_at"],
    }


def _merged(row: Mapping[str, Any], known: Sequence[Mapping[str, Any]]) -> ParcelState:
    current = ParcelState(row["state"])
    if current in TERMINAL:
        return current
    merged = merge_state([TrackingEvent(ParcelState(e["state"]), e["occurred_at"], e["raw_code"]) for e in known])
    return current if merged is ParcelState.UNKNOWN else merged


def _milestone(session: Session, order: OrderRow, parcel: Mapping[str, Any], state: ParcelState, now: datetime) -> None:
    content = {
        r["order_line_id"]: r["quantity"] for r in select_by(session, ShipmentLine, "shipment_id", [parcel["id"]])
    }
    lines = lines_of(session, [order["id"]])[order["id"]]
    facts = parcel_facts(order, parcel, content, lines)
    if state is ParcelState.OUT_FOR_DELIVERY:
        say(session, [Claim(ClaimKind.PARCEL_OUT_FOR_DELIVERY, parcel["id"], order, facts)], now)
    elif state is ParcelState.DELIVERED:
        say(session, [Claim(ClaimKind.PARCEL_DELIVERED, parcel["id"], order, facts)], now)
        count_delivered(session, order, content, now)
    elif state in TROUBLE:
        facts["exception"] = TROUBLE[state]
        say(session, [Claim(ClaimKind.PARCEL_EXCEPTION, parcel["id"], order, facts)], now)
        if state in TERMINAL or state is ParcelState.RETURNING:
            _report_gone(session, order, parcel, state, now)


def _report_gone(
    session: Session, order: OrderRow, parcel: Mapping[str, Any], state: ParcelState, now: datetime
) -> None:
    """It will never arrive, so the order cannot end by itself: a person makes it good."""
    draft = CaseDraft(
        key=f"parcel_gone:{parcel['id']}",
        kind="parcel_gone",
        severity="high",
        order_id=order["id"],
        subject_id=parcel["id"],
        facts={"state": str(state), "carrier": parcel["carrier"]},
        choices=["replaced", "refunded", "accept"],
    )
    open_cases(session, [draft], now)


def tracker_made(session: Session, pairs: Sequence[tuple[EffectRow, Verdict]], now: datetime) -> list[EffectDraft]:
    """`on_done` of tracker.create."""
    made = [{"id": effect["subject_id"], "tracker_external_id": verdict.external_id} for effect, verdict in pairs]
    update_by(session, Shipment, made)
    return []
