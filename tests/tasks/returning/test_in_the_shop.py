"""What the shop's own admin shows of a return, from the request to the end (RET-5)."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from domain.states_returns import ReturnState
from ledger.returning.intake import cancellation
from tasks.shift import leftovers
from tests.support.returns import (
    ask,
    counters,
    decide,
    delivered,
    drive,
    graded,
    line_of,
    opened,
    put,
    refunds_at_shop,
    settled,
    state,
    take_back,
)
from tests.support.world import World
from tests.tasks.steps import at_workshop, cases, effect, later

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
MUG = {"sku": "MUG-ENA-WHT"}


def in_shop(world: World) -> list[dict[str, Any]]:
    """The shop's returns, oldest first."""
    found: list[dict[str, Any]] = world.sandbox.control("shopify/alpha/returns")["returns"]
    return found


def status(world: World) -> list[str]:
    return [each["status"] for each in in_shop(world)]


def left(world: World) -> list[int]:
    """Units of each line that the shop still counts among its only order."""
    return [line["current_quantity"] for line in world.orders()[0]["lines"]]


def made(world: World, operation: str) -> Sequence[int]:
    """How often the shop has done each of these."""
    return list(world.sandbox.accepted("shopify").get(operation, {}).values())


def shown(world: World, sku: str = "MUG-ENA-WHT", location: str = "Brooklyn Store") -> int:
    levels = world.sandbox.control("shopify/alpha/inventory")["inventory"]
    return int(next(each["available"] for each in levels if (each["sku"], each["location"]) == (sku, location)))


async def approved(world: World, **more: Any) -> tuple[str, Mapping[str, Any]]:
    """A request whose return is open in the shop: our order and the request."""
    [order_id] = await delivered(world, at_workshop(lines=[{**MUG, "quantity": 2}]))
    request = await take_back(world, order_id, line_of(order_id, **more))
    await settled(world)
    return order_id, request


@pytest.mark.row("RET-5")
async def test_the_shop_opens_processes_and_closes_it_in_step(world: World) -> None:
    _, request = await approved(world)
    [there] = in_shop(world)
    assert ("OPEN", [(1, 0)]) == (there["status"], [(line["quantity"], line["processed"]) for line in there["lines"]])

    await opened(world, request["rma"], MUG)
    await settled(world)
    assert ["OPEN"] == status(world)
    await graded(world, request["id"])
    await settled(world)

    [there] = in_shop(world)
    assert "CLOSED" == there["status"]
    assert [(1, {"RESTOCKED": 1})] == [(line["processed"], line["dispositions"]) for line in there["lines"]]
    assert [1] == left(world), "the shop counts one unit less"
    assert (1, "5.70") == refunds_at_shop(world)
    assert "closed" == state(world, request)
    assert (0, 1, 0) == counters(world)
    assert {} == cases(world), "a unit that came back is no edit of the order"
    assert [] == world.rows("SELECT id FROM edit_request")
    assert 2 == world.row("SELECT ordered FROM order_line")["ordered"], "as it was sold"


@sqlite_only
@pytest.mark.row("RET-5")
async def test_what_is_thrown_away_is_not_put_on_the_shops_shelf(world: World) -> None:
    _, request = await approved(world)
    before = shown(world)
    await opened(world, request["rma"], MUG)
    await graded(world, request["id"], each="damaged")
    assert ["OPEN"] == status(world), "a person decides first"
    decide(world, "refund_as_proposed", "return_inspection")
    await settled(world)

    [there] = in_shop(world)
    assert ("CLOSED", [{"NOT_RESTOCKED": 1}]) == (there["status"], [line["dispositions"] for line in there["lines"]])
    assert before == shown(world)


@sqlite_only
@pytest.mark.row("RET-5")
async def test_a_customer_who_keeps_the_goods_ends_it_in_the_shop_too(world: World) -> None:
    order_id, request = await approved(world)

    put(world, cancellation(request["id"], order_id, "portal"))
    await settled(world)
    await later(world, 0.1)

    assert ("cancelled", ["CANCELED"]) == (state(world, request), status(world))
    again = await take_back(world, order_id)
    await settled(world)
    assert ("label_issued", ["CANCELED", "OPEN"]) == (again["state"], status(world)), "the unit is free again"


@sqlite_only
@pytest.mark.row("RET-5")
async def test_what_was_never_sent_ends_in_the_shop_at_the_very_end(world: World) -> None:
    _, request = await approved(world)
    await later(world, 24 * 28)
    await drive(world)
    assert ("expired", ["OPEN"]) == (state(world, request), status(world)), "it may still come"
    await later(world, 24 * 61)
    await drive(world)
    await settled(world)
    await leftovers()

    assert ("closed", ["CANCELED"]) == (state(world, request), status(world))
    assert [2] == left(world)


@sqlite_only
@pytest.mark.row("RET-3")
async def test_what_stays_with_the_customer_is_no_return_in_the_shop(world: World) -> None:
    [order_id] = await delivered(world)
    request = await take_back(
        world, order_id, line_of(order_id, kind="claim", reason="missing", condition=None, resolution="refund")
    )
    await settled(world)

    assert (ReturnState.CLOSED, []) == (state(world, request), in_shop(world))
    assert 1 == refunds_at_shop(world)[0]


@sqlite_only
@pytest.mark.row("RET-4")
async def test_a_parcel_that_nobody_announced_is_a_return_in_the_shop_too(world: World) -> None:
    [order_id] = await delivered(world)
    await opened(world, "", MUG, order_id=order_id)
    [request] = world.rows("SELECT * FROM return_request")
    await graded(world, request["id"])
    decide(world, "refund_in_full", "return_inspection")
    await settled(world)

    assert (["CLOSED"], [0]) == (status(world), left(world))
    assert {} == cases(world)


@sqlite_only
@pytest.mark.row("RET-5")
@pytest.mark.row("TRU-1")
@pytest.mark.parametrize("operation", ["returnCreate", "returnProcess", "returnClose"])
async def test_a_lost_answer_makes_nothing_twice(world: World, operation: str) -> None:
    [order_id] = await delivered(world)
    world.sandbox.fault("shopify", operation, "error_after", status=502, times=1)
    request = await take_back(world, order_id)
    await settled(world)
    await later(world, 0.1)
    await opened(world, request["rma"], MUG)
    await graded(world, request["id"])
    await settled(world)
    await later(world, 0.1)
    await drive(world)
    await later(world, 0.1)

    assert ["CLOSED"] == status(world)
    assert [1] == made(world, operation) == made(world, "returnCreate")
    assert [0] == left(world)
    assert {} == cases(world)


@sqlite_only
@pytest.mark.row("RET-5", bad_input=True)
async def test_a_shop_that_refuses_is_a_persons_case(world: World) -> None:
    """Somebody has opened a return of the same unit in the shop's admin a moment before."""
    [order_id] = await delivered(world)
    world.sandbox.control("webhooks", {"vendor": "shopify", "drop": 1.0})
    number = world.orders()[0]["legacy_id"]
    world.sandbox.control(f"shopify/alpha/orders/{number}/return", {"lines": [{**MUG, "quantity": 1}]})
    ask(world, order_id, [line_of(order_id)])
    await drive(world)
    await settled(world)

    assert ["OPEN"] == status(world)
    assert "not_returnable" == effect(world, "shop.return_open")["error"]
    assert {"effect_rejected": 1} == cases(world)
