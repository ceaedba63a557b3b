"""A full disk and a locked database under SQLite: said clearly, nothing half-written, nothing lost, nothing twice."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from ledger.session import what_is_wrong
from tasks import stages
from tests.support.databases import Sqlite
from tests.support.disks import Disk, disk, file_of, locked
from tests.support.waiting import PATIENCE_S
from tests.support.world import World, checkout

HOLD = "fulfillmentOrderHold"
NO_ROOM = "has no room on its disk: free some space, work goes on by itself"


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


def full_when_answered(call: Callable[..., Any], space: Disk) -> Callable[..., Any]:
    """The disk fills up while the vendor acts, and what it answers is too long for the pages that are begun."""

    def at_length(outcome: Any) -> Any:
        return replace(outcome, data={**outcome.data, "remark": "x" * 5_000})

    async def answered(*args: Any) -> Any:
        answer = await call(*args)
        space.leave(0)
        return [at_length(each) for each in answer] if isinstance(answer, list) else at_length(answer)

    return answered


def done_and_not_recorded(world: World) -> set[str]:
    """Kinds with effects that are still being sent although the vendor counts their deed."""
    held, mailed = world.sandbox.accepted("shopify").get(HOLD, {}), world.sandbox.accepted("smtp").get("DATA", {})
    counted = {*held, *(message_id.partition("@")[0] for message_id in mailed)}
    sending = world.rows(
        """SELECT kind, CASE kind WHEN 'mail.send' THEN '<' || id
            ELSE json_extract(request, '$.fulfilment_order') || ':' || json_extract(request, '$.handle') END AS deed
        FROM effect WHERE state = 'sending' AND kind IN ('shop.hold', 'mail.send')"""
    )
    return {row["kind"] for row in sending if row["deed"] in counted}


@pytest.mark.row("TRU-1")
async def test_work_goes_on_when_there_is_space_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    url = world.wiring.settings.database_url
    world.wiring.settings.lease_s = 1.0
    world.buy(*(checkout(customer={"email": f"c{n}@example.com"}) for n in range(12)))
    await world.delivered()
    wired = world.wiring
    with disk(url) as space:
        for pages in (0, 3):  # nothing of what has come can be stored, or not all of it
            space.leave(pages)
            assert what_is_wrong(await passes_until_trouble(world)) == NO_ROOM
        for kind, vendor, method in (
            ("shop.hold", wired.shops()["shopify/alpha"], "hold"),
            ("mail.send", wired.mailer(), "send"),
        ):
            space.free()
            with monkeypatch.context() as patch:
                patch.setattr(vendor, method, full_when_answered(getattr(vendor, method), space))
                assert what_is_wrong(await passes_until_trouble(world)) == NO_ROOM
                assert kind in done_and_not_recorded(world), "it did not fill up between the call and its record"
        with closing(sqlite3.connect(file_of(url))) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        space.free()
        await settle_all(world)

    held, mailed = world.sandbox.accepted("shopify")[HOLD], world.sandbox.accepted("smtp")["DATA"]
    parked = world.row("SELECT count(*) n FROM review_case WHERE kind = 'effect_parked'")["n"]
    assert list(held.values()) == [1] * 12
    assert set(mailed.values()) == {1}
    assert len(mailed) <= 12 <= len(mailed) + parked  # one may be both: sent, and nobody could write it down
    assert world.row("SELECT count(*) n FROM orders")["n"] == 12
    assert not world.broken()


@pytest.mark.row("TRU-1")
async def test_the_receiver_sends_vendors_away_and_takes_them_when_there_is_space(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    with disk(world.wiring.settings.database_url) as space:
        space.leave(0)
        world.buy(*(checkout(customer={"email": f"c{n}@example.com"}, note="x" * 20_000) for n in range(3)))
        await world.until(
            lambda: any(vars(r).get("reason") == NO_ROOM for r in caplog.records), what="the disk is full"
        )
        async with httpx.AsyncClient(base_url=world.wiring.settings.public_url) as client:
            assert (await client.get("/readyz")).status_code == 200  # reading needs no space
        space.free()
        await settle_all(world)

    assert world.row("SELECT count(*) n FROM orders")["n"] == 3
    assert list(world.sandbox.accepted("shopify")[HOLD].values()) == [1] * 3
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

    assert list(world.sandbox.accepted("shopify")[HOLD].values()) == [1]
    assert not world.broken()
