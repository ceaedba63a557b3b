"""A cancellation reaches everybody who has the order, as far as it has come; a fence and a hold stop everything."""

from typing import Any

import pytest

from ledger import audit, operator, orders
from ledger.effects import plan
from ledger.fencing import lift_fence
from tests.support.world import World
from tests.tasks.shops import act, holds, states
from tests.tasks.steps import at_node, at_shipbob, at_workshop, cases, release, subjects

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
CANCEL_AT_NODE = "POST /2026-01/order/{orderId}:cancel"


def promised(world: World) -> int:
    """Units promised anywhere and not gone."""
    rows = world.rows("SELECT coalesce(sum(quantity), 0) n FROM reservation WHERE holder IN ('ours', 'at_node')")
    return int(rows[0]["n"])


def fence(world: World, name: str) -> str:
    row = world.row("SELECT id, version FROM orders WHERE name = :name", name=name)
    world.wiring.ledger(orders.fence, row["id"], by="edit", token="t1", base_version=row["version"])
    return str(row["id"])


async def unfence(world: World, order_id: str) -> None:
    def lift(session: Any) -> None:
        now = world.wiring.now()
        plan(session, lift_fence(session, order_id, token="t1", now=now), now)

    world.wiring.ledger(lift)
    await world.settle()


@sqlite_only
@pytest.mark.row("REC-1")
async def test_cancelled_inside_the_edit_window(world: World) -> None:
    """The node never hears of it."""
    gas, mug = world.buy(at_shipbob(), at_workshop())
    await world.settle()
    act(world, gas, "cancel")
    act(world, mug, "cancel")
    await world.settle()
    await world.advance(1)

    assert [] == at_node(world)
    assert {} == world.sandbox.accepted("easypost")
    assert {"cancelled"} == set(states(world).values())
    assert 0 == promised(world)
    assert {} == holds(world)
    assert [] == world.rows("SELECT id FROM work")
    assert not world.broken()


@pytest.mark.row("SCA-1")
@pytest.mark.row("REC-1")
async def test_cancelled_after_the_nodes_were_told(world: World) -> None:
    gas, mug = world.buy(at_shipbob(), at_workshop())
    await release(world)
    assert 1 == len(at_node(world))

    act(world, gas, "cancel")
    act(world, mug, "cancel")
    await world.settle()
    await world.advance(0.1)

    assert [1] == list(world.sandbox.accepted("shipbob")[CANCEL_AT_NODE].values())
    assert ["Cancelled"] == [order["status"] for order in at_node(world)]
    refunds = {k: v for k, v in world.sandbox.accepted("easypost").items() if k.endswith("/refund")}
    assert [1] == [count for keys in refunds.values() for count in keys.values()], "the label is voided"
    assert {"cancelled"} == set(states(world).values())
    assert 0 == promised(world)
    assert {} == cases(world)

    await world.advance(8)
    assert [0, 0] == [len(order["fulfillments"]) for order in world.orders()]
    assert [] == subjects(world, "shipped")
    assert not world.broken()


@sqlite_only
@pytest.mark.row("FUL-1", bad_input=True)
async def test_cancelled_too_late_for_the_node(world: World) -> None:
    [gas] = world.buy(at_shipbob())
    await release(world)
    [sent] = at_node(world)
    world.sandbox.control(f"shipbob/orders/{sent['id']}/advance", {"to": "picked"})
    act(world, gas, "cancel")
    await world.settle()
    await world.advance(0.1)

    assert "Cancelled" != at_node(world)[0]["status"]
    assert 1 == sum(cases(world).values())
    [case] = world.rows("SELECT kind, choices, due_at, owner FROM review_case")
    assert case["owner"]
    assert case["due_at"]
    assert "recall" in str(case["choices"])
    assert not world.broken()


@sqlite_only
async def test_an_operator_holds_and_lets_go(world: World) -> None:
    [order] = world.buy(at_shipbob())
    await world.settle()
    token = audit.actor.set("person:kim")
    try:
        row = world.wiring.ledger(operator.find_order, order["name"])
        world.wiring.ledger(operator.hold, row, "customer rang", world.wiring.now())
        await world.advance(2)
        assert [] == at_node(world)
        assert [True] == [shown["held"] for shown in world.orders()]
        assert {f"{order['name']} operator": "customer rang"} == {k: h["reason"] for k, h in holds(world).items()}

        world.wiring.ledger(operator.release, row, "operator", world.wiring.now())
    finally:
        audit.actor.reset(token)
    await world.settle()
    assert [1] == list(world.sandbox.accepted("shipbob")["POST /2026-01/order"].values())
    assert [False] == [shown["held"] for shown in world.orders()]
    trail = world.rows("SELECT actor, to_state FROM audit_event WHERE aggregate = 'hold' AND actor LIKE 'person%'")
    assert [("person:kim", "operator"), ("person:kim", "")] == [(row["actor"], row["to_state"]) for row in trail]
    assert not world.broken()


@sqlite_only
async def test_the_fence_stops_route_and_release_until_it_is_lifted(world: World) -> None:
    routed, waiting = world.buy(at_shipbob(), at_shipbob(risk="high"))
    await world.settle()
    ids = [fence(world, routed["name"])]
    await world.advance(2)
    assert [] == at_node(world)
    assert [True, True] == [order["held"] for order in world.orders()]
    with pytest.raises(orders.Fenced):
        fence(world, routed["name"])
    row = world.wiring.ledger(operator.find_order, routed["name"])
    with pytest.raises(operator.Refused, match="edit"):
        world.wiring.ledger(operator.release, row, "operator", world.wiring.now())

    await unfence(world, ids[0])
    assert 1 == len(at_node(world))
    assert {routed["name"]: "in_fulfilment", waiting["name"]: "held"} == states(world)
    assert not world.broken()


@sqlite_only
async def test_a_cancellation_during_an_edit_takes_effect_after_it(world: World) -> None:
    [order] = world.buy(at_shipbob())
    await world.settle()
    order_id = fence(world, order["name"])
    act(world, order, "cancel")
    await world.settle()
    await world.advance(2)

    assert [] == at_node(world)
    assert {order["name"]: "routing"} == states(world)
    assert {"cancelled_while_edited": 1} == cases(world)

    await unfence(world, order_id)
    await world.advance(1)
    assert [] == at_node(world)
    assert {order["name"]: "cancelled"} == states(world)
    assert {} == cases(world)
    assert 0 == promised(world)
    assert not world.broken()
