"""Which parcels are to be looked at for trouble, and when. What may begin or end one wakes its parcel here."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from ledger.prepared import Prepared
from ledger.rows import update_listed
from ledger.tables import Shipment
from ledger.tables.base import table_of

_shipment = table_of(Shipment)
_DUE = Prepared(
    sa.select(_shipment.c.id)
    .where(sa.text("shipment.inspect_at IS NOT NULL"), _shipment.c.inspect_at <= sa.bindparam("now", required=True))
    .order_by(_shipment.c.inspect_at)
    .limit(sa.bindparam("limit", type_=sa.Integer))
)


def due_parcels(session: Session, *, limit: int, now: datetime) -> list[str]:
    """Parcels that are to be looked at, the longest due first. Only reads: `detecting.inspect` asks again under the
    lock."""
    return [str(i) for i in _DUE.scalars(session, limit=limit, now=now)]


def wake(session: Session, shipment_ids: Sequence[str], now: datetime) -> None:
    """Something is known that may begin or end a trouble: look now."""
    update_listed(session, Shipment, list(shipment_ids), inspect_at=now)


def postpone(session: Session, shipment_id: str, until: datetime) -> None:
    """A parcel that cannot be looked at holds up no other."""
    update_listed(session, Shipment, [shipment_id], inspect_at=until)
