"""Edits of orders that the 3PL has already: it goes first, the shop after it, and both are read back (EDT-3)."""

import pytest

from tests.support.edits import MOVED, edit, order_ids
from tests.support.world import World
from tests.tasks.steps import at_node, at_shipbob, release

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ADDRESS = [{"kind": "address", "contact_version": "$proposed"}]
OLD, NEW = "1 Congress Street", MOVED["line1"]


def recipients(world: World) -> list[str]:
    return [shipment["recipient"]["address"]["address1"] for order in at_node(world) for shipment in order["shipments"]]


def in_shop(world: World) -> str:
    [order] = world.orders()
    return str(order["shipping_address"]["address1"])


@pytest.mark.row("EDT-3")
async def test_the_node_and_the_shop_get_the_address(world: World) -> None:
    await release(world, at_shipbob())
    [order_id] = order_ids(world)

    request = await edit(world, order_id, ADDRESS, contact=MOVED)

    assert "applied" == request["state"], request["reasons"]
    assert [NEW] == recipients(world)
    assert NEW == in_shop(world)
    assert "" == world.row("SELECT fence_token FROM orders")["fence_token"]


@pytest.mark.row("EDT-3")
async def test_a_shop_that_refuses_gets_the_old_address_back_at_the_node(world: World) -> None:
    await release(world, at_shipbob())
    [order_id] = order_ids(world)
    before = recipients(world), in_shop(world)
    refusal = {"order": None, "userErrors": [{"field": ["shippingAddress"], "message": "Enter a city"}]}
    world.sandbox.fault("shopify", "orderUpdate", kind="error", status=200, body={"data": {"m0": refusal}})

    request = await edit(world, order_id, ADDRESS, contact=MOVED)

    assert "undone" == request["state"], (request["state"], request["reasons"])
    assert before == (recipients(world), in_shop(world))
    assert "" == world.row("SELECT fence_token FROM orders")["fence_token"]


@pytest.mark.row("EDT-6")
@sqlite_only
async def test_what_is_labelled_is_refused_and_nothing_is_changed(world: World) -> None:
    await release(world, at_shipbob())
    [order_id] = order_ids(world)
    before = recipients(world), in_shop(world)
    world.sandbox.control(f"shipbob/orders/{at_node(world)[0]['id']}/advance", {"to": "labelled"})

    request = await edit(world, order_id, ADDRESS, contact=MOVED)

    assert "undone" == request["state"], (request["state"], request["reasons"])
    assert "too_late" == request["reasons"][0]["code"]
    assert before == (recipients(world), in_shop(world))


@pytest.mark.row("EDT-1")
async def test_a_cancelled_order_is_taken_back_at_the_node_first(world: World) -> None:
    await release(world, at_shipbob())
    [order_id] = order_ids(world)

    request = await edit(world, order_id, [{"kind": "cancel"}])

    assert "applied" == request["state"], (request["state"], request["reasons"])
    assert ["Cancelled"] == [order["status"] for order in at_node(world)]
    [order] = world.orders()
    assert order["cancelled_at"]
    assert "cancelled" == world.row("SELECT state FROM orders")["state"]
    await world.settle()
