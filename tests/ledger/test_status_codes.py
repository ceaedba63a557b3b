"""Every code that a carrier tells is counted once a scan; too many without a meaning become one case."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from config.wiring import Wiring
from domain.parcels import ParcelState, Tracker, TrackingEvent
from domain.states import CaseState
from domain.status_maps import StatusCodePolicy
from ledger.cases import move_case
from ledger.status_codes import alert_unmapped, count_codes
from ledger.tables import ReviewCase, Shipment, StatusCode, StatusDay, TrackingEventRow
from ledger.tracking import record_trackers
from tests.ledger.support import NOW, later, row_of, rows_of
from tests.ledger.test_tracking import parcel_under_way

POLICY = StatusCodePolicy(0.005)
KNOWN = TrackingEvent(ParcelState.IN_TRANSIT, NOW, "AR", "I", source="ups", map_version=3)
STRANGE = TrackingEvent(ParcelState.UNKNOWN, NOW, "QQ", "?", source="ups", map_version=3, mapped=False)


def counted(wiring: Wiring) -> dict[tuple[str, int, str], tuple[str, int]]:
    rows = rows_of(wiring, StatusCode)
    return {(r["source"], r["map_version"], r["raw_code"]): (r["state"], r["count"]) for r in rows}


def alert(wiring: Wiring, days: int = 0) -> list[Mapping[str, Any]]:
    return wiring.ledger(alert_unmapped, POLICY, later(days=days))


@pytest.mark.row("TRK-2")
def test_codes_are_counted_by_table_and_version(wiring: Wiring) -> None:
    wiring.ledger(count_codes, [KNOWN, KNOWN, STRANGE], NOW)
    wiring.ledger(count_codes, [KNOWN, replace(KNOWN, map_version=4)], later(hours=1))
    wiring.ledger(count_codes, [replace(KNOWN, source="")], NOW)  # of no table

    assert counted(wiring) == {
        ("ups", 3, "AR"): ("in_transit", 3),
        ("ups", 3, "QQ"): ("unknown", 1),
        ("ups", 4, "AR"): ("in_transit", 1),
    }
    row = row_of(wiring, StatusCode, raw_code="AR", map_version=3)
    assert (row["first_seen_at"], row["last_seen_at"]) == (NOW, later(hours=1))
    [day] = rows_of(wiring, StatusDay)
    assert (day["source"], day["day"], day["told"], day["unmapped"]) == ("ups", NOW.date(), 5, 1)


@pytest.mark.row("TRK-2")
def test_too_many_codes_without_a_meaning_are_one_case(wiring: Wiring) -> None:
    wiring.ledger(count_codes, [KNOWN] * 199 + [STRANGE], NOW)
    assert alert(wiring) == []  # one in two hundred is still allowed
    wiring.ledger(count_codes, [STRANGE], NOW)

    [facts] = alert(wiring)

    assert (facts["source"], facts["told"], facts["unmapped"], facts["codes"]) == ("ups", 201, 2, ["QQ/?"])
    assert alert(wiring) == []
    assert alert(wiring, days=1) == []
    [case] = rows_of(wiring, ReviewCase)
    assert (case["kind"], case["subject_id"], case["owner"]) == ("codes_unmapped", "ups", "ops")


@pytest.mark.row("TRK-2")
def test_a_case_that_was_ended_comes_back_for_another_day_only(wiring: Wiring) -> None:
    wiring.ledger(count_codes, [STRANGE], NOW)
    assert alert(wiring)
    [case] = rows_of(wiring, ReviewCase)
    wiring.ledger(move_case, case["id"], CaseState.RESOLVED, cause="accept", now=NOW)
    assert alert(wiring, days=1) == []

    wiring.ledger(count_codes, [STRANGE], later(days=1))

    assert [facts["day"] for facts in alert(wiring, days=1)] == [(NOW + timedelta(days=1)).date().isoformat()]


def test_each_source_has_its_own_share(wiring: Wiring) -> None:
    wiring.ledger(count_codes, [KNOWN] * 1000, NOW)
    wiring.ledger(count_codes, [replace(STRANGE, source="usps"), STRANGE], NOW)

    assert [facts["source"] for facts in alert(wiring)] == ["usps"]


def told(*events: TrackingEvent) -> Tracker:
    return Tracker("trk_1", "T1", "usps", events)


@pytest.mark.row("TRK-2")
def test_a_scan_that_is_told_again_is_not_counted_again(wiring: Wiring) -> None:
    parcel_under_way(wiring)
    for _ in range(3):
        wiring.ledger(record_trackers, [told(KNOWN, STRANGE)], NOW, wiring.policies)

    assert counted(wiring) == {("ups", 3, "AR"): ("in_transit", 1), ("ups", 3, "QQ"): ("unknown", 1)}


@pytest.mark.row("TRK-2")
def test_a_scan_is_read_anew_by_a_newer_table_and_never_by_an_older_one(wiring: Wiring) -> None:
    parcel_under_way(wiring)
    wiring.ledger(record_trackers, [told(STRANGE)], NOW, wiring.policies)
    customs = replace(STRANGE, state=ParcelState.CUSTOMS, map_version=4, mapped=True)

    assert wiring.ledger(record_trackers, [told(customs)], NOW, wiring.policies) == {"trk_1": "customs"}
    assert wiring.ledger(record_trackers, [told(STRANGE)], NOW, wiring.policies) == {"trk_1": "customs"}

    [event] = rows_of(wiring, TrackingEventRow)
    assert (event["state"], event["map_version"], event["raw_code"]) == ("customs", 4, "QQ")
    assert row_of(wiring, Shipment, id="shp_1")["state"] == "customs"
