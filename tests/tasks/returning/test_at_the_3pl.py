"""Goods that a 3PL takes back by itself (RET-4)."""

from collections.abc import Mapping
from typing import Any

import pytest

from ledger.returning.intake import cancellation
from tasks.returning.node_events import sweep_node_returns
from tests.support.returns import (
    ask,
    counters,
    decide,
    drive,
    line_of,
    put,
    refunds_at_shop,
    sent_by_the_3pl,
    settled,
    settled_as,
    state,
    take_back,
    units_of,
)
from tests.support.world import World
from tests.tasks.returning.test_in_the_shop import in_shop
from tests.tasks.steps import cases, later

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
MUG = "MUG-ENA-WHT"


def at_node(world: World) -> list[dict[str, Any]]:
    """ShipBob's own returns, oldest first."""
    found: list[dict[str, Any]] = world.sandbox.control("shipbob/returns")
    return found


def node_acts(world: World, act: str, **body: Any) -> None:
    world.sandbox.control(f"shipbob/returns/{at_node(world)[-1]['id']}/{act}", body)


async def announced(world: World, units: int = 1) -> Mapping[str, Any]:
    order_id = await sent_by_the_3pl(world, units)
    request = await take_back(world, order_id, line_of(order_id, quantity=units))
    await settled(world)
    return request


@pytest.mark.row("RET-4")
async def test_the_3pl_hears_of_it_and_says_what_came(world: World) -> None:
    request = await announced(world)
    [there] = at_node(world)
    assert (request["rma"], "Awaiting Arrival") == (there["reference_id"], there["status"])
    assert "cicero" == request["location_id"]

    node_acts(world, "inspect")
    await settled_as(world, "closed")
    await settled(world)

    assert [("received", "a", "restock", "")] == [
        (unit["reception"], unit["grade"], unit["disposition"], unit["movement_id"])
        for unit in units_of(world, request["id"])
    ]
    assert 1 == refunds_at_shop(world)[0]
    assert ("closed", (0, 1, 0)) == (state(world, request), counters(world))
    assert ["CLOSED"] == [each["status"] for each in in_shop(world)]
    assert {} == cases(world)


@sqlite_only
@pytest.mark.row("RET-4")
async def test_what_is_missing_or_thrown_away_is_a_persons_word_about_the_money(world: World) -> None:
    request = await announced(world, 2)
    node_acts(world, "inspect", outcomes=[{"sku": MUG, "quantity": 1, "action": "Dispose", "reason": "broken"}])
    await settled_as(world, "manual_review")

    assert [("received", "damaged", "dispose"), ("missing", "", "")] == [
        (unit["reception"], unit["grade"], unit["disposition"]) for unit in units_of(world, request["id"])
    ]
    assert ("manual_review", 0) == (state(world, request), refunds_at_shop(world)[0])
    decide(world, "refund_in_full", "return_inspection")
    await settled(world)
    assert 1 == refunds_at_shop(world)[0]


@sqlite_only
@pytest.mark.row("RET-4")
async def test_what_will_not_come_is_cancelled_at_the_node(world: World) -> None:
    request = await announced(world)
    put(world, cancellation(request["id"], request["order_id"], "portal"))
    await settled(world)
    await later(world, 0.1)

    assert ["Cancelled"] == [each["status"] for each in at_node(world)]


@sqlite_only
@pytest.mark.row("RET-4")
@pytest.mark.row("TRU-1")
async def test_an_announcement_whose_answer_is_lost_is_made_once(world: World) -> None:
    order_id = await sent_by_the_3pl(world)
    world.sandbox.fault("shipbob", "POST /2026-01/return", "error_after", status=502, times=1)
    ask(world, order_id, [line_of(order_id)])
    await drive(world)
    await settled(world)
    await later(world, 0.1)

    assert 1 == len(at_node(world))
    assert [1] == list(world.sandbox.accepted("shipbob")["POST /2026-01/return"].values())
    assert {} == cases(world)


@sqlite_only
@pytest.mark.row("RET-4")
async def test_what_no_webhook_tells_of_the_sweep_finds(world: World) -> None:
    request = await announced(world)
    world.sandbox.control("webhooks", {"vendor": "shipbob", "drop": 1.0})
    node_acts(world, "inspect")
    await settled(world)
    assert "label_issued" == state(world, request)

    await sweep_node_returns.fn("shipbob/main")
    await sweep_node_returns.fn("shipbob/main")
    await settled(world)

    assert 1 == len(units_of(world, request["id"]))
    assert "closed" == state(world, request)


@sqlite_only
@pytest.mark.row("RET-4")
async def test_a_parcel_that_came_unasked_opens_a_request(world: World) -> None:
    await sent_by_the_3pl(world)
    shipment = world.row("SELECT external_id FROM shipment")["external_id"]
    world.sandbox.control("shipbob/returns", {"original_shipment_id": int(shipment)})
    node_acts(world, "inspect")
    await settled_as(world, "manual_review")

    [request] = world.rows("SELECT * FROM return_request")
    assert ("warehouse", "manual_review") == (request["origin"], request["state"])
    assert {"return_inspection": 1} == cases(world)


@sqlite_only
@pytest.mark.row("RET-4")
@pytest.mark.row("TRU-1")
async def test_a_parcel_that_came_unasked_is_taken_in_once_however_often_the_node_says_so(world: World) -> None:
    await sent_by_the_3pl(world)
    shipment = world.row("SELECT external_id FROM shipment")["external_id"]
    world.sandbox.control("webhooks", {"vendor": "shipbob", "drop": 1.0})
    world.sandbox.control("shipbob/returns", {"original_shipment_id": int(shipment)})
    node_acts(world, "inspect")
    for _ in range(2):
        await sweep_node_returns.fn("shipbob/main")
        await settled(world)

    [request] = world.rows("SELECT * FROM return_request")
    assert ["received"] == [unit["reception"] for unit in units_of(world, request["id"])]
    assert {"return_inspection": 1} == cases(world)
