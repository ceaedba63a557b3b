"""Edits while no node knows of the order: the shop is the only one to be told (EDT-1, EDT-3)."""

import pytest

from tests.support.edits import MOVED, edit, order_ids, request_row
from tests.support.payment_pages import drive, pay, payment_webhooks
from tests.support.world import World, checkout
from tests.tasks.steps import at_shipbob

LINES = [{"sku": "GAS-230", "quantity": 2}, {"sku": "MUG-ENA-WHT", "quantity": 1}]
sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.mark.row("EDT-1")
async def test_an_address_is_changed_in_the_shop_and_goes_to_the_node(world: World) -> None:
    world.buy(at_shipbob())
    await world.settle()
    [order_id] = order_ids(world)

    request = await edit(world, order_id, [{"kind": "address", "contact_version": "$"}], contact=MOVED)

    assert "applied" == request["state"], request["reasons"]
    [order] = world.orders()
    assert "77 Kent Avenue" == order["shipping_address"]["address1"], order
    await world.settle()
    await world.advance(0.9)


def in_shop(world: World) -> dict[str, int]:
    [order] = world.orders()
    return {line["sku"]: line["current_quantity"] for line in order["lines"] if line["current_quantity"]}


def packed(world: World) -> dict[str, int]:
    """What all parcels of the order carry, by the shop's own word."""
    [order] = world.orders()
    units: dict[str, int] = {}
    for parcel in order["fulfillments"]:
        for line in parcel["lines"]:
            units[line["sku"]] = units.get(line["sku"], 0) + line["quantity"]
    return units


@pytest.mark.row("EDT-1")
@sqlite_only
@pytest.mark.parametrize(
    ("actions", "expected", "pays"),
    [
        ([{"kind": "quantity", "line_id": "001", "quantity": 1}], {"GAS-230": 1, "MUG-ENA-WHT": 1}, False),
        ([{"kind": "quantity", "line_id": "001", "quantity": 4}], {"GAS-230": 4, "MUG-ENA-WHT": 1}, True),
        ([{"kind": "remove", "line_id": "002"}], {"GAS-230": 2}, False),
        ([{"kind": "swap", "line_id": "002", "sku": "MUG-ENA-BLU"}], {"GAS-230": 2, "MUG-ENA-BLU": 1}, False),
        (
            [{"kind": "add", "sku": "MUG-ENA-BLU", "quantity": 2}],
            {"GAS-230": 2, "MUG-ENA-WHT": 1, "MUG-ENA-BLU": 2},
            True,
        ),
    ],
    ids=["fewer", "more", "remove", "swap", "add"],
)
async def test_goods(world: World, actions: list[dict[str, object]], expected: dict[str, int], pays: bool) -> None:
    payment_webhooks(world)
    world.buy(checkout(lines=LINES))
    await world.settle()
    [order_id] = order_ids(world)
    asked = [{**a, **({"line_id": f"{order_id}:{a['line_id']}"} if "line_id" in a else {})} for a in actions]

    request = await edit(world, order_id, asked)
    if pays:
        assert ("awaiting_payment", {"GAS-230": 2, "MUG-ENA-WHT": 1}) == (request["state"], in_shop(world))
        pay(world, request["id"])
        await world.delivered()
        await drive(world)
        request = request_row(world, request["id"])
    assert "applied" == request["state"], request["reasons"]
    assert expected == in_shop(world)
    await world.settle()
    await world.advance(0.9)
    await world.advance(48)
    assert expected == packed(world)
    [order] = world.orders()
    assert not pays or order["total"] == order["captured"], "the shop counts the page's money"


@pytest.mark.row("EDT-1")
async def test_contact_shipping_and_cancel(world: World) -> None:
    world.buy(checkout(lines=LINES), checkout(lines=LINES), checkout(lines=LINES))
    await world.settle()
    first, second, third = order_ids(world)
    contact = {"email": "ada.new@example.com", "phone": "+16175550199"}

    asked = [
        await edit(world, first, [{"kind": "contact", "contact_version": "$proposed"}], contact=contact),
        await edit(world, second, [{"kind": "shipping", "shipping_code": "economy"}]),
        await edit(world, third, [{"kind": "cancel"}]),
    ]

    assert ["applied"] * 3 == [request["state"] for request in asked], [r["reasons"] for r in asked]
    one, two, three = world.orders()
    assert ("ada.new@example.com", "+16175550199") == (one["email"], one["phone"])
    assert "Economy" == two["shipping_title"]
    assert three["cancelled_at"]
    await world.settle()
    assert ["routing", "routing", "cancelled"] == [
        r["state"] for r in world.rows("SELECT state FROM orders ORDER BY id")
    ]
