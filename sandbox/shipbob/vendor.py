"""Puts the fake ShipBob together."""

from datetime import datetime

from sandbox.core.http import BadJsonError, Reply, Request, Router, json_reply
from sandbox.core.limits import SlidingWindow
from sandbox.core.world import World
from sandbox.shipbob.control import Control, page
from sandbox.shipbob.hooks import Hooks
from sandbox.shipbob.model import Shipment
from sandbox.shipbob.orders import Orders, field_errors
from sandbox.shipbob.receiving import Receiving
from sandbox.shipbob.return_model import Return
from sandbox.shipbob.return_views import return_json
from sandbox.shipbob.returns import Returns
from sandbox.shipbob.shipments import Shipments
from sandbox.shipbob.stock import Stock
from sandbox.shipbob.views import shipment_json
from sandbox.shipbob.warehouse import Warehouse

TOKEN = "sandbox-shipbob-token"


class ShipBob:
    """The vendor: `app` serves `/2026-01/...`."""

    name = "shipbob"

    def __init__(self, world: World) -> None:
        self._world = world
        self._hooks = Hooks(world)
        self.warehouse = Warehouse(world, self._announce)
        self.receiving = Receiving(self.warehouse, self._announce_return)
        self._window = SlidingWindow()
        self.app = self._routes()
        self.control = Control(world, self.warehouse, self.receiving).app

    def tick(self, now: datetime) -> None:
        self.warehouse.tick(now)

    def _announce(self, topic: str, shipment: Shipment) -> None:
        if self._hooks.wanted(topic):
            order = self.warehouse.orders[shipment.order_id]
            body = shipment_json(shipment, order, self.warehouse.catalogue, self.warehouse.settings)
            self._hooks.announce(topic, body)

    def _announce_return(self, topic: str, back: Return) -> None:
        if self._hooks.wanted(topic):
            self._hooks.announce(topic, return_json(back, self.warehouse))

    def _guard(self, request: Request) -> Reply | None:
        if not request.path.startswith("/2026-01"):
            return None
        if request.header("authorization") != f"Bearer {TOKEN}":
            return json_reply(401, {"title": "Unauthorized", "status": 401})
        limit = self.warehouse.settings.rate_limit_per_minute
        wait_s = self._window.wait_s(self._world.clock.now().timestamp(), limit)
        return None if wait_s is None else _throttled(wait_s)

    def _routes(self) -> Router:
        router = Router(
            self._world,
            self.name,
            guard=self._guard,
            throttled=lambda: _throttled(5),
            not_found=lambda _request: Reply(404),
            bad_json=_bad_json,
        )
        orders, shipments, stock = Orders(self.warehouse), Shipments(self.warehouse), Stock(self.warehouse)
        hooks, returns = self._hooks, Returns(self.receiving)
        one = "/2026-01/shipment/{shipmentId}"
        of_order = "/2026-01/order/{orderId}/shipment"
        for method, path, handler in (
            ("GET", "/", lambda _request: page(self.warehouse)),
            ("POST", "/2026-01/order", orders.create),
            ("GET", "/2026-01/order", orders.index),
            ("GET", "/2026-01/order/{orderId}", orders.get),
            ("POST", "/2026-01/order/{orderId}:cancel", orders.cancel),
            ("GET", of_order, shipments.of_order),
            ("GET", of_order + "/{shipmentId}", shipments.get),
            ("GET", of_order + "/{shipmentId}/timeline", shipments.timeline),
            ("GET", of_order + "/{shipmentId}/logs", shipments.timeline),
            ("POST", of_order + "/{shipmentId}:cancel", shipments.cancel),
            ("POST", "/2026-01/shipment:batchCancel", shipments.batch_cancel),
            ("GET", one, shipments.get),
            ("GET", one + "/timeline", shipments.timeline),
            ("GET", one + "/logs", shipments.timeline),
            ("GET", one + ":getLineItems", shipments.line_items),
            ("POST", one + ":cancel", shipments.cancel),
            ("PUT", one + ":updateAddress", shipments.update_address),
            ("POST", one + ":updateLineItems", shipments.update_line_items),
            ("POST", "/2026-01/return", returns.create),
            ("GET", "/2026-01/return", returns.index),
            ("GET", "/2026-01/return/{id}", returns.get),
            ("PUT", "/2026-01/return/{id}", returns.update),
            ("POST", "/2026-01/return/{id}:cancel", returns.cancel),
            ("GET", "/2026-01/inventory-level", stock.levels),
            ("GET", "/2026-01/inventory-level/locations", stock.levels_by_location),
            ("GET", "/2026-01/inventory-level/{inventoryId}", stock.level),
            ("GET", "/2026-01/inventory-level/{inventoryId}/locations", stock.level_by_location),
            ("GET", "/2026-01/inventory", stock.inventories),
            ("GET", "/2026-01/inventory/{inventoryId}", stock.inventory),
            ("GET", "/2026-01/product", stock.products),
            ("GET", "/2026-01/product/{productId}", stock.product),
            ("GET", "/2026-01/fulfillment-center", stock.centres),
            ("GET", "/2026-01/location", stock.locations),
            ("GET", "/2026-01/channel", stock.channels),
            ("GET", "/2026-01/shipping-method", stock.shipping_methods),
            ("POST", "/2026-01/webhook", hooks.create),
            ("GET", "/2026-01/webhook", hooks.index),
            ("DELETE", "/2026-01/webhook/{id}", hooks.delete),
        ):
            router.add(method, path, handler)
        return router


def _throttled(wait_s: int) -> Reply:
    return json_reply(429, {"title": "Too Many Requests", "status": 429}, (("x-retry-after", str(wait_s)),))


def _bad_json(problem: BadJsonError) -> Reply:
    return field_errors(400, {"errors": [str(problem)]})


def build(world: World) -> ShipBob:
    return ShipBob(world)
