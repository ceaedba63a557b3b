"""A node that gets an order only after it was cancelled here: nobody says that it was never there, it is asked back,
and what has left all the same is a person's case."""

import asyncio

import pytest

from ledger.node_effects import requests_for
from tasks import stages
from tasks.sending.node import _request
from tasks.shift import Shift
from tests.support.world import World
from tests.tasks.shops import act, states
from tests.tasks.steps import SHIPBOB_ORDER, at_node, at_shipbob, cases, effect

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.mark.row("REC-1")
@pytest.mark.row("TRU-1")
async def test_an_order_that_is_being_handed_over_is_asked_back_once_it_is_there(world: World) -> None:
    [gas] = world.buy(at_shipbob())
    await world.settle()
    world.sandbox.fault("shipbob", SHIPBOB_ORDER, "hold_before")
    await asyncio.to_thread(world.move_clock, 0.9)
    handing_over = asyncio.create_task(stages.one_pass(world.shift, engine=False))
    await world.until(
        lambda: any(f["kind"] == "hold_before" and f["taken"] for f in world.sandbox.control("faults")["faults"]),
        what="the node's order is on its way",
    )
    act(world, gas, "cancel")
    await world.delivered()
    await stages.one_pass(Shift("beside", 600.0), engine=False)
    assert {"cancelled"} == set(states(world).values())
    world.sandbox.control("faults", method="DELETE")
    world.sandbox.control("release", {})
    await handing_over
    await world.advance(0.1)

    assert ["Cancelled"] == [order["status"] for order in at_node(world)]
    assert "done" == effect(world, "node.cancel")["state"]
    assert {} == cases(world)
    await world.advance(8)
    assert not world.broken()


async def _cancelled_unheard(world: World) -> None:
    """The node could not be reached, so nobody asks it back; then the order comes there from a call of long ago."""
    [gas] = world.buy(at_shipbob())
    await world.settle()
    world.sandbox.fault("shipbob", SHIPBOB_ORDER, "error", times=None, status=503)
    await asyncio.to_thread(world.move_clock, 0.9)
    await world.settle()
    act(world, gas, "cancel")
    await world.settle()
    await world.advance(0.1)
    assert {"cancelled"} == set(states(world).values())
    assert [] == at_node(world)
    world.sandbox.control("faults", method="DELETE")

    create = effect(world, "node.create_order")
    facts = world.wiring.ledger(requests_for, [create["subject_id"]])[create["subject_id"]]
    reference = f"{create['subject_id']}.1"
    await world.wiring.warehouses()[create["target"]].create_order(_request(reference, facts))


@sqlite_only
@pytest.mark.row("REC-1")
async def test_what_comes_to_a_node_after_its_cancellation_is_asked_back(world: World) -> None:
    await _cancelled_unheard(world)
    await world.advance(0.1)

    assert ["Cancelled"] == [order["status"] for order in at_node(world)]
    assert {} == cases(world)
    assert not world.broken()


@sqlite_only
@pytest.mark.row("REC-1", bad_input=True)
async def test_what_left_a_node_after_its_cancellation_is_a_persons_case(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await _cancelled_unheard(world)
    [sent] = at_node(world)
    world.sandbox.control(f"shipbob/orders/{sent['id']}/advance", {"to": "shipped"})
    await world.advance(1)

    assert {"cancelled_too_late": 1} == cases(world)
    assert {"cancelled"} == set(states(world).values())
    assert [] == world.rows("SELECT id FROM inbox_event WHERE handled_at IS NULL")
    assert "failed at stage" not in caplog.text
    assert not world.broken()
