"""From a carrier's silence to a case, and from shared trouble to the team's chat (DLY-1, DLY-3)."""

from typing import Any

import pytest

from ledger.anomalies import detecting as anomalies
from ledger.anomalies import due
from ledger.anomalies.incidents import group_troubles
from ledger.tables import Anomaly, Shipment
from tasks import tracking
from tasks.delays import detecting
from tests.ledger.parcels import in_trouble
from tests.ledger.support import row_of, rows_of
from tests.support.world import World
from tests.tasks.steps import at_shipbob, cases, later, release

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
POST = "POST /services/{team}/{hook}/{secret}"
DAY = 24


async def look(world: World) -> dict[str, int]:
    """The carrier is asked, and what it says is looked at."""
    await tracking.look_at_parcels.fn(100)
    report = await detecting.look_for_trouble.fn(100)
    await world.settle()
    return dict(report.counts)


@pytest.mark.row("DLY-1")
async def test_a_parcel_that_stops_is_found_and_cleared_when_it_arrives(world: World) -> None:
    world.sandbox.control("shipbob/settings", {"instant": True})
    await release(world, at_shipbob())
    await later(world, 3)
    number = world.row("SELECT tracking_number FROM shipment")["tracking_number"]
    world.sandbox.control(f"easypost/parcels/{number}", {"plan": "stuck"})
    await later(world, DAY + 6)
    assert {} == await look(world), "it has just been scanned"

    await later(world, 8 * DAY)  # three working days at the least, whatever the weekday and the holidays

    assert 1 == (await look(world))["stuck"]
    stuck = row_of(world.wiring, Anomaly, kind="stuck")
    assert stuck["evidence"]["place"].startswith("Chicago")
    assert stuck["evidence"]["place"] == stuck["facility"]
    assert not world.broken()

    world.sandbox.control(f"easypost/parcels/{number}", {"plan": "normal"})
    await later(world, 1)
    found = await look(world)

    assert set(found) <= {"cleared"}, "its webhook may have been first"
    assert {("cleared", "delivered")} == {(row["state"], row["reason"]) for row in rows_of(world.wiring, Anomaly)}
    assert row_of(world.wiring, Shipment)["inspect_at"] is None
    assert not world.broken()


def incident(world: World) -> None:
    """Five parcels stand still at one place."""
    now, policy = world.wiring.now(), world.wiring.policies.anomalies
    in_trouble(world.wiring, range(5), now)
    world.wiring.ledger(group_troubles, policy, chat=world.wiring.accounts.chat_target, now=now)


def said(world: World) -> list[str]:
    return [message["text"] for message in world.sandbox.control("chat/messages")["messages"]]


@sqlite_only
@pytest.mark.row("DLY-3")
async def test_the_team_is_told_once_of_an_incident_with_the_way_to_its_case(world: World) -> None:
    incident(world)
    await later(world, 0.1)
    incident_case = world.row("SELECT id FROM review_case WHERE kind = 'delay_incident'")["id"]

    [text] = said(world)

    assert text.startswith("5 parcels delayed: USPS at Chicago, US.\n")
    assert text.endswith(f"/desk/cases/{incident_case}")
    assert {"delay_incident": 1} == cases(world)


@sqlite_only
@pytest.mark.row("DLY-3", bad_input=True)
async def test_an_alert_whose_delivery_is_in_doubt_is_a_case_and_never_repeated(world: World) -> None:
    world.sandbox.fault("chat", POST, "truncate")

    incident(world)
    await later(world, 0.1)
    await later(world, 2)

    assert 1 == len(said(world))
    assert {"delay_incident": 1, "effect_parked": 1} == cases(world)


@sqlite_only
@pytest.mark.row("DLY-3", bad_input=True)
async def test_one_parcel_that_cannot_be_looked_at_stops_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.sandbox.control("shipbob/settings", {"instant": True})
    await release(world, at_shipbob(), at_shipbob())
    await later(world, 3)
    await detecting.look_for_trouble.fn(100)
    broken, sound = [row["id"] for row in world.rows("SELECT id FROM shipment ORDER BY id")]
    now, judge = world.wiring.now(), anomalies._judge
    world.wiring.ledger(due.wake, [broken, sound], now)

    def fails_for_one(writing: Any, row: Any, *rest: Any) -> None:
        if row["id"] == broken:
            raise ValueError("facts that nobody can judge")
        judge(writing, row, *rest)

    monkeypatch.setattr(anomalies, "_judge", fails_for_one)
    report = await detecting.look_for_trouble.fn(100)

    assert {"postponed": 1} == dict(report.counts)
    looks = {row["id"]: row["inspect_at"] for row in rows_of(world.wiring, Shipment)}
    assert looks[broken] > now
    assert looks[sound] != now, "it was looked at"
