"""Look for trouble: open it, keep its evidence fresh, clear it. One writer of an anomaly's state.

Looking and writing are one transaction under the orders' locks, so that nobody else changes a parcel meanwhile and no
lease is needed: nothing outside is asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from domain.anomalies.detection import detect
from domain.anomalies.facts import AnomalyKind
from domain.ids import new_id
from domain.parcels import TERMINAL, ParcelState
from domain.policy import Policies
from domain.states import AnomalyState, check
from ledger import audit
from ledger.anomalies.facts import Inspected, ShipmentRow, parcels_as_seen
from ledger.cases import resolve_by_key
from ledger.orders import lock_orders
from ledger.rows import Row, insert_new, select_by, update_by, update_listed
from ledger.tables import Anomaly, Shipment

_IN_HAND = frozenset({ParcelState.UNKNOWN, ParcelState.LABEL_CREATED})  # before its departure nothing is late
UNTIL_MADE_GOOD = timedelta(days=1)  # between looks at a parcel that will never arrive: a person may have ended it


@dataclass(frozen=True, slots=True)
class Change:
    """What began or ended. `reason` says why it ended."""

    order_id: str
    order_name: str
    kind: AnomalyKind
    opened: bool
    reason: str = ""


@dataclass(slots=True)
class _Writing:
    """Rows to be written, of many parcels."""

    fresh: list[Row] = field(default_factory=list)
    evidence: list[Row] = field(default_factory=list)
    ended: list[tuple[Mapping[str, Any], str]] = field(default_factory=list)
    next_looks: list[Row] = field(default_factory=list)
    to_act: list[str] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)


def inspect(session: Session, shipment_ids: Sequence[str], policies: Policies, *, now: datetime) -> list[Change]:
    """Look at those that are still due. Looking twice changes nothing."""
    orders = lock_orders(session, [row["order_id"] for row in select_by(session, Shipment, "id", shipment_ids)])
    # Anew: while we waited for the lock somebody else may have looked.
    rows = [row for row in select_by(session, Shipment, "id", shipment_ids) if _is_due(row, now)]
    seen = parcels_as_seen(session, rows, orders, policies)
    writing = _Writing()
    for row in rows:
        if row["shipped_at"] is None and ParcelState(row["state"]) in _IN_HAND:
            writing.next_looks.append({"id": row["id"], "inspect_at": None})  # its departure wakes it
        else:
            _judge(writing, row, orders[row["order_id"]]["name"], seen[row["id"]], policies, now)
    _write(session, writing, now)
    return writing.changes


def _is_due(row: ShipmentRow, now: datetime) -> bool:
    return row["inspect_at"] is not None and row["inspect_at"] <= now


def _judge(
    writing: _Writing, row: ShipmentRow, order_name: str, seen: Inspected, policies: Policies, now: datetime
) -> None:
    found = detect(seen.facts, now, seen.calendar, policies.anomalies)
    for kind, evidence in found.opened.items():
        writing.fresh.append(_anomaly(row, kind, dict(evidence), seen, now))
        writing.changes.append(Change(row["order_id"], order_name, kind, opened=True))
    for kind, evidence in found.standing.items():
        if seen.standing[kind]["evidence"] != dict(evidence):
            writing.evidence.append({"id": seen.standing[kind]["id"], "evidence": dict(evidence)})
    for kind, reason in found.cleared.items():
        writing.ended.append((seen.standing[kind], reason))
        writing.changes.append(Change(row["order_id"], order_name, kind, opened=False, reason=reason))
    look = found.look_again
    if look is None and ParcelState(row["state"]) in TERMINAL and (found.opened or found.standing):
        look = now + UNTIL_MADE_GOOD
    if found.opened or found.standing or found.cleared:
        writing.to_act.append(row["id"])
    writing.next_looks.append({"id": row["id"], "inspect_at": look})


def _anomaly(row: ShipmentRow, kind: AnomalyKind, evidence: dict[str, Any], seen: Inspected, now: datetime) -> Row:
    return {
        "id": new_id("ano"),
        "shipment_id": row["id"],
        "order_id": row["order_id"],
        "kind": str(kind),
        "state": AnomalyState.OPEN,
        "evidence": evidence,
        **asdict(seen.where),
        "opened_at": now,
        "reason": "",
        "incident_id": "",
    }


def _write(session: Session, writing: _Writing, now: datetime) -> None:
    new = insert_new(session, Anomaly, writing.fresh)
    opened = [row for row in writing.fresh if row["id"] in new]
    audit.append(session, [audit.entry("anomaly", r["id"], "", AnomalyState.OPEN, r["kind"], now) for r in opened])
    update_by(session, Anomaly, writing.evidence)
    clear(session, writing.ended, now)
    update_by(session, Shipment, writing.next_looks)
    update_listed(session, Shipment, writing.to_act, act_at=now)


def clear(session: Session, ended: Sequence[tuple[Mapping[str, Any], str]], now: datetime) -> None:
    """End open anomalies, each for a reason, and the case of those of which a person was told alone."""
    for row, _ in ended:
        check("anomaly", row["state"], AnomalyState.CLEARED)
    update_by(
        session,
        Anomaly,
        [{"id": row["id"], "state": AnomalyState.CLEARED, "cleared_at": now, "reason": why} for row, why in ended],
    )
    audit.append(
        session, [audit.entry("anomaly", row["id"], row["state"], AnomalyState.CLEARED, why, now) for row, why in ended]
    )
    for row, why in ended:
        if row["alerted_at"] is not None:
            resolve_by_key(session, alone_key(row["id"]), cause=why, now=now)


def alone_key(anomaly_id: str) -> str:
    """Of the case about one parcel's trouble."""
    return f"parcel_trouble:{anomaly_id}"
