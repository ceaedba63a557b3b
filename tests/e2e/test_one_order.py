"""One order from the customer's checkout to the delivered mail, over real HTTP on both databases."""

import pytest

from tests.support.world import World, checkout


@pytest.mark.row("FUL-4")
@pytest.mark.row("COM-1")
async def test_an_order_travels_from_checkout_to_delivery(world: World) -> None:
    world.buy(checkout(), checkout(payment="authorized", lines=[{"sku": "GAS-230", "quantity": 2}]))
    await world.settle()

    held = world.orders()
    assert [True, True] == [order["held"] for order in held]

    for hours in (1, 2, 2, 3, 48, 8):
        await world.advance(hours)

    orders = world.orders()
    assert [1, 1] == [len(order["fulfillments"]) for order in orders]
    assert [order["total"] for order in orders] == [order["captured"] for order in orders]
    subjects = [mail["subject"] for mail in world.mails()]
    assert 2 == sum("delivered" in subject.lower() for subject in subjects)
    assert {"completed": 2} == {
        r["state"]: r["n"] for r in world.rows("SELECT state, count(*) n FROM orders GROUP BY 1")
    }
    assert not world.broken()
