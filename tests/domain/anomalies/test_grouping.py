"""Parcels that share a place, a lane, a cause or a carrier within a window are one incident."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.anomalies.facts import AnomalyKind, Cause, CauseKind, IncidentKind
from domain.anomalies.grouping import Key, Trouble, group
from domain.anomalies.words import headline
from tests.domain.anomalies.support import INSTANT, POLICY, at

NOW = at("2026-03-05 12:00")
GROUPS = POLICY.groups
CHICAGO = Key(IncidentKind.DELAY, CauseKind.FACILITY, "usps|Chicago, US")


def trouble(number: int, **changes: Any) -> Trouble:
    """Each at a place and on a lane of its own, with one carrier."""
    made = Trouble(
        anomaly_id=f"ano_{number}",
        shipment_id=f"shp_{number}",
        kind=AnomalyKind.STUCK,
        opened_at=NOW,
        carrier="usps",
        facility=f"Town {number}, US",
        lane=f"US-IL>US-{number}",
        region=f"US-{number}",
    )
    return replace(made, **changes)


def several(count: int, **changes: Any) -> list[Trouble]:
    return [trouble(number, **changes) for number in range(count)]


@pytest.mark.row("DLY-3")
def test_enough_parcels_at_one_place_are_one_incident_and_fewer_are_none() -> None:
    few, enough = (group(several(n, facility="Chicago, US"), {}, {}, NOW, GROUPS) for n in (2, 3))

    assert ({}, {}) == (few.joined, few.fresh)
    assert [CHICAGO] == list(enough.fresh)
    assert 3 == len(enough.fresh[CHICAGO])


@pytest.mark.row("DLY-3")
def test_stuck_and_late_ones_of_a_storm_are_one_incident() -> None:
    kinds = (AnomalyKind.STUCK, AnomalyKind.LATE_PREDICTED, AnomalyKind.LATE)
    mixed = [trouble(number, kind=kind, facility="Chicago, US") for number, kind in enumerate(kinds)]

    assert [CHICAGO] == list(group(mixed, {}, {}, NOW, GROUPS).fresh)


@pytest.mark.row("DLY-3")
def test_parcels_count_and_not_their_troubles() -> None:
    kinds = (AnomalyKind.STUCK, AnomalyKind.LATE_PREDICTED, AnomalyKind.LATE)
    one = [trouble(1, anomaly_id=str(n), kind=kind, facility="Chicago, US") for n, kind in enumerate(kinds)]

    assert {} == group(one, {}, {}, NOW, GROUPS).fresh


@pytest.mark.row("DLY-3")
@pytest.mark.parametrize(
    ("changes", "key"),
    [
        pytest.param({"facility": "Chicago, US", "lane": "US-IL>US-NY"}, CHICAGO, id="the place first"),
        pytest.param({"lane": "US-IL>US-NY"}, Key(IncidentKind.DELAY, CauseKind.LANE, "usps|US-IL>US-NY"), id="lane"),
        pytest.param(
            {"cause": Cause.WEATHER, "region": "US-NY"},
            Key(IncidentKind.DELAY, CauseKind.CAUSE, "weather|US-NY"),
            id="weather in a region",
        ),
        pytest.param({}, Key(IncidentKind.DELAY, CauseKind.CARRIER, "usps"), id="the carrier last"),
        pytest.param(
            {"kind": AnomalyKind.NEVER_PICKED_UP, "facility": "Brooklyn"},
            Key(IncidentKind.PICKUP, CauseKind.FACILITY, "usps|Brooklyn"),
            id="a pick-up that was missed",
        ),
    ],
)
def test_the_closest_thing_that_they_share_names_it(changes: dict[str, Any], key: Key) -> None:
    found = group(several(4, **changes), {}, {}, NOW, GROUPS)

    assert [key] == list(found.fresh)


@pytest.mark.row("DLY-3")
def test_weather_strikes_parcels_of_all_carriers_and_a_wrong_address_only_one() -> None:
    carriers = ("usps", "ups", "fedex")
    storm = [trouble(n, carrier=name, cause=Cause.WEATHER, region="US-NY") for n, name in enumerate(carriers)]
    lost_ways = [trouble(n, carrier=name, cause=Cause.MISSORTED, region="US-NY") for n, name in enumerate(carriers)]

    assert 1 == len(group(storm, {}, {}, NOW, GROUPS).fresh)
    assert {} == group(lost_ways, {}, {}, NOW, GROUPS).fresh
    assert {} == group(several(9, kind=AnomalyKind.ADDRESS_PROBLEM), {}, {}, NOW, GROUPS).fresh


@pytest.mark.row("DLY-3")
@pytest.mark.parametrize(
    ("age", "grouped"),
    [
        pytest.param(GROUPS.window, True, id="the first instant of the window"),
        pytest.param(GROUPS.window + INSTANT, False, id="just before it"),
    ],
)
def test_what_began_long_apart_has_nothing_in_common(age: timedelta, grouped: bool) -> None:
    old = trouble(9, facility="Chicago, US", opened_at=NOW - age)

    found = group([*several(2, facility="Chicago, US"), old], {}, {}, NOW, GROUPS)

    assert grouped == bool(found.fresh)


@pytest.mark.row("DLY-3")
def test_what_fits_an_open_incident_joins_it_however_late_and_opens_none() -> None:
    late = trouble(9, facility="Chicago, US", opened_at=NOW - timedelta(days=9))

    found = group([*several(5, facility="Chicago, US"), late], {CHICAGO: "inc_1"}, {}, NOW, GROUPS)

    assert {} == found.fresh
    assert {f"ano_{n}": "inc_1" for n in (0, 1, 2, 3, 4, 9)} == found.joined


@pytest.mark.row("DLY-3", bad_input=True)
@pytest.mark.parametrize(("under_way", "grouped"), [(30, True), (31, False)])
def test_a_few_of_very_many_are_every_days(under_way: int, grouped: bool) -> None:
    lane = "US-IL>US-NY"

    found = group(several(3, lane=lane), {}, {(CauseKind.LANE, f"usps|{lane}"): under_way}, NOW, GROUPS)

    assert grouped == bool(found.fresh)


@pytest.mark.row("DLY-3")
def test_an_incident_in_one_sentence() -> None:
    assert "7 parcels delayed: USPS at Chicago, US" == headline(*astuple(CHICAGO), 7)
    assert "1 parcel held in customs: weather in US-NY" == headline(
        IncidentKind.CUSTOMS, CauseKind.CAUSE, "weather|US-NY", 1
    )
    assert "3 parcels not picked up: UPS from US-IL to US-NY" == headline(
        IncidentKind.PICKUP, CauseKind.LANE, "ups|US-IL>US-NY", 3
    )
    assert "20 parcels damaged: UPS" == headline(IncidentKind.DAMAGE, CauseKind.CARRIER, "ups", 20)


def astuple(key: Key) -> tuple[IncidentKind, CauseKind, str]:
    return key.kind, key.cause_kind, key.cause_key
