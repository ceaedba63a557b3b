"""Who is alive and which vendor is in trouble, in real time."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from ledger.rows import mappings, upsert
from ledger.tables import Heartbeat
from ledger.tables.base import table_of

_beat = table_of(Heartbeat)


def beat(session: Session, name: str, real_now: datetime, detail: str = "") -> None:
    """A sign of life."""
    upsert(
        session, Heartbeat, [{"name": name, "at": real_now, "detail": detail}], keys=["name"], update=["at", "detail"]
    )


def vendor_trouble(session: Session, target: str, code: str, real_now: datetime) -> None:
    """A vendor does not answer as it should: visible in doctor and the run's artifacts until it does."""
    beat(session, f"vendor:{target}", real_now, code)


def vendor_well(session: Session, target: str, real_now: datetime) -> None:
    """It answers again; written only when trouble was noted."""
    session.execute(
        sa.update(_beat).where(_beat.c.name == f"vendor:{target}", _beat.c.detail != "").values(at=real_now, detail="")
    )


def heartbeats(session: Session) -> dict[str, Mapping[str, Any]]:
    return {row["name"]: row for row in mappings(session, sa.select(_beat))}
