"""Parcels under way: events merged by time of occurrence, milestones told, orders completed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.messages import ClaimKind
from domain.parcels import TERMINAL, ParcelState, Tracker, TrackingEvent, each_once, merge_state, reading
from domain.policy import Policies
from domain.promises import Promise, promise_of
from ledger.anomalies.facts import movement_of
from ledger.cases import CaseDraft, open_cases
from ledger.completing import count_delivered
from ledger.effects import EffectDraft, EffectRow, Verdict
from ledger.following import next_due
from ledger.messages import Claim, parcel_facts, say
from ledger.offers.ending import offered_parcels, parcel_moved
from ledger.orders import OrderRow, lines_of, lock_orders
from ledger.prepared import Prepared, listed
from ledger.rows import Row, group_by, insert_missing, select_by, update_by, upsert
from ledger.shipments import advance_shipments
from ledger.status_codes import count_codes
from ledger.tables import Shipment, ShipmentLine, TrackingEventRow
from ledger.tables.base import table_of
from ledger.truths import TROUBLE

_shipment = table_of(Shipment)
_ORDERS = Prepared(sa.select(_shipment.c.order_id).where(listed(_shipment.c.tracker_external_id, "trackers")))


def record_trackers(session: Session, trackers: Sequence[Tracker], now: datetime, policies: Policies) -> dict[str, str]:
    """Merge what carriers say; returns the state per tracker id. Saying it again, or older things later,
    changes nothing."""
    wanted = [t.external_id for t in trackers]
    orders = lock_orders(session, _ORDERS.scalars(session, trackers=wanted))
    # Only now: while we waited for the lock somebody else may have heard the same.
    parcels = group_by(select_by(session, Shipment, "tracker_external_id", wanted), "tracker_external_id")
    known = [
        (row, tracker)
        for tracker in trackers
        for row in parcels.get(tracker.external_id, [])
        if row["order_id"] in orders  # else it has come into being since: its next look
    ]
    offered = offered_parcels(session, {row["id"] for row, _ in known})
    before = group_by(select_by(session, TrackingEventRow, "shipment_id", offered), "shipment_id")
    events = record_events(session, known, now)
    outcome = dict.fromkeys(wanted, "unknown_tracker")
    moves: dict[str, tuple[Mapping[str, Any], ParcelState, dict[str, Any]]] = {}
    for row, tracker in known:
        scans = events.get(row["id"], [])
        state = merged(row, scans)
        awaited = _awaited(orders[row["order_id"]], tracker, policies)
        values = {
            **next_due(row, state, scans, now, policies.polling, awaited),
            "estimated_delivery": tracker.estimated_delivery,
            "heard_at": now,
            "delivered_at": now if state is ParcelState.DELIVERED else row["delivered_at"],
        }
        moves[row["id"]] = (row, state, values)
        outcome[tracker.external_id] = str(state)
    advance_shipments(session, list(moves.values()), cause="tracking", now=now, by_events=True)
    for row, state, values in moves.values():
        if row["state"] != state:
            if row["state"] == ParcelState.DELIVERED:
                _report_taken_back(session, row, state, now)
            counted = row["delivered_at"] is not None
            parcel, order = {**row, **values, "state": state}, orders[row["order_id"]]
            if not _excused(order, state, events.get(row["id"], []), now, policies):
                _milestone(session, order, parcel, state, now, counted=counted)
        heard = events.get(row["id"], []), before.get(row["id"], [])
        if row["id"] in offered and len(heard[0]) > len(heard[1]):
            moved = movement_of(heard[0]) != movement_of(heard[1])
            parcel_moved(session, row["id"], state, now, moved=moved)
    return outcome


def record_events(
    session: Session, known: Sequence[tuple[Mapping[str, Any], Tracker]], now: datetime
) -> dict[str, list[Mapping[str, Any]]]:
    """Keep what is new of parcels' events, whose rows the caller has locked; returns all of them by parcel. A scan
    that a newer table of codes reads otherwise is read anew, by the order of `domain.parcels.union`."""
    rows = {
        (row["shipment_id"], row["digest"]): row
        for row in select_by(session, TrackingEventRow, "shipment_id", {r["id"] for r, _ in known})
    }
    told = {(row["id"], digest): (row, scan) for row, t in known for digest, scan in each_once(t.events).items()}
    fresh = {key: _event(*found, key[1]) for key, found in told.items() if key not in rows}
    newer = {
        key: _event(*found, key[1])
        for key, found in told.items()
        if key in rows and reading(found[1]) > reading(_known(rows[key]))
    }
    insert_missing(session, TrackingEventRow, list(fresh.values()))
    upsert(session, TrackingEventRow, list(newer.values()), keys=("shipment_id", "digest"), update=_READING)
    count_codes(session, [told[key][1] for key in fresh], now)
    reread = {key: {**row, _BEFORE: rows[key]["state"]} for key, row in newer.items()}
    return group_by((rows | fresh | reread).values(), "shipment_id")


_BEFORE = "state_before"  # beside a scan's columns: how it was read until now
_READING = ("state", "corrects", "source", "map_version")


def _known(row: Mapping[str, Any]) -> TrackingEvent:
    return TrackingEvent(
        ParcelState(row["state"]),
        row["occurred_at"],
        row["raw_code"],
        corrects=bool(row["corrects"]),
        map_version=row["map_version"],
    )


def _event(row: Mapping[str, Any], event: TrackingEvent, digest: str) -> Row:
    return {
        "shipment_id": row["id"],
        "digest": digest,
        "state": event.state,
        "raw_code": event.raw_code,
        "detail_code": event.detail_code,
        "city": event.city,
        "region": event.region,
        "country": event.country,
        "occurred_at": event.occurred_at,
        "corrects": event.corrects,
        "source": event.source,
        "map_version": event.map_version,
    }


def _awaited(order: OrderRow, tracker: Tracker, policies: Policies) -> list[datetime]:
    """When it should come: by the shop's promise, and by the carrier's own estimate."""
    promised_by = _promise(order, policies).at
    return [promised_by, *([tracker.estimated_delivery] if tracker.estimated_delivery else [])]


def _promise(order: OrderRow, policies: Policies) -> Promise:
    return promise_of(order["placed_at"], order["shipping_code"], order["country"], order["region"], policies.shipping)


def _excused(
    order: OrderRow, state: ParcelState, scans: Sequence[Mapping[str, Any]], now: datetime, policies: Policies
) -> bool:
    """Whether a carrier only explains why a parcel is slow that may yet come in time: the detection of delays tells
    its customer when it does not."""
    if state is not ParcelState.EXCEPTION or now >= _promise(order, policies).at:
        return False
    said = sorted((scan for scan in scans if scan["state"] == state), key=lambda scan: scan["occurred_at"])
    return bool(said) and policies.causes.get(said[-1]["detail_code"]) in policies.messages.kept_in_time


def merged(row: Mapping[str, Any], known: Sequence[Mapping[str, Any]]) -> ParcelState:
    """The state of a parcel by all its events. A terminal one that the events do not give (a person's word, a node's)
    stays until a correction; the order in which the same events came never counts."""
    current = ParcelState(row["state"])
    merged = merge_state(_known(e) for e in known)
    ended_elsewhere = current in TERMINAL and current not in {e.get(_BEFORE, e["state"]) for e in known}
    if merged is ParcelState.UNKNOWN or (ended_elsewhere and not any(e["corrects"] for e in known)):
        return current
    return merged


_TOLD = frozenset({ParcelState.OUT_FOR_DELIVERY, ParcelState.DELIVERED, *TROUBLE})


def _milestone(
    session: Session,
    order: OrderRow,
    parcel: Mapping[str, Any],
    state: ParcelState,
    now: datetime,
    *,
    counted: bool,
) -> None:
    """`counted`: the units count as delivered since the carrier said so before."""
    if state not in _TOLD:
        return
    content = {
        r["order_line_id"]: r["quantity"] for r in select_by(session, ShipmentLine, "shipment_id", [parcel["id"]])
    }
    lines = lines_of(session, [order["id"]])[order["id"]]
    facts = parcel_facts(order, parcel, content, lines)
    if state is ParcelState.OUT_FOR_DELIVERY:
        say(session, [Claim(ClaimKind.PARCEL_OUT_FOR_DELIVERY, parcel["id"], order, facts)], now)
    elif state is ParcelState.DELIVERED:
        say(session, [Claim(ClaimKind.PARCEL_DELIVERED, parcel["id"], order, facts)], now)
        if not counted:
            count_delivered(session, order, content, now)
    elif state in TROUBLE:
        facts["exception"] = TROUBLE[state]
        say(session, [Claim(ClaimKind.PARCEL_EXCEPTION, parcel["id"], order, facts)], now)
        if state in TERMINAL or state is ParcelState.RETURNING:
            _report_gone(session, order, parcel, state, now)


def _report_taken_back(session: Session, parcel: Mapping[str, Any], state: ParcelState, now: datetime) -> None:
    """The carrier says that it was wrong, and the customer has been told: a person looks at what followed from it."""
    draft = CaseDraft(
        key=f"delivery_taken_back:{parcel['id']}",
        kind="delivery_taken_back",
        severity="high",
        order_id=parcel["order_id"],
        subject_id=parcel["id"],
        facts={"state": str(state), "carrier": parcel["carrier"]},
        choices=["replaced", "refunded", "accept"],
    )
    open_cases(session, [draft], now)


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
    made = [
        {
            "id": effect["subject_id"],
            "tracker_external_id": verdict.external_id,
            "followed_by": verdict.data.get("followed_by", ""),
        }
        for effect, verdict in pairs
    ]
    update_by(session, Shipment, made)
    return []
