"""How it stands: open troubles, open incidents, and what a period brought. Reads only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from ledger.rows import mappings, pairs
from ledger.tables import Anomaly, Incident, Shipment
from ledger.tables.base import table_of

_anomaly, _incident, _shipment = table_of(Anomaly), table_of(Incident), table_of(Shipment)
_OPEN = sa.text("anomaly.state = 'open'")


@dataclass(frozen=True, slots=True)
class Overview:
    """`open`: by kind, how many, in how many of an incident, and since when the oldest. `opened` and `cleared`: by kind
    since `since`. `reasons`: of what was cleared."""

    since: datetime
    until: datetime
    under_way: int
    open: list[Mapping[str, Any]]
    incidents: list[Mapping[str, Any]]
    opened: Mapping[str, int]
    cleared: Mapping[str, int]
    reasons: Mapping[str, int]


def overview(session: Session, since: datetime, until: datetime) -> Overview:
    kind, count = _anomaly.c.kind, sa.func.count()
    grouped = sa.func.sum(sa.case((_anomaly.c.incident_id != "", 1), else_=0))
    standing = (
        sa.select(
            kind, count.label("parcels"), grouped.label("grouped"), sa.func.min(_anomaly.c.opened_at).label("since")
        )
        .where(_OPEN)
        .group_by(kind)
        .order_by(count.desc(), kind)
    )
    happened = {
        name: pairs(session, sa.select(by, count).where(column >= since, column < until).group_by(by))
        for name, column, by in (
            ("opened", _anomaly.c.opened_at, kind),
            ("cleared", _anomaly.c.cleared_at, kind),
            ("reasons", _anomaly.c.cleared_at, _anomaly.c.reason),
        )
    }
    incidents = sa.select(_incident).where(_incident.c.closed_at.is_(None)).order_by(_incident.c.opened_at)
    under_way = session.execute(sa.select(count).select_from(_shipment).where(sa.text("shipment.polling")))
    return Overview(
        since, until, int(under_way.scalar_one()), mappings(session, standing), mappings(session, incidents), **happened
    )
