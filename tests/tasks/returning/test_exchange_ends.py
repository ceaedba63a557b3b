"""Goods that are kept for an exchange: no longer than they are meant to be, for one customer, and not in two ways."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support import edits
from tests.support.exchanges import (
    BLUE,
    FOR_BLUE,
    MISSING,
    WHITE,
    ask,
    drive,
    exchange,
    leave,
    line_of,
    promised_in_shop,
    reserved,
    safety,
    wanted_in_shop,
)
from tests.support.returns import ask as asked
from tests.support.returns import decide, delivered, graded, hand_in, opened, refunds_at_shop, request_row, settled
from tests.support.world import World
from tests.tasks.steps import at_workshop, cases, later

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
MUG = {"sku": WHITE}


def keep_for(world: World, days: int) -> None:
    """The shop keeps goods aside for so long."""
    policies = world.wiring.policies
    terms = replace(policies.returns.exchanges, hold_for=timedelta(days=days))
    world.wiring.policies = replace(policies, returns=replace(policies.returns, exchanges=terms))


@pytest.mark.row("RET-3")
async def test_what_is_not_sent_in_time_is_free_again_and_comes_back_for_its_money(world: World) -> None:
    keep_for(world, 5)
    [order_id] = await delivered(world)
    request = await ask(world, order_id, **FOR_BLUE)
    assert 1 == reserved(world)

    await later(world, 24 * 5)
    await drive(world)

    assert ("given_up", "reservation_over") == tuple(exchange(world, request)[name] for name in ("state", "reason"))
    assert (0, "label_issued") == (reserved(world), request_row(world, request["id"])["state"])
    await opened(world, request["rma"], MUG)
    await graded(world, request["id"])
    await settled(world)
    assert ({WHITE: 0}, 1) == (wanted_in_shop(world), refunds_at_shop(world)[0])


@pytest.mark.row("RET-3")
async def test_what_is_on_its_way_keeps_its_goods(world: World) -> None:
    keep_for(world, 3)
    [order_id] = await delivered(world)
    request = await ask(world, order_id, **FOR_BLUE)
    await hand_in(world, request["id"], "lost_on_the_way_back")

    await later(world, 24 * 4)
    await drive(world)
    assert ("firm", 1) == (exchange(world, request)["state"], reserved(world))

    await later(world, 24 * 2)
    await drive(world)
    assert ("lost", {"return_lost": 1}) == (request_row(world, request["id"])["state"], cases(world))
    decide(world, "refund", "return_lost")
    await settled(world)
    assert [(BLUE, 1, 1)] == promised_in_shop(world), "it is the shop's label: the customer gets what they asked for"
    assert 0 == refunds_at_shop(world)[0]


@pytest.mark.row("RET-3", bad_input=True)
async def test_two_customers_want_the_last_one(world: World) -> None:
    mine, theirs = await delivered(
        world, at_workshop(), at_workshop(customer={"email": "eve@example.com", "phone": None})
    )
    leave(world, BLUE, safety(world, BLUE) + 1)

    requests = [asked(world, order_id, [line_of(order_id, **FOR_BLUE)]) for order_id in (mine, theirs)]
    await drive(world)

    assert ["declined", "label_issued"] == sorted(request_row(world, each)["state"] for each in requests)
    assert 1 == reserved(world)


@pytest.mark.row("RET-3")
async def test_a_worn_one_whose_goods_have_gone_is_no_money_too(world: World) -> None:
    [order_id] = await delivered(world)
    request = await ask(world, order_id, **FOR_BLUE, condition="opened")
    await opened(world, request["rma"], MUG)

    assert [(BLUE, 1, 1)] == promised_in_shop(world), "a new customer has it on receipt"
    await graded(world, request["id"], each="c")
    decide(world, "refund_as_proposed", "return_inspection")
    await settled(world)

    assert (0, "closed") == (refunds_at_shop(world)[0], request_row(world, request["id"])["state"])


@pytest.mark.row("RET-5")
async def test_goods_that_are_not_wanted_after_all_are_worth_what_they_stand_for(world: World) -> None:
    """The shop's total has what was exchanged and what is sent for it: the first is no debt of the customer's."""
    [order_id] = await delivered(world)
    await ask(world, order_id, **MISSING)
    assert {WHITE: 2} == wanted_in_shop(world)

    edit = edits.ask(world, order_id, [{"kind": "quantity", "line_id": f"{order_id}:002", "quantity": 0}])
    await edits.drive(world)
    await settled(world)

    found = edits.request_row(world, edit)
    assert ("applied", []) == (found["state"], found["reasons"])
    assert (1, "12.60") == refunds_at_shop(world)
    assert "completed" == world.row("SELECT state FROM orders")["state"]
