"""An order edited in the shop's own admin: the shop wins before the release, the nodes follow it after (EDT-3)."""

import pytest

from ledger.editing import requests as requests_of
from tasks.driving import Drive
from tasks.editing.driver import EDITS
from tests.support.edits import MOVED as CUSTOMERS
from tests.support.edits import ask, drive, order_ids
from tests.support.world import World, checkout
from tests.tasks.editing.admin import GAS, MOVED, in_admin, in_shop, ours, requests, settle, shop_order, street
from tests.tasks.editing.test_at_shipbob import recipients
from tests.tasks.editing.test_goods_at_nodes import at_shipbob_now, packed
from tests.tasks.shops import act, deliver, reasons, states, webhooks
from tests.tasks.steps import SHIPBOB_ORDER, at_node, at_shipbob, at_workshop, cases, later, release

troubled = pytest.mark.parametrize("trouble", ["none", "twice and out of order"])
sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.mark.row("EDT-1")
async def test_before_routing_the_shop_wins(world: World) -> None:
    world.buy(checkout(lines=[{"sku": GAS, "quantity": 2}], payment="pending"))
    await world.settle()
    assert ["held"] == list(states(world).values())

    in_admin(world, lines=[{"sku": GAS, "quantity": 1}, {"sku": "MUG-ENA-WHT", "quantity": 1}], shipping_address=MOVED)
    await settle(world)

    assert {GAS: 1, "MUG-ENA-WHT": 1} == ours(world)
    assert "5 Elm Street" == street(world)
    assert [] == requests(world)
    assert {} == cases(world)


@pytest.mark.row("EDT-1")
@troubled
async def test_a_routed_order_is_planned_anew_and_kept_back(world: World, trouble: str) -> None:
    if trouble != "none":
        webhooks(world, duplicate=1.0, reorder=1.0)
    world.buy(at_shipbob())
    await world.settle()
    assert ["routing"] == list(states(world).values())

    in_admin(world, lines=[{"sku": GAS, "quantity": 3}, {"sku": "MUG-ENA-WHT", "quantity": 2}])
    in_admin(world, shipping_address=MOVED, email="ada@new.example")
    in_admin(world, lines=[{"sku": GAS, "quantity": 2}])
    await settle(world)

    assert {GAS: 2, "MUG-ENA-WHT": 2} == ours(world)
    assert "ada@new.example" == world.row("SELECT email FROM order_contact ORDER BY version DESC LIMIT 1")["email"]
    promised = world.rows("SELECT sku, sum(quantity) n FROM reservation WHERE holder = 'ours' GROUP BY sku")
    assert {GAS: 2, "MUG-ENA-WHT": 2} == {row["sku"]: row["n"] for row in promised}
    assert shop_order(world)["held"], "new fulfilment orders in the shop are held too"
    assert 0 == world.row("SELECT count(*) n FROM shop_fulfilment WHERE hold_state = 'wanted'")["n"]
    assert ([], {}) == (requests(world), cases(world))

    await world.advance(0.9)
    await world.advance(48)
    assert {GAS: 2, "MUG-ENA-WHT": 2} == packed(world)
    assert all("5 Elm Street" == place for place in recipients(world))


@pytest.mark.row("EDT-3")
async def test_shipbob_is_told_of_what_the_shop_has_done(world: World) -> None:
    await release(world, at_shipbob(lines=[{"sku": GAS, "quantity": 3}]))

    in_admin(world, lines=[{"sku": GAS, "quantity": 2}], shipping_address=MOVED)
    await settle(world)

    assert [("shop", "applied")] == requests(world)
    assert ["5 Elm Street"] == recipients(world)
    assert {GAS: 2} == at_shipbob_now(world) == ours(world)
    assert "5 Elm Street" == street(world)
    assert "" == world.row("SELECT fence_token FROM orders")["fence_token"]
    assert {} == cases(world)
    for number in range(2):
        order = {"id": shop_order(world)["id"], "legacy_id": 1}
        assert 200 == await deliver(world, "orders/updated", order, str(number))
    await settle(world)
    assert [("shop", "applied")] == requests(world), "the same again is nothing new"


@pytest.mark.row("EDT-3")
@sqlite_only
async def test_more_goods_join_the_parcel_that_is_not_packed_yet(world: World) -> None:
    await release(world, at_shipbob())

    in_admin(world, lines=[{"sku": GAS, "quantity": 2}, {"sku": "MUG-ENA-WHT", "quantity": 1}])
    await settle(world)

    assert {GAS: 2, "MUG-ENA-WHT": 1} == ours(world) == at_shipbob_now(world)
    assert ([("shop", "applied")], {}) == (requests(world), cases(world))
    await world.advance(72)
    assert {GAS: 2, "MUG-ENA-WHT": 1} == packed(world)


@pytest.mark.row("EDT-3")
@sqlite_only
@troubled
@pytest.mark.parametrize("home", ["ShipBob", "own"])
async def test_webhooks_that_come_twice_and_out_of_order_end_the_same(world: World, home: str, trouble: str) -> None:
    world.sandbox.control("floor/settings", {"pick_after_s": 10**6})
    sku, build = {"ShipBob": (GAS, at_shipbob), "own": ("MUG-ENA-WHT", at_workshop)}[home]
    await release(world, build(lines=[{"sku": sku, "quantity": 4}]))
    if trouble != "none":
        webhooks(world, duplicate=1.0, reorder=1.0)

    in_admin(world, lines=[{"sku": sku, "quantity": 3}])
    in_admin(world, shipping_address=MOVED)
    in_admin(world, lines=[{"sku": sku, "quantity": 1}])
    in_admin(world, lines=[{"sku": sku, "quantity": 2}])
    await settle(world)
    await settle(world)

    assert {"applied"} == {state for _, state in requests(world)} - {"refused"}
    assert ({sku: 2}, {sku: 2}, "5 Elm Street", {}) == (ours(world), in_shop(world), street(world), cases(world))
    assert "" == world.row("SELECT fence_token FROM orders")["fence_token"]
    world.sandbox.control("floor/settings", {"pick_after_s": 60})
    await world.advance(1)
    await world.advance(72)
    assert {sku: 2} == packed(world)
    assert not world.broken()


@pytest.mark.row("EDT-3")
async def test_the_own_warehouses_sheet_is_taken_back(world: World) -> None:
    world.sandbox.control("floor/settings", {"pick_after_s": 10**6})
    await release(world, at_workshop(lines=[{"sku": "MUG-ENA-WHT", "quantity": 2}]))

    in_admin(world, lines=[{"sku": "MUG-ENA-WHT", "quantity": 1}], shipping_address=MOVED)
    await settle(world)

    assert ([("shop", "applied")], {}) == (requests(world), cases(world))
    assert ({"MUG-ENA-WHT": 1}, "5 Elm Street") == (ours(world), street(world))
    world.sandbox.control("floor/settings", {"pick_after_s": 60})
    await world.advance(1)
    await world.advance(72)
    assert {"MUG-ENA-WHT": 1} == packed(world)


@pytest.mark.row("EDT-3")
@pytest.mark.parametrize("first", ["customer", "shop"])
async def test_the_customer_and_the_shop_at_once(world: World, first: str) -> None:
    """The customer's edit has fenced the order: the shop's waits. A request that has changed nothing yet gives way."""
    await release(world, at_shipbob(lines=[{"sku": GAS, "quantity": 3}]))
    [order_id] = order_ids(world)
    asked = ask(world, order_id, [{"kind": "address", "contact_version": "$proposed"}], contact=CUSTOMERS)
    if first == "customer":
        await EDITS.take_requests(20)
        wired = world.wiring
        claimed = wired.ledger(requests_of.claim_due, limit=9, now=wired.now(), real_now=wired.real_now())
        drive_one = Drive(EDITS, asked, claimed.lease)
        await drive_one.begin()
        while world.row("SELECT fence_token FROM orders")["fence_token"] == "":
            await drive_one.next()
            await drive_one.make()
        in_admin(world, lines=[{"sku": GAS, "quantity": 2}])
        await world.settle()
        assert {GAS: 3} == ours(world)
        while await drive_one.next() is not None:
            await drive_one.make()
        await drive_one.end()
    else:
        await EDITS.take_requests(20)
        in_admin(world, lines=[{"sku": GAS, "quantity": 2}])
        await world.settle()
    await settle(world)

    ends = {"customer": ["applied", "applied"], "shop": ["refused", "applied"]}[first]
    assert ends == [state for _, state in requests(world)]
    assert {GAS: 2} == ours(world) == at_shipbob_now(world) == in_shop(world)
    street_now = CUSTOMERS["line1"] if first == "customer" else "12 Main Street"
    assert [street_now] == recipients(world)
    assert (street_now, {}) == (street(world), cases(world))


@pytest.mark.row("EDT-3")
@sqlite_only
async def test_a_node_that_is_being_told_is_waited_for(world: World) -> None:
    world.buy(at_shipbob(lines=[{"sku": GAS, "quantity": 3}]))
    await world.settle()
    world.sandbox.fault("shipbob", SHIPBOB_ORDER, "error", status=503, times=3)
    await world.advance(0.9)

    in_admin(world, lines=[{"sku": GAS, "quantity": 2}])
    await settle(world)
    assert [("shop", "fencing")] == requests(world)
    in_admin(world, lines=[{"sku": GAS, "quantity": 1}])
    await settle(world)
    assert ["refused", "fencing"] == [state for _, state in requests(world)], "the newer statement counts"

    for _ in range(3):
        await later(world, 0.5)
        await drive(world)
    await settle(world)

    assert "applied" == requests(world)[-1][1]
    assert {GAS: 1} == ours(world) == at_shipbob_now(world)
    assert {} == cases(world)


@pytest.mark.row("EDT-9")
@sqlite_only
async def test_an_address_of_the_shop_that_cannot_be_is_held_until_it_is_corrected(world: World) -> None:
    world.buy(at_shipbob())
    await world.settle()

    in_admin(world, shipping_address={**MOVED, "zip": "1"})
    await settle(world)
    await world.advance(2)

    assert ["address_format"] == list(reasons(world).values())
    assert [] == at_node(world), "nothing is sent there"
    in_admin(world, shipping_address=MOVED)
    await settle(world)
    await world.advance(1)
    assert ({}, ["5 Elm Street"]) == (reasons(world), recipients(world))


@pytest.mark.row("EDT-3")
@sqlite_only
async def test_a_cancellation_in_the_shop_ends_a_request_that_has_changed_nothing(world: World) -> None:
    world.buy(at_shipbob())
    await world.settle()
    [order_id] = order_ids(world)
    ask(world, order_id, [{"kind": "quantity", "line_id": f"{order_id}:001", "quantity": 2}])
    await EDITS.take_requests(20)

    act(world, {"legacy_id": shop_order(world)["id"].rpartition("/")[2]}, "cancel")
    await settle(world)

    assert [("portal", "refused")] == requests(world)
    assert ["cancelled"] == list(states(world).values())
    assert 0 == world.row("SELECT count(*) n FROM reservation WHERE holder = 'ours'")["n"]


@pytest.mark.row("EDT-3")
@sqlite_only
async def test_the_shop_changes_the_order_again_while_its_node_is_told(world: World) -> None:
    """What the second edit says is not taken over with the first: no node knows of it yet."""
    await release(world, at_shipbob(lines=[{"sku": GAS, "quantity": 4}]))
    in_admin(world, lines=[{"sku": GAS, "quantity": 3}])
    await world.settle()
    assert [("shop", "at_node")] == requests(world)

    in_admin(world, lines=[{"sku": GAS, "quantity": 2}, {"sku": "MUG-ENA-BLU", "quantity": 1}])
    await settle(world)
    await settle(world)

    assert [("shop", "applied")] * 2 == requests(world)
    assert {GAS: 2, "MUG-ENA-BLU": 1} == ours(world) == in_shop(world)
    await world.advance(72)
    assert {GAS: 2, "MUG-ENA-BLU": 1} == packed(world)
