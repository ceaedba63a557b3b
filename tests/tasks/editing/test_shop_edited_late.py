"""An edit in the shop's admin that the parcel cannot follow any more: a person decides, and that is carried out."""

import pytest

from tests.support.edits import drive, order_ids
from tests.support.world import World
from tests.tasks.editing.admin import (
    GAS,
    MOVED,
    decide,
    facts,
    in_admin,
    in_shop,
    labelled,
    ours,
    requests,
    settle,
    shop_order,
)
from tests.tasks.editing.test_abroad import serve
from tests.tasks.editing.test_at_shipbob import recipients
from tests.tasks.editing.test_goods_at_nodes import at_shipbob_now, packed
from tests.tasks.shops import act
from tests.tasks.steps import at_shipbob, at_workshop, cases, later, release

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.mark.row("EDT-3")
@pytest.mark.parametrize("known", [True, False], ids=["we know", "only the node knows"])
async def test_a_node_that_is_too_far_makes_a_case_which_names_both_sides(world: World, known: bool) -> None:
    await release(world, at_shipbob(lines=[{"sku": GAS, "quantity": 3}]))
    await labelled(world, swept=known)
    old = recipients(world)

    in_admin(world, lines=[{"sku": GAS, "quantity": 2}], shipping_address=MOVED)
    await settle(world)

    assert {"shop_edited_late": 1} == cases(world)
    found = facts(world)
    assert [{"line": f"{order_ids(world)[0]}:001", "sku": GAS, "shop": 2, "parcel": 3}] == found["lines"]
    assert {"shop", "parcel"} == set(found["address"])
    assert (old, {GAS: 3}) == (recipients(world), at_shipbob_now(world)), "the parcel is as it was"
    assert ({GAS: 3}, {GAS: 2}) == (ours(world), in_shop(world))
    assert ([] if known else [("shop", "undone")]) == requests(world)
    assert "" == world.row("SELECT fence_token FROM orders")["fence_token"]
    await later(world, 0.2)
    await drive(world)
    assert {"shop_edited_late": 1} == cases(world), "asked once"


@pytest.mark.row("EDT-3")
async def test_the_shop_is_set_back_to_what_the_parcel_has(world: World) -> None:
    await release(world, at_shipbob(lines=[{"sku": GAS, "quantity": 3}]))
    await labelled(world)
    before = shop_order(world)["shipping_address"], shop_order(world)["total"]
    in_admin(world, lines=[{"sku": GAS, "quantity": 2}, {"sku": "MUG-ENA-WHT", "quantity": 1}], shipping_address=MOVED)
    await settle(world)

    assert "set back" in await decide(world, "set_shop_back")

    assert [("shop", "applied")] == requests(world)
    assert {GAS: 3} == in_shop(world) == ours(world) == at_shipbob_now(world)
    after = shop_order(world)
    assert before[0]["address1"] == after["shipping_address"]["address1"] != "5 Elm Street"
    assert before[1] == after["total"]
    assert {} == cases(world)
    await world.advance(72)
    assert {GAS: 3} == packed(world)


@pytest.mark.row("EDT-3", bad_input=True)
@sqlite_only
async def test_a_shop_that_will_not_be_set_back_is_asked_about_again(world: World) -> None:
    await release(world, at_shipbob(lines=[{"sku": GAS, "quantity": 3}]))
    await labelled(world)
    in_admin(world, lines=[{"sku": GAS, "quantity": 2}])
    await settle(world)
    act(world, {"legacy_id": shop_order(world)["id"].rpartition("/")[2]}, "editable", {"editable": False})

    await decide(world, "set_shop_back")

    assert ([("shop", "undone")], {"shop_edited_late": 1}) == (requests(world), cases(world))
    assert "stays as it is" in await decide(world, "accept")
    await later(world, 0.2)
    await drive(world)
    assert {} == cases(world), "what a person has accepted is not asked again"


@pytest.mark.row("EDT-3")
@sqlite_only
async def test_a_parcel_can_be_recalled_by_a_person(world: World) -> None:
    await release(world, at_shipbob())
    await labelled(world)
    in_admin(world, shipping_address=MOVED)
    await settle(world)

    await decide(world, "recall_parcel")

    assert {"parcel_recall": 1} == cases(world)
    assert {"shop", "parcel"} == set(facts(world, "parcel_recall")["address"])


@pytest.mark.row("EDT-3")
async def test_what_the_own_warehouse_has_packed_stays_packed(world: World) -> None:
    world.sandbox.control("floor/settings", {"hand_over_after_s": 10**6})
    await release(world, at_workshop(lines=[{"sku": "MUG-ENA-WHT", "quantity": 2}]))
    await world.advance(1.5)
    await world.advance(1.5)
    assert 1 == world.row("SELECT count(*) n FROM audit_event WHERE to_state = 'packed'")["n"]

    in_admin(world, lines=[{"sku": "MUG-ENA-WHT", "quantity": 1}])
    await settle(world)

    assert ([], {"shop_edited_late": 1}) == (requests(world), cases(world))
    assert "node_packed" == facts(world)["code"]
    assert {"MUG-ENA-WHT": 2} == ours(world)
    await decide(world, "set_shop_back")
    assert ({"MUG-ENA-WHT": 2}, {}) == (in_shop(world), cases(world))
    world.sandbox.control("floor/settings", {"hand_over_after_s": 60})
    await world.advance(300)
    assert {"MUG-ENA-WHT": 2} == packed(world)


@pytest.mark.row("EDT-3")
@sqlite_only
async def test_after_it_has_left_a_person_decides(world: World) -> None:
    world.sandbox.control("shipbob/settings", {"instant": True})
    await release(world, at_shipbob())
    await world.advance(48)

    in_admin(world, shipping_address=MOVED)
    await settle(world)
    in_admin(world, email="ada@new.example")
    await settle(world)

    assert {"shop_edited_late": 1} == cases(world)
    assert facts(world)["code"] in ("already_shipped", "order_completed")
    contact = world.row("SELECT c.* FROM orders o JOIN order_contact c ON c.id = o.contact_id")
    assert ("ada@new.example", "12 Main Street") == (contact["email"], contact["line1"]), "no parcel shows a mailbox"
    assert [] == requests(world)


@pytest.mark.row("EDT-3")
@sqlite_only
@pytest.mark.parametrize("by", ["admin", "person"])
async def test_the_same_edit_after_the_shop_was_set_back_is_asked_about_anew(world: World, by: str) -> None:
    await release(world, at_shipbob(lines=[{"sku": GAS, "quantity": 3}]))
    await labelled(world)
    in_admin(world, lines=[{"sku": GAS, "quantity": 2}])
    await settle(world)
    if by == "admin":
        in_admin(world, lines=[{"sku": GAS, "quantity": 3}])
        await settle(world)
    else:
        await decide(world, "set_shop_back")
    assert ({GAS: 3}, {}) == (in_shop(world), cases(world)), "there is nothing left to decide"

    in_admin(world, lines=[{"sku": GAS, "quantity": 2}])
    await settle(world)

    assert {"shop_edited_late": 1} == cases(world)


@pytest.mark.row("EDT-3")
@sqlite_only
async def test_another_edit_takes_the_place_of_the_one_that_waits_for_a_person(world: World) -> None:
    await release(world, at_shipbob(lines=[{"sku": GAS, "quantity": 3}]))
    await labelled(world)
    in_admin(world, lines=[{"sku": GAS, "quantity": 2}])
    await settle(world)

    in_admin(world, lines=[{"sku": GAS, "quantity": 1}], shipping_address=MOVED)
    await settle(world)

    assert {"shop_edited_late": 1} == cases(world)
    assert [(1, 3)] == [(line["shop"], line["parcel"]) for line in facts(world)["lines"]]
    await decide(world, "set_shop_back")
    assert ({GAS: 3}, {}) == (in_shop(world), cases(world))


@pytest.mark.row("EDT-3")
@sqlite_only
async def test_a_country_that_the_parcels_node_does_not_send_to_is_a_persons(world: World) -> None:
    """The node is not asked: it would take the address."""
    await release(world, at_shipbob())
    serve(world, cicero=("US",))

    paris = {"address1": "12 Rue de Rivoli", "city": "Paris", "zip": "75001", "country_code": "FR"}
    in_admin(world, shipping_address={**MOVED, **paris, "province_code": ""})
    await settle(world)

    assert ([], {"shop_edited_late": 1}) == (requests(world), cases(world))
    assert "no_node_serves" == facts(world)["code"]
    assert ["12 Main Street"] == recipients(world)
    await decide(world, "set_shop_back")
    assert ("12 Main Street", {}) == (shop_order(world)["shipping_address"]["address1"], cases(world))
