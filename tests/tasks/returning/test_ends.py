"""Labels of returns, and returns whose goods never come (RET-2)."""

from typing import Any

import pytest

from ledger.returning import intake
from tests.support.returns import (
    counters,
    decide,
    delivered,
    drive,
    graded,
    hand_in,
    opened,
    put,
    refunds_at_shop,
    settled,
    state,
    take_back,
)
from tests.support.world import World
from tests.tasks.steps import cases, labels, later, subjects

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
MUG = {"sku": "MUG-ENA-WHT"}


@sqlite_only
@pytest.mark.row("RET-2")
async def test_what_is_never_sent_is_reminded_of_and_ends(world: World) -> None:
    [order_id] = await delivered(world)
    request = await take_back(world, order_id)

    await later(world, 24 * 11)
    await drive(world)
    await world.settle()
    assert 1 == len(subjects(world, "Still to be sent"))
    await later(world, 24 * 11)
    await drive(world)
    await world.settle()
    assert 2 == len(subjects(world, "Still to be sent")), "as often as the policy says"
    await later(world, 24 * 6)
    await drive(world)
    await later(world, 0.1)

    assert "expired" == state(world, request)
    assert [True] == [each["refunded"] for each in labels(world) if each["is_return"]]
    assert (0, 0, 0) == counters(world)
    await later(world, 24 * 61)
    await drive(world)
    assert "closed" == state(world, request)
    assert 0 == refunds_at_shop(world)[0]


@sqlite_only
@pytest.mark.row("RET-2")
async def test_the_customer_may_change_their_mind_until_a_carrier_has_it(world: World) -> None:
    [order_id] = await delivered(world)
    request = await take_back(world, order_id)
    put(world, intake.cancellation(request["id"], order_id, "portal"))
    await drive(world)
    await later(world, 0.1)

    assert "cancelled" == state(world, request)
    assert [True] == [each["refunded"] for each in labels(world) if each["is_return"]]

    again = await take_back(world, order_id)
    await hand_in(world, again["id"])
    put(world, intake.cancellation(again["id"], order_id, "portal"))
    await drive(world)
    assert "in_transit" == state(world, again)
    await opened(world, again["rma"], MUG)
    await graded(world, again["id"])


@sqlite_only
@pytest.mark.row("RET-2")
async def test_a_label_that_the_carrier_refuses_is_a_persons_case_and_bought_again(world: World) -> None:
    [order_id] = await delivered(world)
    body = {"error": {"code": "SHIPMENT.INVALID_PARAMS", "message": "Unable to rate", "errors": []}}
    world.sandbox.fault("easypost", "POST /v2/shipments", "error", status=422, body=body)

    request = await take_back(world, order_id)

    assert ("approved", {"return_label_refused": 1}) == (request["state"], cases(world))
    decide(world, "retry", "return_label_refused")
    await drive(world)
    assert "label_issued" == state(world, request)


@sqlite_only
@pytest.mark.row("RET-2")
@pytest.mark.parametrize("fault", [{"kind": "error_after", "status": 500}, {"kind": "truncate"}])
async def test_a_label_bought_without_a_word_is_found(world: World, fault: dict[str, Any]) -> None:
    [order_id] = await delivered(world)
    world.sandbox.fault("easypost", "POST /v2/shipments/{id}/buy", **fault)

    request = await take_back(world, order_id)
    await later(world, 0.1)
    await drive(world)

    assert "label_issued" == state(world, request)
    assert 1 == len([each for each in labels(world) if each["is_return"]])


@sqlite_only
@pytest.mark.row("RET-5")
async def test_a_parcel_lost_on_its_way_back_is_settled_by_a_person(world: World) -> None:
    [order_id] = await delivered(world)
    request = await take_back(world, order_id)
    await hand_in(world, request["id"], plan="lost_on_the_way_back")
    await later(world, 24 * 30)
    await drive(world)

    assert "lost" == state(world, request)
    decide(world, "refund", "return_lost")
    await drive(world)
    await settled(world)
    assert (1, "5.70") == refunds_at_shop(world)
    assert (0, 0, 1) == counters(world)
    assert "closed" == state(world, request)
