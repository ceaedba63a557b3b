"""What is known of parcels, read for many at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from domain.anomalies.calendar import OperatingCalendar
from domain.anomalies.facts import AnomalyKind, Cause, ParcelFacts, Scan
from domain.anomalies.rules import last_movement
from domain.parcels import RANK, ParcelState
from domain.policy import Policies
from domain.remedies import OF_PARCEL
from domain.states import AnomalyState, CaseState
from domain.states_offers import TAKEN_OFFER
from domain.zones import zone_of
from ledger.forecasts import forecasts_of
from ledger.orders import OrderRow
from ledger.rows import group_by, select_by
from ledger.tables import Anomaly, FulfilmentOrder, Location, Offer, ReviewCase, TrackingEventRow

ShipmentRow = Mapping[str, Any]
_GONE = "parcel_gone"
_ENDS = frozenset({ParcelState.LOST, ParcelState.DAMAGED})
_MADE_GOOD = frozenset({"replaced", "refunded", "accept"})  # what a person says of a parcel that will not arrive


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a trouble begins, in the words that troubles are grouped by; an empty one is not known."""

    carrier: str
    facility: str
    lane: str
    region: str
    cause: str


@dataclass(frozen=True, slots=True)
class Inspected:
    """A parcel as it is looked at. `standing`: its open anomalies by kind."""

    facts: ParcelFacts
    calendar: OperatingCalendar
    where: Whereabouts
    standing: Mapping[AnomalyKind, Mapping[str, Any]]


def parcels_as_seen(
    session: Session, shipments: Sequence[ShipmentRow], orders: Mapping[str, OrderRow], policies: Policies
) -> dict[str, Inspected]:
    """By shipment."""
    ids = [row["id"] for row in shipments]
    events = group_by(select_by(session, TrackingEventRow, "shipment_id", ids), "shipment_id")
    requests = select_by(session, FulfilmentOrder, "id", {row["fulfilment_order_id"] for row in shipments})
    node_of = {row["id"]: row["location_id"] for row in requests}
    nodes = {row["id"]: row for row in select_by(session, Location, "id", set(node_of.values()))}
    standing = group_by(open_anomalies(session, ids), "shipment_id")
    foretold, settled = forecasts_of(session, ids), _made_good(session, orders)
    found = {}
    for row in shipments:
        order, node = orders[row["order_id"]], nodes.get(node_of.get(row["fulfilment_order_id"], ""))
        told = _in_order(events.get(row["id"], []))
        scans = tuple(_scan(event, policies.causes) for event in told)
        country = next((e["country"] for e in reversed(told) if e["country"]), node["country"] if node else "")
        forecast = foretold.get(row["id"])
        mine = {AnomalyKind(each["kind"]): each for each in standing.get(row["id"], [])}
        facts = ParcelFacts(
            state=ParcelState(row["state"]),
            scans=scans,
            handed_over_at=row["shipped_at"] or row["created_at"],
            zone=_zone(country, order, node, scans),
            crosses_border=bool(node and order["country"] and node["country"] != order["country"]),
            promised_by=forecast.promised_at if forecast else None,
            heard_at=row["heard_at"],
            late_probability=forecast.late_probability if forecast else None,
            predicted_at=forecast.predicted_at if forecast else None,
            open=frozenset(mine),
            made_good=row["id"] in settled,
        )
        where = _where(row, order, node, scans)
        found[row["id"]] = Inspected(facts, policies.calendars.of(row["carrier"], country), where, mine)
    return found


def movement_of(events: Sequence[Mapping[str, Any]]) -> Scan | None:
    """The last of a parcel's scans that shows it somewhere else or further on, whatever a carrier wrote besides."""
    return last_movement([_scan(event, {}) for event in _in_order(events)])


def last_moved(session: Session, shipment_ids: Sequence[str]) -> dict[str, datetime]:
    """When each of these moved last; a carrier's word that it lost or damaged one is no movement of it."""
    rows = select_by(session, TrackingEventRow, "shipment_id", shipment_ids) if shipment_ids else []
    found = {}
    for shipment_id, events in group_by([row for row in rows if row["state"] not in _ENDS], "shipment_id").items():
        if moved := movement_of(events):
            found[shipment_id] = moved.occurred_at
    return found


def _in_order(events: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(events, key=lambda event: (event["occurred_at"], RANK[ParcelState(event["state"])]))


def _scan(event: Mapping[str, Any], causes: Mapping[str, Cause]) -> Scan:
    town = event["city"].strip().title()  # carriers write one town in many ways
    place = ", ".join(part for part in (town, event["region"], event["country"]) if part)
    return Scan(
        state=ParcelState(event["state"]),
        occurred_at=event["occurred_at"],
        place=place if town else "",
        cause=causes.get(event["detail_code"]),
    )


def _zone(country: str, order: OrderRow, node: Mapping[str, Any] | None, scans: Sequence[Scan]) -> ZoneInfo:
    """The node's until a carrier has scanned it; then the destination's in its country, else the country's."""
    if not scans and node is not None:
        return ZoneInfo(node["time_zone"])
    return zone_of(country, order["region"] if country == order["country"] else "")


def _where(row: ShipmentRow, order: OrderRow, node: Mapping[str, Any] | None, scans: Sequence[Scan]) -> Whereabouts:
    region = region_words(order["country"], order["region"])
    origin = region_words(node["country"], node["region"]) if node else ""
    place = next((scan.place for scan in reversed(scans) if scan.place), "")
    return Whereabouts(
        carrier=row["carrier"].strip().lower(),
        facility=place or (node["name"] if node else ""),
        lane=f"{origin}>{region}" if origin and region else "",
        region=region,
        cause=next((str(scan.cause) for scan in reversed(scans) if scan.cause), ""),
    )


def region_words(country: str, region: str) -> str:
    """As in "US-NY", the end of a lane."""
    return "-".join(part for part in (country, region) if part)


def open_anomalies(session: Session, shipment_ids: Sequence[str]) -> list[Mapping[str, Any]]:
    rows = select_by(session, Anomaly, "shipment_id", shipment_ids)
    return [row for row in rows if row["state"] == AnomalyState.OPEN]


def _made_good(session: Session, orders: Mapping[str, OrderRow]) -> set[str]:
    """Parcels whose customers have taken something in their place, or of which a person says that they have, or need
    nothing."""
    cases, offers = (select_by(session, model, "order_id", orders) for model in (ReviewCase, Offer))
    by_hand = {
        case["subject_id"]
        for case in cases
        if case["kind"] == _GONE and case["state"] == CaseState.RESOLVED and case["resolution"] in _MADE_GOOD
    }
    return by_hand | {row["shipment_id"] for row in offers if row["state"] in TAKEN_OFFER and row["kind"] in OF_PARCEL}
