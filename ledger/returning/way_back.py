"""Parcels on their way back: the same events and states as of any parcel; what they mean their request decides."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from domain.parcels import ParcelState, Tracker
from domain.policy import Policies
from domain.polling import PollPolicy
from domain.states import check_parcel
from ledger import audit
from ledger.following import next_due
from ledger.returning.requests import wake
from ledger.rows import group_by, select_by, update_by
from ledger.tables import ReturnParcel
from ledger.tracking import merged, record_events, record_trackers

_WITH_CARRIER = set(ParcelState) - {ParcelState.UNKNOWN, ParcelState.LABEL_CREATED, ParcelState.CANCELLED}


def record_both(session: Session, trackers: Sequence[Tracker], now: datetime, policies: Policies) -> dict[str, str]:
    """Merge what carriers say of parcels to customers and back; returns the state per tracker id."""
    outcome = record_trackers(session, trackers, now, policies)
    return outcome | record_way_back(session, trackers, now, policies.polling)


def record_way_back(session: Session, trackers: Sequence[Tracker], now: datetime, policy: PollPolicy) -> dict[str, str]:
    """The same for parcels on their way back alone. Saying it again, or older things later, changes nothing."""
    wanted = [tracker.external_id for tracker in trackers]
    rows = group_by(select_by(session, ReturnParcel, "tracker_external_id", wanted, lock=True), "tracker_external_id")
    known = [(row, tracker) for tracker in trackers for row in rows.get(tracker.external_id, [])]
    events = record_events(session, known, now) if known else {}
    outcome: dict[str, str] = {}
    for row, tracker in known:
        state = merged(row, events.get(row["id"], []))
        outcome[tracker.external_id] = str(state)
        values = {**_values(row, state, now), **next_due(row, state, events.get(row["id"], []), now, policy)}
        update_by(session, ReturnParcel, [{"id": row["id"], **values}])
        if state != row["state"]:
            check_parcel(row["state"], state, by_events=True)
            audit.append(session, [audit.entry("return_parcel", row["id"], row["state"], state, "tracking", now)])
            wake(session, row["request_id"], now)
    return outcome


def _values(row: Mapping[str, Any], state: ParcelState, now: datetime) -> dict[str, Any]:
    there = state in (ParcelState.DELIVERED, ParcelState.RETURNED)
    return {
        "state": state,
        "scanned_at": row["scanned_at"] or (now if state in _WITH_CARRIER else None),
        "delivered_at": row["delivered_at"] or (now if there else None),
    }
