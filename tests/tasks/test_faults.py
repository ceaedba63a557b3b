"""Every trouble on every call that the pipeline makes: in the end each deed is done once and nothing is left over."""

from typing import Any

import pytest

from connectors.retrying import RetrySettings
from tests.support.world import World
from tests.tasks.steps import at_shipbob, at_workshop, cases, later, subjects

FAULTS = ("throttle", "refuse", "truncate")
ONCE = RetrySettings(tries=1)  # the connector's own patience would hide them, and wait in real time
CALLS = {
    "shopify": (
        "nodes",
        "fulfillmentOrderHold",
        "fulfillmentOrderReleaseHold",
        "fulfillmentCreate",
        "orderCapture",
    ),
    "shipbob": ("POST /2026-01/order", "GET /2026-01/order", "GET /2026-01/order/{orderId}"),
    "easypost": (
        "POST /v2/addresses",
        "POST /v2/shipments",
        "POST /v2/shipments/{id}/buy",
        "GET /v2/shipments/{id}",
        "POST /v2/trackers",
        "GET /v2/trackers/{id}",
    ),
}
LOOK_UPS = {"GET /2026-01/order", "GET /v2/shipments/{id}"}  # made only as often as something is in doubt
ROWS = {"shopify": "FUL-4", "shipbob": "FUL-1", "easypost": "FUL-2"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("vendor", [pytest.param(v, marks=pytest.mark.row(ROWS[v], bad_input=True)) for v in CALLS])
async def test_orders_come_through_every_trouble_of_every_call(world: World, vendor: str) -> None:
    world.sandbox.control("shipbob/settings", {"instant": True})
    world.sandbox.control("floor/settings", {"pick_after_s": 0, "pack_after_s": 0, "hand_over_after_s": 0})
    wired: Any = world.wiring
    for client in (wired.parcels(), wired.warehouses()["shipbob/main"], wired.shops()["shopify/alpha"]._client):
        client._http.retries = ONCE
    for operation in CALLS[vendor]:
        for fault in FAULTS:
            world.sandbox.fault(vendor, operation, fault)

    world.buy(at_workshop(payment="authorized"), at_shipbob())
    await world.settle()
    for hours in (0.2, 0.6, 0.2, 0.2, 0.5, 0.5, 0.5, 1, 2, 2, 1, 1, 60, 1, 7):
        await later(world, hours)

    left = [fault["operation"] for fault in world.sandbox.control("faults")["faults"] if fault["times"]]
    assert set(left) <= LOOK_UPS, "each call has met its troubles"
    for sender, deeds in world.sandbox.control("counters")["accepted"].items():
        for deed, keys in deeds.items():
            # a quote that nobody bought costs nothing: asked again rather than looked up
            again = {key: count for key, count in keys.items() if count > 1 and deed != "POST /v2/shipments"}
            assert {} == again, (sender, deed)
    orders = world.orders()
    assert [1, 1] == [len(order["fulfillments"]) for order in orders]
    assert [order["total"] for order in orders] == [order["captured"] for order in orders]
    assert [2, 2, 2] == [len(subjects(world, word)) for word in ("confirmed", "on its way", "delivered")]
    assert {"completed"} == {row["state"] for row in world.rows("SELECT state FROM orders")}
    assert [] == world.rows("SELECT key, state, error FROM effect WHERE state NOT IN ('done', 'cancelled')")
    assert {} == cases(world)
    assert not world.broken()
