"""Which codes carriers use: every one is counted, and a case tells when too many of a day have no meaning here."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.parcels import TrackingEvent
from domain.status_maps import StatusCodePolicy, too_many_unmapped
from ledger.cases import CaseDraft, open_cases
from ledger.rows import Row, insert_of, mappings
from ledger.session import is_sqlite
from ledger.tables import ReviewCase, StatusCode, StatusDay
from ledger.tables.base import table_of

CASE = "codes_unmapped"
_SHOWN = 10
_code, _day, _case = table_of(StatusCode), table_of(StatusDay), table_of(ReviewCase)
Key = tuple[str, int, str, str]


def count_codes(session: Session, events: Sequence[TrackingEvent], now: datetime) -> None:
    """Scans that are new; those that no table was asked about are not counted. Raises nothing for a strange code."""
    read = [event for event in events if event.source]
    if not read:
        return
    counts: Counter[Key] = Counter(_key(event) for event in read)
    samples = {_key(event): event for event in read}
    for key in sorted(counts):
        _add(session, StatusCode, _code_row(samples[key], counts[key], now), keys=_CODE_KEYS, sums=("count",))
    days: dict[str, list[bool]] = {}
    for event in read:
        days.setdefault(event.source, []).append(not event.mapped)
    today = now.astimezone(UTC).date()
    for source, unmapped in sorted(days.items()):
        row = {"source": source, "day": today, "told": len(unmapped), "unmapped": sum(unmapped)}
        _add(session, StatusDay, row, keys=("source", "day"), sums=("told", "unmapped"))


_CODE_KEYS = ("source", "map_version", "raw_code", "detail_code")


def _key(event: TrackingEvent) -> Key:
    return event.source, event.map_version, event.raw_code, event.detail_code


def _code_row(event: TrackingEvent, count: int, now: datetime) -> Row:
    return {
        "source": event.source,
        "map_version": event.map_version,
        "raw_code": event.raw_code,
        "detail_code": event.detail_code,
        "state": str(event.state),
        "mapped": event.mapped,
        "count": count,
        "first_seen_at": now,
        "last_seen_at": now,
    }


def _add(
    session: Session,
    model: type[StatusCode] | type[StatusDay],
    row: Row,
    *,
    keys: Sequence[str],
    sums: Sequence[str],
) -> None:
    """Insert, or add to what stands; rows are taken in the order of their keys, so that no two wait for each other."""
    table = table_of(model)
    statement = insert_of(model, is_sqlite(session)).values(**row)
    changes: dict[str, Any] = {name: table.c[name] + statement.excluded[name] for name in sums}
    if "last_seen_at" in row:
        changes["last_seen_at"] = statement.excluded["last_seen_at"]
    session.execute(statement.on_conflict_do_update(index_elements=list(keys), set_=changes))


def alert_unmapped(session: Session, policy: StatusCodePolicy, now: datetime) -> list[Mapping[str, Any]]:
    """A case for each source that told too much of today or yesterday in codes without a meaning; returns the facts of
    those that are new. Looked at again after the case's end it opens anew only for a later day."""
    today = now.astimezone(UTC).date()
    days = mappings(session, sa.select(_day).where(_day.c.day.in_([today, today - timedelta(days=1)])))
    fresh: list[Mapping[str, Any]] = []
    for row in sorted(days, key=lambda each: (each["day"], each["source"])):
        if not too_many_unmapped(row["told"], row["unmapped"], policy):
            continue
        facts = _facts(session, row["source"], row["day"], row["told"], row["unmapped"])
        draft = CaseDraft(
            key=f"{CASE}:{row['source']}:{row['day']}",
            kind=CASE,
            severity="normal",
            subject_id=row["source"],
            facts=facts,
            choices=["mended", "accept"],
        )
        if not _known(session, row["source"], row["day"]) and open_cases(session, [draft], now):
            fresh.append(facts)
    return fresh


def _known(session: Session, source: str, day: date) -> bool:
    """Whether a person has, or had, a case of this source and day, or has an open one of it at all."""

    statement = sa.select(_case.c.id).where(
        _case.c.kind == CASE,
        _case.c.subject_id == source,
        sa.or_(_case.c.key == f"{CASE}:{source}:{day}", _case.c.state != "resolved"),
    )
    return session.execute(statement.limit(1)).first() is not None


def _facts(session: Session, source: str, day: date, told: int, unmapped: int) -> dict[str, Any]:
    codes = mappings(
        session,
        sa.select(_code)
        .where(_code.c.source == source, _code.c.mapped.is_(False))
        .order_by(_code.c.last_seen_at.desc(), _code.c.count.desc(), _code.c.raw_code, _code.c.detail_code)
        .limit(_SHOWN),
    )
    return {
        "source": source,
        "day": day.isoformat(),
        "told": told,
        "unmapped": unmapped,
        "codes": [f"{row['raw_code']}/{row['detail_code']}".rstrip("/") for row in codes],
    }
