"""Whole looks at parcels that are due, without webhooks (TRK-1)."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from config.accounts import Account
from config.tracking_sources import build
from tasks import tracking
from tests.support.world import World
from tests.tasks.steps import at_shipbob, later, release

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
TRACKER = "GET /v2/trackers/{id}"
UPS_CLIENT = "sandbox-ups-client"


async def shipped(world: World, count: int) -> None:
    """So many parcels are with the carrier, which will send no word by itself."""
    world.sandbox.control("webhooks", {"vendor": "easypost", "drop": 1.0})
    world.sandbox.control("shipbob/settings", {"instant": True})
    await release(world, *(at_shipbob() for _ in range(count)))
    await later(world, 3)


@pytest.mark.row("TRK-1", bad_input=True)
async def test_parcels_of_an_account_that_was_taken_out_are_shown_and_keep_nobody_waiting(world: World) -> None:
    await shipped(world, 2)
    await world.advance(60)
    parcel = world.rows("SELECT id FROM shipment ORDER BY id")[0]["id"]
    moved = sa.text("UPDATE shipment SET followed_by = 'nobody/old' WHERE id = :id")
    world.wiring.ledger(lambda session: session.execute(moved, {"id": parcel}))

    looked = await tracking.look_at_parcels.fn(100)

    assert {"easypost/main": "", "nobody/old": "no_account"} == {part.source: part.stopped for part in looked.parts}
    assert {"delivered": 1, "postponed": 1} == dict(looked.counts)
    assert "no_account" == world.row("SELECT detail FROM heartbeat WHERE name = 'vendor:nobody/old'")["detail"]


@pytest.mark.row("TRK-1")
async def test_a_parcel_is_not_asked_about_again_before_its_time(world: World) -> None:
    await shipped(world, 1)
    await world.advance(26)
    first = await tracking.look_at_parcels.fn(100)
    calls = world.sandbox.requests("easypost")[TRACKER]

    again = await tracking.look_at_parcels.fn(100)
    await world.advance(2)
    too_soon = await tracking.look_at_parcels.fn(100)
    asked = world.sandbox.requests("easypost")[TRACKER]
    await world.advance(1.1)
    in_time = await tracking.look_at_parcels.fn(100)

    assert [1, 0, 0, 1] == [sum(part.looked_at for part in each.parts) for each in (first, again, too_soon, in_time)]
    assert calls == asked


@pytest.mark.row("TRK-1")
async def test_what_a_run_leaves_over_is_taken_by_the_next_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await shipped(world, 3)
    await world.advance(60)

    with monkeypatch.context() as patched:
        patched.setattr(tracking, "WITHIN_S", 0.0)
        late = await tracking.look_at_parcels.fn(100)
    full = await tracking.look_at_parcels.fn(2)
    rest = await tracking.look_at_parcels.fn(100)

    looks = [(part.looked_at, part.stopped) for each in (late, full, rest) for part in each.parts]
    assert [(0, "time"), (2, "limit"), (1, "")] == looks
    assert {"looked at": 2, "postponed": 0, "not told": 0} == {
        name: count for name, count in full.parts[0].row().items() if name in ("looked at", "postponed", "not told")
    }


@pytest.mark.row("TRK-1", bad_input=True)
async def test_a_carrier_that_refuses_our_key_is_asked_once_and_shown(world: World) -> None:
    await shipped(world, 3)
    await world.advance(60)
    world.sandbox.fault("easypost", TRACKER, "error", status=401, times=3)

    looked = await tracking.look_at_parcels.fn(100)

    assert [("easypost/main", "auth_failed")] == [(part.source, part.stopped) for part in looked.parts]
    assert {"postponed": 1} == dict(looked.counts), "one line for all of them"
    assert "auth_failed" == world.row("SELECT detail FROM heartbeat WHERE name = 'vendor:easypost/main'")["detail"]

    await world.advance(0.3)
    again = await tracking.look_at_parcels.fn(100)

    assert {"delivered": 3} == dict(again.counts)
    assert "" == world.row("SELECT detail FROM heartbeat WHERE name = 'vendor:easypost/main'")["detail"]


def directly(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """UPS tells of its own parcels, ShipEngine of those of USPS."""
    by_ups = Account("ups", "main", f"{world.sandbox.url}/ups", "sandbox-ups-secret", options={"client_id": UPS_CLIENT})
    by_engine = [replace(each, options={"carriers": ["usps"]}) for each in world.wiring.accounts.tracking]
    accounts = replace(world.wiring.accounts, tracking=(by_ups, *by_engine))
    sources = build(accounts, world.wiring.client, world.wiring.parcels)
    monkeypatch.setattr(world.wiring, "tracking_sources", lambda: sources)
    monkeypatch.setattr(world.wiring, "accounts", accounts)


@pytest.mark.row("TRK-1")
async def test_each_parcel_is_followed_by_its_carrier_or_an_aggregator(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    directly(world, monkeypatch)
    await shipped(world, 2)
    parcels = world.rows("SELECT carrier, tracking_number, followed_by FROM shipment ORDER BY carrier")
    assert [("UPS", "ups/main"), ("USPS", "shipengine/main")] == [(p["carrier"], p["followed_by"]) for p in parcels]
    engine = world.wiring.tracking_sources()["shipengine/main"]
    for parcel in parcels:
        name, number = parcel["carrier"], parcel["tracking_number"]
        world.sandbox.control("parcels", {"number": number, "carrier": name.lower()})
        if name == "USPS":  # the sandbox tells by webhooks of those that were there when it was told to
            await engine.follow(number, name)

    await world.advance(60)
    heard = world.rows("SELECT carrier FROM shipment WHERE state = 'delivered'")
    looked = await tracking.look_at_parcels.fn(100)
    await world.settle()

    assert ["USPS"] == [row["carrier"] for row in heard], "its webhooks tell, UPS has none"
    assert [("ups/main", "", {"delivered": 1})] == [(p.source, p.stopped, dict(p.counts)) for p in looked.parts]
    assert {"completed"} == {row["state"] for row in world.rows("SELECT state FROM orders")}
    assert not world.broken()
