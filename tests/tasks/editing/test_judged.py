"""What may be changed, and what a request is told that may not (EDT-2, EDT-4, EDT-5, EDT-6, EDT-9)."""

from typing import Any

import pytest

from tests.support.edits import MOVED, ask, drive, edit, order_ids, request_row
from tests.support.world import World, checkout
from tests.tasks.steps import at_node, at_shipbob, release

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
TWO = [{"sku": "GAS-230", "quantity": 2}, {"sku": "MUG-ENA-WHT", "quantity": 1}]


async def bought(world: World, **changes: Any) -> str:
    world.buy(checkout(**{"lines": TWO, **changes}))
    await world.settle()
    return order_ids(world)[-1]


def codes(request: Any) -> list[str]:
    return [reason["code"] for reason in request["reasons"]]


@pytest.mark.row("EDT-4")
async def test_what_is_sold_out_is_answered_with_alternatives_that_are_not(world: World) -> None:
    order_id = await bought(world)

    request = await edit(world, order_id, [{"kind": "add", "sku": "MUG-ENA-BLU", "quantity": 5000}])

    assert ("refused", ["out_of_stock"]) == (request["state"], codes(request))
    assert not [row for row in world.rows("SELECT * FROM reservation WHERE fulfilment_order_id = :i", i=request["id"])]


@pytest.mark.row("EDT-5")
async def test_another_price_than_the_one_agreed_to_is_another_question(world: World) -> None:
    order_id = await bought(world)
    fewer = [{"kind": "quantity", "line_id": f"{order_id}:001", "quantity": 1}]

    request = await edit(world, order_id, fewer, agreed_minor=-1)

    assert ("refused", ["price_changed"]) == (request["state"], codes(request))
    difference = request["reasons"][0]["difference_minor"]
    assert "applied" == (await edit(world, order_id, fewer, agreed_minor=difference))["state"]


@pytest.mark.row("EDT-1")
async def test_several_changes_are_one_request(world: World) -> None:
    await release(world, checkout(lines=TWO))
    [order_id] = order_ids(world)
    actions = [
        {"kind": "address", "contact_version": "$proposed"},
        {"kind": "contact", "contact_version": "$proposed"},
        {"kind": "quantity", "line_id": f"{order_id}:001", "quantity": 1},
        {"kind": "swap", "line_id": f"{order_id}:002", "sku": "MUG-ENA-BLU"},
    ]

    request = await edit(world, order_id, actions, contact={**MOVED, "phone": "+16175550177"})

    assert "applied" == request["state"], (request["state"], request["reasons"])
    [order] = world.orders()
    assert MOVED["line1"] == order["shipping_address"]["address1"]
    assert {"GAS-230": 1, "MUG-ENA-BLU": 1} == {
        line["sku"]: line["current_quantity"] for line in order["lines"] if line["current_quantity"]
    }
    [shipment] = at_node(world)[0]["shipments"]
    assert MOVED["line1"] == shipment["recipient"]["address"]["address1"]
    assert {"GAS-230": 1, "MUG-ENA-BLU": 1} == {line["sku"]: line["quantity"] for line in shipment["lines"]}


@pytest.mark.row("EDT-1", bad_input=True)
@pytest.mark.parametrize(
    ("actions", "code"),
    [
        ([], "empty_request"),
        ([{"kind": "teleport"}], "unknown_kind"),
        ([{"kind": "remove", "line_id": "of somebody else"}], "unknown_line"),
        ([{"kind": "add", "sku": "NO-SUCH", "quantity": 1}], "unknown_sku"),
        ([{"kind": "quantity", "line_id": "001", "quantity": -3}], "negative_quantity"),
        ([{"kind": "cancel"}, {"kind": "add", "sku": "MUG-ENA-BLU", "quantity": 1}], "cancel_and_more"),
    ],
)
async def test_what_makes_no_sense_is_refused_with_its_reason(
    world: World, actions: list[dict[str, Any]], code: str
) -> None:
    order_id = await bought(world)

    request = await edit(world, order_id, actions)

    assert ("refused", [code]) == (request["state"], codes(request))
    assert 1 == len(world.orders())


@pytest.mark.row("EDT-3")
async def test_a_second_request_is_told_of_the_first(world: World) -> None:
    order_id = await bought(world)
    first = ask(world, order_id, [{"kind": "remove", "line_id": f"{order_id}:002"}])
    second = ask(world, order_id, [{"kind": "cancel"}])
    await drive(world)
    assert "applied" == request_row(world, first)["state"]
    assert ("refused", ["another_open"]) == (request_row(world, second)["state"], codes(request_row(world, second)))


@pytest.mark.row("EDT-2")
@pytest.mark.row("EDT-6")
async def test_after_the_window_the_reason_and_the_next_step_are_named(world: World) -> None:
    await release(world, at_shipbob())
    await world.advance(24)
    [order_id] = order_ids(world)

    request = await edit(world, order_id, [{"kind": "cancel"}])

    assert "refused" == request["state"]
    assert request["reasons"][0].get("next_step"), request["reasons"]


@pytest.mark.row("EDT-9")
async def test_an_address_abroad_waits_for_a_person_who_approves(world: World) -> None:
    order_id = await bought(world)
    abroad = {
        "line1": "12 Rue de Rivoli",
        "line2": "",
        "city": "Paris",
        "region": "",
        "postal_code": "75001",
        "country": "FR",
    }

    request = await edit(world, order_id, [{"kind": "address", "contact_version": "$proposed"}], contact=abroad)

    assert "awaiting_review" == request["state"], request["reasons"]
    assert "country_changed" in codes(request)
    case = world.row("SELECT id, kind, order_id FROM review_case WHERE state = 'open'")
    assert ("edit_review", order_id) == (case["kind"], case["order_id"])
