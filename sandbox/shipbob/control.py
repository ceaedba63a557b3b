"""The knobs of the fake ShipBob, and its page for people."""

import hashlib
import html
from dataclasses import asdict, fields
from typing import Any

import orjson

from sandbox.core.clock import stamp
from sandbox.core.http import Reply, Request, Router, html_reply, json_reply
from sandbox.core.world import World
from sandbox.shipbob.model import Order, Settings, Shipment, Stage
from sandbox.shipbob.receiving import Receiving, ReceivingError
from sandbox.shipbob.return_views import return_json
from sandbox.shipbob.warehouse import Warehouse

_STAGES = {
    "picked": Stage.PICKED,
    "labelled": Stage.LABELLED,
    "shipped": Stage.SHIPPED,
    "delivered": Stage.DELIVERED,
}
_SETTINGS = {field.name for field in fields(Settings)}


class Control:
    """`/_control/shipbob/...`"""

    def __init__(self, world: World, warehouse: Warehouse, receiving: Receiving) -> None:
        self._warehouse = warehouse
        self._receiving = receiving
        self.app = Router(world, "_control")
        self.app.add("GET", "/orders", self.orders)
        self.app.add("GET", "/settings", self.settings)
        self.app.add("POST", "/settings", self.change_settings)
        self.app.add("POST", "/inventory", self.inventory)
        self.app.add("GET", "/inventory", self.levels)
        self.app.add("POST", "/orders/{id}/advance", self.advance)
        self.app.add("GET", "/returns", self.returns)
        self.app.add("POST", "/returns", self.unannounced)
        self.app.add("POST", "/returns/{id}/{act}", self.receive)

    def orders(self, request: Request) -> Reply:
        reference = request.query("reference_id")
        orders = self._warehouse.orders.values()
        return json_reply(200, [self._order(o) for o in orders if reference is None or o.reference_id == reference])

    def _order(self, order: Order) -> dict[str, Any]:
        return {
            "id": order.id,
            "reference_id": order.reference_id,
            "status": order.status,
            "created_at": stamp(order.created_at),
            "shipments": [self._shipment(shipment) for shipment in order.shipments],
        }

    def _shipment(self, shipment: Shipment) -> dict[str, Any]:
        address = orjson.dumps(shipment.recipient, option=orjson.OPT_SORT_KEYS)
        by_inventory = self._warehouse.catalogue.by_inventory
        return {
            "id": shipment.id,
            "status": shipment.status,
            "stage": shipment.stage.name.lower(),
            "location_id": shipment.centre_id,
            "tracking_number": shipment.tracking_number,
            "carrier": shipment.carrier,
            "lines": [
                {"sku": by_inventory[line.inventory_id].sku, "quantity": line.quantity} for line in shipment.lines
            ],
            "recipient": shipment.recipient,
            "address_digest": hashlib.sha256(address).hexdigest()[:16],
        }

    def settings(self, _request: Request) -> Reply:
        return json_reply(200, asdict(self._warehouse.settings))

    def change_settings(self, request: Request) -> Reply:
        values = request.object()
        unknown = sorted(set(values) - _SETTINGS)
        if unknown:
            return json_reply(400, {"error": f"unknown settings: {', '.join(unknown)}"})
        if values.get("cancel_until", "picked") not in _STAGES:
            return json_reply(400, {"error": f"cancel_until must be one of {', '.join(_STAGES)}"})
        for name, value in values.items():
            setattr(self._warehouse.settings, name, value)
        self._warehouse.replan()
        return self.settings(request)

    def inventory(self, request: Request) -> Reply:
        levels = request.object().get("levels")
        if not isinstance(levels, list):
            return json_reply(400, {"error": "levels must be a list"})
        try:
            for level in levels:
                self._warehouse.catalogue.set_level(level)
        except (KeyError, TypeError, ValueError) as problem:
            return json_reply(400, {"error": f"bad level: {problem}"})
        self._warehouse.restock()
        return self.levels(request)

    def levels(self, _request: Request) -> Reply:
        items = [item for item in self._warehouse.catalogue.by_sku.values() if item.stocked]
        return json_reply(
            200,
            [
                {
                    "sku": item.sku,
                    "inventory_id": item.inventory_id,
                    "on_hand": item.on_hand,
                    "committed": item.committed,
                }
                for item in items
            ],
        )

    def advance(self, request: Request) -> Reply:
        key, to = request.params["id"], request.object().get("to")
        order = self._warehouse.orders.get(int(key)) if key.isdecimal() else None
        if order is None:
            return json_reply(404, {"error": "no such order"})
        if to not in (*_STAGES, "short", "lost", "hold"):
            return json_reply(400, {"error": f"to must be one of {', '.join(_STAGES)}, short, lost, hold"})
        for shipment in order.shipments:
            if shipment.status != "Cancelled":
                self._advance(shipment, to)
        return json_reply(200, self._order(order))

    def _advance(self, shipment: Shipment, to: str) -> None:
        warehouse = self._warehouse
        if to == "short":
            warehouse.stop(shipment, "Exception", "InventoryException", "Fewer units found than expected")
        elif to == "hold":
            warehouse.stop(shipment, "OnHold", "InvalidAddress", "The address could not be validated")
        elif to == "lost":
            shipment.lost, shipment.due = True, None
        else:
            if shipment.status in ("Exception", "OnHold"):
                if not all(line.committed for line in shipment.lines) and shipment.stage < Stage.PICKED:
                    warehouse.commit(shipment, shipment.lines)
                warehouse.resume(shipment)
            while shipment.stage < _STAGES[to] and shipment.open | (shipment.stage is Stage.SHIPPED):
                warehouse.step(shipment, warehouse.world.clock.now())
                if shipment.status == "Exception":
                    return

    def returns(self, request: Request) -> Reply:
        reference = request.query("reference_id")
        found = [x for x in self._receiving.returns.values() if reference in (None, x.reference_id)]
        return json_reply(200, [return_json(each, self._warehouse) for each in found])

    def unannounced(self, request: Request) -> Reply:
        """A parcel that nobody announced is at the dock: {"original_shipment_id"} or {"lines": [{"sku", "quantity"}]},
        "tracking_number"?, "reference_id"?.
        """
        try:
            made = self._receiving.unannounced(request.object())
        except (KeyError, TypeError, ValueError) as problem:
            return json_reply(422, {"error": f"bad return: {problem}"})
        return json_reply(200, return_json(made, self._warehouse))

    def receive(self, request: Request) -> Reply:
        """`arrive`, `process` or `inspect` a return, named by its id or its reference."""
        key, act, receiving = request.params["id"], request.params["act"], self._receiving
        back = next((x for x in receiving.returns.values() if key in (str(x.id), x.reference_id)), None)
        if back is None or act not in ("arrive", "process", "inspect"):
            return json_reply(404, {"error": "no such return; acts are arrive, process, inspect"})
        try:
            if act == "inspect":
                receiving.inspect(back, request.object().get("outcomes"))
            elif act == "arrive":
                receiving.arrive(back)
            else:
                receiving.begin(back)
        except ReceivingError as problem:
            return json_reply(422, {"error": str(problem)})
        return json_reply(200, return_json(back, self._warehouse))


def page(warehouse: Warehouse) -> Reply:
    """The last 200 orders for a human."""
    rows = []
    for order in list(warehouse.orders.values())[-200:][::-1]:
        for shipment in order.shipments:
            cells = (
                str(order.id),
                order.reference_id,
                stamp(order.created_at),
                shipment.status,
                shipment.stage.name.lower(),
                shipment.tracking_number or "",
            )
            rows.append("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>")
    return html_reply(
        "<!doctype html><html lang=en><meta charset=utf-8><title>ShipBob sandbox</title>"
        "<style>body{font:15px sans-serif;margin:2rem}td,th{padding:.3rem .8rem;text-align:left;"
        "border-bottom:1px solid #ddd}</style><h1>ShipBob sandbox</h1>"
        f"<p>{len(warehouse.orders)} orders.</p>"
        "<table><tr><th>Order<th>Reference<th>Created<th>Status<th>Stage<th>Tracking</tr>"
        f"{''.join(rows)}</table></html>"
    )
