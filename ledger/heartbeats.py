"""Who is alive and which vendor is in trouble, in real time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from ledger.prepared import Prepared
from ledger.rows import mappings, upsert
from ledger.tables import Heartbeat, UtcDateTime
from ledger.tables.base import table_of

BEAT_S = 5.0  # whoever works on the ledger gives a sign of life so often
SILENT_S = 3 * BEAT_S  # who has given none for so long is gone
RESTARTS = "restarts:"  # how names of rows begin that are no sign of life, see ledger.restarts
_VENDOR = "vendor:"
_beat = table_of(Heartbeat)
_WELL = Prepared(
    sa.update(_beat)
    .where(_beat.c.name == sa.bindparam("vendor"), _beat.c.detail != "")
    .values(at=sa.bindparam("now"), detail="")
)


@dataclass(frozen=True, slots=True)
class Sign:
    """The last sign of life of a process that works on the ledger."""

    name: str
    at: datetime
    age_s: float


def of_a_process() -> sa.ColumnElement[bool]:
    """Of a row: somebody's sign of life, not a note about a vendor or about restarts."""
    return sa.and_(~_beat.c.name.startswith(_VENDOR), ~_beat.c.name.startswith(RESTARTS))


def last_sign(session: Session) -> Sign | None:
    """The newest sign of life of any process; none when nobody has ever worked here. The database says the time."""
    now = session.execute(sa.select(sa.func.now(type_=UtcDateTime))).scalar_one()
    query = sa.select(_beat).where(of_a_process()).order_by(_beat.c.at.desc()).limit(1)
    for row in mappings(session, query):
        return Sign(row["name"], row["at"], (now - row["at"]).total_seconds())
    return None


def beat(session: Session, name: str, real_now: datetime, detail: str = "") -> None:
    """A sign of life."""
    upsert(
        session, Heartbeat, [{"name": name, "at": real_now, "detail": detail}], keys=["name"], update=["at", "detail"]
    )


def vendor_trouble(session: Session, target: str, code: str, real_now: datetime) -> None:
    """A vendor does not answer as it should: visible in doctor and the run's artifacts until it does."""
    beat(session, f"{_VENDOR}{target}", real_now, code)


def vendor_well(session: Session, target: str, real_now: datetime) -> None:
    """It answers again; written only when trouble was noted."""
    _WELL.run(session, vendor=f"{_VENDOR}{target}", now=real_now)


def heartbeats(session: Session) -> dict[str, Mapping[str, Any]]:
    return {row["name"]: row for row in mappings(session, sa.select(_beat))}
