"""Returns that begin, or end, in the shop's own admin (RET-1, RET-5)."""

from typing import Any

import pytest

from tasks.returning.shop_events import sweep_returns
from tests.support.returns import (
    counters,
    delivered,
    drive,
    graded,
    opened,
    refunds_at_shop,
    request_row,
    settled,
    state,
    take_back,
)
from tests.support.world import World
from tests.tasks.returning.test_in_the_shop import in_shop, left, status
from tests.tasks.steps import at_workshop, cases, labels, later

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
MUG = {"sku": "MUG-ENA-WHT"}


def begin(world: World, **more: Any) -> None:
    """Somebody starts a return of one mug in the shop."""
    number = world.orders()[0]["legacy_id"]
    wanted = {"lines": [{**MUG, "quantity": 1, "reason": "style"}], **more}
    world.sandbox.control(f"shopify/alpha/orders/{number}/return", wanted)


def act(world: World, what: str, **body: Any) -> None:
    world.sandbox.control(f"shopify/alpha/returns/{in_shop(world)[-1]['legacy_id']}/{what}", body)


def requests(world: World) -> list[tuple[str, str]]:
    return [(row["origin"], row["state"]) for row in world.rows("SELECT origin, state FROM return_request ORDER BY id")]


@pytest.mark.row("RET-5")
async def test_a_return_opened_in_the_admin_takes_the_same_way(world: World) -> None:
    await delivered(world)
    begin(world)
    await world.settle()
    await drive(world)
    await settled(world)

    assert [("shop", "label_issued")] == requests(world)
    assert ["OPEN"] == status(world), "no second one"
    assert 1 == len([each for each in labels(world) if each["is_return"]])
    [request] = world.rows("SELECT * FROM return_request")
    await opened(world, request["rma"], MUG)
    await graded(world, request["id"])
    await settled(world)

    assert ("closed", ["CLOSED"], [0]) == (state(world, request), status(world), left(world))
    assert 1 == refunds_at_shop(world)[0]
    assert {} == cases(world)


@pytest.mark.row("RET-1")
async def test_what_a_customer_asks_for_in_the_shop_is_answered_there(world: World) -> None:
    await delivered(world, at_workshop(lines=[{**MUG, "quantity": 2}]))
    begin(world, requested=True)
    await world.settle()
    await drive(world)
    [request] = world.rows("SELECT * FROM return_request")
    assert "customer" == request["actor"]
    if request["state"] == "requested":  # the rules want to know a condition that the shop does not ask for
        assert {"return_review": 1} == cases(world)
        act(world, "approve")
        await world.settle()
        await drive(world)
    await settled(world)

    assert ("label_issued", ["OPEN"]) == (state(world, request), status(world))
    assert {} == cases(world)


@pytest.mark.row("RET-1")
async def test_what_is_too_late_is_declined_in_the_shop_too(world: World) -> None:
    await delivered(world)
    await later(world, 24 * 100)
    begin(world, requested=True)
    await world.settle()
    await drive(world)
    await settled(world)

    assert ([("shop", "declined")], ["DECLINED"]) == (requests(world), status(world))


@pytest.mark.row("RET-1")
async def test_the_shops_people_may_take_back_what_the_rules_refuse(world: World) -> None:
    await delivered(world)
    await later(world, 24 * 100)
    begin(world)
    await world.settle()
    await drive(world)
    await settled(world)

    assert ([("shop", "label_issued")], ["OPEN"]) == (requests(world), status(world))


@pytest.mark.row("RET-5")
async def test_what_the_shops_people_settle_themselves_is_counted_and_paid_once(world: World) -> None:
    [order_id] = await delivered(world)
    begin(world)
    act(world, "process", refund=True)
    await world.settle()
    await drive(world)
    await settled(world)

    assert [("shop", "closed")] == requests(world)
    assert ((0, 1, 0), [0]) == (counters(world), left(world))
    assert 1 == refunds_at_shop(world)[0], "theirs"
    assert {} == cases(world)
    again = await take_back(world, order_id)
    assert ("declined", "already_returned") == (again["state"], again["reasons"][0]["code"])


@pytest.mark.row("RET-5")
async def test_ours_that_is_cancelled_in_the_admin_ends_here(world: World) -> None:
    [order_id] = await delivered(world)
    request = await take_back(world, order_id)
    await settled(world)
    act(world, "cancel")
    await settled(world)
    await later(world, 0.1)

    assert ("cancelled", ["CANCELED"]) == (state(world, request), status(world))
    assert (0, 0, 0) == counters(world)
    assert [] == [each for each in labels(world) if each["is_return"] and not each["refunded"]]


@pytest.mark.row("RET-5")
async def test_ours_that_is_closed_in_the_admin_while_its_parcel_travels_is_a_persons_case(world: World) -> None:
    [order_id] = await delivered(world)
    request = await take_back(world, order_id)
    await settled(world)
    act(world, "close")
    await settled(world)

    assert ("label_issued", {"return_shop_differs": 1}) == (state(world, request), cases(world))


@pytest.mark.row("RET-5")
async def test_what_no_webhook_tells_of_the_sweep_finds(world: World) -> None:
    await delivered(world)
    world.sandbox.control("webhooks", {"vendor": "shopify", "drop": 1.0})
    begin(world)
    await world.settle()
    assert [] == requests(world)

    await sweep_returns.fn("shopify/alpha")
    await drive(world)
    [request] = world.rows("SELECT * FROM return_request")
    assert ("shop", "label_issued") == (request["origin"], request["state"])
    act(world, "cancel")
    await sweep_returns.fn("shopify/alpha")

    assert "cancelled" == request_row(world, request["id"])["state"]


@pytest.mark.row("RET-5", bad_input=True)
async def test_the_same_word_twice_and_out_of_order_is_one_request(world: World) -> None:
    world.sandbox.control("webhooks", {"vendor": "shopify", "duplicate": 1.0, "reorder": 1.0})
    await delivered(world)
    begin(world, requested=True)
    act(world, "approve")
    await world.settle()
    await drive(world)
    await settled(world)

    assert ([("shop", "label_issued")], ["OPEN"]) == (requests(world), status(world))
