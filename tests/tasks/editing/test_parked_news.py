"""An edit is parked, and a parcel of its order leaves: what the edit is not about is told without waiting (EDT-3)."""

from typing import Any

import pytest

from domain.states import EditState
from ledger.operator import resolve_case
from tests.crash.edit_scenarios import COMMIT, MOVE, UPDATE, refuse, two_cans
from tests.support.edits import MOVED, ask, drive, drive_until, order_ids, request_row
from tests.support.world import World
from tests.tasks.steps import at_node, cases, later, release, subjects

pytestmark = [
    pytest.mark.row("EDT-3"),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


async def parked_and_shipped(world: World, actions: list[dict[str, Any]], refusing: str, **more: Any) -> str:
    """The node has labelled what was changed when the shop refuses it; then the parcel leaves. Returns the request."""
    [order_id] = order_ids(world)
    request_id = ask(world, order_id, actions, **more)
    refuse(world, refusing)
    await drive_until(world, request_id, EditState.UNDOING)
    [there] = at_node(world)
    world.sandbox.control(f"shipbob/orders/{there['id']}/advance", {"to": "labelled"})
    await drive(world)
    assert "parked" == request_row(world, request_id)["state"]
    world.sandbox.control(f"shipbob/orders/{there['id']}/advance", {"to": "shipped"})
    await world.settle()
    await later(world, 0.2)
    assert "parked" == request_row(world, request_id)["state"]
    assert {"edit_parked": 1} == cases(world)
    return request_id


async def test_a_parcel_that_has_its_lines_is_told_of_at_once(world: World) -> None:
    await release(world, two_cans())
    request_id = await parked_and_shipped(world, [MOVE], UPDATE, contact=MOVED)

    parcel = world.row("SELECT shipped_at, tracking_number FROM shipment")
    assert parcel["shipped_at"]
    [order] = world.orders()
    [told] = order["fulfillments"]
    assert parcel["tracking_number"] in str(told)
    assert subjects(world, "way"), "the customer has its number"

    [case] = world.rows("SELECT id FROM review_case WHERE subject_id = :id", id=request_id)
    world.wiring.ledger(resolve_case, case["id"], "undone", world.wiring.now())
    await drive(world)
    assert "undone" == request_row(world, request_id)["state"]
    await later(world, 1)
    assert {} == cases(world)


async def test_a_parcel_with_other_lines_waits_for_the_person(world: World) -> None:
    await release(world, two_cans())
    [order_id] = order_ids(world)
    fewer = {"kind": "quantity", "line_id": f"{order_id}:001", "quantity": 1}
    await parked_and_shipped(world, [fewer], COMMIT)

    assert [] == world.rows("SELECT id FROM shipment WHERE shipped_at IS NOT NULL")
    [order] = world.orders()
    assert [] == order["fulfillments"]
    assert [] == subjects(world, "way")
