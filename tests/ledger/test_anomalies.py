"""Troubles of parcels as rows: opened, kept fresh and cleared under the order's lock, once."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session

from config.wiring import Wiring
from domain.anomalies.facts import AnomalyKind
from domain.forecasts import Forecast
from domain.parcels import ParcelState
from domain.promises import Promise
from domain.states import CaseState
from ledger import cases, forecasts
from ledger.anomalies import detecting, due
from ledger.tables import Anomaly, AuditEvent, ReviewCase, Shipment
from tests.ledger.parcels import MONDAY, hear, left, look, node, scanned
from tests.ledger.support import race, row_of, rows_of

SECOND = timedelta(seconds=1)
THURSDAY = MONDAY + timedelta(days=3)  # three working days of a carrier that works on Saturdays too
START = scanned(MONDAY)


@pytest.fixture(autouse=True)
def parcel(wiring: Wiring) -> str:
    """One parcel, scanned in Chicago on Monday."""
    node(wiring)
    parcel = left(wiring)
    hear(wiring, START, now=MONDAY)
    assert [] == look(wiring, MONDAY)
    return parcel


def anomaly(wiring: Wiring, **equal: Any) -> Mapping[str, Any]:
    return row_of(wiring, Anomaly, **equal)


@pytest.mark.row("DLY-1")
def test_a_parcel_is_looked_at_when_time_alone_can_change_something(wiring: Wiring) -> None:
    assert THURSDAY == row_of(wiring, Shipment)["inspect_at"]
    assert [] == wiring.read(due.due_parcels, limit=9, now=THURSDAY - SECOND)
    assert ["shp_1"] == wiring.read(due.due_parcels, limit=9, now=THURSDAY)


@pytest.mark.row("DLY-1")
def test_silence_that_was_listened_to_opens_and_movement_clears(wiring: Wiring) -> None:
    assert [] == look(wiring, THURSDAY), "the carrier was not asked since Monday"
    hear(wiring, START, now=THURSDAY)

    [change] = look(wiring, THURSDAY)

    assert (AnomalyKind.STUCK, True, "#1001") == (change.kind, change.opened, change.order_name)
    row = anomaly(wiring)
    assert ("usps", "Chicago, US", "US-IL>US-NY", "US-NY") == (
        row["carrier"],
        row["facility"],
        row["lane"],
        row["region"],
    )
    assert (3.0, "Chicago, US") == (row["evidence"]["working_days"], row["evidence"]["place"])

    hear(wiring, START, scanned(THURSDAY, city="Gary"), now=THURSDAY + SECOND)
    [change] = look(wiring, THURSDAY + SECOND)

    assert (AnomalyKind.STUCK, False, "moving") == (change.kind, change.opened, change.reason)
    row = anomaly(wiring)
    assert ("cleared", "moving", THURSDAY + SECOND) == (row["state"], row["reason"], row["cleared_at"])
    assert ["open", "cleared"] == [e["to_state"] for e in rows_of(wiring, AuditEvent, aggregate_id=row["id"])]


@pytest.mark.row("DLY-1")
def test_the_same_trouble_once_more_is_another_row(wiring: Wiring) -> None:
    again = THURSDAY + timedelta(days=7)
    hear(wiring, START, now=THURSDAY)
    look(wiring, THURSDAY)
    moved = scanned(THURSDAY, city="Gary")
    hear(wiring, START, moved, now=THURSDAY + SECOND)
    look(wiring, THURSDAY + SECOND)
    hear(wiring, START, moved, now=again)

    assert AnomalyKind.STUCK in {change.kind for change in look(wiring, again)}
    assert ["cleared", "open"] == [row["state"] for row in rows_of(wiring, Anomaly, kind="stuck")]


@pytest.mark.row("DLY-1", bad_input=True)
def test_two_workers_who_look_at_once_open_one(wiring: Wiring) -> None:
    hear(wiring, START, now=THURSDAY)

    def one() -> int:
        return len(wiring.ledger(detecting.inspect, ["shp_1"], wiring.policies, now=THURSDAY))

    assert [0, 1] == sorted(race(one, one))
    assert 1 == len(rows_of(wiring, Anomaly))


@pytest.mark.row("DLY-1")
def test_evidence_of_what_stands_is_kept_fresh(wiring: Wiring) -> None:
    friday = THURSDAY + timedelta(days=1)
    for now in (THURSDAY, friday):
        hear(wiring, START, now=now)
        look(wiring, now)

    assert (4.0, THURSDAY) == (anomaly(wiring)["evidence"]["working_days"], anomaly(wiring)["opened_at"])


@pytest.mark.row("DLY-1")
@pytest.mark.row("DLY-2")
def test_a_forecast_wakes_its_parcel_and_the_promise_ends_what_was_foretold(wiring: Wiring) -> None:
    promised = MONDAY + timedelta(days=2)
    assert [] == wiring.read(due.due_parcels, limit=9, now=MONDAY)
    wiring.ledger(forecasts.expect, [("shp_1", "ord_1")], MONDAY)
    claimed = wiring.ledger(forecasts.claim_due, limit=9, now=MONDAY, real_now=MONDAY)
    foretold = Forecast(promised, 0.9, promised, promised + timedelta(days=2), MONDAY)
    made = {"shp_1": (foretold, Promise(promised, promised.date(), "America/New_York"), promised)}
    wiring.ledger(forecasts.record, made, token=claimed.lease.token, fitted_model_id="", now=MONDAY)

    assert [AnomalyKind.LATE_PREDICTED] == [change.kind for change in look(wiring, MONDAY)]
    assert promised == row_of(wiring, Shipment)["inspect_at"]

    hear(wiring, START, now=promised)
    changes = {change.kind: change for change in look(wiring, promised)}

    assert changes[AnomalyKind.LATE].opened
    assert "promise_over" == changes[AnomalyKind.LATE_PREDICTED].reason


@pytest.mark.row("DLY-1")
def test_what_arrives_is_over_and_not_looked_at_again(wiring: Wiring) -> None:
    hear(wiring, START, now=THURSDAY)
    look(wiring, THURSDAY)

    hear(wiring, START, scanned(THURSDAY, ParcelState.DELIVERED), now=THURSDAY + SECOND)
    [change] = look(wiring, THURSDAY + SECOND)

    assert "delivered" == change.reason
    assert row_of(wiring, Shipment)["inspect_at"] is None


@pytest.mark.row("DLY-1")
def test_a_lost_parcel_stands_until_a_person_has_made_it_good(wiring: Wiring) -> None:
    hear(wiring, START, scanned(THURSDAY, ParcelState.LOST), now=THURSDAY)
    assert [AnomalyKind.LOST_DECLARED] == [change.kind for change in look(wiring, THURSDAY)]
    [case] = rows_of(wiring, ReviewCase, kind="parcel_gone")

    def resolve(session: Session) -> None:
        cases.move_case(session, case["id"], CaseState.RESOLVED, cause="replaced", now=THURSDAY)

    wiring.ledger(resolve)
    [change] = look(wiring, THURSDAY + detecting.UNTIL_MADE_GOOD)

    assert ("made_good", False) == (change.reason, change.opened)
    assert row_of(wiring, Shipment)["inspect_at"] is None


@pytest.mark.row("DLY-1")
def test_a_parcel_of_an_unknown_carrier_and_a_node_that_is_gone_is_judged_too(wiring: Wiring) -> None:
    left(wiring, 2, carrier="", fulfilment_order_id="gone")
    hear(wiring, now=THURSDAY, number=2)

    changes = look(wiring, THURSDAY)

    assert [AnomalyKind.NEVER_PICKED_UP] == [change.kind for change in changes if change.order_id == "ord_2"]
    assert ("", "", "US-NY") == tuple(
        anomaly(wiring, order_id="ord_2")[name] for name in ("facility", "lane", "region")
    )


@pytest.mark.row("DLY-1")
def test_a_parcel_that_has_not_left_is_nobodys_trouble(wiring: Wiring) -> None:
    left(wiring, 2, shipped_at=None)
    hear(wiring, now=THURSDAY, number=2)

    assert not [change for change in look(wiring, THURSDAY) if change.order_id == "ord_2"]
    assert row_of(wiring, Shipment, id="shp_2")["inspect_at"] is None


def test_a_parcel_that_cannot_be_looked_at_waits_and_stops_no_other(wiring: Wiring) -> None:
    later: datetime = THURSDAY + timedelta(minutes=15)
    wiring.ledger(due.postpone, "shp_1", later)

    assert later == row_of(wiring, Shipment)["inspect_at"]
