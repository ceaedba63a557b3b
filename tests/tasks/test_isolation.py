"""One bad order never stops its batch: it backs off by its own row, then a person is asked; the others go on."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from ledger import operator
from ledger.queue import MAX_ATTEMPTS
from tasks import capture, deadlines, fulfil, reconcile, route, sweeping, tracking, validate, warehouse_sweep
from tasks.effect_kinds import KINDS
from tasks.shift import leftovers
from tests.support.world import World, checkout
from tests.tasks.shops import states, webhooks
from tests.tasks.steps import cases

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
BAD = "#1002"


class _OwnFault(Exception):
    """Something that our program did not foresee."""


def _ids(subjects: Any) -> Sequence[str]:
    """Order ids or names in whatever a ledger function is handed."""
    found = list(subjects)
    return [str(getattr(each, "name", each)) for each in found]


def spoil(monkeypatch: pytest.MonkeyPatch, world: World, module: Any, name: str) -> None:
    """Let this step raise whenever the bad order is among its orders."""
    real: Callable[..., Any] = getattr(module, name)

    def raising(session: Any, orders: Any, *args: Any, **kwargs: Any) -> Any:
        bad = {
            BAD,
            *(
                row["id"]
                for row in session.execute(
                    sa.text("SELECT id FROM orders WHERE name = :name"), {"name": BAD}
                ).mappings()
            ),
        }
        if bad & set(_ids(orders)):
            raise _OwnFault
        return real(session, orders, *args, **kwargs)

    monkeypatch.setattr(module, name, raising)


def execute(world: World, statement: str) -> None:
    with world.wiring.engine.begin() as connection:
        connection.execute(sa.text(statement))


def three() -> list[dict[str, Any]]:
    return [checkout(customer={"email": f"ada{n}@example.com"}) for n in range(3)]


@pytest.mark.parametrize(
    ("stage", "module", "name"),
    [
        ("validate", validate, "judge_orders"),
        ("route", route, "route_orders"),
        ("fulfil", fulfil, "plan_release"),
        ("reconcile", reconcile, "post_orders"),
    ],
)
@sqlite_only
async def test_a_bad_order_stands_aside(
    world: World, monkeypatch: pytest.MonkeyPatch, stage: str, module: Any, name: str
) -> None:
    with monkeypatch.context() as patched:
        spoil(patched, world, module, name)
        world.buy(*three())
        await world.settle()
        await world.advance(0.9)

        assert [False, stage != "reconcile", False] == [order["held"] for order in world.orders()]
        others = {name: state for name, state in states(world).items() if name != BAD}
        assert {"#1001": "in_fulfilment", "#1003": "in_fulfilment"} == others
        [waiting] = world.rows("SELECT * FROM work WHERE stage = :stage AND error <> ''", stage=stage)
        assert ("_OwnFault", 1 <= waiting["attempts"] < MAX_ATTEMPTS) == (waiting["error"], True)
        assert {} == cases(world)

        execute(world, f"UPDATE work SET attempts = {MAX_ATTEMPTS - 1} WHERE error <> ''")
        await world.advance(0.6)
        assert {"stage_failing": 1} == cases(world)

    [case] = world.rows("SELECT id, choices FROM review_case")
    world.wiring.ledger(operator.resolve_case, case["id"], "retry", world.wiring.now())
    await world.settle()
    await world.advance(1)
    assert {"in_fulfilment"} == set(states(world).values())
    assert [False] * 3 == [order["held"] for order in world.orders()]
    assert {} == cases(world)
    assert not world.broken()


@pytest.mark.row("CAP-1", bad_input=True)
@sqlite_only
async def test_an_order_that_cannot_be_stored_stands_aside(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        spoil(patched, world, capture, "capture_orders")
        world.buy(*three())
        await world.settle()
        assert [True, False, True] == [order["held"] for order in world.orders()]
        assert ["#1001", "#1003"] == list(states(world))
        stuck = world.rows("SELECT error, attempts FROM inbox_event WHERE handled_at IS NULL")
        assert {"_OwnFault"} == {row["error"] for row in stuck}

        execute(world, f"UPDATE inbox_event SET attempts = {MAX_ATTEMPTS - 1} WHERE handled_at IS NULL")
        await world.advance(0.2)
        assert {"inbox_unreadable"} == set(cases(world))

    for case in world.rows("SELECT id FROM review_case"):
        world.wiring.ledger(operator.resolve_case, case["id"], "retry", world.wiring.now())
    await world.settle()
    assert [True] * 3 == [order["held"] for order in world.orders()]
    assert not world.broken()


@pytest.mark.row("CAP-2", bad_input=True)
@sqlite_only
async def test_a_sweep_sets_aside_what_it_cannot_store(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    webhooks(world, drop=1.0)
    world.buy(*three())
    with monkeypatch.context() as patched:
        spoil(patched, world, capture, "capture_orders")
        report = await sweeping.sweep_orders.fn("shopify/alpha")
        assert [True, False, True] == [order["held"] for order in world.orders()]
        assert {"created": 2, "postponed": 1} == report.counts
    await world.settle()

    assert [True] * 3 == [order["held"] for order in world.orders()], "it waited in the inbox"
    assert ["#1001", "#1002", "#1003"] == list(states(world))
    assert not world.broken()


@pytest.mark.row("VAL-1", bad_input=True)
@sqlite_only
async def test_a_deadline_that_fails_stops_no_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.buy(*(body | {"payment": "declined"} for body in three()))
    await world.settle()
    await world.advance(18.1)
    real = deadlines.cancel_everywhere

    def cancel(session: Any, order: Any, **wanted: Any) -> Any:
        if order["name"] == BAD:
            raise _OwnFault
        return real(session, order, **wanted)

    with monkeypatch.context() as patched:
        patched.setattr(deadlines, "cancel_everywhere", cancel)
        report = await deadlines.run_deadlines.fn(100)
        assert {"cancelled_unpaid": 2, "postponed": 1} == report.counts
        execute(world, f"UPDATE deadline SET attempts = {MAX_ATTEMPTS - 1} WHERE state = 'pending'")
        await world.advance(0.1)
        assert {"postponed": 1} == (await deadlines.run_deadlines.fn(100)).counts
    assert 2 == len(world.sandbox.accepted("shopify")["orderCancel"])
    assert {"deadline_failing": 1} == cases(world)

    await world.advance(0.6)
    assert {"cancelled_unpaid": 1} == (await deadlines.run_deadlines.fn(100)).counts
    assert all(order["cancelled_at"] for order in world.orders())
    assert {"cancelled"} == set(states(world).values())
    assert not world.broken()


@sqlite_only
@pytest.mark.row("FUL-4", bad_input=True)
async def test_what_a_node_says_of_one_order_stops_no_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deliveries and the sweep alike."""
    world.buy(*(body | {"lines": [{"sku": "GAS-230", "quantity": 1}]} for body in three()))
    await world.settle()
    await world.advance(0.9)
    bad = world.row("SELECT f.id FROM fulfilment_order f JOIN orders o ON o.id = f.order_id WHERE o.name = :n", n=BAD)
    real = fulfil.record_node_orders

    def record(session: Any, said: Any, *args: Any) -> Any:
        if any(order.reference.startswith(bad["id"]) for order in said):
            raise _OwnFault
        return real(session, said, *args)

    with monkeypatch.context() as patched:
        patched.setattr(fulfil, "record_node_orders", record)
        for hours in (2, 1, 2.5):
            await world.advance(hours)
        report = await warehouse_sweep.sweep_node_orders.fn("shipbob/main")
        await world.settle()
        assert 1 == report.counts["postponed"]
        assert [1, 0, 1] == [len(order["fulfillments"]) for order in world.orders()]
        assert world.rows("SELECT id FROM inbox_event WHERE handled_at IS NULL AND error = '_OwnFault'")

    await world.advance(1)
    assert [1, 1, 1] == [len(order["fulfillments"]) for order in world.orders()]
    assert [] == world.rows("SELECT id FROM inbox_event WHERE handled_at IS NULL")
    assert not world.broken()


@sqlite_only
@pytest.mark.row("FUL-4", bad_input=True)
async def test_what_a_carrier_says_of_one_parcel_stops_no_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.buy(*three())
    for hours in (0.9, 2, 3, 2):
        await world.advance(hours)
    parcels = world.rows("SELECT tracker_external_id FROM shipment ORDER BY id")
    assert [1, 1, 1] == [len(order["fulfillments"]) for order in world.orders()]
    bad = parcels[1]["tracker_external_id"]
    real = tracking.record_both

    def record(session: Any, trackers: Any, *more: Any) -> Any:
        if any(tracker.external_id == bad for tracker in trackers):
            raise _OwnFault
        return real(session, trackers, *more)

    with monkeypatch.context() as patched:
        patched.setattr(tracking, "record_both", record)
        await world.advance(48)
        await world.advance(24)
        delivered = world.rows("SELECT tracker_external_id FROM shipment WHERE state = 'delivered'")
        assert {row["tracker_external_id"] for row in parcels} - {bad} == {r["tracker_external_id"] for r in delivered}

    await tracking.look_at_parcels.fn(100)
    await world.advance(1)
    assert {"completed"} == set(states(world).values())
    assert not world.broken()


@sqlite_only
@pytest.mark.row("CAP-5", bad_input=True)
async def test_an_effect_whose_outcome_cannot_be_recorded_stops_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All three holds stand in the shop; we know of two, and find out about the third."""
    kind = KINDS["shop.hold"]

    def held(session: Any, pairs: Any, now: Any) -> Any:
        bad = session.execute(sa.text("SELECT id FROM orders WHERE name = :n"), {"n": BAD}).scalar_one_or_none()
        if bad and any(effect["order_id"] == bad for effect, _ in pairs):  # it may not be captured yet
            raise _OwnFault
        return kind.handlers.on_done(session, pairs, now)

    with monkeypatch.context() as patched:
        patched.setitem(KINDS, "shop.hold", replace(kind, handlers=replace(kind.handlers, on_done=held)))  # type: ignore[arg-type]
        world.buy(*three())
        await world.settle()
        assert [True] * 3 == [order["held"] for order in world.orders()]
        rows = world.rows("SELECT state, error FROM effect WHERE kind = 'shop.hold' ORDER BY state")
        assert [("done", ""), ("done", ""), ("unknown", "_OwnFault")] == [(r["state"], r["error"]) for r in rows]

    await world.advance(1)
    await leftovers()
    await world.advance(0.1)
    assert [1] * 3 == list(world.sandbox.accepted("shopify")["fulfillmentOrderHold"].values())
    assert {"in_fulfilment"} == set(states(world).values())
    assert [False] * 3 == [order["held"] for order in world.orders()]
    assert not world.broken()
