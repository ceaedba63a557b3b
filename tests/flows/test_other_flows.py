"""Each of the other flows: what it is for, and one trouble that it survives and shows (PEO-2)."""

import pytest
import sqlalchemy as sa

from flows.check_invariants import check_invariants
from flows.fit_delays import fit_delays
from flows.forecast_parcels import forecast_parcels
from flows.reconcile_books import reconcile_books
from flows.report_kpis import report_kpis
from flows.sweep_shops import sweep_shops
from flows.sweep_warehouses import sweep_warehouses
from flows.track_parcels import track_parcels
from flows.watch_deadlines import watch_deadlines
from tests.flows.conftest import ENGINE, Server
from tests.support.edits import edit, order_ids
from tests.support.world import World, checkout
from tests.tasks.steps import at_shipbob, at_workshop, cases, later, release, subjects

pytestmark = ENGINE


def drop(world: World, *vendors: str) -> None:
    for vendor in vendors:
        world.sandbox.control("webhooks", {"vendor": vendor, "drop": 1.0})


async def ended_well(server: Server, flow: str) -> None:
    [run, *_] = await server.runs(flow)
    assert "COMPLETED" == run["state"]["type"], run["state"]["message"]
    assert run["name"].startswith(f"{flow} 20")


@pytest.mark.row("PEO-2")
@pytest.mark.row("CAP-2")
async def test_sweep_shops_reports_what_no_webhook_told(world: World, server: Server) -> None:
    """One shop is down: the other is swept all the same."""
    drop(world, "shopify")
    world.buy(checkout())
    world.buy(checkout(), shop="nord")
    world.sandbox.fault("shopify", "orders", "error", status=503, times=3)  # the first shop's three tries

    found = await sweep_shops()

    assert 1 == len(world.rows("SELECT id FROM orders")), found
    summary = {row["what"]: row["count"] for row in await server.artifact("sweep-shops-summary")}
    assert 1 == summary["sweep shopify/alpha postponed"]
    assert 1 == summary["sweep shopify/nord created"]
    await ended_well(server, "sweep-shops")

    await sweep_shops()
    await world.settle()

    assert [1, 1] == [sum(o["held"] for o in world.orders(shop)) for shop in ("alpha", "nord")]
    assert not world.broken()


@pytest.mark.row("PEO-2")
@pytest.mark.row("REC-2")
async def test_sweep_warehouses_finds_shipments_and_lists_stock_differences(world: World, server: Server) -> None:
    drop(world, "shipbob")
    world.sandbox.control("shipbob/settings", {"instant": True})
    await release(world, at_shipbob())
    await world.advance(1)
    world.sandbox.fault("shipbob", "GET /2026-01/inventory-level/locations", "error", status=503, times=3)

    await sweep_warehouses()
    await world.settle()

    assert 1 == len(world.orders()[0]["fulfillments"]), "stock could not be read, the shipment was found"
    differences = await server.artifact("stock-differences")
    assert {"shop", "sku", "shown", "available", "written", "location"} == set(differences[0])
    await ended_well(server, "sweep-warehouses")
    assert not world.broken()


@pytest.mark.row("PEO-2")
async def test_track_parcels_asks_for_what_is_due_and_waits_for_a_carrier_that_is_down(
    world: World, server: Server
) -> None:
    drop(world, "easypost")
    world.sandbox.control("shipbob/settings", {"instant": True})
    await release(world, at_shipbob())
    await later(world, 60)
    world.sandbox.fault("easypost", "GET /v2/trackers/{id}", "error", status=503, times=3)

    assert {"postponed": 1} == await track_parcels()
    assert world.row("SELECT detail FROM heartbeat WHERE name = 'vendor:easypost/main'")["detail"]
    await later(world, 0.3)
    assert {"delivered": 1} == await track_parcels()
    await world.settle()

    assert 1 == len(subjects(world, "delivered"))
    await ended_well(server, "track-parcels")
    [row] = await server.artifact("track-parcels")
    assert ("#1001", "delivered") == (row["order"], row["outcome"])
    [source] = await server.artifact("parcels-by-source")
    assert ("easypost/main", 1, "") == (source["source"], source["looked at"], source["stopped by"])
    assert not world.broken()


@pytest.mark.row("PEO-2")
@pytest.mark.row("REC-1")
async def test_reconcile_books_shows_the_trial_balance_and_asks_every_shop(world: World, server: Server) -> None:
    world.buy(at_workshop())
    world.buy(at_workshop(), shop="nord")
    await world.settle()
    world.sandbox.fault("shopify", "nodes", "error", status=503, times=3)

    assert {"unbalanced": 0, "differ": 0} == await reconcile_books()

    rows = await server.artifact("trial-balance")
    for currency in ("USD", "EUR"):
        assert 0 == sum(row["minor"] for row in rows if row["currency"] == currency)
    assert {"receivable", "deferred_revenue", "cash:shopify_payments"} <= {row["account"] for row in rows}
    await ended_well(server, "reconcile-books")
    assert {} == cases(world)
    assert not world.broken()


@pytest.mark.row("PEO-2")
@pytest.mark.row("VAL-1")
async def test_watch_deadlines_cancels_the_unpaid_and_forgets_what_is_old(world: World, server: Server) -> None:
    world.buy(checkout(payment="declined"), checkout(payment="pending"), checkout())
    await world.settle()
    await world.advance(19)

    found = await watch_deadlines()
    await world.settle()

    assert [True, True, False] == [order["cancelled_at"] is not None for order in world.orders()]
    assert 2 == found["cancelled_unpaid"]
    unpaid = world.rows("SELECT state FROM deadline WHERE kind = 'unpaid'")
    assert ["breached", "breached"] == [row["state"] for row in unpaid]
    until = str(world.wiring.now())[:19]
    old = "SELECT body FROM inbox_event WHERE received_at < :until AND handled_at IS NOT NULL"
    assert any(row["body"] for row in world.rows(old, until=until))

    await world.advance(24 * 31)
    await watch_deadlines()

    assert not any(row["body"] for row in world.rows(old, until=until))
    await ended_well(server, "watch-deadlines")
    assert not world.broken()


@pytest.mark.row("PEO-3")
async def test_report_kpis_writes_a_page_of_the_last_day(world: World, server: Server) -> None:
    world.buy(checkout(), checkout())
    await world.settle()
    first, second = order_ids(world)
    await edit(world, first, [{"kind": "remove", "line_id": "nothing"}])
    assert "applied" == (await edit(world, second, [{"kind": "cancel"}]))["state"]

    missed = await report_kpis()

    page = await server.artifact("kpis")
    assert "| requests | 2 | 0 | – | – |  |" in page
    assert "| applied share | 50.0 % | – | 55.0 % | 85.0 % | missed |" in page
    assert "edits.applied_share" in missed
    assert "| portal | 2 |" in page
    assert all(word not in page for word in ("Ada", "Lovelace", "ada@example.com", first, second))
    await ended_well(server, "report-kpis")
    assert not world.broken()


@pytest.mark.row("PEO-2")
@pytest.mark.row("DLY-2")
async def test_fit_delays_writes_a_page_and_forecast_parcels_uses_the_model(world: World, server: Server) -> None:
    drop(world, "easypost")
    world.sandbox.control("shipbob/settings", {"instant": True})
    await release(world, at_shipbob())
    await world.advance(0.2)

    assert {"forecast": 1} == await forecast_parcels()
    assert 1 == (await fit_delays())["cold"], "a handful of parcels is no history"
    world.move_clock(25)
    assert {"forecast": 1} == await forecast_parcels()

    page = await server.artifact("delay-model")
    assert "the policy's usual days are the model" in page
    row = world.row("SELECT fitted_model_id, late_probability, promised_on FROM parcel_forecast")
    assert row["fitted_model_id"] in page
    assert 0 < row["late_probability"] < 1
    assert row["promised_on"]
    await ended_well(server, "fit-delays")
    await ended_well(server, "forecast-parcels")
    assert not world.broken()


@pytest.mark.row("PEO-2", bad_input=True)
@pytest.mark.row("TRU-5")
async def test_check_invariants_writes_a_page_an_event_and_a_case_for_what_is_broken(
    world: World, server: Server
) -> None:
    world.buy(at_workshop())
    await world.settle()
    assert {} == await check_invariants()
    assert "invariants hold" in await server.artifact("invariants")

    add_units(world, 1)
    found = await check_invariants()

    assert {"counters_match_promises"} == set(found)
    page = await server.artifact("invariants")
    assert "**broken**" in page
    assert "brooklyn/TENT-4P-GRN" in page
    [event] = await server.events("aftercart.invariant.broken")
    assert "aftercart.invariant.counters_match_promises" == event["resource"]["prefect.resource.id"]
    assert {"invariant_broken": 1} == cases(world)

    assert set(found) == set(await check_invariants())
    add_units(world, -1)
    assert {} == await check_invariants()
    assert {} == cases(world), "the case ends by itself"
    add_units(world, 1)
    await check_invariants()

    assert {"invariant_broken": 1} == cases(world)
    told = await server.events("aftercart.invariant.broken", at_least=2)
    assert 2 == len(told), "once for each time that it broke"
    add_units(world, -1)


def add_units(world: World, units: int) -> None:
    """Plant a violation, or take it away."""
    planted = "UPDATE inventory_level SET reserved_ours = reserved_ours + :units WHERE sku = 'TENT-4P-GRN'"
    with world.wiring.engine.begin() as connection:
        connection.execute(sa.text(planted), {"units": units})
