"""Goods of orders that their node has: what the shop shows is what the parcels carry (EDT-1, EDT-3)."""

from typing import Any

import pytest

from tests.support.edits import MOVED, edit, order_ids, request_row
from tests.support.world import World, checkout
from tests.tasks.steps import at_node, at_workshop, release

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SWAP = [{"kind": "swap", "line_id": "001", "sku": "MUG-ENA-BLU", "quantity": 1}]
SWAPPED = {"MUG-ENA-WHT": 1, "MUG-ENA-BLU": 1}
TWO = [{"sku": "GAS-230", "quantity": 2}, {"sku": "BOTTLE-750", "quantity": 1}]


def in_shop(world: World) -> dict[str, int]:
    [order] = world.orders()
    return {line["sku"]: line["current_quantity"] for line in order["lines"] if line["current_quantity"]}


def packed(world: World) -> dict[str, int]:
    [order] = world.orders()
    units: dict[str, int] = {}
    for parcel in order["fulfillments"]:
        for line in parcel["lines"]:
            units[line["sku"]] = units.get(line["sku"], 0) + line["quantity"]
    return units


def at_shipbob_now(world: World) -> dict[str, int]:
    """What ShipBob is going to ship, orders that are cancelled left out."""
    units: dict[str, int] = {}
    for order in at_node(world):
        for shipment in order["shipments"]:
            for line in shipment["lines"] if order["status"] != "Cancelled" else ():
                units[line["sku"]] = units.get(line["sku"], 0) + line["quantity"]
    return units


def named(order_id: str, actions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**a, **({"line_id": f"{order_id}:{a['line_id']}"} if "line_id" in a else {})} for a in actions]


async def shipped(world: World) -> None:
    await world.settle()
    await world.advance(1)
    await world.advance(72)


@pytest.mark.row("EDT-3")
@sqlite_only
@pytest.mark.parametrize(
    ("actions", "expected"),
    [
        ([{"kind": "quantity", "line_id": "001", "quantity": 1}], {"GAS-230": 1, "MUG-ENA-WHT": 1}),
        ([{"kind": "remove", "line_id": "002"}], {"GAS-230": 2}),
        ([{"kind": "swap", "line_id": "002", "sku": "MUG-ENA-BLU"}], {"GAS-230": 2, "MUG-ENA-BLU": 1}),
    ],
    ids=["fewer", "remove", "swap"],
)
async def test_at_the_3pl(world: World, actions: list[dict[str, Any]], expected: dict[str, int]) -> None:
    await release(world, checkout(lines=[{"sku": "GAS-230", "quantity": 2}, {"sku": "MUG-ENA-WHT", "quantity": 1}]))
    [order_id] = order_ids(world)

    request = await edit(world, order_id, named(order_id, actions))

    assert "applied" == request["state"], (request["state"], request["reasons"])
    assert expected == in_shop(world)
    assert not world.broken()
    await shipped(world)
    assert expected == packed(world)


@pytest.mark.row("EDT-3")
@pytest.mark.parametrize(
    ("database_url", "actions", "contact", "expected"),
    [
        ("sqlite", [{"kind": "address", "contact_version": "$proposed"}], MOVED, {"MUG-ENA-WHT": 2}),
        ("sqlite", [{"kind": "quantity", "line_id": "001", "quantity": 1}], None, {"MUG-ENA-WHT": 1}),
        ("sqlite", SWAP, None, SWAPPED),
        pytest.param("postgres", SWAP, None, SWAPPED, marks=pytest.mark.postgres),
    ],
    ids=["address", "fewer", "swap", "swap-postgres"],
    indirect=["database_url"],
)  # fmt: skip
async def test_at_the_own_warehouse(
    world: World, actions: list[dict[str, Any]], contact: dict[str, str] | None, expected: dict[str, int]
) -> None:
    await release(world, at_workshop(lines=[{"sku": "MUG-ENA-WHT", "quantity": 2}]))
    await world.settle()
    [order_id] = order_ids(world)
    sheet = world.row("SELECT id, version FROM pick_list")

    request = await edit(world, order_id, named(order_id, actions), contact=contact)

    assert "applied" == request["state"], (request["state"], request["reasons"])
    assert expected == in_shop(world)
    assert sheet["version"] < world.row("SELECT version FROM pick_list WHERE id = :id", id=sheet["id"])["version"]
    assert not world.broken()
    await shipped(world)
    assert expected == packed(world)
    assert request_row(world, request["id"])["ended_at"] is not None
