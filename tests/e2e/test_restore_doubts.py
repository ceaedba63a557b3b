"""What a restored ledger cannot know: whether an order was released in the time between. It asks, and never guesses."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from connectors.retrying import RetrySettings
from ledger import operator
from tasks import restored, warehouse_sweep
from tests.support.loss import back_up, cases, catch_up, come_back, lose, releases
from tests.support.world import World
from tests.tasks.shops import act, states
from tests.tasks.steps import at_node, at_shipbob, at_workshop, later

HOLD_AT_SHOP = "fulfillmentOrderHold"
BUY = "POST /v2/shipments/{id}/buy"
# What is asked of a restored ledger is played on both in tests/ledger/test_restored.py; one whole path is, here.
sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def in_doubt(world: World) -> Sequence[Any]:
    """Orders in open cases, with the choices."""
    return [
        (case["order_id"], case["choices"] if isinstance(case["choices"], list) else json.loads(case["choices"]))
        for case in cases(world, "restored_in_doubt")
        if case["state"] != "resolved"
    ]


def answer(world: World, choice: str) -> str:
    [case] = [case for case in cases(world, "restored_in_doubt") if case["state"] != "resolved"]
    return world.wiring.ledger(operator.resolve_case, case["id"], choice, world.wiring.now())


def shown_as_held(world: World) -> Sequence[bool]:
    return [order["held"] for order in world.orders()]


@pytest.mark.row("TRU-1")
async def test_an_order_that_was_captured_and_released_in_between(world: World, tmp_path: Path) -> None:
    """The restored ledger hears of it for the first time, long after its edit window."""
    file = back_up(world, tmp_path)
    [gas] = world.buy(at_shipbob())
    await world.settle()
    await world.advance(0.9)
    lost = await lose(world)
    assert releases(world) == 1

    await come_back(world, file, lost)
    await catch_up(world)
    await later(world, 0.5)

    assert [len(in_doubt(world)), releases(world), shown_as_held(world)] == [1, 1, [False]]
    answer(world, "at_node")
    await restored.settle_restored.fn()
    assert in_doubt(world) == [], "it is put to a person once"
    # cancelled now: ShipBob does not know it from us
    act(world, gas, "cancel")
    await world.settle()
    assert [choices for _, choices in in_doubt(world)] == [["not_sent", "at_node"]]
    assert states(world) == {gas["name"]: "cancelled"}
    assert answer(world, "not_sent") == "recorded"
    assert not world.broken()


@pytest.mark.row("TRU-1")
@sqlite_only
async def test_an_order_that_was_released_in_between_and_cancelled_since(world: World, tmp_path: Path) -> None:
    file = back_up(world, tmp_path)
    early, late = world.buy(at_shipbob(), at_shipbob())
    await world.settle()
    act(world, early, "cancel")
    await world.settle()
    await world.advance(0.9)
    lost = await lose(world)
    act(world, late, "cancel")

    await come_back(world, file, lost)
    await catch_up(world)

    assert set(states(world).values()) == {"cancelled"}
    [case] = cases(world, "restored_in_doubt")
    assert late["name"] in str(case["facts"]), "of the other one no node was told"
    assert not world.broken()


@pytest.mark.row("TRU-1")
@sqlite_only
async def test_a_hold_that_was_on_its_way_to_the_shop(world: World, tmp_path: Path) -> None:
    """Set and ended in between: set again it would prove that nothing was released."""
    await hold_late(world)
    file = back_up(world, tmp_path)
    await later(world, 0.1)
    assert shown_as_held(world) == [True]
    await later(world, 0.9)
    await later(world, 0.1)
    lost = await lose(world)
    assert releases(world) == 1

    safety = await come_back(world, file, lost)
    await catch_up(world)
    await later(world, 0.5)
    await restored.settle_restored.fn()
    await later(world, 0.5)

    assert [safety.held, len(in_doubt(world)), releases(world)] == [1, 1, 1]
    assert shown_as_held(world) == [False]
    assert not world.broken()


@pytest.mark.row("TRU-1")
@sqlite_only
async def test_a_hold_that_the_shop_got_in_between_and_still_has(world: World, tmp_path: Path) -> None:
    """It proves that nothing was released, and the release that comes now ends it."""
    await hold_late(world)
    file = back_up(world, tmp_path)
    await later(world, 0.1)
    name = world.orders()[0]["name"]
    order = world.wiring.ledger(operator.find_order, name)
    world.wiring.ledger(operator.hold, order, "customer rang", world.wiring.now())
    await later(world, 0.9)
    lost = await lose(world)
    assert [releases(world), shown_as_held(world)] == [0, [True]]

    safety = await come_back(world, file, lost)
    await catch_up(world)
    await later(world, 0.1)

    assert [safety.held, in_doubt(world), releases(world), shown_as_held(world)] == [1, [], 1, [False]]
    assert not world.broken()


async def hold_late(world: World) -> None:
    """An order for the own warehouse whose hold the shop does not take yet."""
    shop: Any = world.wiring.shops()["shopify/alpha"]
    shop._client._http.retries = RetrySettings(tries=1)
    world.sandbox.fault("shopify", HOLD_AT_SHOP, "refuse")
    world.buy(at_workshop())
    await world.settle()
    assert shown_as_held(world) == [False]


@pytest.mark.row("TRU-1")
@sqlite_only
async def test_one_part_that_a_node_has_proves_nothing_of_the_other(world: World, tmp_path: Path) -> None:
    world.sandbox.control("shipbob/inventory", {"levels": [{"sku": "MUG-ENA-BLU", "on_hand": 0}]})
    await warehouse_sweep.read_node_stock.fn("shipbob/main")
    world.buy(at_shipbob(lines=[{"sku": "GAS-230", "quantity": 1}, {"sku": "MUG-ENA-BLU", "quantity": 2}]))
    await world.settle()
    file = back_up(world, tmp_path)
    await world.advance(0.9)
    lost = await lose(world)
    assert releases(world) == 2

    safety = await come_back(world, file, lost)
    await catch_up(world)
    await later(world, 0.5)

    assert [safety.held, releases(world), len(world.sandbox.accepted("easypost")[BUY])] == [1, 2, 1]
    parts = {row["location_id"]: row["state"] for row in world.rows("SELECT location_id, state FROM fulfilment_order")}
    assert sorted(parts.values()) == ["in_progress", "scheduled"]
    assert len(in_doubt(world)) == 1
    assert not world.broken()


@pytest.mark.row("TRU-1")
@sqlite_only
@pytest.mark.parametrize("packed", [False, True])
async def test_a_cancellation_reaches_the_node_that_may_have_the_order(
    world: World, tmp_path: Path, packed: bool
) -> None:
    there, never = world.buy(at_shipbob(), at_shipbob())
    await world.settle()
    row = world.wiring.ledger(operator.find_order, never["name"])
    file = back_up(world, tmp_path)
    world.wiring.ledger(operator.hold, row, "customer rang", world.wiring.now())
    await world.advance(0.9)
    [sent] = at_node(world)
    if packed:
        world.sandbox.control(f"shipbob/orders/{sent['id']}/advance", {"to": "picked"})
    lost = await lose(world)
    act(world, there, "cancel")
    act(world, never, "cancel")

    await come_back(world, file, lost)
    await catch_up(world)
    await later(world, 8)
    await catch_up(world)

    assert set(states(world).values()) == {"cancelled"}
    assert releases(world) == 1
    assert (at_node(world)[0]["status"] == "Cancelled") is not packed
    kinds = [case["kind"] for case in world.rows("SELECT kind FROM review_case") if case["kind"] != "restored"]
    assert ("cancelled_too_late" in kinds) is packed
    ended = {row["state"] for row in world.rows("SELECT state FROM fulfilment_order")}
    assert ended == ({"cancelled", "closed"} if packed else {"cancelled"})
    assert not world.broken()
