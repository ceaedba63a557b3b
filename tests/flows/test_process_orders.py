"""The main flow as an operator sees it (PEO-2)."""

import asyncio

import pytest

from flows.process_orders import process_orders
from flows.rerun_orders import rerun_orders
from flows.send_effects import send_effects
from tests.flows.conftest import ENGINE, Server
from tests.support.world import World, checkout
from tests.tasks.steps import SHIPBOB_ORDER, at_node, at_shipbob, release

pytestmark = ENGINE


@pytest.mark.row("PEO-2")
async def test_a_batch_is_a_table_with_links_and_its_exceptions_are_events(world: World, server: Server) -> None:
    world.buy(checkout(), checkout(), checkout(risk="high"))
    await world.delivered()

    totals = await process_orders(until_idle=True)

    assert 3 == len(world.sandbox.accepted("shopify")["fulfillmentOrderHold"])
    assert 3 == totals["capture"]["created"]
    [run] = await server.runs("process-orders")
    assert "COMPLETED" == run["state"]["type"]
    assert run["name"].startswith("process-orders 20")
    table = {row["order"]: row for row in await server.artifact("process-orders")}
    assert {"#1001", "#1002", "#1003"} >= set(table)
    [held] = await server.events("aftercart.order.held")
    assert "#1003" == held["resource"]["prefect.resource.name"]
    assert "validate" == held["payload"]["stage"]
    told = world.rows("SELECT flow_run_id FROM audit_event WHERE cause LIKE 'capture:%'")
    assert {run["id"]} == {row["flow_run_id"] for row in told}
    assert not world.broken()


@pytest.mark.row("PEO-2", bad_input=True)
async def test_a_shop_that_is_down_leaves_a_run_that_ended_well_and_says_so(world: World, server: Server) -> None:
    world.sandbox.fault("shopify", "*", "error", status=503, times=None)
    world.buy(checkout())
    await world.delivered()

    await process_orders(until_idle=True)

    [run, *_] = await server.runs("process-orders")
    assert "COMPLETED" == run["state"]["type"]
    assert [] == world.rows("SELECT id FROM orders")
    assert world.row("SELECT detail FROM heartbeat WHERE name = 'vendor:shopify/alpha'")["detail"]

    world.sandbox.control("faults", method="DELETE")
    await world.advance(0.1)
    assert 1 == len(world.rows("SELECT id FROM orders"))
    assert not world.broken()


@pytest.mark.row("PEO-2")
async def test_effects_left_behind_are_sent_by_their_own_flow_and_at_once_by_hand(world: World, server: Server) -> None:
    world.sandbox.fault("shipbob", SHIPBOB_ORDER, "throttle", times=None)
    await release(world, at_shipbob())
    assert {} == await send_effects(), "not due yet"

    world.sandbox.control("faults", method="DELETE")
    await rerun_orders(["#1001"])

    assert 1 == len(at_node(world))
    [run, *_] = await server.runs("rerun-orders")
    assert "COMPLETED" == run["state"]["type"]
    assert not world.broken()


@pytest.mark.row("PEO-2", bad_input=True)
async def test_rerunning_an_order_that_does_not_exist_names_it(world: World, server: Server) -> None:
    with pytest.raises(Exception, match="#9999"):
        await rerun_orders(["#9999"])

    [run, *_] = await server.runs("rerun-orders")
    assert "FAILED" == run["state"]["type"]
    assert "#9999" in run["state"]["message"]
    assert not world.broken()


async def test_two_runs_at_once_share_the_work(world: World, server: Server) -> None:
    world.buy(*[checkout(customer={"email": f"ada{i}@example.com", "phone": None}) for i in range(6)])
    await world.delivered()

    await asyncio.gather(process_orders(until_idle=True), process_orders(until_idle=True))
    await world.settle()

    assert {1} == set(world.sandbox.accepted("shopify")["fulfillmentOrderHold"].values())
    assert 6 == len(world.rows("SELECT id FROM orders WHERE state = 'routing'"))
    assert {1} == set(world.sandbox.accepted("smtp")["DATA"].values())
    assert not world.broken()
