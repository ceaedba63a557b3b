"""Parcels under way are looked at, and what is wrong with them is somebody's or over."""

import sqlalchemy as sa

from ledger.invariants.base import Broken, case
from ledger.tables import Anomaly, Incident, Shipment
from ledger.tables.base import table_of

anomaly, incident, parcel = table_of(Anomaly), table_of(Incident), table_of(Shipment)
_OPEN = sa.text("anomaly.state = 'open'")


def open_troubles_are_looked_at() -> Broken:
    """The parcel of an open trouble is to be looked at, or will be when its carrier is asked next: else nobody would
    ever clear it."""
    waits = sa.or_(parcel.c.inspect_at.is_not(None), parcel.c.polling.is_(True))
    return sa.select(anomaly.c.id).join(parcel, parcel.c.id == anomaly.c.shipment_id).where(_OPEN, ~waits)


def cleared_troubles_say_why() -> Broken:
    """What has ended says when and for which reason, and what is open has no end."""
    ended = sa.and_(anomaly.c.cleared_at.is_not(None), anomaly.c.reason != "")
    return sa.select(anomaly.c.id).where(
        sa.case((anomaly.c.state == "open", anomaly.c.cleared_at.is_not(None)), else_=~ended)
    )


def every_incident_was_told() -> Broken:
    """An open incident has or had one case."""
    told = sa.exists().where(case.c.kind == "delay_incident", case.c.subject_id == incident.c.id)
    return sa.select(incident.c.id).where(incident.c.closed_at.is_(None), ~told)


def incidents_have_parcels() -> Broken:
    """An incident is of parcels that were in trouble; none of an open one belongs to a closed incident."""
    mine = sa.exists().where(anomaly.c.incident_id == incident.c.id)
    return (
        sa.union_all(
            sa.select(incident.c.id).where(~mine),
            sa.select(anomaly.c.id)
            .join(incident, incident.c.id == anomaly.c.incident_id)
            .where(_OPEN, incident.c.closed_at.is_not(None)),
        )
        .subquery()
        .select()
    )
