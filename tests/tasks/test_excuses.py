"""A carrier's excuse is no news of a parcel that still comes in time; of one that does not its customer hears once,
with the cause and the new day."""

import json

import pytest

from tests.support.offers import parcel_under_way
from tests.support.world import World
from tests.tasks.steps import later
from tests.tasks.test_acting import DAY, five_minutes

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PLACE = {"city": "DENVER", "state": "CO", "zip": "80202"}
TROUBLED = ("parcel_exception", "parcel_delayed", "parcel_stuck")


def told(world: World) -> list[str]:
    rows = world.rows("SELECT kind FROM message WHERE state = 'sent' ORDER BY sent_at, id")
    return [row["kind"] for row in rows if row["kind"] in TROUBLED]


async def excused(world: World, kind: str) -> None:
    """Under way on the third day, and its carrier has just said why it goes no further."""
    await parcel_under_way(world)
    number = world.row("SELECT tracking_number FROM shipment")["tracking_number"]
    await later(world, 1.5 * DAY)
    for scan in ("arrived", kind):
        world.sandbox.control(f"parcels/{number}/scan", {"kind": scan, "place": PLACE})
    world.sandbox.control(f"parcels/{number}/stall", {})
    await later(world, 1)
    await five_minutes(world)
    assert "exception" == world.row("SELECT state FROM shipment")["state"]


@pytest.mark.row("DLY-3")
@pytest.mark.row("COM-2")
async def test_a_storm_that_the_parcel_may_outlast_is_kept_and_the_delay_that_follows_is_told(world: World) -> None:
    await excused(world, "weather")
    assert [] == told(world)

    for _ in range(20):
        await later(world, 6)
        await five_minutes(world)

    assert "parcel_delayed" == told(world)[0]
    assert "parcel_exception" not in told(world)
    [said, *_] = world.rows("SELECT facts, sent_at FROM message WHERE kind = 'parcel_delayed' ORDER BY sent_at")
    assert "weather" == json.loads(said["facts"])["cause"]
    promised = world.row("SELECT promised_at FROM parcel_forecast")["promised_at"]
    assert said["sent_at"] < promised, "before the promise is over"
    assert not world.broken()


@pytest.mark.row("DLY-3")
async def test_what_the_customer_can_help_with_is_told_at_once(world: World) -> None:
    await excused(world, "exception")

    assert ["parcel_exception"] == told(world)
