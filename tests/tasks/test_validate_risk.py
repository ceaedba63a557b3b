"""Risk: the shop's word and three rules hold an order, a person lets it go, nothing cancels it by itself."""

from typing import Any

import pytest

from ledger import audit, operator
from tasks import deadlines
from tests.support.world import ADDRESS, World, checkout
from tests.tasks.shops import act, bodies, deliver, holds, reasons, states, webhooks
from tests.tasks.steps import cases, subjects

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ABROAD = {**ADDRESS, "province_code": None, "city": "Berlin", "zip": "10115", "country_code": "DE"}


def by(mail: str, **changes: Any) -> dict[str, Any]:
    return checkout(customer={"email": f"{mail}@example.com"}, **changes)


def let_go(world: World, name: str, hold: str) -> str:
    """A person releases a hold."""
    token = audit.actor.set("person:kim")
    try:
        order = world.wiring.ledger(operator.find_order, name)
        stage: str = world.wiring.ledger(operator.release, order, hold, world.wiring.now())
        return stage
    finally:
        audit.actor.reset(token)


@pytest.mark.row("VAL-4")
@pytest.mark.row("VAL-6")
@pytest.mark.row("SCA-1")
async def test_suspicion_holds_and_never_cancels(world: World) -> None:
    made = world.buy(
        by("high", risk="high"),
        by("medium", risk="medium", billing_address=ABROAD),
        by("value", lines=[{"sku": "TENT-4P-GRN", "quantity": 4}]),
        by("fine", billing_address=ABROAD),
    )
    await world.settle()
    for hours in (1, 2, 3, 41):
        await world.advance(hours)
    await deadlines.run_deadlines.fn(100)
    await world.settle()

    assert {} == world.sandbox.accepted("shopify").get("orderCancel", {})
    assert [0, 0, 0, 1] == [len(order["fulfillments"]) for order in world.orders()]
    names = [order["name"] for order in made]
    found = reasons(world)
    assert {
        f"{names[0]} fraud": "risk_high",
        f"{names[1]} fraud": "risk_medium",
        f"{names[2]} fraud": "value_high",
    } == found
    assert {"risk"} == {hold["owner"] for hold in holds(world).values()}
    assert all(hold["due_at"] > hold["placed_at"] for hold in holds(world).values())
    why = world.row(
        "SELECT d.explanation FROM decision d JOIN orders o ON o.id = d.order_id"
        " WHERE o.name = :name AND d.workflow = 'validate'",
        name=names[1],
    )
    assert "country_mismatch" in str(why["explanation"])
    assert [] == subjects(world, names[0]), "nothing is promised to the customer meanwhile"
    assert not world.broken()


@sqlite_only
@pytest.mark.row("VAL-4")
async def test_the_shops_late_assessment_is_waited_for_and_then_counts(world: World) -> None:
    late, never = world.buy(by("late", risk="pending"), by("never", risk="pending"))
    await world.settle()
    assert {"validating"} == set(states(world).values())

    act(world, late, "risk", {"risk": "high"})
    await world.settle()
    await world.advance(0.52)

    assert [] == world.sandbox.control("shipbob/orders")
    assert {f"{late['name']} fraud": "risk_high"} == reasons(world)
    assert "routing" == states(world)[never["name"]], "after half an hour the order goes on without it"

    act(world, late, "risk", {"risk": "low"})  # the shop thinks better of it: a person ends the suspicion
    await world.settle()
    assert [f"{late['name']} fraud"] == list(holds(world))
    assert "held" == states(world)[late["name"]]

    assert "validate" == let_go(world, late["name"], "fraud")
    await world.settle()
    assert {} == holds(world)
    assert "routing" == states(world)[late["name"]]
    [released] = world.rows("SELECT released_by FROM hold WHERE name = 'fraud'")
    assert "person:kim" == released["released_by"]
    assert not world.broken()


@sqlite_only
@pytest.mark.row("VAL-4")
async def test_many_orders_of_one_customer(world: World) -> None:
    allowed = world.wiring.policies.validation.velocity_orders
    made = [world.buy(by("same"))[0] for _ in range(allowed)]
    await world.settle()
    [one_more] = world.buy(by("same"))
    await world.settle()

    assert [True] * (allowed + 1) == [order["held"] for order in world.orders()], "by the edit window"
    assert {f"{one_more['name']} fraud": "velocity"} == reasons(world)
    assert {"routing"} == {states(world)[order["name"]] for order in made}
    assert not world.broken()


@sqlite_only
@pytest.mark.row("VAL-4", bad_input=True)
@pytest.mark.row("VAL-6", bad_input=True)
async def test_an_assessment_that_cannot_be_read_ships_nothing(world: World) -> None:
    webhooks(world, drop=1.0)
    [order] = world.buy(by("ada"))
    nodes = await bodies(world, [order])
    nodes[0]["risk"]["assessments"] = [{"riskLevel": "GREEN", "facts": []}]
    world.sandbox.fault("shopify", "nodes", "error", status=200, body={"data": {"nodes": nodes}}, times=None)
    assert 200 == await deliver(world, "orders/create", order, "one")
    await world.settle()
    await world.advance(2)

    assert [] == world.sandbox.control("shipbob/orders")
    assert {} == states(world)
    assert {"inbox_unreadable": 1} == cases(world)
    [case] = world.rows("SELECT owner, due_at, facts FROM review_case")
    assert "ops" == case["owner"]
    assert case["due_at"]
    assert "unknown_level" in str(case["facts"])
    assert not world.broken()


@sqlite_only
@pytest.mark.row("VAL-6")
@pytest.mark.row("VAL-6", bad_input=True)
async def test_several_holds_stand_side_by_side_and_all_must_go(world: World) -> None:
    [order] = world.buy(by("both", risk="high", payment="declined", address={"address1": "1 Unknown Street"}))
    await world.settle()
    name = order["name"]
    assert {f"{name} address", f"{name} fraud", f"{name} payment"} == set(holds(world))
    assert {"customer", "risk", "ops"} == {hold["owner"] for hold in holds(world).values()}

    for hold in ("fraud", "address"):
        let_go(world, name, hold)
        await world.settle()
    await world.advance(1)

    assert [True] == [shown["held"] for shown in world.orders()]
    assert {f"{name} payment": "declined"} == reasons(world)
    for wrong in ("edit_window", "nonsense"):
        with pytest.raises(operator.Refused):
            let_go(world, name, wrong)
    assert not world.broken()
