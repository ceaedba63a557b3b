"""What a shop says of an order after its cancellation is no edit."""

import pytest

from tests.support.world import World, checkout


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_cancelled_order_is_not_reported_as_edited(world: World) -> None:
    [order] = world.buy(checkout())
    await world.settle()
    world.sandbox.control(f"shopify/alpha/orders/{order['legacy_id']}/cancel", {"reason": "CUSTOMER"})
    await world.settle()
    await world.advance(0.1)
    world.sandbox.control(f"shopify/alpha/orders/{order['legacy_id']}/touch", {})
    await world.settle()

    assert [0] == [line["current_quantity"] for line in world.orders()[0]["lines"]]
    assert [] == world.rows("SELECT kind FROM review_case")
    assert not world.broken()
