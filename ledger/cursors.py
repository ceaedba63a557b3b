"""How far catch-up sweeps have come."""

from datetime import datetime

from sqlmodel import Session

from ledger.rows import select_by, upsert
from ledger.tables import SyncCursor


def read_cursor(session: Session, name: str) -> datetime | None:
    rows = select_by(session, SyncCursor, "id", [name])
    return rows[0]["since"] if rows else None


def move_cursor(session: Session, name: str, since: datetime) -> None:
    """Set after a page was stored, never before."""
    upsert(session, SyncCursor, [{"id": name, "since": since}], keys=["id"], update=["since"])
