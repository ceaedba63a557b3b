"""Parcels on their way, for the ledger's tests of troubles. 2026-03-02 is a Monday; New York is five hours behind."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from config.wiring import Wiring
from domain.parcels import ParcelState, Tracker, TrackingEvent
from ledger.anomalies import detecting, due
from ledger.anomalies.detecting import Change
from ledger.tables import Anomaly, FulfilmentOrder, Location, Shipment
from ledger.tracking import record_trackers
from tests.ledger.support import make_order, put

MONDAY = datetime(2026, 3, 2, 15, tzinfo=UTC)  # 10:00 in New York
MOVING = ParcelState.IN_TRANSIT


def node(wiring: Wiring) -> None:
    put(wiring, Location, {
        "id": "cicero", "name": "Cicero", "system": "shipbob", "account": "main", "node_location": "1",
        "country": "US", "region": "IL", "postal_code": "60804", "time_zone": "America/Chicago", "ships_itself": True,
    })  # fmt: skip


def left(wiring: Wiring, number: int = 1, **changes: Any) -> str:
    """A parcel handed over on Monday morning, to New York; returns its id. Its tracker is `trk_{number}`."""
    order_id = make_order(
        wiring,
        {"id": f"lin_{number}", "ordered": 1, "reserved": 1, "released": 1, "shipped": 1},
        id=f"ord_{number}", external_id=str(number), name=f"#{1000 + number}", state="in_fulfilment",
    )  # fmt: skip
    put(wiring, FulfilmentOrder, {
        "id": f"ful_{number}", "order_id": order_id, "location_id": "cicero", "state": "closed",
        "request_state": "accepted", "release_at": MONDAY, "priority": 5, "attempt": 1, "node_external_id": "1",
        "pick_list_id": "", "created_at": MONDAY,
    })  # fmt: skip
    row = {
        "id": f"shp_{number}", "order_id": order_id, "fulfilment_order_id": f"ful_{number}", "external_id": "1",
        "state": "label_created", "tracking_number": f"T{number}", "tracking_url": "", "carrier": "USPS",
        "service": "Priority", "label_document_id": "", "quote_external_id": "", "label_cost_minor": 0,
        "label_currency": "", "tracker_external_id": f"trk_{number}", "polling": True,
        "shop_fulfilment_external_id": "", "created_at": MONDAY, "shipped_at": MONDAY, "due_at": MONDAY,
        "attempts": 0, "lease_token": 0, "error": "", "inspect_at": MONDAY,
    } | changes  # fmt: skip
    put(wiring, Shipment, row)
    return str(row["id"])


def scanned(at: datetime, state: ParcelState = MOVING, city: str = "CHICAGO", detail: str = "") -> TrackingEvent:
    return TrackingEvent(state, at, str(state), detail_code=detail, city=city, country="US")


def hear(wiring: Wiring, *events: TrackingEvent, now: datetime, number: int = 1) -> None:
    """The carrier tells all that it knows."""
    tracker = Tracker(f"trk_{number}", f"T{number}", "USPS", events)
    wiring.ledger(record_trackers, [tracker], now, wiring.policies)


def look(wiring: Wiring, now: datetime) -> list[Change]:
    """At all parcels that are due."""
    ids = wiring.read(due.due_parcels, limit=100, now=now)
    return wiring.ledger(detecting.inspect, ids, wiring.policies, now=now)


def in_trouble(wiring: Wiring, numbers: Sequence[int], now: datetime, **changes: Any) -> None:
    """Open troubles that were found in Chicago, of parcels that need not exist."""
    put(wiring, Anomaly, *({
        "id": f"ano_{number}", "shipment_id": f"shp_{number}", "order_id": f"ord_{number}", "kind": "stuck",
        "state": "open", "evidence": {"place": "Chicago, US"}, "carrier": "usps", "facility": "Chicago, US",
        "lane": "US-IL>US-NY", "region": "US-NY", "cause": "", "opened_at": now, "reason": "", "incident_id": "",
    } | changes for number in numbers))  # fmt: skip
