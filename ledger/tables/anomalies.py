"""What is wrong with parcels, and the incidents that parcels share."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from ledger.tables.base import json_field, maybe_time, partial_index, time_field

_OPEN = "state = 'open'"
_STANDING = "closed_at IS NULL"
_GROUPED = "incident_id <> ''"  # most are not, and would fill an index with one key


class Anomaly(SQLModel, table=True):
    """A trouble of one parcel. States: domain.states.ANOMALY. Where it began is kept, for that is what it is grouped
    by; `evidence` is brought up to date while it is open."""

    __tablename__ = "anomaly"
    __table_args__ = (
        partial_index("ix_anomaly_open", "shipment_id", "kind", where=_OPEN, unique=True),
        sa.Index("ix_anomaly_order_id", "order_id"),
        sa.Index("ix_anomaly_shipment_id", "shipment_id"),
        partial_index("ix_anomaly_incident_id", "incident_id", where=_GROUPED),
        partial_index("ix_anomaly_loose", "incident_id", "opened_at", where=_OPEN),
    )
    id: str = Field(primary_key=True)
    shipment_id: str
    order_id: str
    kind: str
    state: str = "open"
    evidence: dict[str, Any] = json_field()
    carrier: str = ""
    facility: str = ""  # the last scan's town and country; before the first scan the node that handed it over
    lane: str = ""
    region: str = ""  # the destination's
    cause: str = ""
    opened_at: datetime = time_field()
    cleared_at: datetime | None = maybe_time()
    reason: str = ""  # why it was cleared
    incident_id: str = ""
    alerted_at: datetime | None = maybe_time()  # when a person was told of this parcel alone


class Incident(SQLModel, table=True):
    """Parcels that share a trouble. One case, one event and one chat message, however many they become."""

    __tablename__ = "incident"
    __table_args__ = (
        partial_index("ix_incident_standing", "kind", "cause_kind", "cause_key", where=_STANDING, unique=True),
    )
    id: str = Field(primary_key=True)
    kind: str
    cause_kind: str
    cause_key: str
    opened_at: datetime = time_field()
    closed_at: datetime | None = maybe_time()
    parcels: int = 0  # that were ever part of it
