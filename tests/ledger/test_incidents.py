"""Parcels that share a trouble: one incident, one case, one message, however many they become and whoever looks."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session

from config.wiring import Wiring
from ledger.anomalies import detecting, incidents
from ledger.anomalies.incidents import Grouped
from ledger.anomalies.overview import overview
from ledger.rows import select_by
from ledger.tables import Anomaly, Effect, Incident, ReviewCase
from tests.ledger.parcels import MONDAY, in_trouble, left, node
from tests.ledger.support import race, row_of, rows_of

CHAT = "webhook/ops"
HOUR = timedelta(hours=1)


def group(wiring: Wiring, now: Any = MONDAY, chat: str = CHAT) -> Grouped:
    return wiring.ledger(incidents.group_troubles, wiring.policies.anomalies, chat=chat, now=now)


def clear(wiring: Wiring, now: Any, *numbers: int) -> None:
    def end(session: Session) -> None:
        rows = select_by(session, Anomaly, "id", [f"ano_{number}" for number in numbers])
        detecting.clear(session, [(row, "moving") for row in rows], now)

    wiring.ledger(end)


def case(wiring: Wiring) -> Mapping[str, Any]:
    return row_of(wiring, ReviewCase)


@pytest.mark.row("DLY-3")
def test_five_parcels_at_one_place_are_one_incident_with_one_case_and_one_message(wiring: Wiring) -> None:
    in_trouble(wiring, range(5), MONDAY)

    [news] = group(wiring).opened

    incident = row_of(wiring, Incident)
    assert ("5 parcels delayed: USPS at Chicago, US", 5) == (news.headline, incident["parcels"])
    assert ("delay", "facility", "usps|Chicago, US") == tuple(incident[k] for k in ("kind", "cause_kind", "cause_key"))
    assert {incident["id"]} == {row["incident_id"] for row in rows_of(wiring, Anomaly)}
    assert ("delay_incident", "high", news.headline) == (
        case(wiring)["kind"], case(wiring)["severity"], case(wiring)["facts"]["incident"]
    )  # fmt: skip
    effect = row_of(wiring, Effect)
    assert ("chat.alert", CHAT, {"incident_id": incident["id"]}) == (
        effect["kind"],
        effect["target"],
        effect["request"],
    )


@pytest.mark.row("DLY-3")
def test_four_are_none_and_without_a_chat_nothing_is_sent(wiring: Wiring) -> None:
    in_trouble(wiring, range(4), MONDAY)
    assert [] == group(wiring, chat="").opened

    in_trouble(wiring, [4], MONDAY)
    assert 1 == len(group(wiring, chat="").opened)
    assert [] == rows_of(wiring, Effect)


@pytest.mark.row("DLY-3")
def test_what_joins_is_counted_and_told_to_nobody_again(wiring: Wiring) -> None:
    in_trouble(wiring, range(5), MONDAY)
    group(wiring)
    in_trouble(wiring, [5, 6], MONDAY + HOUR, kind="late")

    done = group(wiring, MONDAY + HOUR)

    assert ([], 2) == (done.opened, done.joined)
    assert 7 == row_of(wiring, Incident)["parcels"] == case(wiring)["facts"]["parcels"]
    assert 1 == len(rows_of(wiring, Effect))
    assert Grouped() == group(wiring, MONDAY + HOUR)


@pytest.mark.row("DLY-3", bad_input=True)
def test_two_runs_at_once_open_one(wiring: Wiring) -> None:
    in_trouble(wiring, range(5), MONDAY)

    race(lambda: group(wiring), lambda: group(wiring))

    group(wiring)
    assert (1, 1, 1) == tuple(len(rows_of(wiring, model)) for model in (Incident, ReviewCase, Effect))
    assert {row_of(wiring, Incident)["id"]} == {row["incident_id"] for row in rows_of(wiring, Anomaly)}


@pytest.mark.row("DLY-3")
def test_it_is_over_when_it_has_been_quiet_and_a_short_pause_is_none(wiring: Wiring) -> None:
    quiet = wiring.policies.anomalies.groups.quiet
    in_trouble(wiring, range(5), MONDAY)
    group(wiring)
    clear(wiring, MONDAY + HOUR, *range(5))

    assert 0 == group(wiring, MONDAY + HOUR + quiet - timedelta(seconds=1)).closed
    in_trouble(wiring, [7], MONDAY + 2 * HOUR)
    assert 1 == group(wiring, MONDAY + 2 * HOUR).joined
    clear(wiring, MONDAY + 3 * HOUR, 7)

    assert 0 == group(wiring, MONDAY + HOUR + quiet).closed
    assert 1 == group(wiring, MONDAY + 3 * HOUR + quiet).closed
    assert ("resolved", "over") == (case(wiring)["state"], case(wiring)["resolution"])
    assert MONDAY + 3 * HOUR + quiet == row_of(wiring, Incident)["closed_at"]


@pytest.mark.row("DLY-3")
def test_an_incident_that_is_over_is_not_told_any_more(wiring: Wiring) -> None:
    in_trouble(wiring, range(5), MONDAY)
    group(wiring)
    effects = rows_of(wiring, Effect)
    assert {} == wiring.read(incidents.guard_alerts, effects, MONDAY)
    clear(wiring, MONDAY, *range(5))
    group(wiring, MONDAY + wiring.policies.anomalies.groups.quiet)

    assert {effects[0]["id"]: "cancel:over"} == wiring.read(incidents.guard_alerts, effects, MONDAY)


@pytest.mark.row("DLY-3")
def test_a_lane_counts_against_all_that_is_under_way_on_it(wiring: Wiring) -> None:
    """Five of fifty are a tenth; with one more under way they are every day's."""
    node(wiring)
    for number in range(10, 61):
        left(wiring, number)
    for number in range(5):
        in_trouble(wiring, [number], MONDAY, facility=f"Town {number}, US")

    assert [] == group(wiring).opened
    for number in range(5, 7):
        in_trouble(wiring, [number], MONDAY, facility=f"Town {number}, US")
    [news] = group(wiring).opened

    assert "7 parcels delayed: USPS from US-IL to US-NY" == news.headline


@pytest.mark.row("DLY-3")
def test_a_trouble_of_ones_own_is_a_case_once_when_the_policy_wants_it(wiring: Wiring) -> None:
    wait = wiring.policies.anomalies.alone_after
    in_trouble(wiring, [1], MONDAY, kind="address_problem")
    in_trouble(wiring, [2], MONDAY, kind="late")

    assert 0 == group(wiring, MONDAY + wait - timedelta(seconds=1)).alone
    assert 1 == group(wiring, MONDAY + wait).alone
    assert 0 == group(wiring, MONDAY + wait).alone
    assert ("parcel_trouble", "ord_1") == (case(wiring)["kind"], case(wiring)["order_id"])

    clear(wiring, MONDAY + HOUR, 1)
    assert ("resolved", "moving") == (case(wiring)["state"], case(wiring)["resolution"])


@pytest.mark.row("DLY-3")
def test_a_trouble_that_turns_out_to_be_shared_is_no_case_of_its_own(wiring: Wiring) -> None:
    in_trouble(wiring, [1], MONDAY, kind="lost_suspected")
    group(wiring, MONDAY + HOUR)
    in_trouble(wiring, range(2, 6), MONDAY + HOUR)

    group(wiring, MONDAY + HOUR)

    [alone] = rows_of(wiring, ReviewCase, kind="parcel_trouble")
    assert ("resolved", "joined_incident") == (alone["state"], alone["resolution"])


def test_how_it_stands(wiring: Wiring) -> None:
    in_trouble(wiring, range(5), MONDAY)
    in_trouble(wiring, [9], MONDAY, kind="attempts", facility="Gary, US")
    group(wiring)
    clear(wiring, MONDAY + HOUR, 0)

    found = wiring.read(overview, MONDAY, MONDAY + 2 * HOUR)

    assert [("stuck", 4, 4), ("attempts", 1, 0)] == [(r["kind"], r["parcels"], r["grouped"]) for r in found.open]
    assert ({"attempts": 1, "stuck": 5}, {"stuck": 1}, {"moving": 1}) == (found.opened, found.cleared, found.reasons)
    assert (1, 0) == (len(found.incidents), found.under_way)
