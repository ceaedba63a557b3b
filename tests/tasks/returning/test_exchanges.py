"""Goods for goods: promised when they are asked for, told to the shop once, and shipped like any other line (RET-3)."""

import json

import pytest

from ledger.returning import intake
from tests.support.exchanges import (
    BLUE,
    FOR_BLUE,
    MISSING,
    WHITE,
    ask,
    drive,
    exchange,
    leave,
    promised_in_shop,
    reserved,
    safety,
    sent,
    shipped_in_shop,
    wanted_in_shop,
)
from tests.support.returns import (
    counters,
    delivered,
    graded,
    opened,
    put,
    refunds_at_shop,
    request_row,
    settled,
    state,
)
from tests.support.world import World
from tests.tasks.returning.test_ahead import fifth_order
from tests.tasks.steps import at_workshop, cases, later

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
MUG = {"sku": WHITE}


@pytest.mark.row("RET-3")
async def test_another_colour_is_kept_aside_and_sent_when_the_first_is_back(world: World) -> None:
    [order_id] = await delivered(world)

    request = await ask(world, order_id, **FOR_BLUE)

    assert "label_issued" == request["state"], request["reasons"]
    assert ({WHITE: 1}, []) == (wanted_in_shop(world), promised_in_shop(world)), "nothing is sent before it is back"
    assert ("firm", 1) == (exchange(world, request)["state"], reserved(world))

    await opened(world, request["rma"], MUG)

    assert [(BLUE, 1, 1)] == promised_in_shop(world)
    assert {WHITE: 1, BLUE: 1} == wanted_in_shop(world)
    assert ("ordered", 0) == (exchange(world, request)["state"], reserved(world)), "the promise is the order line's now"
    await sent(world)
    assert [WHITE, BLUE] == shipped_in_shop(world)
    await graded(world, request["id"])
    await settled(world)
    assert ("closed", 0) == (state(world, request), refunds_at_shop(world)[0])
    assert "completed" == world.row("SELECT state FROM orders")["state"]
    assert {} == cases(world)


@pytest.mark.row("RET-3")
async def test_the_last_one_is_nobody_elses(world: World) -> None:
    [order_id] = await delivered(world)
    leave(world, BLUE, safety(world, BLUE) + 1)
    request = await ask(world, order_id, **FOR_BLUE)

    world.buy(at_workshop(lines=[{"sku": BLUE, "quantity": 1}], customer={"email": "eve@example.com"}))
    await world.settle()

    assert "firm" == exchange(world, request)["state"]
    other = world.row("SELECT state FROM orders WHERE id <> :id", id=order_id)
    assert "held" == other["state"], "it waits for stock"
    put(world, intake.cancellation(request["id"], order_id, "portal"))
    await drive(world)
    assert ("cancelled", 0) == (state(world, request), reserved(world))


@pytest.mark.row("RET-3", bad_input=True)
async def test_what_is_short_is_declined_with_what_there_is_instead(world: World) -> None:
    [order_id] = await delivered(world)
    leave(world, BLUE, 0)

    request = await ask(world, order_id, **FOR_BLUE)

    assert ({WHITE: 1}, "declined") == (wanted_in_shop(world), request["state"])
    [reason] = request["reasons"]
    assert ("exchange_out_of_stock", [WHITE], "choose_another") == (
        reason["code"],
        reason["instead"],
        reason["next_step"],
    )
    assert (0, 0, 0) == counters(world)


@pytest.mark.row("RET-3")
async def test_sold_out_meanwhile_the_money_comes_back(world: World) -> None:
    [order_id] = await delivered(world)
    request = await ask(world, order_id, **FOR_BLUE)
    leave(world, BLUE, 0)  # broken on the shelf

    await opened(world, request["rma"], MUG)
    assert ("given_up", "sold_out") == tuple(exchange(world, request)[name] for name in ("state", "reason"))
    await graded(world, request["id"])
    await settled(world)

    assert ({WHITE: 0}, []) == (wanted_in_shop(world), promised_in_shop(world))
    assert 1 == refunds_at_shop(world)[0]
    assert "closed" == state(world, request)


@pytest.mark.row("RET-3")
async def test_what_was_missing_is_sent_once_more_at_once(world: World) -> None:
    [order_id] = await delivered(world)

    request = await ask(world, order_id, **MISSING)

    assert {WHITE: 2} == wanted_in_shop(world)
    assert [(WHITE, 1, 1)] == promised_in_shop(world)
    await sent(world)
    await settled(world)
    assert [WHITE, WHITE] == shipped_in_shop(world)
    assert ("closed", 0) == (state(world, request), refunds_at_shop(world)[0])
    first = world.row("SELECT * FROM order_line WHERE id = :id", id=f"{order_id}:001")
    assert (0, 0, 1) == (first["return_requested"], first["returned"], first["written_off"])


@pytest.mark.row("RET-3")
async def test_what_was_missing_and_is_sold_out_is_refunded(world: World) -> None:
    [order_id] = await delivered(world)
    leave(world, WHITE, 0)

    request = await ask(world, order_id, **MISSING)
    await settled(world)

    assert ({WHITE: 1}, 1) == (wanted_in_shop(world), refunds_at_shop(world)[0])
    assert "closed" == state(world, request)


@pytest.mark.row("RET-3")
async def test_a_trusted_customer_has_the_goods_at_once_and_never_sends_the_first(world: World) -> None:
    order_id = await fifth_order(world)

    request = await ask(world, order_id, **FOR_BLUE)

    assert {WHITE: 1, BLUE: 1} == wanted_in_shop(world, 4)
    assert "label_issued" == state(world, request)
    await later(world, 24 * 22)
    await drive(world)
    await later(world, 0.1)
    assert "expired" == state(world, request)
    case = world.row("SELECT facts FROM review_case WHERE kind = 'return_claw_back'")
    assert {"USD": 1260} == json.loads(case["facts"])["owed"]


@pytest.mark.row("RET-3")
async def test_a_worn_one_is_a_persons_case_before_goods_are_sent(world: World) -> None:
    [order_id] = await delivered(world)
    request = await ask(world, order_id, **FOR_BLUE)
    world.sandbox.fault("shopify", "returnCreate", "error", status=503)

    await opened(world, request["rma"], MUG)
    await later(world, 0.1)
    await drive(world)

    assert [(BLUE, 1, 1)] == promised_in_shop(world), "a shop that was away is asked again, and once"
    await graded(world, request["id"], each="c")
    assert {"return_inspection": 1} == cases(world)


@pytest.mark.row("RET-3")
@pytest.mark.parametrize("operation", ["returnCreate", "returnProcess"])
@pytest.mark.parametrize("fault", [{"kind": "error_after", "status": 502}, {"kind": "truncate"}])
async def test_a_lost_answer_sends_nothing_twice(world: World, operation: str, fault: dict[str, object]) -> None:
    [order_id] = await delivered(world)
    world.sandbox.fault("shopify", operation, **fault)

    request = await ask(world, order_id, **MISSING)
    await later(world, 0.1)
    await drive(world)

    assert [(WHITE, 1, 1)] == promised_in_shop(world)
    assert {WHITE: 2} == wanted_in_shop(world)
    assert "ordered" == exchange(world, request)["state"]


@pytest.mark.row("RET-3", bad_input=True)
async def test_a_shop_that_refuses_has_the_money_given_back(world: World) -> None:
    [order_id] = await delivered(world)
    answer = {"return": None, "userErrors": [{"field": None, "message": "No", "code": "INVALID"}]}
    body = {"data": {"returnCreate": answer, "m0": answer}}
    world.sandbox.fault("shopify", "returnCreate", "error", status=200, body=body)

    request = await ask(world, order_id, **MISSING)
    await settled(world)

    assert ({WHITE: 1}, 1) == (wanted_in_shop(world), refunds_at_shop(world)[0])
    assert "given_up" == exchange(world, request)["state"]
    assert {"exchange_refused": 1} == cases(world)
    assert "" == world.row("SELECT fence_token FROM orders")["fence_token"]
    assert "closed" == request_row(world, request["id"])["state"]
