"""What makes each kind of effect happen. A new kind needs one function here."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tasks import sweeping, warehouse_sweep
from tests.support.world import World, checkout
from tests.tasks.shops import act
from tests.tasks.steps import EASYPOST_BUY, SHIPBOB_ORDER, at_node, at_shipbob, at_workshop, release

Step = Callable[[World], Awaitable[None]]


@dataclass(frozen=True)
class Scenario:
    """`trigger` makes the effect due after doing in this process all that comes before it; the worker does the
    rest. `vendor` and `operation` are the deed in the sandbox's words, `ends` is the order's state an hour later;
    `also` is the worker's further duty, and `flow` the deployment, where it takes another than the main ones."""

    trigger: Step
    vendor: str
    operation: str
    ends: str = "in_fulfilment"
    also: tuple[str, ...] = ()
    flow: str = "process-orders"


SCENARIOS: dict[str, Scenario] = {}


def scenario(kind: str, vendor: str, operation: str, **more: Any) -> Callable[[Step], Step]:
    """Register the decorated function as the trigger of this kind."""

    def register(trigger: Step) -> Step:
        SCENARIOS[kind] = Scenario(trigger, vendor, operation, **more)
        return trigger

    return register


def move_clock(world: World, hours: float) -> None:
    """Time goes by for everybody, and nobody works."""
    with world.wiring.engine.begin() as connection:
        connection.execute(sa.text("UPDATE clock SET offset_s = offset_s + :s"), {"s": hours * 3600})
        offset = connection.execute(sa.text("SELECT offset_s FROM clock")).scalar_one()
    world.wiring.clock.forget()
    world.sandbox.control("clock", {"offset_s": offset})


async def _bought(world: World, body: dict[str, Any]) -> None:
    world.buy(body)
    await world.delivered()


async def _window_over(world: World, body: dict[str, Any]) -> None:
    world.buy(body)
    await world.settle()
    move_clock(world, 0.9)


async def _shipped_by_node(world: World, **changes: Any) -> None:
    await release(world, at_shipbob(**changes))
    [order] = at_node(world)
    world.sandbox.control(f"shipbob/orders/{order['id']}/advance", {"to": "shipped"})
    await world.delivered()


async def _cancelled_by_merchant(world: World, body: dict[str, Any]) -> None:
    await release(world, body)
    act(world, world.orders()[0], "cancel")
    await world.delivered()


@scenario("shop.hold", "shopify", "fulfillmentOrderHold")
async def hold(world: World) -> None:
    await _bought(world, at_shipbob())


@scenario("shop.release_hold", "shopify", "fulfillmentOrderReleaseHold")
async def release_hold(world: World) -> None:
    await _window_over(world, at_shipbob())


@scenario("shop.fulfil", "shopify", "fulfillmentCreate")
async def fulfil(world: World) -> None:
    await _shipped_by_node(world)


@scenario("shop.capture", "shopify", "orderCapture")
async def capture(world: World) -> None:
    await _shipped_by_node(world, payment="authorized")


@scenario("shop.cancel", "shopify", "orderCancel", ends="cancelled", also=("deadlines",), flow="watch-deadlines")
async def cancel(world: World) -> None:
    world.buy(checkout(payment="declined"))
    await world.settle()
    move_clock(world, 18.1)


@scenario(
    "shop.set_available", "shopify", "inventorySetQuantities", ends="", also=("shown-stock",), flow="sweep-warehouses"
)
async def set_available(world: World) -> None:
    for target in await sweeping.targets():  # what shops and pool begin with
        await warehouse_sweep.compare_shop_stock.fn(target)
    await world.settle()
    level = {"sku": "MUG-ENA-WHT", "location": "Brooklyn Store", "available": 3}
    world.sandbox.control("shopify/alpha/inventory", level)
    await world.delivered()


@scenario("node.create_order", "shipbob", SHIPBOB_ORDER)
async def create_order(world: World) -> None:
    await _window_over(world, at_shipbob())


@scenario("node.cancel", "shipbob", "POST /2026-01/order/{orderId}:cancel", ends="cancelled")
async def cancel_at_node(world: World) -> None:
    await _cancelled_by_merchant(world, at_shipbob())


@scenario("label.quote", "easypost", "POST /v2/shipments")
async def quote(world: World) -> None:
    await _window_over(world, at_workshop())


@scenario("label.buy", "easypost", EASYPOST_BUY)
async def buy_label(world: World) -> None:
    await _window_over(world, at_workshop())


@scenario("label.void", "easypost", "POST /v2/shipments/{id}/refund", ends="cancelled")
async def void_label(world: World) -> None:
    await _cancelled_by_merchant(world, at_workshop())


@scenario("tracker.create", "easypost", "POST /v2/trackers")
async def create_tracker(world: World) -> None:
    await _shipped_by_node(world)


@scenario("mail.send", "smtp", "DATA")
async def send_mail(world: World) -> None:
    await _bought(world, at_shipbob())


def deeds(world: World, of: Scenario) -> Mapping[str, int]:
    """What the sandbox has accepted of this kind of deed, by business key."""
    return dict(world.sandbox.accepted(of.vendor).get(of.operation, {}))
