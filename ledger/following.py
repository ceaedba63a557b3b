"""Parcels that are followed, either way: whose next look is due at which source, and what a look leaves behind."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.parcels import ParcelState
from domain.polling import LookFacts, PollPolicy, next_look
from ledger import queue
from ledger.cases import CaseDraft, open_cases
from ledger.claims import Claimed, Claims
from ledger.prepared import Prepared
from ledger.rows import Row, select_by
from ledger.tables import ReturnParcel, Shipment
from ledger.tables.base import table_of

Followed = type[Shipment] | type[ReturnParcel]
BOTH: tuple[Followed, ...] = (Shipment, ReturnParcel)
AGAIN = timedelta(minutes=15)  # after a source has said nothing
# In the index's own words: SQLite takes a partial index only where the query repeats its condition.
_POLLING: Mapping[Followed, sa.TextClause] = {model: sa.text(f"{table_of(model).name}.polling") for model in BOTH}


def _claims(model: Followed) -> Claims:
    parcel = table_of(model)
    return Claims(
        model, _POLLING[model], parcel.c.followed_by == sa.bindparam("source"), parcel.c.tracker_external_id != ""
    )


def _due(model: Followed) -> Prepared:
    parcel = table_of(model)
    real_now: sa.BindParameter[datetime] = sa.bindparam("real_now", required=True)
    free = sa.or_(parcel.c.lease_until.is_(None), parcel.c.lease_until < real_now)
    return queue.due_names(parcel.c.followed_by, [_POLLING[model]], sa.and_(free, parcel.c.tracker_external_id != ""))


_CLAIMS: Mapping[Followed, Claims] = {model: _claims(model) for model in BOTH}
_DUE = tuple(_due(model) for model in BOTH)


def due_sources(session: Session, *, now: datetime, real_now: datetime) -> list[str]:
    """Who follows parcels whose next look is due, as "system/account". The cost does not grow with the number of
    parcels under way."""
    found = {name for due in _DUE for name in due.scalars(session, now=now, real_now=real_now)}
    return sorted(found - {""})


def claim_parcels(
    session: Session, source: str, model: Followed = Shipment, *, limit: int, now: datetime, real_now: datetime
) -> Claimed:
    """Parcels, or parcels on their way back, that this source follows and whose next look is due."""
    return _CLAIMS[model].take(session, limit=limit, now=now, real_now=real_now, source=source)


def followed(session: Session, system: str, trackers: Sequence[str]) -> list[Mapping[str, Any]]:
    """Rows of the parcels, either way, that an account of this system follows under these ids of its own."""
    return [
        row
        for model in BOTH
        for row in select_by(session, model, "tracker_external_id", trackers)
        if row["followed_by"].partition("/")[0] == system
    ]


def free_parcels(
    session: Session, ids: Sequence[str], token: int, due_at: datetime, code: str, model: Followed = Shipment
) -> None:
    """Look again at a time."""
    parcel = table_of(model)
    session.execute(
        sa.update(parcel)
        .where(parcel.c.id.in_(ids), parcel.c.lease_token == token)
        .values(lease_until=None, due_at=due_at, error=code)
    )


def put_off_untold(
    session: Session, rows: Sequence[Mapping[str, Any]], token: int, now: datetime, policy: PollPolicy, model: Followed
) -> None:
    """The source knew nothing of these parcels: again soon, and at the longest distance once it is a person's case."""
    worn = [row["id"] for row in rows if row["attempts"] >= queue.MAX_ATTEMPTS]
    fresh = [row["id"] for row in rows if row["attempts"] < queue.MAX_ATTEMPTS]
    for ids, due in ((fresh, now + AGAIN), (worn, now + policy.longest)):
        if ids:
            free_parcels(session, ids, token, due, "not_told", model)
    _report_untold(session, rows, now)


def _report_untold(session: Session, rows: Sequence[Mapping[str, Any]], now: datetime) -> None:
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


def next_due(
    row: Mapping[str, Any],
    state: ParcelState,
    known: Sequence[Mapping[str, Any]],
    now: datetime,
    policy: PollPolicy,
    awaited: Sequence[datetime] = (),
) -> Row:
    """Columns of a parcel, either way, that was heard of: free again, with its next look. `known`: all its events."""
    heard = max((event["occurred_at"] for event in known), default=None)
    since = row.get("shipped_at") or row["created_at"]
    due = next_look(LookFacts(row["id"], state, since, heard, awaited), now, policy)
    return {"polling": due is not None, "due_at": due or now, "lease_until": None, "attempts": 0, "error": ""}
