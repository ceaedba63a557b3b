"""A full disk and a locked database under SQLite: said clearly, nothing half-written, nothing lost, nothing twice."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest
import sqlalchemy as sa

from ledger.session import what_is_wrong
from tasks import stages
from tests.support.databases import Sqlite
from tests.support.disks import disk, file_of, locked
from tests.support.waiting import PATIENCE_S
from tests.support.world import World, checkout


@pytest.fixture
def database_url(sqlite: Sqlite) -> Iterator[str]:
    with sqlite.database() as url:
        yield url


async def passes_until_trouble(world: World) -> sa.exc.OperationalError:
    """Work as a worker does, until the database says no."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                await stages.one_pass(world.shift, engine=False)
            except sa.exc.OperationalError as trouble:
                return trouble
            await asyncio.sleep(0.05)


async def settle_all(world: World) -> None:
    """Until nothing is held any more by a pass that was broken off: its leases end first."""
    held = """SELECT (SELECT count(*) FROM work WHERE lease_until IS NOT NULL)
        + (SELECT count(*) FROM inbox_event WHERE handled_at IS NULL)
        + (SELECT count(*) FROM effect WHERE state IN ('sending', 'unknown')) AS n"""
    async with asyncio.timeout(PATIENCE_S):
        await world.settle()
        while world.row(held)["n"]:
            await asyncio.sleep(0.1)
            await world.settle()


@pytest.mark.row("TRU-1")
async def test_work_goes_on_when_there_is_space_again(world: World) -> None:
    url = world.wiring.settings.database_url
    world.wiring.settings.lease_s = 1.0
    world.buy(*(checkout(customer={"email": f"c{n}@example.com"}) for n in range(12)))
    await world.delivered()
    with disk(url) as space:
        for pages in (0, 3, 9):  # it fills up at another point each time, also between a call and its record
            space.leave(pages)
            trouble = await passes_until_trouble(world)
            assert what_is_wrong(trouble) == "has no room on its disk: free some space, work goes on by itself"
        with closing(sqlite3.connect(file_of(url))) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        space.free()
        await settle_all(world)

    held = world.sandbox.accepted("shopify")["fulfillmentOrderHold"]
    assert list(held.values()) == [1] * 12
    assert len(world.mails()) == 12 - world.row("SELECT count(*) n FROM review_case WHERE kind = 'effect_parked'")["n"]
    assert world.row("SELECT count(*) n FROM orders")["n"] == 12
    assert not world.broken()


@pytest.mark.row("TRU-1")
async def test_the_receiver_sends_vendors_away_and_takes_them_when_there_is_space(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    with disk(world.wiring.settings.database_url) as space:
        space.leave(0)
        world.buy(*(checkout(customer={"email": f"c{n}@example.com"}, note="x" * 20_000) for n in range(3)))
        said = "has no room on its disk: free some space, work goes on by itself"
        await world.until(lambda: any(vars(r).get("reason") == said for r in caplog.records), what="the disk is full")
        async with httpx.AsyncClient(base_url=world.wiring.settings.public_url) as client:
            assert (await client.get("/readyz")).status_code == 200  # reading needs no space
        space.free()
        await settle_all(world)

    assert world.row("SELECT count(*) n FROM orders")["n"] == 3
    assert list(world.sandbox.accepted("shopify")["fulfillmentOrderHold"].values()) == [1] * 3
    assert not world.broken()


@pytest.mark.row("TRU-1")
async def test_a_locked_database_is_waited_for_then_named(world: World) -> None:
    world.wiring.settings.lease_s = 1.0
    world.buy(checkout())
    await world.delivered()
    with world.wiring.engine.connect() as connection:
        [[patience]] = connection.exec_driver_sql("PRAGMA busy_timeout").all()
    assert patience == 5_000
    with locked(world.wiring.settings.database_url):
        trouble = await passes_until_trouble(world)
        assert what_is_wrong(trouble).startswith("is locked by another process for too long")
    await settle_all(world)

    assert list(world.sandbox.accepted("shopify")["fulfillmentOrderHold"].values()) == [1]
    assert not world.broken()
