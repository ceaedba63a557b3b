"""The shop commits the lines of an edit and refuses its address: it gets its lines back, as the nodes do (EDT-3)."""

from typing import Any

import pytest

from domain.states import EditState
from tests.support.edits import MOVED, ask, drive_until, edit, order_ids, request_row
from tests.support.packed import open_edits, unlike
from tests.support.payment_pages import drive, pay, payment_webhooks
from tests.support.world import World, checkout
from tests.tasks.editing.racing import to_its_end, told
from tests.tasks.shops import act, webhooks
from tests.tasks.steps import cases, later, release

pytestmark = pytest.mark.row("EDT-3")
sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
LINES = [{"sku": "GAS-230", "quantity": 2}, {"sku": "MUG-ENA-WHT", "quantity": 1}]
REFUSAL = {"data": {"m0": {"order": None, "userErrors": [{"field": ["shippingAddress"], "message": "Enter a city"}]}}}
MOVE = {"kind": "address", "contact_version": "$proposed"}


def shown(world: World) -> tuple[dict[str, int], str, str]:
    """What the shop shows: units, total, street."""
    [order] = world.orders()
    units = {line["sku"]: line["current_quantity"] for line in order["lines"] if line["current_quantity"]}
    return units, order["total"], order["shipping_address"]["address1"]


def refuse_the_address(world: World) -> None:
    world.sandbox.fault("shopify", "orderUpdate", kind="error", status=200, body=REFUSAL)


@sqlite_only
@pytest.mark.parametrize("released", [False, True], ids=["before release", "at the 3PL"])
@pytest.mark.parametrize(
    "actions",
    [
        [{"kind": "quantity", "line_id": "001", "quantity": 1}],
        [{"kind": "remove", "line_id": "002"}],
        [{"kind": "swap", "line_id": "002", "sku": "MUG-ENA-BLU"}],
    ],
    ids=["fewer", "remove", "swap"],
)
async def test_lines_that_were_committed_are_put_back(
    world: World, actions: list[dict[str, Any]], released: bool
) -> None:
    world.buy(checkout(lines=LINES))
    await (release(world) if released else world.settle())
    [order_id] = order_ids(world)
    before = shown(world)
    refuse_the_address(world)
    asked = [{**action, "line_id": f"{order_id}:{action['line_id']}"} for action in actions]

    request = await edit(world, order_id, [MOVE, *asked], contact=MOVED)

    assert "undone" == request["state"], (request["state"], request["reasons"])
    assert before == shown(world)
    assert 2 == sum(world.sandbox.accepted("shopify")["orderEditCommit"].values()), "there and back"
    await world.settle()
    await later(world, 1)
    assert "edit_refused" in told(world, request)
    await later(world, 48)
    assert [] == unlike(world)
    assert {} == cases(world)
    [order] = world.orders()
    assert before[0] == {line["sku"]: line["quantity"] for parcel in order["fulfillments"] for line in parcel["lines"]}


@sqlite_only
async def test_what_was_paid_for_lines_that_are_put_back_goes_back(world: World) -> None:
    payment_webhooks(world)
    world.buy(checkout(lines=LINES))
    await world.settle()
    [order_id] = order_ids(world)
    before = shown(world)
    refuse_the_address(world)

    added = {"kind": "add", "sku": "MUG-ENA-BLU", "quantity": 2}
    request = await edit(world, order_id, [MOVE, added], contact=MOVED)
    pay(world, request["id"])
    await world.delivered()
    await drive(world)
    await later(world, 0.1)

    assert "undone" == world.row("SELECT state FROM edit_request")["state"]
    assert before == shown(world)
    paid = request["quote"]["to_pay_minor"]
    assert [paid] == [row["amount"] for row in world.sandbox.control("stripe/refunds")]
    await later(world, 1)
    assert [] == unlike(world)


async def test_a_shop_that_does_not_take_them_back_is_a_persons(world: World) -> None:
    """Both sides still have the new lines then: nothing that a node packs is unknown to the shop."""
    await release(world, checkout(lines=[{"sku": "GAS-230", "quantity": 2}]))
    [order_id] = order_ids(world)
    refuse_the_address(world)
    refused = {"userErrors": [{"field": ["id"], "message": "The order cannot be edited."}]}
    begin = {"data": {"m0": {"calculatedOrder": None, **refused}}}
    fewer = {"kind": "quantity", "line_id": f"{order_id}:001", "quantity": 1}
    world.sandbox.fault("shopify", "orderEditBegin", kind="error", status=200, body=begin, skip=2, times=None)

    request = await edit(world, order_id, [MOVE, fewer], contact=MOVED)
    await to_its_end(world, request["id"])

    assert "parked" == request["state"], (request["state"], request["reasons"])
    assert [] == open_edits(world)
    assert {"edit_parked": 1} == cases(world)


@sqlite_only
async def test_lines_of_an_order_that_is_cancelled_meanwhile_are_not_put_back(world: World) -> None:
    """Its shop takes nothing any more, and has not told us yet why."""
    await release(world, checkout(lines=[{"sku": "GAS-230", "quantity": 2}]))
    [order_id] = order_ids(world)
    refuse_the_address(world)
    fewer = {"kind": "quantity", "line_id": f"{order_id}:001", "quantity": 1}
    request_id = ask(world, order_id, [MOVE, fewer], contact=MOVED)
    await drive_until(world, request_id, EditState.UNDOING)
    webhooks(world, drop=1.0)
    act(world, world.orders()[0], "cancel")

    await to_its_end(world, request_id)
    await later(world, 1)

    request = request_row(world, request_id)
    assert ("undone", "order_cancelled") == (request["state"], request["reasons"][0]["code"])
    assert "cancelled" == world.row("SELECT state FROM orders")["state"]
    assert [] == unlike(world)
    assert {} == cases(world)
