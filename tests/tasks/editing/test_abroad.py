"""Edits to another country: nodes that have the order must send parcels there, or it is planned anew (EDT-1, EDT-6)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from domain.states import EditState
from ledger.operator import resolve_case
from tasks.editing.preview import preview
from tests.support.edits import ask, drive, drive_until, edit, order_ids, request_row
from tests.support.packed import unlike
from tests.support.world import World
from tests.tasks.editing.racing import told
from tests.tasks.steps import at_node, at_shipbob, at_workshop, cases, later, release

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
MOVE = [{"kind": "address", "contact_version": "$proposed"}]
PARIS = {
    "line1": "12 Rue de Rivoli", "line2": "", "city": "Paris", "region": "", "postal_code": "75001", "country": "FR",
}  # fmt: skip


def serve(world: World, **countries: tuple[str, ...]) -> None:
    """Where nodes send parcels from now on; () is everywhere."""
    policies = world.wiring.policies
    nodes = tuple(replace(node, serves=countries.get(node.id, node.serves)) for node in policies.nodes)
    world.wiring.policies = replace(policies, nodes=nodes)


async def approved(world: World, order_id: str) -> Mapping[str, Any]:
    """A person looks at it first, and has nothing against it."""
    request_id = ask(world, order_id, MOVE, contact=PARIS)
    await drive_until(world, request_id, EditState.AWAITING_REVIEW)
    [case] = world.rows("SELECT id FROM review_case WHERE subject_id = :id", id=request_id)
    world.wiring.ledger(resolve_case, case["id"], "approve", world.wiring.now())
    await drive(world)
    return request_row(world, request_id)


def places(world: World) -> list[str]:
    """Where live parts of the order are."""
    rows = world.rows("SELECT location_id FROM fulfilment_order WHERE state <> 'cancelled'")
    return [row["location_id"] for row in rows]


@pytest.mark.row("EDT-1")
@pytest.mark.parametrize("released", [False, True], ids=["before release", "at the own warehouse"])
async def test_what_its_node_does_not_send_there_goes_from_another(world: World, released: bool) -> None:
    world.buy(at_workshop())
    await (release(world) if released else world.settle())
    await world.settle()
    [order_id] = order_ids(world)
    assert ["brooklyn"] == places(world), "it sends to the US and Canada only"

    request = await approved(world, order_id)

    assert "applied" == request["state"], (request["state"], request["reasons"])
    assert ["cicero"] == places(world)
    await world.settle()
    await later(world, 1)
    await later(world, 1)
    [order] = at_node(world)
    assert "FR" == order["shipments"][0]["recipient"]["address"]["country"]
    assert [] == unlike(world)
    assert not {"backorder", "edit_parked"} & set(cases(world))


@pytest.mark.row("EDT-6")
@pytest.mark.parametrize("released", [False, True], ids=["before release", "at the 3PL"])
async def test_where_no_node_sends_it_is_refused_with_the_next_step(world: World, released: bool) -> None:
    """Gas may go from the 3PL only, so that the other node's reach is of no use to it."""
    serve(world, cicero=("US",), brooklyn=())
    world.buy(at_shipbob())
    await (release(world) if released else world.settle())
    [order_id] = order_ids(world)
    shown = await preview(order_id, MOVE, contact=PARIS)

    request = await edit(world, order_id, MOVE, contact=PARIS)

    assert ["no_node_serves"] == [reason["code"] for reason in shown.reasons], "said before it is asked for"
    assert ("refused", "no_node_serves") == (request["state"], request["reasons"][0]["code"])
    assert "ask_us" == request["reasons"][0]["next_step"]["code"]
    await world.settle()
    assert "edit_refused" in told(world, request)
    assert ["cicero"] == places(world)
    [order] = world.orders()
    assert "12 Main Street" == order["shipping_address"]["address1"]


@pytest.mark.row("EDT-6")
async def test_what_changes_while_a_person_looks_is_seen_at_the_fence(world: World) -> None:
    world.buy(at_shipbob())
    await world.settle()
    [order_id] = order_ids(world)
    request_id = ask(world, order_id, MOVE, contact=PARIS)
    await drive_until(world, request_id, EditState.AWAITING_REVIEW)
    serve(world, cicero=("US",))
    [case] = world.rows("SELECT id FROM review_case WHERE subject_id = :id", id=request_id)
    world.wiring.ledger(resolve_case, case["id"], "approve", world.wiring.now())

    await drive(world)

    request = request_row(world, request_id)
    assert ("refused", "no_node_serves") == (request["state"], request["reasons"][0]["code"])
