"""Parcels as rows, with the order and the node's part that they belong to."""

from datetime import datetime
from typing import Any

from config.wiring import Wiring
from ledger.rows import Row
from ledger.tables import FulfilmentOrder, Shipment, TrackingEventRow
from tests.ledger.support import NOW, make_order, put


def put_parcel(wiring: Wiring, number: int = 1, *, order: Row | None = None, **changes: Any) -> tuple[str, str]:
    """A parcel that has left: (shipment, order). `order` and `changes` are changes to the rows' defaults."""
    about = {"external_id": str(number), "name": f"#{number}", "state": "in_fulfilment"} | (order or {})
    order_id = make_order(wiring, **about)
    put(wiring, FulfilmentOrder, {
        "id": f"ful_{number}", "order_id": order_id, "location_id": "cicero", "state": "closed",
        "request_state": "accepted", "release_at": NOW, "priority": 5, "attempt": 1,
        "node_external_id": str(number), "pick_list_id": "", "created_at": NOW,
    })  # fmt: skip
    put(wiring, Shipment, {
        "id": f"shp_{number}", "order_id": order_id, "fulfilment_order_id": f"ful_{number}",
        "external_id": str(number), "state": "in_transit", "tracking_number": f"T{number}", "tracking_url": "",
        "carrier": "usps", "service": "Priority", "label_document_id": "", "quote_external_id": "",
        "label_cost_minor": 0, "label_currency": "", "tracker_external_id": f"trk_{number}", "polling": True,
        "shop_fulfilment_external_id": "", "created_at": NOW, "shipped_at": NOW, "due_at": NOW, "attempts": 0,
        "lease_token": 0, "error": "",
    } | changes)  # fmt: skip
    return f"shp_{number}", order_id


def put_scan(wiring: Wiring, shipment_id: str, state: str, at: datetime) -> None:
    put(wiring, TrackingEventRow, {
        "shipment_id": shipment_id, "digest": f"{state}:{at.isoformat()}", "state": state, "raw_code": state,
        "detail_code": "", "city": "", "country": "", "occurred_at": at,
    })  # fmt: skip
