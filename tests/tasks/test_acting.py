"""From a silent parcel to its customer's mailbox, one tap, and the word that it came after all."""

import re
from typing import Any

import httpx
import pytest

from ledger import acting as deeds
from tasks import forecasts, tracking
from tasks.delays.acting import act_on_trouble
from tasks.delays.detecting import look_for_trouble
from tests.support.offers import parcel_under_way, states
from tests.support.world import World
from tests.tasks.steps import at_workshop, later

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
DAY = 24


async def five_minutes(world: World) -> dict[str, int]:
    """The carrier is asked, what it says is looked at, and acted on."""
    await tracking.look_at_parcels.fn(100)
    await forecasts.renew_forecasts.fn(100)
    await look_for_trouble.fn(100)
    report = await act_on_trouble.fn(100)
    await world.settle()
    return dict(report.counts)


def said(world: World) -> list[str]:
    """Kinds of what was said about the parcel since it left, in order."""
    rows = world.rows("SELECT kind FROM message WHERE state = 'sent' ORDER BY sent_at, id")
    return [row["kind"] for row in rows if row["kind"] in ("parcel_lost", "parcel_offer", "parcel_recovered")]


@pytest.mark.row("DLY-4")
@pytest.mark.row("DLY-2")
async def test_who_waits_for_a_lost_parcel_hears_of_it_once_and_chooses_by_one_tap(world: World) -> None:
    await parcel_under_way(world)
    await later(world, 18 * DAY)  # twelve working days at the least, whatever the weekday and the holidays

    done = await five_minutes(world)

    assert {"replacement": 1, "parcel_lost": 1} == done
    assert ["parcel_lost", "parcel_offer"] == sorted(said(world))
    assert {} == await five_minutes(world)
    offer = world.row("SELECT id FROM offer WHERE kind = 'replacement'")
    [mail] = [mail for mail in world.mails() if "What we can do" in mail["subject"]]
    link = re.search(r"https?://\S+/portal/offers/\S+", world.sandbox.get(f"/mail/api/messages/{mail['id']}")["text"])
    assert link is not None
    async with httpx.AsyncClient() as browser:
        page = await browser.get(link[0])
        token = re.search(r'name="token" value="([^"]+)"', page.text)
        assert token is not None
        taken = await browser.post(link[0], data={"token": token[1], "offer": offer["id"]})
    assert 303 == taken.status_code
    await later(world, 0.1)

    assert {"executed", "declined"} == set(states(world).values())
    assert 2 == len(world.orders())
    assert {} == await five_minutes(world)
    assert [] == world.rows("SELECT id FROM anomaly WHERE state = 'open'"), "it was made good"
    assert not world.broken()


@pytest.mark.row("DLY-4")
async def test_a_parcel_that_moves_after_the_offer_takes_it_back_and_says_so(world: World) -> None:
    await parcel_under_way(world)
    number = world.row("SELECT tracking_number FROM shipment")["tracking_number"]
    await later(world, 18 * DAY)
    await five_minutes(world)

    world.sandbox.control(f"easypost/parcels/{number}", {"plan": "attempted"})  # out for delivery first
    await later(world, 1)
    await five_minutes(world)

    assert {"withdrawn"} == set(states(world).values())
    await later(world, 3 * DAY)
    await five_minutes(world)
    assert "delivered" == world.row("SELECT state FROM shipment")["state"]
    assert not world.broken()


@pytest.mark.row("DLY-4", bad_input=True)
async def test_one_parcel_about_which_nothing_can_be_done_stops_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.buy(at_workshop())
    await parcel_under_way(world)
    await later(world, 18 * DAY)
    act, [broken, _] = deeds.act, [row["id"] for row in world.rows("SELECT id FROM shipment ORDER BY id")]

    def fails_for_one(session: Any, shipment_id: str, *rest: Any) -> Any:
        if shipment_id == broken:
            raise ValueError("facts that nobody can judge")
        return act(session, shipment_id, *rest)

    monkeypatch.setattr(deeds, "act", fails_for_one)
    done = await five_minutes(world)

    assert {"postponed": 1, "replacement": 1, "parcel_lost": 1} == done
    monkeypatch.undo()
    await later(world, 1)
    assert {"replacement": 1, "parcel_lost": 1} == await five_minutes(world)
