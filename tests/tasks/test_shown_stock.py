"""What a shop shows of our stock: compared with the pool and corrected by compare-and-set (REC-2)."""

from typing import Any

import pytest
import sqlalchemy as sa

from tasks import warehouse_sweep
from tests.support.world import World
from tests.tasks.steps import at_workshop, cases, later, release

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SET = "inventorySetQuantities"


def shown(world: World, sku: str, place: str = "Brooklyn Store") -> int:
    """What the shop itself says."""
    levels = world.sandbox.control("shopify/alpha/inventory")["inventory"]
    [level] = [level for level in levels if level["sku"] == sku and level["location"] == place]
    return int(level["available"])


def miscount(world: World, sku: str, available: int, place: str = "Brooklyn Store") -> None:
    world.sandbox.control("shopify/alpha/inventory", {"sku": sku, "location": place, "available": available})


async def compare(world: World) -> list[dict[str, Any]]:
    await world.settle()
    found: list[dict[str, Any]] = await warehouse_sweep.compare_shop_stock.fn("shopify/alpha")
    await world.settle()
    return found


def ours(world: World, sku: str, node: str = "brooklyn") -> int:
    row = world.row("SELECT * FROM inventory_level WHERE sku = :sku AND location_id = :node", sku=sku, node=node)
    return int(row["node_free"] - row["reserved_ours"] - row["safety_stock"])


@pytest.mark.row("REC-2")
@pytest.mark.row("SCA-1")
async def test_a_shop_that_shows_other_stock_is_corrected_once(world: World) -> None:
    await compare(world)  # what the two begin with
    miscount(world, "MUG-ENA-WHT", 3)

    differences = await compare(world)

    assert ours(world, "MUG-ENA-WHT") == shown(world, "MUG-ENA-WHT")
    assert [("MUG-ENA-WHT", 3, True)] == [(d["sku"], d["shown"], d["written"]) for d in differences]
    assert {1} == set(world.sandbox.accepted("shopify")[SET].values())
    assert [] == await compare(world)
    assert not world.broken()


@sqlite_only
@pytest.mark.row("REC-2")
async def test_a_sale_in_between_makes_the_write_stale_and_the_next_sweep_right(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shop sells after we have read and before we write: its number is not overwritten."""
    await compare(world)
    miscount(world, "MUG-ENA-WHT", 3)
    original = warehouse_sweep.send

    async def sold_meanwhile(rows: Any, kinds: Any) -> Any:
        if rows:
            miscount(world, "MUG-ENA-WHT", 2)
        return await original(rows, kinds)

    monkeypatch.setattr(warehouse_sweep, "send", sold_meanwhile)
    await compare(world)
    assert 2 == shown(world, "MUG-ENA-WHT")
    assert {} == cases(world), "a stale expectation is the normal case"

    monkeypatch.undo()
    await compare(world)

    assert ours(world, "MUG-ENA-WHT") == shown(world, "MUG-ENA-WHT")
    assert not world.broken()


@sqlite_only
@pytest.mark.row("REC-2")
async def test_nothing_is_written_while_an_order_is_captured_and_not_reserved(world: World) -> None:
    """The shop counted the sale already; writing our number would sell the unit twice."""
    await compare(world)
    before = dict(world.sandbox.accepted("shopify").get(SET, {}))
    world.buy(at_workshop(payment="declined", lines=[{"sku": "MUG-ENA-WHT", "quantity": 4}]))

    differences = await compare(world)

    assert before == world.sandbox.accepted("shopify").get(SET, {})
    assert [("MUG-ENA-WHT", False)] == [(d["sku"], d["written"]) for d in differences]
    assert not world.broken()


@sqlite_only
@pytest.mark.row("REC-2")
async def test_shop_and_pool_agree_while_orders_are_picked_and_shipped(world: World) -> None:
    await compare(world)
    for hours in (0.9, 1.0, 3):
        await release(world, at_workshop()) if hours == 0.9 else await later(world, hours)
        await compare(world)
        assert ours(world, "MUG-ENA-WHT") == shown(world, "MUG-ENA-WHT") == 24
    on_hand = world.row("SELECT on_hand FROM inventory_level WHERE sku='MUG-ENA-WHT' AND location_id='brooklyn'")
    assert 24 == on_hand["on_hand"]
    assert not world.broken()


@sqlite_only
@pytest.mark.row("REC-2", bad_input=True)
async def test_a_write_that_the_shop_refuses_is_a_case_for_merchandising(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The location was deactivated between our reading and our write."""
    await compare(world)
    miscount(world, "MUG-ENA-WHT", 3)
    miscount(world, "TOWEL-M", 3)
    original = warehouse_sweep.send

    async def elsewhere(rows: Any, kinds: Any) -> Any:
        gone = "gid://shopify/Location/1"
        changed = [
            {**row, "request": {**row["request"], "location": gone}} if row["request"]["sku"] == "TOWEL-M" else row
            for row in rows
        ]
        return await original(changed, kinds)

    monkeypatch.setattr(warehouse_sweep, "send", elsewhere)
    await compare(world)

    assert ours(world, "MUG-ENA-WHT") == shown(world, "MUG-ENA-WHT"), "the other level of the page was written"
    assert 3 == shown(world, "TOWEL-M")
    assert {"stock_write_refused": 1} == cases(world)
    assert "merchandising" == world.row("SELECT owner FROM review_case")["owner"]
    assert not world.broken()


@sqlite_only
@pytest.mark.row("REC-2", bad_input=True)
async def test_a_shop_that_is_down_is_visible_and_nothing_is_written(world: World) -> None:
    await compare(world)
    miscount(world, "MUG-ENA-WHT", 3)
    world.sandbox.fault("shopify", "*", "error", status=503, times=None)

    assert [] == await compare(world)

    assert 3 == shown(world, "MUG-ENA-WHT")
    beat = world.row("SELECT detail FROM heartbeat WHERE name = 'vendor:shopify/alpha'")
    assert beat["detail"]
    world.sandbox.control("faults", method="DELETE")
    await compare(world)
    assert ours(world, "MUG-ENA-WHT") == shown(world, "MUG-ENA-WHT")
    assert "" == world.row("SELECT detail FROM heartbeat WHERE name = 'vendor:shopify/alpha'")["detail"]
    assert not world.broken()


@sqlite_only
@pytest.mark.row("REC-2", bad_input=True)
async def test_opening_stock_that_breaks_off_is_opened_whole_the_next_time(world: World) -> None:
    """The own warehouse's books begin with a shop's reading; half of it would stand for ever."""
    world.wiring.ledger(lambda session: session.execute(sa.text("DELETE FROM inventory_level")))
    world.wiring.ledger(lambda session: session.execute(sa.text("DELETE FROM stock_movement")))
    world.sandbox.fault("shopify", "inventoryItems", "error", status=400, body={"errors": "bad"})

    report = await warehouse_sweep.open_own_stock.fn()
    assert {"postponed": 1} == dict(report.counts)
    assert [] == world.rows("SELECT sku FROM inventory_level")

    await warehouse_sweep.open_own_stock.fn()

    assert 25 == shown(world, "MUG-ENA-WHT") == ours(world, "MUG-ENA-WHT")
    assert not world.broken()
