"""Trackers recorded by two workers at once, who heard the same (a webhook and a look of our own)."""

import threading

import pytest
from sqlmodel import Session

from config.wiring import Wiring
from domain.parcels import ParcelState, Tracker, TrackingEvent
from ledger.tables import FulfilmentOrder, OrderContact, OrderLine, Shipment, ShipmentLine
from ledger.tracking import record_trackers
from tests.ledger.support import NOW, Rival, make_order, put, row_of

DELIVERED = Tracker("trk_1", "T1", "usps", (TrackingEvent(ParcelState.DELIVERED, NOW, "delivered"),))


def parcel_under_way(wiring: Wiring) -> None:
    """Two units in one parcel."""
    order_id = make_order(wiring, {"id": "l", "ordered": 2, "reserved": 2, "released": 2, "shipped": 2},
                          state="in_fulfilment", contact_id="con_1")  # fmt: skip
    put(wiring, OrderContact, {
        "id": "con_1", "order_id": order_id, "kind": "shipping", "version": 1, "origin": "shop", "name": "",
        "company": "",
        "line1": "", "line2": "", "city": "", "region": "", "postal_code": "", "country": "US", "phone": "",
        "email": "a@example.com", "verdict": "", "created_at": NOW,
    })  # fmt: skip
    put(wiring, FulfilmentOrder, {
        "id": "ful_1", "order_id": order_id, "location_id": "cicero", "state": "closed", "request_state": "accepted",
        "release_at": NOW, "priority": 5, "attempt": 1, "node_external_id": "1", "pick_list_id": "", "created_at": NOW,
    })  # fmt: skip
    put(wiring, Shipment, {
        "id": "shp_1", "order_id": order_id, "fulfilment_order_id": "ful_1", "external_id": "1", "state": "in_transit",
        "tracking_number": "T1", "tracking_url": "", "carrier": "usps", "service": "", "label_document_id": "",
        "quote_external_id": "", "label_cost_minor": 0, "label_currency": "", "tracker_external_id": "trk_1",
        "polling": True, "shop_fulfilment_external_id": "", "created_at": NOW, "shipped_at": NOW, "due_at": NOW,
        "attempts": 0, "lease_token": 0, "error": "",
    })  # fmt: skip
    put(wiring, ShipmentLine, {"shipment_id": "shp_1", "order_line_id": "l", "sku": "TENT-2", "quantity": 2})


@pytest.mark.row("TRU-5", bad_input=True)
def test_a_delivery_that_two_workers_hear_of_at_once_counts_its_units_once(wiring: Wiring) -> None:
    parcel_under_way(wiring)
    recorded, go_on = threading.Event(), threading.Event()

    def first(session: Session) -> None:
        record_trackers(session, [DELIVERED], NOW, wiring.policies)
        recorded.set()
        assert go_on.wait(30)

    one = Rival(lambda: wiring.ledger(first))
    assert recorded.wait(30)
    other = Rival(lambda: wiring.ledger(record_trackers, [DELIVERED], NOW, wiring.policies))
    other.until_blocked()
    go_on.set()

    assert (one.result(), other.result()) == (None, {"trk_1": "delivered"})
    assert row_of(wiring, OrderLine, id="l")["delivered"] == 2
