"""Which parcels are due, for whom, and what a look leaves behind (TRK-1)."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from config.wiring import Wiring
from domain.parcels import ParcelState, Tracker, TrackingEvent
from ledger import queue
from ledger.claims import Claimed
from ledger.following import AGAIN, claim_parcels, due_sources, followed, put_off_untold
from ledger.returning.way_back import record_way_back
from ledger.rows import Row
from ledger.tables import ReturnParcel, ReviewCase, Shipment
from ledger.tracking import record_trackers
from tests.ledger.support import NOW, REAL, later, make_order, put, row_of
from tests.ledger.test_plans import statements

ONE, OTHER = "easypost/main", "ups/main"
sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def shipment(number: int, **changes: Any) -> Row:
    row = {
        "id": f"shp_{number}", "order_id": "ord_1", "fulfilment_order_id": "ful_1", "external_id": str(number),
        "state": "in_transit", "tracking_number": f"T{number}", "tracking_url": "", "carrier": "usps", "service": "",
        "label_document_id": "", "quote_external_id": "", "label_cost_minor": 0, "label_currency": "",
        "tracker_external_id": f"trk_{number}", "followed_by": ONE, "polling": True, "shop_fulfilment_external_id": "",
        "created_at": NOW, "shipped_at": NOW, "due_at": NOW, "attempts": 0, "lease_token": 0, "error": "",
    }  # fmt: skip
    return row | changes


def way_back(number: int, **changes: Any) -> Row:
    row = {
        "id": f"rpc_{number}", "request_id": "ret_1", "order_id": "ord_1", "location_id": "brooklyn",
        "state": "label_created", "tracking_number": f"R{number}", "tracking_url": "", "carrier": "usps", "service": "",
        "label_document_id": "", "quote_external_id": "", "label_cost_minor": 0, "label_currency": "",
        "tracker_external_id": f"trk_r{number}", "followed_by": ONE, "polling": True, "created_at": NOW, "due_at": NOW,
        "attempts": 0, "lease_token": 0, "error": "",
    }  # fmt: skip
    return row | changes


def take(wiring: Wiring, source: str = ONE, model: Any = Shipment, *, limit: int = 10, now: datetime = NOW) -> Claimed:
    return wiring.ledger(claim_parcels, source, model, limit=limit, now=now, real_now=REAL)


def ids(claimed: Claimed) -> list[str]:
    return [row["id"] for row in claimed.rows]


def sources(wiring: Wiring) -> list[str]:
    return wiring.read(due_sources, now=NOW, real_now=REAL)


def tracker(number: int, state: ParcelState, at: datetime, **more: Any) -> Tracker:
    return Tracker(f"trk_{number}", f"T{number}", "usps", (TrackingEvent(state, at, str(state)),), **more)


@pytest.mark.row("TRK-1")
def test_a_source_takes_what_it_follows_and_what_is_due(wiring: Wiring) -> None:
    put(
        wiring,
        Shipment,
        shipment(1, due_at=later(-60)),
        shipment(2, due_at=later(-120)),
        shipment(3, due_at=later(1)),
        shipment(4, followed_by=OTHER),
        shipment(5, polling=False),
        shipment(6, tracker_external_id=""),
    )
    put(wiring, ReturnParcel, way_back(1), way_back(2, followed_by=OTHER))

    assert [ONE, OTHER] == sources(wiring)
    assert ["shp_2", "shp_1"] == ids(take(wiring)), "the longest due first"
    assert [] == ids(take(wiring)), "held"
    assert ["shp_4"] == ids(take(wiring, OTHER))
    assert ["rpc_1"] == ids(take(wiring, ONE, ReturnParcel))
    assert [OTHER] == sources(wiring), "the way back of the other one"
    assert ["rpc_2"] == ids(take(wiring, OTHER, ReturnParcel))
    assert [] == sources(wiring)


@sqlite_only
@pytest.mark.row("TRK-1")
@pytest.mark.parametrize(("model", "table"), [(Shipment, "shipment"), (ReturnParcel, "return_parcel")])
def test_what_is_not_due_is_not_touched(wiring: Wiring, model: Any, table: str) -> None:
    """The index leads to what is due at one source, and is read in that order: whatever is under way beside it."""
    put(wiring, Shipment, shipment(1))
    put(wiring, ReturnParcel, way_back(1))
    with statements(wiring.engine) as found:
        assert take(wiring, ONE, model).rows
        sources(wiring)

    asked = [text for text in found if f"{table}.polling" in text]
    assert 2 == len(asked)
    plans = [step for text in asked for step in plan(wiring, text) if table in step]
    assert any(f"SEARCH {table} USING INDEX ix_{table}_polling (followed_by=? AND due_at<?)" in step for step in plans)
    assert all(f"ix_{table}_polling" in step for step in plans)
    assert not [step for text in asked for step in plan(wiring, text) if "TEMP B-TREE" in step]


def plan(wiring: Wiring, statement: str) -> list[str]:
    with wiring.engine.connect() as connection:
        marks = tuple("" for _ in range(statement.count("?")))
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", marks).all()
    return [row[3] for row in rows]


@pytest.mark.row("TRK-1")
@pytest.mark.parametrize(
    ("state", "heard", "longest"),
    [
        pytest.param(ParcelState.IN_TRANSIT, NOW, timedelta(hours=3), id="under way"),
        pytest.param(ParcelState.OUT_FOR_DELIVERY, NOW, timedelta(hours=1), id="on the van"),
        pytest.param(ParcelState.IN_TRANSIT, later(hours=-48), timedelta(hours=12), id="quiet for two days"),
    ],
)
def test_a_look_leaves_the_time_of_the_next_one(
    wiring: Wiring, state: ParcelState, heard: datetime, longest: timedelta
) -> None:
    make_order(wiring, id="ord_1", shipping_code="standard")
    put(wiring, Shipment, shipment(1, state=str(state), attempts=3, error="retryable"))
    token = take(wiring).lease.token

    wiring.ledger(record_trackers, [tracker(1, state, heard)], NOW, wiring.policies)

    row = row_of(wiring, Shipment, id="shp_1")
    assert (True, None, 0, "") == (row["polling"], row["lease_until"], row["attempts"], row["error"])
    assert 0.9 * longest <= row["due_at"] - NOW <= longest
    assert token == row["lease_token"]


@pytest.mark.row("TRK-1")
def test_the_promised_day_is_not_slept_through(wiring: Wiring) -> None:
    """Quiet since the hand-over, and watched from that day's morning on."""
    polling = wiring.policies.polling
    make_order(wiring, id="ord_1", shipping_code="unheard of", country="US", region="NY")
    put(wiring, Shipment, shipment(1))
    days = wiring.policies.shipping.default_max_days
    eve = NOW + timedelta(days=days, hours=-8)

    wiring.ledger(record_trackers, [tracker(1, ParcelState.IN_TRANSIT, NOW)], eve, wiring.policies)
    first = row_of(wiring, Shipment, id="shp_1")["due_at"]
    wiring.ledger(record_trackers, [tracker(1, ParcelState.IN_TRANSIT, NOW)], first, wiring.policies)
    second = row_of(wiring, Shipment, id="shp_1")["due_at"]

    assert first - eve < polling.longest * (1 - polling.spread), "silence alone would wait for a day"
    assert second - first <= polling.expected


@pytest.mark.row("TRK-1")
def test_what_the_carrier_expects_today_is_looked_at_more_often(wiring: Wiring) -> None:
    make_order(wiring, id="ord_1")
    put(wiring, Shipment, shipment(1))
    said = tracker(1, ParcelState.IN_TRANSIT, NOW, estimated_delivery=later(hours=6))

    wiring.ledger(record_trackers, [said], NOW, wiring.policies)

    assert row_of(wiring, Shipment, id="shp_1")["due_at"] - NOW <= wiring.policies.polling.expected


def test_a_label_for_the_way_back_that_nobody_uses_is_looked_at_ever_more_rarely(wiring: Wiring) -> None:
    put(wiring, ReturnParcel, way_back(1))
    made = Tracker("trk_r1", "R1", "usps", (TrackingEvent(ParcelState.LABEL_CREATED, NOW, "label"),))

    wiring.ledger(record_way_back, [made], later(days=10), wiring.policies.polling)

    row = row_of(wiring, ReturnParcel, id="rpc_1")
    assert row["polling"]
    assert row["due_at"] - later(days=10) >= wiring.policies.polling.longest * (1 - wiring.policies.polling.spread)


@pytest.mark.row("TRK-1", bad_input=True)
def test_what_no_source_knows_is_asked_again_and_in_the_end_is_a_persons_case(wiring: Wiring) -> None:
    make_order(wiring, id="ord_1")
    put(wiring, Shipment, shipment(1), shipment(2, attempts=queue.MAX_ATTEMPTS - 1))
    claimed = take(wiring)

    polling = wiring.policies.polling
    wiring.ledger(put_off_untold, claimed.rows, claimed.lease.token, NOW, polling, Shipment)

    fresh, worn = (row_of(wiring, Shipment, id=f"shp_{number}") for number in (1, 2))
    assert (NOW + AGAIN, None, "not_told") == (fresh["due_at"], fresh["lease_until"], fresh["error"])
    assert NOW + polling.longest == worn["due_at"]
    case = row_of(wiring, ReviewCase)
    assert ("parcel_not_tracked", "shp_2") == (case["kind"], case["subject_id"])


def test_a_newer_holder_is_not_put_off(wiring: Wiring) -> None:
    put(wiring, Shipment, shipment(1))
    stale = take(wiring)
    newer = wiring.ledger(claim_parcels, ONE, limit=1, now=NOW, real_now=REAL + timedelta(hours=1))

    wiring.ledger(put_off_untold, stale.rows, stale.lease.token, NOW, wiring.policies.polling, Shipment)

    assert newer.lease.token == row_of(wiring, Shipment, id="shp_1")["lease_token"]
    assert row_of(wiring, Shipment, id="shp_1")["lease_until"] is not None


def test_a_delivery_about_somebody_elses_parcel_is_nobodys(wiring: Wiring) -> None:
    put(wiring, Shipment, shipment(1), shipment(2, followed_by=OTHER))
    put(wiring, ReturnParcel, way_back(1))

    found = wiring.read(followed, "easypost", ["trk_1", "trk_2", "trk_r1", "trk_9"])

    assert {"shp_1", "rpc_1"} == {row["id"] for row in found}
