"""Units that were promised and are not there any more: a person's case, until they are there again."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from ledger.cases import CaseDraft, resolve_by_key
from ledger.tables import InventoryLevel, ReviewCase
from ledger.tables.base import table_of

CHOICES = ("recount", "wait")
_level, _case = table_of(InventoryLevel), table_of(ReviewCase)


def end_healed(session: Session, location_id: str, short: set[str], now: datetime) -> None:
    """Cases about promises that the node can keep again: stock has come, or it had only counted what it had taken
    over before we heard of it."""
    rows = session.execute(
        sa.select(_case.c.key, _case.c.subject_id, _level.c.node_free, _level.c.reserved_ours)
        .join(_level, _level.c.location_id + "/" + _level.c.sku == _case.c.subject_id)
        .where(_case.c.kind == "promised_stock_gone", _case.c.state != "resolved", _level.c.location_id == location_id)
    )
    for key, place, free, promised in rows.all():
        if place not in short and free >= promised:
            resolve_by_key(session, key.partition("#")[0], cause="stock_is_there", now=now)


def units_gone(location_id: str, sku: str, free: int, promised: int) -> CaseDraft:
    """Units that we have promised are not there any more."""
    return CaseDraft(
        key=f"stock_short:{location_id}/{sku}",
        kind="promised_stock_gone",
        severity="high",
        subject_id=f"{location_id}/{sku}",
        facts={"location": location_id, "sku": sku, "free": free, "promised": promised},
        choices=list(CHOICES),
    )
