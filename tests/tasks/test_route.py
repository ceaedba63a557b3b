"""Routing: the cheapest plan, explained; promises under lock; what nobody has waits and is woken."""

import json
import threading
from typing import Any

import pytest

from config.wiring import Wiring
from ledger import queue
from tasks import capture, validate, warehouse_sweep
from tasks.route import promise
from tests.support.waiting import PATIENCE_S
from tests.support.world import World, checkout
from tests.tasks.shops import holds, reasons, states
from tests.tasks.steps import at_node, at_shipbob, cases

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SCARCE = "SLP-M10-REG"  # the workshop has none
SHIPBOB = "shipbob/main"


def one(sku: str, quantity: int = 1, mail: str = "ada", **changes: Any) -> dict[str, Any]:
    lines = [{"sku": sku, "quantity": quantity}]
    return checkout(lines=lines, customer={"email": f"{mail}@example.com"}, **changes)


async def count_at_cicero(world: World, **levels: int) -> None:
    """The 3PL counts, and we read it. One unit is safety stock."""
    rows = [{"sku": sku.replace("_", "-"), "on_hand": units} for sku, units in levels.items()]
    world.sandbox.control("shipbob/inventory", {"levels": rows})
    await warehouse_sweep.read_node_stock.fn(SHIPBOB)


def decision(world: World, name: str) -> dict[str, Any]:
    row = world.row(
        "SELECT d.* FROM decision d JOIN orders o ON o.id = d.order_id WHERE o.name = :name AND d.workflow = 'route'",
        name=name,
    )
    return {key: json.loads(row[key]) for key in ("inputs", "candidates", "choice", "explanation")}


@pytest.mark.row("VAL-2")
@pytest.mark.row("RTE-3")
@pytest.mark.row("SCA-1")
async def test_two_orders_of_two_shops_and_one_last_unit(world: World) -> None:
    await count_at_cicero(world, SLP_M10_REG=2)
    world.buy(one(SCARCE, mail="a"))
    world.buy(one(SCARCE, mail="b"), shop="nord")
    await world.settle()
    await world.advance(0.9)

    [sent] = at_node(world)
    assert [(SCARCE, 1)] == [(line["sku"], line["quantity"]) for line in sent["shipments"][0]["lines"]]
    assert ["held", "in_fulfilment"] == sorted(r["state"] for r in world.rows("SELECT state FROM orders"))
    [hold] = holds(world).values()
    assert ("stock", "out_of_stock", "merchandising") == (hold["name"], hold["reason"], hold["owner"])

    await count_at_cicero(world, SLP_M10_REG=4)  # one of them is the first order's
    await world.settle()
    assert 2 == len(at_node(world)), "the other one's turn, its window is long over"
    assert {} == holds(world)
    assert not world.broken()


@sqlite_only
@pytest.mark.row("VAL-2", bad_input=True)
@pytest.mark.row("RTE-1", bad_input=True)
@pytest.mark.row("RTE-7", bad_input=True)
async def test_what_nobody_knows_or_has_is_held_and_explained(world: World) -> None:
    world.sandbox.control("shopify/alpha/products", {"sku": "NEW-1", "title": "New", "price": "9.00", "stock": 50})
    await count_at_cicero(world, SLP_M10_REG=-5)  # a 3PL that counts below nothing
    unknown, gone = world.buy(one("NEW-1", mail="a"), one(SCARCE, mail="b"))
    await world.settle()
    await world.advance(1)

    assert [] == at_node(world)
    assert {f"{unknown['name']} stock": "unknown_sku", f"{gone['name']} stock": "out_of_stock"} == reasons(world)
    assert "out_of_stock" == decision(world, gone["name"])["explanation"][0]["code"]
    assert [] == decision(world, gone["name"])["choice"]["allocations"]
    assert not world.broken()


@sqlite_only
@pytest.mark.row("RTE-3", bad_input=True)
@pytest.mark.parametrize(
    "body",
    [
        ["?"],
        {"items": 7},
        {"items": [{"sku": SCARCE, "locations": [{"location_id": 4, "fulfillable_quantity": "many"}]}]},
    ],
)
async def test_a_garbled_count_promises_nothing_new(world: World, body: Any) -> None:
    before = world.rows("SELECT location_id, sku, node_free FROM inventory_level ORDER BY 1, 2")
    world.sandbox.fault("shipbob", "GET *inventory*", "error", status=200, body=body)
    report = await warehouse_sweep.read_node_stock.fn(SHIPBOB)

    assert "postponed" in report.counts
    assert before == world.rows("SELECT location_id, sku, node_free FROM inventory_level ORDER BY 1, 2")
    await warehouse_sweep.read_node_stock.fn(SHIPBOB)
    assert not world.broken()


@sqlite_only
@pytest.mark.row("RTE-1")
@pytest.mark.row("RTE-7")
async def test_the_cheapest_plan_wins_and_says_why(world: World) -> None:
    berlin = {"province_code": None, "city": "Berlin", "zip": "10115", "country_code": "DE"}
    east, abroad, gas, mixed = world.buy(
        one("MUG-ENA-WHT", mail="a"),
        one("MUG-ENA-WHT", mail="b", address=berlin),
        one("GAS-230", mail="c"),
        at_shipbob(lines=[{"sku": "GAS-230", "quantity": 1}, {"sku": "MUG-ENA-WHT", "quantity": 1}]),
    )
    await world.settle()
    await world.advance(0.9)

    assert 3 == len(at_node(world))
    chosen = {order["name"]: decision(world, order["name"]) for order in (east, abroad, gas, mixed)}
    nodes = [sorted({a[0] for a in chosen[o["name"]]["choice"]["allocations"]}) for o in (east, abroad, gas, mixed)]
    assert [["brooklyn"], ["cicero"], ["cicero"], ["cicero"]] == nodes
    for made in chosen.values():
        costs = [candidate["cost_minor"] for candidate in made["candidates"]]
        assert costs == sorted(costs)
        assert costs[0] == made["choice"]["cost_minor"]
        assert "exact" == made["choice"]["solver"]
        assert "cheapest_plan" == made["explanation"][0]["code"]
        assert made["inputs"]["stock"]
    assert 2 <= len(chosen[east["name"]]["candidates"]), "the dearer one is shown too"
    assert not world.broken()


@pytest.mark.row("RTE-3")
async def test_routers_that_race_promise_no_unit_twice(world: World) -> None:
    await count_at_cicero(world, SLP_M10_REG=6)
    world.buy(*(one(SCARCE, mail=f"c{n}") for n in range(12)))
    await world.until(
        lambda: 12 == len(world.rows("SELECT id FROM inbox_event WHERE topic = 'orders/create'")),
        what="all are delivered",
    )
    await capture.run(500)
    await validate.run(500)
    assert 12 == len(world.rows("SELECT id FROM work WHERE stage = 'route'"))

    start, failures = threading.Barrier(3), list[BaseException]()

    def router() -> None:
        """A worker of its own, one order at a time, so that they meet as often as can be."""
        wired = Wiring(world.wiring.settings)
        try:
            start.wait(PATIENCE_S)
            for _ in range(60):
                now, real_now = wired.now(), wired.real_now()
                claimed = wired.ledger(queue.claim_work, "route", limit=1, now=now, real_now=real_now)
                if not claimed.rows:
                    return
                wired.ledger(promise, claimed.rows, claimed.lease.token, policies=wired.policies, now=now)
        except BaseException as failure:
            failures.append(failure)
        finally:
            wired.engine.dispose()

    threads = [threading.Thread(target=router) for _ in range(3)]
    for thread in threads:
        thread.start()
    await world.until(lambda: not any(thread.is_alive() for thread in threads), what="the routers end")
    assert [] == failures
    await world.settle()
    await world.advance(0.9)

    assert 5 == len(at_node(world))
    assert {"held": 7, "in_fulfilment": 5} == {
        row["state"]: row["n"] for row in world.rows("SELECT state, count(*) n FROM orders GROUP BY state")
    }
    assert 5 == world.row("SELECT sum(quantity) n FROM reservation WHERE sku = :sku", sku=SCARCE)["n"]
    assert not world.broken()


@sqlite_only
@pytest.mark.row("RTE-1")
async def test_kits_gift_cards_and_splits(world: World) -> None:
    await count_at_cicero(world, MUG_ENA_BLU=0)
    kit, card, split = world.buy(
        one("KIT-COOK", 2, mail="a"),
        one("GIFT-50", mail="b"),
        at_shipbob(lines=[{"sku": "GAS-230", "quantity": 1}, {"sku": "MUG-ENA-BLU", "quantity": 2}]),
    )
    await world.settle()
    await world.advance(0.9)

    sent = {line["sku"] for order in at_node(world) for shipment in order["shipments"] for line in shipment["lines"]}
    assert "GAS-230" in sent
    assert not {"MUG-ENA-BLU", "GIFT-50", "KIT-COOK"} & sent
    assert "completed" == states(world)[card["name"]]
    promised = world.rows(
        "SELECT o.name, r.location_id, r.sku, r.quantity FROM reservation r JOIN orders o ON o.id = r.order_id"
        " ORDER BY r.sku"
    )
    parts = [(row["sku"], row["quantity"]) for row in promised if row["name"] == kit["name"]]
    assert [("POT-SET-S", 2), ("STOVE-1", 2)] == parts
    assert 1 == len({row["location_id"] for row in promised if row["name"] == kit["name"]}), "from one place"
    assert {("cicero", "GAS-230", 1), ("brooklyn", "MUG-ENA-BLU", 2)} == {
        (row["location_id"], row["sku"], row["quantity"]) for row in promised if row["name"] == split["name"]
    }
    assert not world.broken()


@sqlite_only
@pytest.mark.row("VAL-2")
async def test_a_part_ships_and_the_rest_follows_when_stock_arrives(world: World) -> None:
    await count_at_cicero(world, SLP_M10_REG=3)
    [order] = world.buy(one(SCARCE, 4))
    await world.settle()
    await world.advance(0.9)
    assert [2] == [line["quantity"] for sent in at_node(world) for line in sent["shipments"][0]["lines"]]
    assert {"backorder": 1} == cases(world)
    assert [2] == [row["backordered"] for row in world.rows("SELECT backordered FROM order_line")]

    await count_at_cicero(world, SLP_M10_REG=9)
    await world.settle()

    assert [2, 2] == [line["quantity"] for sent in at_node(world) for line in sent["shipments"][0]["lines"]]
    assert {} == cases(world)
    assert [(4, 0)] == [(r["reserved"], r["backordered"]) for r in world.rows("SELECT * FROM order_line")]
    assert "in_fulfilment" == states(world)[order["name"]]
    assert not world.broken()


@sqlite_only
@pytest.mark.row("RTE-3", bad_input=True)
async def test_a_node_that_has_lost_promised_units_is_a_case(world: World) -> None:
    await count_at_cicero(world, SLP_M10_REG=3)
    world.buy(one(SCARCE, 2))
    await world.settle()
    await count_at_cicero(world, SLP_M10_REG=1)

    assert [] == at_node(world)
    assert {"promised_stock_gone": 1} == cases(world)
    assert not world.broken()
