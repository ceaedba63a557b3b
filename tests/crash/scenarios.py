"""What makes each kind of effect happen. A new kind needs one function here."""

from typing import Any

from tasks import sweeping, warehouse_sweep
from tests.crash.edit_scenarios import EDITS
from tests.crash.offer_scenarios import OFFERS
from tests.crash.return_scenarios import RETURNS
from tests.crash.scenario import Scenarios, registering
from tests.ledger.parcels import in_trouble
from tests.support.texts import CREATE, agree, deliver, until_noon
from tests.support.world import World, checkout
from tests.tasks.shops import act
from tests.tasks.steps import EASYPOST_BUY, SHIPBOB_ORDER, at_node, at_shipbob, at_workshop, release

ORDERS: Scenarios = {}
scenario = registering(ORDERS)


async def _bought(world: World, body: dict[str, Any]) -> None:
    world.buy(body)
    await world.delivered()


async def _window_over(world: World, body: dict[str, Any]) -> None:
    world.buy(body)
    await world.settle()
    world.move_clock(0.9)


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
    world.move_clock(18.1)


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


@scenario("sms.send", "twilio", CREATE, ends="completed")
async def send_text(world: World) -> None:
    """The customer has agreed, and it is midday; the carrier delivers."""
    until_noon(world)
    agree(world.wiring)
    world.sandbox.control("shipbob/settings", {"instant": True})
    await release(world, at_shipbob())
    await world.advance(1)
    deliver(world)
    await world.delivered()


@scenario(
    "chat.alert", "chat", "POST /services/{team}/{hook}/{secret}",
    also=("troubles",), flow="handle-delays", ends="", asks=("delay_incident",),
)  # fmt: skip
async def alert_team(world: World) -> None:
    """Parcels that do not move at one place."""
    in_trouble(world.wiring, range(5), world.wiring.now())


SCENARIOS: Scenarios = {**ORDERS, **EDITS, **RETURNS, **OFFERS}
