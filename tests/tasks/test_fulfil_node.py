"""Release to a 3PL: once, whatever the line to it does (FUL-1)."""

import pytest

from ledger.orders import fence, unfence
from tasks.warehouse_sweep import sweep_node_orders
from tests.support.world import World
from tests.tasks.steps import (
    SHIPBOB_ORDER,
    ask,
    at_node,
    at_shipbob,
    at_workshop,
    cases,
    effect,
    labels,
    later,
    release,
    subjects,
)

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.mark.row("FUL-1")
@pytest.mark.row("SCA-1")
async def test_nothing_reaches_the_node_before_the_window_closes(world: World) -> None:
    world.buy(at_shipbob(), at_shipbob(shipping={"title": "Express", "code": "express", "price": "15.00"}))
    await world.settle()
    assert [] == at_node(world)

    await world.advance(0.9)

    assert [1, 1] == list(world.sandbox.accepted("shipbob")[SHIPBOB_ORDER].values())
    rows = world.rows("SELECT id, state, request_state, priority, node_external_id FROM fulfilment_order ORDER BY id")
    assert {f"{row['id']}.1": int(row["node_external_id"]) for row in rows} == {
        order["reference_id"]: order["id"] for order in at_node(world)
    }
    assert {("in_progress", "accepted")} == {(row["state"], row["request_state"]) for row in rows}
    assert [5, 1] == [row["priority"] for row in rows], "the express order goes first"
    assert not world.broken()


@sqlite_only
@pytest.mark.row("FUL-1")
@pytest.mark.parametrize("fault", [{"kind": "error_after", "status": 502}, {"kind": "truncate"}])
async def test_an_order_that_the_node_took_without_saying_so_is_found(world: World, fault: dict[str, object]) -> None:
    """The answer is lost after the vendor acted: looked up by our reference, never sent again."""
    world.sandbox.fault("shipbob", SHIPBOB_ORDER, **fault)  # type: ignore[arg-type]

    await release(world, at_shipbob())
    await later(world, 0.1)

    assert [1] == list(world.sandbox.accepted("shipbob")[SHIPBOB_ORDER].values())
    [order] = at_node(world)
    assert str(order["id"]) == effect(world, "node.create_order")["external_id"]
    assert "accepted" == world.row("SELECT request_state FROM fulfilment_order")["request_state"]
    assert {"found"} <= {row["cause"] for row in world.rows("SELECT cause FROM audit_event")}
    assert not world.broken()


@sqlite_only
@pytest.mark.row("FUL-1", bad_input=True)
async def test_a_node_that_refuses_gives_the_units_back_and_asks_a_person(world: World) -> None:
    body = {"title": "Unprocessable", "status": 422, "errors": {"products[0].sku": ["Unknown sku"]}}
    world.sandbox.fault("shipbob", SHIPBOB_ORDER, "error", status=422, body=body)

    await release(world, at_shipbob(), at_shipbob())

    assert 1 == len(at_node(world)), "the other order of the batch went through"
    assert {"node_refused": 1} == cases(world)
    rejected = world.row("SELECT * FROM fulfilment_order WHERE request_state = 'rejected'")
    assert "cancelled" == rejected["state"]
    held = world.rows("SELECT holder FROM reservation WHERE fulfilment_order_id = :id", id=rejected["id"])
    assert ["released"] == [row["holder"] for row in held]
    assert not world.broken()


@sqlite_only
@pytest.mark.row("FUL-1", bad_input=True)
async def test_a_reference_taken_by_another_order_is_a_case(world: World) -> None:
    """Somebody used our reference for other goods: 422, looked up, not taken for ours."""
    world.buy(at_shipbob())
    await world.settle()
    reference = f"{world.row('SELECT id FROM fulfilment_order')['id']}.1"
    shop = world.wiring.accounts.warehouses[0]
    await _order_by_hand(world, shop.secret, reference)

    await world.advance(0.9)

    assert {reference: 1} == world.sandbox.accepted("shipbob")[SHIPBOB_ORDER]
    refused = effect(world, "node.create_order")
    assert ("rejected", "reference_conflict") == (refused["state"], refused["error"])
    assert {"node_refused": 1} == cases(world)
    assert not world.broken()


async def _order_by_hand(world: World, token: str, reference: str) -> None:
    answer = await ask(
        "POST",
        f"{world.sandbox.url}/shipbob/2026-01/order",
        headers={"authorization": f"Bearer {token}", "shipbob_channel_id": "1001"},
        json={
            "reference_id": reference, "order_number": "X-1", "shipping_method": "Standard", "type": "DTC",
            "products": [{"reference_id": "ROPE-20", "sku": "ROPE-20", "quantity": 9}],
            "recipient": {"name": "Bob", "address": {
                "address1": "1 Elsewhere", "city": "Reno", "state": "NV", "zip_code": "89502", "country": "US",
            }},
        },
    )  # fmt: skip
    assert answer.status_code == 201, answer.text


@sqlite_only
@pytest.mark.row("FUL-1")
async def test_a_node_that_is_down_stops_only_what_needs_it(world: World) -> None:
    """The other node's orders go on; the effects wait by their own rows and are made up for."""
    world.sandbox.fault("shipbob", "*", "refuse", times=None)
    await release(world, at_shipbob(), at_workshop())
    await later(world, 0.1)
    assert 1 == len(labels(world))
    assert [] == at_node(world)
    assert "unknown" == effect(world, "node.create_order")["state"], "the connection broke after sending"
    troubled = world.rows("SELECT name FROM heartbeat WHERE detail <> '' AND name LIKE 'vendor:%'")
    assert ["vendor:shipbob/main"] == [row["name"] for row in troubled]

    world.sandbox.control("faults", method="DELETE")
    await later(world, 0.5)

    assert [1] == list(world.sandbox.accepted("shipbob")[SHIPBOB_ORDER].values())
    assert "done" == effect(world, "node.create_order")["state"]
    assert [] == world.rows("SELECT name FROM heartbeat WHERE detail <> '' AND name LIKE 'vendor:%'")
    assert {} == cases(world)
    assert not world.broken()


@sqlite_only
@pytest.mark.row("FUL-1", bad_input=True)
async def test_trouble_at_the_node_is_a_case_and_the_order_ships_when_it_is_mended(world: World) -> None:
    await release(world, at_shipbob())
    [order] = at_node(world)
    world.sandbox.control(f"shipbob/orders/{order['id']}/advance", {"to": "hold"})
    await world.settle()
    assert {"node_exception": 1} == cases(world)

    world.sandbox.control(f"shipbob/orders/{order['id']}/advance", {"to": "shipped"})
    await world.settle()

    assert [1] == [len(order["fulfillments"]) for order in world.orders()]
    assert 1 == len(subjects(world, "on its way"))
    assert not world.broken()


@sqlite_only
@pytest.mark.row("EDT-3")
@pytest.mark.parametrize("delivered", [True, False], ids=["delivered", "swept"])
async def test_a_parcel_that_leaves_during_an_edit_is_told_again_until_the_edit_has_ended(
    world: World, delivered: bool
) -> None:
    await release(world, at_shipbob())
    [order] = at_node(world)
    row = world.row("SELECT id, version FROM orders")
    world.wiring.ledger(fence, row["id"], by="edit", token="edr_1", base_version=row["version"])
    if not delivered:
        world.sandbox.control("webhooks", {"vendor": "shipbob", "drop": 1.0})
    world.sandbox.control(f"shipbob/orders/{order['id']}/advance", {"to": "shipped"})
    await world.settle()
    if not delivered:
        await sweep_node_orders.fn("shipbob/main")

    for hours in (0.1, 0.1):
        await world.advance(hours)
        assert {None} == {parcel["shipped_at"] for parcel in world.rows("SELECT shipped_at FROM shipment")}
    waiting = world.rows("SELECT error FROM inbox_event WHERE source = 'shipbob' AND handled_at IS NULL")
    assert {"fenced"} == {event["error"] for event in waiting}
    assert {} == cases(world), "waiting is no failure"

    world.wiring.ledger(unfence, row["id"], token="edr_1")
    await world.advance(0.1)
    assert 1 == world.row("SELECT shipped FROM order_line")["shipped"]
    assert [] == world.rows("SELECT id FROM inbox_event WHERE source = 'shipbob' AND handled_at IS NULL")
    assert not world.broken()
