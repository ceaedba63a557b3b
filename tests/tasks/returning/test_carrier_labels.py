"""Labels for the way back that a carrier makes itself (RET-2): made once, followed, recalled when nobody uses them."""

from dataclasses import replace
from typing import Any

import pytest

from ledger.returning import intake
from tasks.tracking import look_at_parcels
from tests.support.returns import decide, delivered, drive, put, settled, state, take_back
from tests.support.world import World
from tests.tasks.steps import cases, labels, later, subjects

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SHIP = "POST /api/shipments/{version}/ship"
VOID = "DELETE /api/shipments/{version}/void/cancel/{number}"


def by_ups(world: World, account: str = "ups/main") -> None:
    """The shop's policy: its own carrier makes the labels."""
    policies = world.wiring.policies
    world.wiring.policies = replace(policies, way_back=replace(policies.way_back, label_from=account))


def at_ups(world: World) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = world.sandbox.control("ups/labels")
    return found


async def way_back(world: World) -> Any:
    by_ups(world)
    [order_id] = await delivered(world)
    return await take_back(world, order_id)


@pytest.mark.row("RET-2")
async def test_the_carriers_own_label_is_mailed_and_its_parcel_followed(world: World) -> None:
    request = await way_back(world)
    await settled(world)

    assert [1] == list(world.sandbox.accepted("ups")[SHIP].values())
    [label] = at_ups(world)
    parcel = world.row("SELECT * FROM return_parcel")
    assert ("label_issued", label["number"]) == (state(world, request), parcel["tracking_number"])
    assert [] == [each for each in labels(world) if each["is_return"]], "none is bought elsewhere"
    assert 1 == len(subjects(world, "Your return of order"))

    world.sandbox.control(f"ups/parcels/{label['number']}/hand_in", {})
    await later(world, 25)
    await look_at_parcels.fn(100)
    await drive(world)
    assert state(world, request) in ("in_transit", "received"), "scans are heard of"


@pytest.mark.row("RET-2")
@pytest.mark.row("TRU-1")
async def test_a_label_whose_answer_is_lost_is_found_by_its_reference(world: World) -> None:
    world.sandbox.fault("ups", SHIP, "error_after", status=502, times=1)
    request = await way_back(world)
    await later(world, 0.1)
    await drive(world)

    assert [1] == list(world.sandbox.accepted("ups")[SHIP].values())
    assert ("label_issued", {}) == (state(world, request), cases(world))


@pytest.mark.row("RET-2")
async def test_a_label_that_nobody_uses_is_recalled(world: World) -> None:
    request = await way_back(world)
    put(world, intake.cancellation(request["id"], request["order_id"], "portal"))
    await drive(world)
    await later(world, 0.1)

    [label] = at_ups(world)
    assert {label["number"]: 1} == world.sandbox.accepted("ups")[VOID]
    assert ("cancelled", "cancelled") == (state(world, request), world.row("SELECT state FROM return_parcel")["state"])


@pytest.mark.row("RET-2", bad_input=True)
async def test_an_account_that_there_is_not_is_a_persons_case_with_its_name(world: World) -> None:
    by_ups(world, "ups/elsewhere")
    [order_id] = await delivered(world)
    request = await take_back(world, order_id)

    assert ("approved", {"return_label_refused": 1}) == (request["state"], cases(world))
    assert "ups/elsewhere" in world.row("SELECT facts FROM review_case WHERE kind = 'return_label_refused'")["facts"]
    by_ups(world)
    decide(world, "retry", "return_label_refused")
    await drive(world)
    assert "label_issued" == state(world, request)
    assert [f"{request['rma']}-2"] == list(world.sandbox.accepted("ups")[SHIP])
