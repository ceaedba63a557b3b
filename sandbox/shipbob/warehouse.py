"""The state of the fake ShipBob and what happens in its warehouses as time passes."""

import heapq
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from sandbox.core.world import World
from sandbox.shipbob.catalogue import CICERO_ID, Catalogue
from sandbox.shipbob.model import Line, Log, Order, Settings, Shipment, Stage

Announce = Callable[[str, Shipment], None]  # topic, shipment

_LOGS = {
    Stage.RECEIVED: (601, "OrderPlaced", "Order placed"),
    Stage.PICKED: (602, "OrderPicked", "Order picked"),
    Stage.LABELLED: (603, "LabelGenerated", "Label generated"),
    Stage.SHIPPED: (604, "OrderShipped", "Handed to the carrier"),
    Stage.DELIVERED: (605, "OrderDelivered", "Delivered"),
}
_CARRIERS = (  # name, service, and how tracking numbers begin and how many digits follow
    ("USPS", "Ground Advantage", "94001", 17),
    ("UPS", "Ground", "1Z999AA1", 10),
    ("DHL", "Parcel", "JJD0", 16),
)


class Warehouse:
    """Orders, stock and the plan of what is due next."""

    def __init__(self, world: World, announce: Announce) -> None:
        self.world = world
        self.catalogue = Catalogue()
        self.settings = Settings()
        self.orders: dict[int, Order] = {}
        self.shipments: dict[int, Shipment] = {}
        self.by_reference: dict[tuple[int, str], Order] = {}
        self._announce = announce
        self._plan: list[tuple[datetime, int]] = []
        self._waiting: dict[int, Shipment] = {}  # shipments that found no stock, oldest first

    def place(self, channel_id: int, body: dict[str, Any], products: list[dict[str, Any]], centre: int) -> Order:
        """Take an order that was found good."""
        now = self.world.clock.now()
        order = Order(100_000_001 + len(self.orders), channel_id, body, now, products)
        lines = [line for product in products for line in self.lines_of(product["sku"], product["quantity"])]
        shipment = Shipment(200_000_001 + len(self.shipments), order.id, centre, now, now, body["recipient"], lines)
        order.shipments.append(shipment)
        self.orders[order.id] = order
        self.shipments[shipment.id] = shipment
        self.by_reference[(channel_id, order.reference_id)] = order
        self._log(shipment, Stage.RECEIVED, now)
        self._start(shipment, now)
        return order

    def lines_of(self, sku: str, quantity: int) -> list[Line]:
        """The stock that an ordered product needs: a bundle's parts, nothing for a digital one."""
        item = self.catalogue.by_sku[sku]
        if item.digital:
            return []
        parts = [self.catalogue.by_sku[part] for part in item.parts] or [item]
        return [Line(part.inventory_id, quantity, sku) for part in parts]

    def _start(self, shipment: Shipment, now: datetime) -> None:
        if self.commit(shipment, shipment.lines):
            shipment.stage_at = now
            self.plan(shipment)
            return
        self._waiting[shipment.id] = shipment
        self.stop(shipment, "Exception", "OutOfStock", "No inventory available at the fulfillment center")

    def commit(self, shipment: Shipment, lines: list[Line]) -> bool:
        """Commit stock for all lines or for none."""
        needed: dict[int, int] = {}
        for line in lines:
            needed[line.inventory_id] = needed.get(line.inventory_id, 0) + line.quantity
        items = self.catalogue.by_inventory
        if any(items[key].free(shipment.centre_id) < quantity for key, quantity in needed.items()):
            return False
        for line in lines:
            committed = items[line.inventory_id].committed
            committed[shipment.centre_id] = committed.get(shipment.centre_id, 0) + line.quantity
            line.committed = line.quantity
        return True

    def uncommit(self, shipment: Shipment) -> None:
        for line in shipment.lines:
            if line.committed:
                self.catalogue.by_inventory[line.inventory_id].committed[shipment.centre_id] -= line.committed
                line.committed = 0

    def waiting_units(self) -> dict[int, int]:
        """Units by inventory id that are ordered and could not be committed."""
        units: dict[int, int] = {}
        for shipment in self._waiting.values():
            for line in shipment.lines:
                units[line.inventory_id] = units.get(line.inventory_id, 0) + line.quantity
        return units

    def stop(self, shipment: Shipment, status: str, name: str, description: str) -> None:
        """Take a shipment out of the plan with a status that a person must look at."""
        shipment.status, shipment.due = status, None
        shipment.status_details = [
            {
                "id": 1,
                "name": name,
                "description": description,
                "inventory_id": shipment.lines[0].inventory_id if shipment.lines else None,
                "exception_fulfillment_center_id": shipment.centre_id,
            }
        ]
        self.touch(shipment)
        self._announce("order.shipment.on_hold" if status == "OnHold" else "order.shipment.exception", shipment)

    def restock(self) -> None:
        """Give new stock to those who wait, oldest first."""
        for shipment in list(self._waiting.values()):
            if self.commit(shipment, shipment.lines):
                self.resume(shipment)

    def resume(self, shipment: Shipment) -> None:
        """Put a stopped shipment back into the plan."""
        self._waiting.pop(shipment.id, None)
        shipment.status, shipment.status_details = "Processing", []
        shipment.stage_at = self.world.clock.now()
        self.touch(shipment)
        self.plan(shipment)

    def cancel(self, shipment: Shipment) -> str | None:
        """Cancel, or say why not."""
        if shipment.status == "Cancelled":
            return "Shipment is already cancelled"
        if not shipment.open or shipment.stage >= Stage[self.settings.cancel_until.upper()]:
            return "Shipment is already being processed and cannot be cancelled"
        self._waiting.pop(shipment.id, None)
        if shipment.stage >= Stage.PICKED:
            for line in shipment.lines:
                self.catalogue.by_inventory[line.inventory_id].on_hand[shipment.centre_id] += line.quantity
        self.uncommit(shipment)
        shipment.status, shipment.due, shipment.status_details = "Cancelled", None, []
        self.touch(shipment)
        shipment.logs.append(Log(606, "OrderCancelled", "Cancelled", self.world.clock.now()))
        self._announce("order.shipment.cancelled", shipment)
        return None

    def touch(self, shipment: Shipment) -> None:
        shipment.updated_at = self.world.clock.now()

    def plan(self, shipment: Shipment) -> None:
        """Plan the next stage from the time of the last one."""
        if shipment.stage is Stage.DELIVERED or shipment.lost or shipment.stage_at is None:
            shipment.due = None
            return
        wait = self.settings.wait_s(Stage(shipment.stage + 1))
        shipment.due = shipment.stage_at + timedelta(seconds=wait)
        heapq.heappush(self._plan, (shipment.due, shipment.id))

    def replan(self) -> None:
        """After a change of speeds: plan all that is under way again."""
        self._plan.clear()
        for shipment in self.shipments.values():
            if shipment.due is not None:
                self.plan(shipment)

    def tick(self, now: datetime) -> None:
        for shipment in self._due(now):
            self.step(shipment, shipment.due or now)

    def _due(self, now: datetime) -> Iterator[Shipment]:
        while self._plan and self._plan[0][0] <= now:
            due, shipment_id = heapq.heappop(self._plan)
            shipment = self.shipments[shipment_id]
            if shipment.due == due:  # else it was stopped or planned again
                yield shipment

    def step(self, shipment: Shipment, at: datetime) -> None:
        """Bring a shipment to its next stage; `at` is when that happened, even if the tick comes late."""
        stage = Stage(shipment.stage + 1)
        if stage is Stage.PICKED and self.settings.short_next > 0:
            self.settings.short_next -= 1
            self.stop(shipment, "Exception", "InventoryException", "Fewer units found than expected")
            return
        shipment.stage, shipment.stage_at = stage, at
        self._act(shipment, stage, at)
        self._log(shipment, stage, at)
        self.touch(shipment)
        self.plan(shipment)
        if stage is Stage.SHIPPED:
            self._announce("order.shipped", shipment)
        elif stage is Stage.DELIVERED:
            self._announce("order.shipment.delivered", shipment)

    def _act(self, shipment: Shipment, stage: Stage, at: datetime) -> None:
        if stage is Stage.PICKED:
            for line in shipment.lines:
                on_hand = self.catalogue.by_inventory[line.inventory_id].on_hand
                on_hand[shipment.centre_id] = on_hand.get(shipment.centre_id, 0) - line.quantity
            self.uncommit(shipment)
        elif stage is Stage.LABELLED:
            shipment.status = "LabeledCreated"
            abroad = shipment.centre_id != CICERO_ID
            carrier, service, prefix, digits = _CARRIERS[2 if abroad else shipment.id % 2]
            shipment.carrier, shipment.carrier_service = carrier, service
            shipment.tracking_number = f"{prefix}{shipment.id:0{digits}d}"
        elif stage is Stage.SHIPPED:
            shipment.status, shipment.shipped_at = "Completed", at
        else:
            shipment.delivered_at = at

    def _log(self, shipment: Shipment, stage: Stage, at: datetime) -> None:
        shipment.logs.append(Log(*_LOGS[stage], at))
