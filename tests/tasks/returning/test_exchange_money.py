"""Another product for it: what is dearer is paid first, what is cheaper gives something back (RET-3)."""

from typing import Any

import pytest

from tests.support.exchanges import ask, drive, exchange, leave, promised_in_shop, reserved, wanted_in_shop
from tests.support.payment_pages import page, pay, payment_webhooks
from tests.support.returns import delivered, graded, opened, refunds_at_shop, settled, state
from tests.support.world import World
from tests.tasks.steps import at_workshop, cases, later

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SMALL, LARGE = "TOWEL-M", "TOWEL-L"
MUG = "MUG-ENA-WHT"


def swap(sku: str) -> dict[str, Any]:
    return {"kind": "exchange", "resolution": "exchange", "reason": "style", "sku": sku}


def captured(world: World) -> int:
    """By the shop's own count, in cents."""
    return round(float(world.orders()[0]["captured"]) * 100)


async def asked(world: World, *, hooks: bool = True) -> Any:
    """A towel for a mug, waiting for its payment."""
    if hooks:
        payment_webhooks(world)
    [order_id] = await delivered(world)
    return await ask(world, order_id, **swap(LARGE))


@pytest.mark.row("RET-3")
async def test_what_is_dearer_is_paid_before_the_promise_is_firm(world: World) -> None:
    request = await asked(world)
    found = exchange(world, request)
    assert 1050 == found["to_pay_minor"] == page(world, found["id"])["amount_total"], "10.00 and its tax"
    assert ("approved", 1) == (request["state"], reserved(world, LARGE))
    await world.settle()
    assert "sent" == world.row("SELECT state FROM message WHERE kind = 'return_payment'")["state"]

    before = captured(world)
    pay(world, found["id"])
    await world.delivered()
    await drive(world)

    assert "label_issued" == state(world, request)
    await opened(world, request["rma"], {"sku": MUG})
    assert [(LARGE, 1, 1)] == promised_in_shop(world)
    await graded(world, request["id"])
    await settled(world)
    assert "closed" == state(world, request)
    assert 1050 == captured(world) - before, "the shop counts the page's money"
    assert 0 == refunds_at_shop(world)[0]


@pytest.mark.row("RET-3", bad_input=True)
async def test_nobody_pays_and_the_units_are_free_again(world: World) -> None:
    request = await asked(world)

    await later(world, 24.1)
    await drive(world)
    await later(world, 0.1)

    found = exchange(world, request)
    assert ("given_up", 0) == (found["state"], reserved(world, LARGE))
    assert "expired" == page(world, found["id"])["status"]
    assert "label_issued" == state(world, request), "it comes back for its money"


@pytest.mark.row("RET-3")
async def test_a_payment_for_what_was_given_up_goes_back(world: World) -> None:
    request = await asked(world, hooks=False)
    found = exchange(world, request)
    pay(world, found["id"])
    await later(world, 24 * 0.02)
    await drive(world)
    assert "firm" == exchange(world, request)["state"]

    leave(world, LARGE, 0)
    await opened(world, request["rma"], {"sku": MUG})
    await later(world, 0.1)

    assert [1050] == [row["amount"] for row in world.sandbox.control("stripe/refunds")]
    assert ({MUG: 1}, "given_up") == (wanted_in_shop(world), exchange(world, request)["state"])


@pytest.mark.row("RET-3")
async def test_what_is_cheaper_gives_the_difference_back_once(world: World) -> None:
    [order_id] = await delivered(world, at_workshop(lines=[{"sku": LARGE, "quantity": 1}]))

    request = await ask(world, order_id, **swap(MUG))
    await opened(world, request["rma"], {"sku": LARGE})
    await settled(world)

    assert [(MUG, 1, 1)] == promised_in_shop(world)
    assert (1, "10.50") == refunds_at_shop(world), "10.00 and its tax"
    await graded(world, request["id"])
    await settled(world)
    assert (1, "10.50") == refunds_at_shop(world)
    assert ("closed", {}) == (state(world, request), cases(world))
