"""Store credit in the place of money: from the order's room, each once (RET-5)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.payments import TenderFacts
from domain.placed import Tender, shared
from tests.support.returns import delivered, graded, line_of, opened, refunds_at_shop, settled, state, take_back
from tests.support.world import World
from tests.tasks.steps import at_workshop, cases, effect, later

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
MUG = {"sku": "MUG-ENA-WHT"}


async def credited(world: World, order_id: str) -> Any:
    """One unit of an order goes back for store credit."""
    request = await take_back(world, order_id, line_of(order_id, resolution="store_credit"))
    await opened(world, request["rma"], MUG)
    await graded(world, request["id"])
    await settled(world)
    return request


def moves(world: World) -> list[tuple[str, str]]:
    """What went onto the customer's account: the credit, then its bonus of five per cent."""
    [account] = world.sandbox.control("shopify/alpha/store_credit")["accounts"]
    return [(move["event"], move["amount"]) for move in account["moves"]]


@pytest.mark.row("RET-5")
async def test_credit_and_then_its_bonus_are_given_by_the_shop(world: World) -> None:
    [order_id] = await delivered(world)
    request = await credited(world, order_id)
    await later(world, 0.1)

    [(_, credit), (event, bonus)] = moves(world)
    assert (1, credit) == refunds_at_shop(world)
    assert ("ADJUSTMENT", 5) == (event, round(float(bonus) / float(credit) * 100))
    assert "closed" == state(world, request)
    assert {} == cases(world)


@sqlite_only
@pytest.mark.row("RET-5")
@pytest.mark.row("TRU-1")
async def test_credit_is_given_once_though_its_answer_is_lost(world: World) -> None:
    [order_id] = await delivered(world)
    world.sandbox.fault("shopify", "refundCreate", "error_after", status=502, times=1)
    await credited(world, order_id)
    await later(world, 0.1)
    await later(world, 0.1)

    assert [1] == list(world.sandbox.accepted("shopify")["refundCreate"].values())
    assert ["ORDER_REFUND", "ADJUSTMENT"] == [event for event, _ in moves(world)]


@sqlite_only
@pytest.mark.row("RET-5")
@pytest.mark.row("TRU-1")
async def test_the_bonus_is_given_once_though_its_answer_is_lost(world: World) -> None:
    [order_id] = await delivered(world)
    world.sandbox.fault("shopify", "storeCreditAccountCredit", "error_after", status=502, times=1)
    await credited(world, order_id)
    await later(world, 0.1)
    await later(world, 0.1)

    assert ["ORDER_REFUND", "ADJUSTMENT"] == [event for event, _ in moves(world)]
    assert "done" == effect(world, "shop.credit_bonus")["state"]


@sqlite_only
@pytest.mark.row("RET-5", bad_input=True)
async def test_a_bonus_that_the_shop_refuses_is_a_persons_to_give(world: World) -> None:
    [order_id] = await delivered(world)
    world.sandbox.fault("shopify", "storeCreditAccountCredit", "error", status=422, times=1)
    await credited(world, order_id)
    await later(world, 0.1)

    assert {"return_money_by_hand": 1} == cases(world)


@sqlite_only
@pytest.mark.row("RET-5")
async def test_credit_uses_up_what_can_go_back_to_the_card(world: World) -> None:
    [order_id] = await delivered(world, at_workshop(lines=[{**MUG, "quantity": 2}]))
    await credited(world, order_id)
    second = await take_back(world, order_id)
    await opened(world, second["rma"], MUG)
    await graded(world, second["id"])
    await settled(world)

    [order] = world.orders()
    assert 2 == order["refunds"]
    assert float(order["refunded"]) <= float(order["captured"])
    assert "closed" == state(world, second)


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000), st.integers(0, 300)), min_size=1, max_size=5))
@pytest.mark.row("RET-5")
def test_the_room_of_all_is_what_was_paid_less_what_went_back(amounts: list[tuple[int, int, int]]) -> None:
    tenders = tuple(
        Tender(str(number), TenderFacts(str(number), 0, taken, back, "", None, ""), granted)
        for number, (taken, back, granted) in enumerate(amounts)
    )
    there = sum(tender.refundable_minor for tender in tenders)
    assert max(there, 0) == sum(max(tender.refundable_minor, 0) for tender in shared(tenders))
    assert there == sum(tender.refundable_minor for tender in shared(tenders))
