"""Parcels: written back to the shop once, followed, and told to the customer (FUL-4, COM-1)."""

from typing import Any

import pytest

from tasks import tracking, warehouse_sweep
from tests.support.world import World
from tests.tasks.steps import (
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
GARBAGE = {"id": 7, "status": ["?"], "tracking_details": "none"}
TRACKER = "GET /v2/trackers/{id}"


async def shipped(world: World, *orders: dict[str, Any]) -> None:
    """Released and handed over to the carriers, both nodes working fast."""
    world.sandbox.control("shipbob/settings", {"instant": True})
    await release(world, *orders)
    await later(world, 3)


@pytest.mark.row("FUL-4")
@pytest.mark.row("COM-1")
@pytest.mark.row("SCA-1")
async def test_two_nodes_send_two_parcels_of_one_order(world: World) -> None:
    """Partial shipments are facts of lines; each parcel is written back with its own lines."""
    world.sandbox.control("shipbob/inventory", {"levels": [{"sku": "MUG-ENA-WHT", "on_hand": 0}]})
    await warehouse_sweep.read_node_stock.fn("shipbob/main")
    lines = [{"sku": "GAS-230", "quantity": 1}, {"sku": "MUG-ENA-WHT", "quantity": 2}]
    await release(world, at_shipbob(lines=lines))
    await world.advance(3)

    [order] = world.orders()
    assert "PARTIALLY_FULFILLED" == order["fulfillment_status"]
    assert [[{"sku": "MUG-ENA-WHT", "quantity": 2}]] == [part["lines"] for part in order["fulfillments"]]
    counts = world.rows("SELECT sku, shipped FROM order_line ORDER BY sku")
    assert {"GAS-230": 0, "MUG-ENA-WHT": 2} == {row["sku"]: row["shipped"] for row in counts}
    assert "in_fulfilment" == world.row("SELECT state FROM orders")["state"]
    [mail] = world.mails(subject="on its way")
    assert "Enamel Mug" in mail["text"]
    assert "Gas" not in mail["text"], "only what is in this parcel"

    await world.advance(3)

    [order] = world.orders()
    assert "FULFILLED" == order["fulfillment_status"]
    assert {1} == set(world.sandbox.accepted("shopify")["fulfillmentCreate"].values())
    assert 2 == len({part["tracking_number"] for part in order["fulfillments"]}) == len(subjects(world, "on its way"))
    assert not world.broken()

    await world.advance(60)

    assert 2 == len(subjects(world, "delivered"))
    assert "completed" == world.row("SELECT state FROM orders")["state"]
    assert not world.broken()


@sqlite_only
@pytest.mark.row("FUL-4")
@pytest.mark.parametrize("fault", [{"kind": "error_after", "status": 502}, {"kind": "truncate"}])
async def test_tracking_that_the_shop_took_without_a_word_is_not_written_twice(
    world: World, fault: dict[str, Any]
) -> None:
    world.sandbox.fault("shopify", "fulfillmentCreate", **fault)

    await shipped(world, at_shipbob())

    [order] = world.orders()
    assert 1 == len(order["fulfillments"])
    assert [1] == list(world.sandbox.accepted("shopify")["fulfillmentCreate"].values())
    done = effect(world, "shop.fulfil")
    assert ("done", order["fulfillments"][0]["id"]) == (done["state"], done["external_id"])
    assert not world.broken()


@sqlite_only
@pytest.mark.row("FUL-4", bad_input=True)
async def test_tracking_that_the_shop_refuses_is_a_case_and_the_customer_still_hears(world: World) -> None:
    """Another app had put its own hold on the order meanwhile: the shop fulfils nothing that is held."""
    await release(world, at_shipbob())
    world.sandbox.control(f"shopify/alpha/orders/{world.orders()[0]['legacy_id']}/hold", {})
    await later(world, 7)

    assert [] == world.orders()[0]["fulfillments"]
    assert {"effect_rejected": 1} == cases(world)
    assert 1 == len(subjects(world, "on its way"))
    assert world.row("SELECT shipped_at FROM shipment")["shipped_at"]
    assert not world.broken()


@sqlite_only
@pytest.mark.row("COM-1")
async def test_a_parcel_in_trouble_is_told_once_and_delivery_after_it_too(world: World) -> None:
    await shipped(world, at_shipbob(), at_workshop())
    numbers = {order["name"]: order["fulfillments"][0]["tracking_number"] for order in world.orders()}
    world.sandbox.control(f"easypost/parcels/{numbers['#1001']}", {"plan": "attempted"})
    world.sandbox.control(f"easypost/parcels/{numbers['#1002']}", {"plan": "exception"})

    await world.advance(52)
    await world.advance(30)

    told = [mail["subject"] for mail in world.mails()]
    assert 1 == sum("#1001" in subject and "delivered" in subject.lower() for subject in told)
    said = _sent(world, "parcel_exception")
    troubled = [mail for mail in world.mails() if mail["headers"]["X-Entity-Ref-ID"] in said]
    assert 2 == len(troubled), told
    assert ["delivered", "exception"] == sorted(row["state"] for row in world.rows("SELECT state FROM shipment"))
    assert {1} == set(world.sandbox.accepted("smtp")["DATA"].values())
    assert not world.broken()


@sqlite_only
@pytest.mark.row("TRU-5", bad_input=True)
async def test_a_parcel_that_will_never_arrive_is_handed_to_a_person(world: World) -> None:
    await shipped(world, at_shipbob())
    [order] = world.orders()
    world.sandbox.control(f"easypost/parcels/{order['fulfillments'][0]['tracking_number']}", {"plan": "lost"})

    for hours in (60, 70):
        await world.advance(hours)

    [case] = world.rows("SELECT kind, owner, order_id FROM review_case WHERE state <> 'resolved'")
    assert ("parcel_gone", "ops") == (case["kind"], case["owner"])
    assert world.row("SELECT id FROM orders")["id"] == case["order_id"]
    assert not world.broken()


def _sent(world: World, kind: str) -> set[str]:
    rows = world.rows(
        "SELECT e.id FROM effect e JOIN message m ON m.id = e.subject_id WHERE m.kind = :kind AND m.state = 'sent'",
        kind=kind,
    )
    return {row["id"] for row in rows}


@sqlite_only
@pytest.mark.row("COM-1")
@pytest.mark.row("FUL-4")
async def test_repeated_and_late_deliveries_tell_nothing_twice(world: World) -> None:
    for vendor in ("shipbob", "easypost", "shopify"):
        world.sandbox.control("webhooks", {"vendor": vendor, "duplicate": 1.0, "reorder": 0.5})

    await shipped(world, at_shipbob(), at_workshop())
    await world.advance(60)

    orders = world.orders()
    assert [1, 1] == [len(order["fulfillments"]) for order in orders]
    assert [2, 2, 2] == [len(subjects(world, word)) for word in ("confirmed", "on its way", "delivered")]
    assert {1} == set(world.sandbox.accepted("smtp")["DATA"].values())
    assert {"completed"} == {row["state"] for row in world.rows("SELECT state FROM orders")}
    assert not world.broken()


@sqlite_only
@pytest.mark.row("FUL-4")
@pytest.mark.row("COM-1")
async def test_without_webhooks_the_sweeps_find_the_parcels(world: World) -> None:
    for vendor in ("shipbob", "easypost"):
        world.sandbox.control("webhooks", {"vendor": vendor, "drop": 1.0})
    await shipped(world, at_shipbob())
    assert [] == world.orders()[0]["fulfillments"]

    await warehouse_sweep.sweep_node_orders.fn("shipbob/main")
    await world.settle()
    await world.advance(60)
    report = await tracking.look_at_parcels.fn(100)
    await world.settle()

    assert 1 == len(world.orders()[0]["fulfillments"])
    assert {"delivered": 1} == dict(report.counts)
    assert 1 == len(subjects(world, "delivered"))
    assert "completed" == world.row("SELECT state FROM orders")["state"]
    assert not world.broken()


@sqlite_only
@pytest.mark.row("FUL-4", bad_input=True)
@pytest.mark.row("COM-1", bad_input=True)
async def test_one_unreadable_tracker_does_not_hold_up_the_others(world: World) -> None:
    world.sandbox.control("webhooks", {"vendor": "easypost", "drop": 1.0})
    await shipped(world, at_shipbob(), at_shipbob(), at_shipbob())
    await world.advance(60)
    world.sandbox.fault("easypost", TRACKER, "error", status=200, body=GARBAGE, times=4)  # the batch, then one alone

    report = await tracking.look_at_parcels.fn(100)
    await world.settle()

    assert 2 == len(subjects(world, "delivered"))
    assert {"delivered": 2, "postponed": 1} == dict(report.counts)

    await world.advance(0.5)
    await tracking.look_at_parcels.fn(100)
    await world.settle()

    assert 3 == len(subjects(world, "delivered"))
    assert not world.broken()


@sqlite_only
@pytest.mark.row("FUL-4", bad_input=True)
async def test_one_unreadable_order_of_the_node_does_not_hold_up_the_sweep(world: World) -> None:
    """Somebody else's broken order stands on the page beside ours."""
    world.sandbox.control("webhooks", {"vendor": "shipbob", "drop": 1.0})
    await shipped(world, at_shipbob())
    [order] = at_node(world)
    page = await _page(world)
    world.sandbox.fault("shipbob", "GET /2026-01/order", "error", status=200, body=[{"id": [], "status": 9}, *page])

    await warehouse_sweep.sweep_node_orders.fn("shipbob/main")
    await world.settle()

    assert 1 == len(world.orders()[0]["fulfillments"])
    assert order["reference_id"] == f"{world.row('SELECT id FROM fulfilment_order')['id']}.1"
    assert not world.broken()


async def _page(world: World) -> list[Any]:
    account = world.wiring.accounts.warehouses[0]
    answer = await ask(
        "GET",
        f"{world.sandbox.url}/shipbob/2026-01/order",
        headers={"authorization": f"Bearer {account.secret}", "shipbob_channel_id": "1001"},
    )
    page: list[Any] = answer.json()
    return page


@sqlite_only
@pytest.mark.row("FUL-4", bad_input=True)
async def test_a_parcel_nobody_knows_changes_nothing(world: World) -> None:
    """A label bought elsewhere on the same account sends its scans here too."""
    await release(world, at_workshop())
    account = world.wiring.accounts.carriers[0]
    answer = await ask(
        "POST",
        f"{world.sandbox.url}/easypost/v2/trackers", auth=(account.secret, ""),
        json={"tracker": {"tracking_code": "9400100000000000000099", "carrier": "USPS"}},
    )  # fmt: skip
    assert answer.is_success
    await world.settle()

    assert 1 == len(labels(world))
    outcomes = {row["outcome"] for row in world.rows("SELECT outcome FROM inbox_event WHERE source = 'easypost'")}
    assert "unknown_tracker" in outcomes
    assert {} == cases(world)
    assert not world.broken()


@sqlite_only
@pytest.mark.row("FUL-4", bad_input=True)
async def test_a_hand_over_that_is_heard_of_after_the_delivery_completes_the_order(world: World) -> None:
    """The handhelds were offline: the carrier told of everything first."""
    world.sandbox.control("floor/settings", {"pick_after_s": 70 * 3600})
    await release(world, at_workshop())
    await world.advance(60)
    assert "delivered" == world.row("SELECT state FROM shipment")["state"]

    await later(world, 20)

    [order] = world.orders()
    assert 1 == len(order["fulfillments"])
    assert "completed" == world.row("SELECT state FROM orders")["state"]
    assert 1 == world.row("SELECT delivered FROM order_line")["delivered"]
    assert [] == subjects(world, "on its way"), "no longer true"
    assert 1 == len(subjects(world, "delivered"))
    assert not world.broken()


@sqlite_only
@pytest.mark.row("TRU-5")
@pytest.mark.parametrize("plan", ["lost", "returned"])
async def test_a_parcel_that_will_never_arrive_is_a_persons(world: World, plan: str) -> None:
    await shipped(world, at_shipbob())
    [parcel] = world.rows("SELECT id, tracking_number FROM shipment")
    world.sandbox.control(f"easypost/parcels/{parcel['tracking_number']}", {"plan": plan})
    await later(world, 24 * 12)
    await tracking.look_at_parcels.fn(10)

    assert "in_fulfilment" == world.row("SELECT state FROM orders")["state"], "it cannot end by itself"
    assert {"parcel_gone": 1} == cases(world)
    assert parcel["id"] == world.row("SELECT subject_id FROM review_case")["subject_id"]
    assert not world.broken()
