"""An edit of ours and one in the shop's admin meet: each is carried out or becomes a person's case, none is half done
(EDT-3)."""

from typing import Any

import pytest

from apps.desk.edit_cases import asked_line
from domain.order import Address
from domain.states import EditState
from ledger import operator
from tasks.editing.steps import LOOKS
from tests.support.edits import MOVED, ask, drive_until, order_ids, request_row
from tests.support.world import World
from tests.tasks.editing.admin import GAS, facts, in_admin, in_shop, ours, requests, settle
from tests.tasks.editing.admin import MOVED as ADMINS
from tests.tasks.editing.test_at_shipbob import recipients
from tests.tasks.editing.test_goods_at_nodes import at_shipbob_now, packed
from tests.tasks.steps import at_shipbob, cases, release
from tests.tasks.test_isolation import execute

pytestmark = [pytest.mark.row("EDT-3"), pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]
MUG = "MUG-ENA-WHT"


async def committed(world: World, actions: list[dict[str, Any]], **more: Any) -> str:
    """An edit of the customer whose calls are all made; nobody has read it back yet."""
    request_id = ask(world, order_ids(world)[0], actions, **more)
    await drive_until(world, request_id, EditState.CONFIRMING)
    return request_id


def fewer(world: World, units: int) -> list[dict[str, Any]]:
    return [{"kind": "quantity", "line_id": f"{order_ids(world)[0]}:001", "quantity": units}]


async def looked_at(world: World) -> None:
    """As often as a difference is looked at before it is a person's."""
    for _ in range(LOOKS + 1):
        await settle(world)
        await world.advance(0.01)


async def elsewhere(world: World) -> None:
    """Somebody of the node's own staff changes the address there."""
    row = world.row("SELECT node_external_id FROM fulfilment_order WHERE state <> 'cancelled'")
    [node] = world.wiring.editable_warehouses().values()
    place = Address(
        name="Ada Lovelace", line1="5 Elm Street", city="Boston", region="MA", postal_code="02108", country="US"
    )
    await node.change_address(row["node_external_id"], place, "ada@buyers.example")


async def decide(world: World, choice: str) -> None:
    case = world.row("SELECT id FROM review_case WHERE kind = 'edit_parked' AND state <> 'resolved'")
    world.wiring.ledger(operator.resolve_case, case["id"], choice, world.wiring.now())
    await settle(world)


async def test_a_line_that_the_admin_lowers_while_our_edit_of_another_field_runs(world: World) -> None:
    await release(world, at_shipbob(lines=[{"sku": GAS, "quantity": 3}]))
    await committed(world, [{"kind": "address", "contact_version": "$proposed"}], contact=MOVED)

    in_admin(world, lines=[{"sku": GAS, "quantity": 2}])
    await settle(world)
    await settle(world)

    assert [("portal", "applied"), ("shop", "applied")] == requests(world)
    assert {GAS: 2} == ours(world) == in_shop(world) == at_shipbob_now(world)
    assert ([MOVED["line1"]], {}) == (recipients(world), cases(world))


@pytest.mark.parametrize("by", ["applied", "look_again"])
async def test_the_line_of_our_edit_itself_is_a_persons_case_and_then_the_admins(world: World, by: str) -> None:
    await release(world, at_shipbob(lines=[{"sku": GAS, "quantity": 4}]))
    asked = await committed(world, fewer(world, 3))

    in_admin(world, lines=[{"sku": GAS, "quantity": 2}])
    await looked_at(world)

    assert "parked" == request_row(world, asked)["state"]
    assert {"edit_parked": 1} == cases(world)
    line = {"line": f"{order_ids(world)[0]}:001", "sku": GAS, "before": 4, "wanted": 3, "shop": 2}
    found = facts(world, "edit_parked")
    assert (["shop:lines"], [line]) == (found["differences"], found["sides"]["lines"])
    [node] = found["sides"]["nodes"]
    assert ({GAS: 4}, {GAS: 3}, {GAS: 3}) == (node["before"], node["wanted"], node["node"])
    if by == "look_again":  # somebody puts right what differs
        in_admin(world, lines=[{"sku": GAS, "quantity": 3}])
    await decide(world, by)
    await settle(world)

    units = {"applied": 2, "look_again": 3}[by]
    assert "applied" == request_row(world, asked)["state"]
    assert {GAS: units} == ours(world) == in_shop(world) == at_shipbob_now(world)
    assert {} == cases(world)


async def test_goods_that_the_admin_adds_while_our_edit_runs_are_promised_after_it(world: World) -> None:
    """Nobody had promised them: they are no part of our edit's end, and the next one has them promised."""
    await release(world, at_shipbob(lines=[{"sku": GAS, "quantity": 3}]))
    asked = await committed(world, fewer(world, 2))

    in_admin(world, lines=[{"sku": GAS, "quantity": 2}, {"sku": MUG, "quantity": 1}])
    await drive_until(world, asked, EditState.APPLIED)
    assert {GAS: 2} == ours(world), "nobody has promised the mug yet"
    await settle(world)
    await settle(world)

    assert [("portal", "applied"), ("shop", "applied")] == requests(world)
    assert {GAS: 2, MUG: 1} == ours(world) == in_shop(world) == at_shipbob_now(world)
    promised = world.rows("SELECT sku, sum(quantity) n FROM reservation WHERE holder <> 'released' GROUP BY sku")
    assert {GAS: 2, MUG: 1} == {row["sku"]: row["n"] for row in promised}
    assert {} == cases(world)
    await world.advance(72)
    assert {GAS: 2, MUG: 1} == packed(world)


async def test_goods_that_are_short_are_a_case_and_no_promise(world: World) -> None:
    await release(world, at_shipbob(lines=[{"sku": GAS, "quantity": 3}]))
    await committed(world, fewer(world, 2))

    in_admin(world, lines=[{"sku": GAS, "quantity": 2}, {"sku": MUG, "quantity": 5000}])
    await settle(world)
    await settle(world)

    assert {GAS: 2, MUG: 5000} == ours(world)
    assert {"backorder": 1} == cases(world)
    mugs = world.row("SELECT * FROM order_line WHERE sku = :sku", sku=MUG)
    assert 5000 == mugs["reserved"] + mugs["backordered"]
    assert 0 < mugs["backordered"]
    promised = world.row("SELECT sum(quantity) n FROM reservation WHERE sku = :sku AND holder <> 'released'", sku=MUG)
    assert mugs["reserved"] == promised["n"]


async def test_a_node_that_has_more_than_the_edit_leaves_is_a_persons_case_at_once(world: World) -> None:
    """Nobody may promise less than a node packs: trying again helps nobody."""
    await release(world, at_shipbob(lines=[{"sku": GAS, "quantity": 3}]))
    asked = await committed(world, [{"kind": "address", "contact_version": "$proposed"}], contact=MOVED)
    execute(world, "UPDATE order_line SET ordered = 2")

    await settle(world)

    row = request_row(world, asked)
    assert ("parked", 0) == (row["state"], row["attempts"])
    found = facts(world, "edit_parked")
    assert [f"promised:{order_ids(world)[0]}:001"] == found["differences"]
    assert [{GAS: 3}] == [node["node"] for node in found["sides"]["nodes"]]
    assert 3 == world.row("SELECT reserved FROM order_line")["reserved"]

    await decide(world, "applied")
    assert ("parked", {"edit_parked": 1}) == (request_row(world, asked)["state"], cases(world))
    execute(world, "UPDATE order_line SET ordered = 3")
    await decide(world, "look_again")
    assert ("applied", {}) == (request_row(world, asked)["state"], cases(world))


@pytest.mark.parametrize("side", ["shop", "node"])
async def test_an_address_that_only_one_side_has_is_shown_by_its_version(world: World, side: str) -> None:
    """No text of it stands in the case: it is a version of its own kind beside the order's."""
    await release(world, at_shipbob())
    asked = await committed(world, [{"kind": "address", "contact_version": "$proposed"}], contact=MOVED)
    if side == "shop":
        in_admin(world, shipping_address=ADMINS)
    else:
        await elsewhere(world)
    await looked_at(world)

    assert "parked" == request_row(world, asked)["state"]
    found = facts(world, "edit_parked")
    assert "5 Elm Street" not in str(found)
    people = {row["id"]: row["line1"] for row in world.rows("SELECT * FROM order_contact")}
    [node] = found["sides"]["nodes"]
    shown = found["sides"]["contact"] | {"node": node["contact_node"]}
    assert ("12 Main Street", MOVED["line1"]) == (people[shown["before"]], people[shown["wanted"]])
    other = "shop" if side == "node" else "node"
    assert ("5 Elm Street", MOVED["line1"]) == (people[shown[side]], people[shown[other]])
    await decide(world, "look_again")
    await looked_at(world)
    assert 1 == world.row("SELECT count(*) n FROM order_contact WHERE kind = 'seen'")["n"], "kept once"


async def test_a_parked_edit_of_the_admins_own_can_be_shown_and_ended(world: World) -> None:
    await release(world, at_shipbob(lines=[{"sku": GAS, "quantity": 3}]))
    in_admin(world, lines=[{"sku": GAS, "quantity": 2}])
    await world.settle()
    asked = world.row("SELECT id FROM edit_request")["id"]
    await drive_until(world, asked, EditState.CONFIRMING)
    await elsewhere(world)

    await looked_at(world)

    found = facts(world, "edit_parked")
    assert "Quantity" == asked_line(found)
    assert [(3, 2, 2)] == [(line["before"], line["wanted"], line["shop"]) for line in found["sides"]["lines"]]
    await decide(world, "applied")
    assert ([("shop", "applied")], {}) == (requests(world), cases(world))
    assert {GAS: 2} == ours(world) == at_shipbob_now(world)
