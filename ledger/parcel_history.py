"""The ledger's parcels as the arrays of `domain.delays`: what was learned from them, and those under way.

A parcel's origin is the node that sent it, its destination country and region. Delivered is when the carrier says it
was, not when we heard of it. A parcel that is lost or damaged never arrives: it counts as under way until now. One that
was turned back (refused, returned, cancelled) says nothing of how long the way takes: it is left out.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlmodel import Session

from domain.delays.parcels import Codes, Floats, Parcels
from domain.parcels import ParcelState
from domain.policy import ShippingPolicy
from domain.promises import Promise, promise_of
from ledger.prepared import Prepared, listed
from ledger.tables import FulfilmentOrder, Order, ParcelForecast, Shipment, TrackingEventRow
from ledger.tables.base import table_of

DAY_S = 86_400.0
TURNED_BACK = frozenset({ParcelState.RETURNING, ParcelState.RETURNED, ParcelState.CANCELLED})
SCANS = ("accepted", "in_transit", "arrived_local", "out_for_delivery", "attempted")  # those that tell of the way
_shipment, _order, _event = table_of(Shipment), table_of(Order), table_of(TrackingEventRow)
_sent_by, _forecast = table_of(FulfilmentOrder), table_of(ParcelForecast)
_PARCELS = (
    sa.select(
        _shipment.c.id,
        _shipment.c.order_id,
        _shipment.c.carrier,
        _shipment.c.service,
        _shipment.c.state,
        _shipment.c.shipped_at,
        _shipment.c.delivered_at,
        _sent_by.c.location_id,
        _order.c.placed_at,
        _order.c.country,
        _order.c.region,
        _order.c.shipping_code,
        _forecast.c.promised_at,
    )
    .join(_order, _order.c.id == _shipment.c.order_id)
    .join(_sent_by, _sent_by.c.id == _shipment.c.fulfilment_order_id)
    .outerjoin(_forecast, _forecast.c.id == _shipment.c.id)
    .where(_shipment.c.shipped_at.is_not(None))
    .order_by(_shipment.c.id)
)
_FIRST_SCANS = sa.select(
    _event.c.shipment_id, _event.c.state, sa.func.min(_event.c.occurred_at).label("first_at")
).group_by(_event.c.shipment_id, _event.c.state)
_SINCE = Prepared(_PARCELS.where(_shipment.c.shipped_at >= sa.bindparam("since")))
_SCANS_SINCE = Prepared(
    _FIRST_SCANS.join(_shipment, _shipment.c.id == _event.c.shipment_id).where(
        _shipment.c.shipped_at >= sa.bindparam("since")
    )
)
_LISTED = Prepared(_PARCELS.where(listed(_shipment.c.id, "ids")))
_SCANS_LISTED = Prepared(_FIRST_SCANS.where(listed(_event.c.shipment_id, "ids")))


@dataclass(frozen=True, slots=True)
class History:
    """`ids` are the shipments', a row each; `promises` those that were read from the policy because no forecast has
    written one yet. `left_out` counts parcels by reason."""

    ids: tuple[str, ...]
    parcels: Parcels
    promises: Mapping[str, Promise]
    left_out: Mapping[str, int]


def parcels_since(session: Session, since: datetime, policy: ShippingPolicy, now: datetime) -> History:
    """All that left since then. Reads whole tables: for the fit and the day's drift."""
    return _history(_SINCE.rows(session, since=since), _SCANS_SINCE.rows(session, since=since), policy, now)


def parcels_of(session: Session, shipment_ids: Sequence[str], policy: ShippingPolicy, now: datetime) -> History:
    """These parcels, in the order of their ids."""
    if not shipment_ids:
        return _history([], [], policy, now)
    return _history(_LISTED.rows(session, ids=shipment_ids), _SCANS_LISTED.rows(session, ids=shipment_ids), policy, now)


def _history(
    rows: Iterable[Mapping[str, Any]], scans: Iterable[Mapping[str, Any]], policy: ShippingPolicy, now: datetime
) -> History:
    first: dict[str, dict[str, datetime]] = {}
    for scan in scans:
        first.setdefault(scan["shipment_id"], {})[scan["state"]] = scan["first_at"]
    left_out: Counter[str] = Counter()
    kept: list[tuple[Mapping[str, Any], datetime | None]] = []
    for row in rows:
        arrived = _arrived(row, first.get(row["id"], {}))
        if row["state"] in TURNED_BACK:
            left_out["turned_back"] += 1
        elif row["state"] == ParcelState.DELIVERED and arrived is None:
            left_out["no_time_of_delivery"] += 1
        elif arrived is not None and arrived < row["shipped_at"]:
            left_out["delivered_before_it_left"] += 1
        else:
            kept.append((row, arrived))
    promises = {
        row["id"]: promise_of(row["placed_at"], row["shipping_code"], row["country"], row["region"], policy)
        for row, _ in kept
        if row["promised_at"] is None
    }
    promised = [row["promised_at"] or promises[row["id"]].at for row, _ in kept]
    places = [(row, first.get(row["id"], {})) for row, _ in kept]
    shipped = _days([row["shipped_at"] for row, _ in kept])
    parcels = Parcels(
        ordered=np.minimum(_days([row["placed_at"] for row, _ in kept]), shipped),
        shipped=shipped,
        promised=_days(promised),
        seen_until=_days([arrived or max(now, row["shipped_at"]) for row, arrived in kept]),
        delivered=np.array([arrived is not None for _, arrived in kept], dtype=bool),
        words={
            "carrier": Codes.of([row["carrier"] for row, _ in kept]),
            "service": Codes.of([row["service"] for row, _ in kept]),
            "origin": Codes.of([row["location_id"] for row, _ in kept]),
            "destination": Codes.of([f"{row['country']}-{row['region']}" for row, _ in kept]),
        },
        scans={name: _days([seen.get(name) for _, seen in places]) for name in SCANS},
    )
    return History(tuple(row["id"] for row, _ in kept), parcels, promises, dict(left_out))


def _arrived(row: Mapping[str, Any], scans: Mapping[str, datetime]) -> datetime | None:
    if row["state"] != ParcelState.DELIVERED:
        return None
    return scans.get(ParcelState.DELIVERED) or row["delivered_at"]


def in_days(moment: datetime) -> float:
    """Days since 1970-01-01 UTC, as `domain.delays` counts."""
    return moment.timestamp() / DAY_S


def from_days(days: float) -> datetime:
    return datetime.fromtimestamp(days * DAY_S, UTC)


def _days(moments: Sequence[datetime | None]) -> Floats:
    return np.array([np.nan if moment is None else in_days(moment) for moment in moments], dtype=np.float64)
