"""What happens to returns at the dock: they are announced, arrive, are inspected, and change stock by what was done."""

from collections.abc import Callable
from typing import Any

from sandbox.shipbob.catalogue import CENTRES
from sandbox.shipbob.return_model import (
    ACTIONS,
    ARRIVED,
    AWAITED,
    CANCELLED,
    COMPLETED,
    PROCESSING,
    Return,
    ReturnLine,
    Taken,
)
from sandbox.shipbob.warehouse import Warehouse

Announce = Callable[[str, Return], None]  # topic, return

_BY_DEFAULT = "Restock"
_FEE, _FEE_PER_UNIT = 3.0, 0.5


class ReceivingError(ValueError):
    """The return is not in a state for this, or the outcome does not fit."""


class Receiving:
    """All returns of the account."""

    def __init__(self, warehouse: Warehouse, announce: Announce) -> None:
        self.warehouse = warehouse
        self.returns: dict[int, Return] = {}
        self._announce = announce

    def by_reference(self, channel_id: int, reference_id: str) -> Return | None:
        return next(
            (x for x in self.returns.values() if (x.channel_id, x.reference_id) == (channel_id, reference_id)), None
        )

    def lines_of(self, inventory: list[dict[str, Any]]) -> list[ReturnLine]:
        """A bundle is expected as its parts."""
        catalogue, lines = self.warehouse.catalogue, list[ReturnLine]()
        for each in inventory:
            item, wanted = catalogue.by_inventory[each["id"]], each["requested_action"]
            parts = [catalogue.by_sku[part] for part in item.parts] or [item]
            bundle = item.sku if item.parts else None
            action = ACTIONS[wanted] if isinstance(wanted, int) else wanted
            for part in parts:
                lines.append(
                    ReturnLine(
                        part.inventory_id,
                        each["quantity"],
                        action,
                        bundle,
                        each.get("lot_number"),
                        each.get("lot_date"),
                    )
                )
        return lines

    def announce(self, channel_id: int, body: dict[str, Any]) -> Return:
        """A merchant says what will come."""
        made = Return(
            300_000_001 + len(self.returns),
            channel_id,
            body["fulfillment_center"]["id"],
            body["reference_id"],
            self.lines_of(body["inventory"]),
            self.warehouse.world.clock.now(),
            body.get("original_shipment_id"),
            body.get("tracking_number"),
        )
        self.returns[made.id] = made
        self._enter(made, AWAITED, "return.created")
        return made

    def change(self, back: Return, body: dict[str, Any]) -> None:
        """The whole announcement again. Raises ReceivingError once the parcel is there."""
        self._must_be(back, AWAITED)
        back.centre_id, back.reference_id = body["fulfillment_center"]["id"], body["reference_id"]
        back.lines = self.lines_of(body["inventory"])
        back.shipment_id, back.tracking_number = body.get("original_shipment_id"), body.get("tracking_number")
        self._announce("return.updated", back)

    def cancel(self, back: Return) -> None:
        self._must_be(back, AWAITED)
        self._enter(back, CANCELLED)

    def unannounced(self, body: dict[str, Any]) -> Return:
        """A parcel that nobody announced: refused by the customer, or sent without asking.

        Raises KeyError or ValueError on a bad body.
        """
        warehouse = self.warehouse
        shipment = warehouse.shipments.get(int(body.get("original_shipment_id") or 0))
        lines = [
            ReturnLine(warehouse.catalogue.by_sku[each["sku"]].inventory_id, int(each["quantity"]), "Default")
            for each in body.get("lines") or []
        ]
        if shipment is not None and not lines:
            lines = [ReturnLine(line.inventory_id, line.quantity, "Default") for line in shipment.lines]
        if not lines:
            raise ReceivingError("lines or an original_shipment_id are needed")
        number = 300_000_001 + len(self.returns)
        made = Return(
            number,
            warehouse.orders[shipment.order_id].channel_id if shipment else 1001,
            shipment.centre_id if shipment else next(iter(CENTRES)),
            str(body.get("reference_id") or f"RTS-{number}"),
            lines,
            warehouse.world.clock.now(),
            shipment.id if shipment else None,
            body.get("tracking_number") or (shipment.tracking_number if shipment else None),
            kind="RTS",
        )
        self.returns[made.id] = made
        self._enter(made, ARRIVED, "return.created")
        return made

    def arrive(self, back: Return) -> None:
        self._must_be(back, AWAITED)
        self._enter(back, ARRIVED)

    def begin(self, back: Return) -> None:
        if back.status == AWAITED:
            self.arrive(back)
        self._must_be(back, ARRIVED)
        self._enter(back, PROCESSING)

    def inspect(self, back: Return, outcomes: list[dict[str, Any]] | None) -> None:
        """Close a return: without outcomes everything came and was treated as was asked.

        An outcome is {"sku", "quantity", "action"?, "reason"?, "image_url"?}. Fewer units than announced are just
        fewer; more of a SKU are more; another SKU becomes a line of which none were expected.
        Raises ReceivingError before anything has changed.
        """
        found = [self._outcome(back, each) for each in outcomes] if outcomes is not None else None
        if back.status in (AWAITED, ARRIVED):
            self.begin(back)
        self._must_be(back, PROCESSING)
        if found is None:
            found = [(x.inventory_id, Taken(_wanted(x), x.quantity, None, None)) for x in back.lines if x.quantity]
        for inventory_id, taken in found:
            line = self._line(back, inventory_id)
            line.taken.append(taken)
            if taken.action == "Restock":
                on_hand = self.warehouse.catalogue.by_inventory[inventory_id].on_hand
                on_hand[back.centre_id] = on_hand.get(back.centre_id, 0) + taken.quantity
        units = sum(taken.quantity for _, taken in found)
        back.charges = [("ReturnProcessing", _FEE), ("ReturnUnits", round(units * _FEE_PER_UNIT, 2))]
        self._enter(back, COMPLETED, "return.completed")
        self.warehouse.restock()

    def _outcome(self, back: Return, given: dict[str, Any]) -> tuple[int, Taken]:
        item = self.warehouse.catalogue.by_sku.get(str(given.get("sku")))
        quantity = given.get("quantity")
        if item is None or not item.stocked or not isinstance(quantity, int) or quantity < 1:
            raise ReceivingError(f"bad outcome: {given}")
        known = next((x for x in back.lines if x.inventory_id == item.inventory_id), None)
        action = given.get("action") or (_wanted(known) if known else "Quarantine")
        if action not in ACTIONS[1:]:
            raise ReceivingError(f"action must be one of {', '.join(ACTIONS[1:])}")
        return item.inventory_id, Taken(action, quantity, given.get("reason"), given.get("image_url"))

    @staticmethod
    def _line(back: Return, inventory_id: int) -> ReturnLine:
        known = [x for x in back.lines if x.inventory_id == inventory_id]
        # the first that still lacks units; an extra unit goes to the last
        line = next((x for x in known if sum(t.quantity for t in x.taken) < x.quantity), known[-1] if known else None)
        if line is None:
            line = ReturnLine(inventory_id, 0, "Default")
            back.lines.append(line)
        return line

    def _must_be(self, back: Return, status: str) -> None:
        if back.status != status:
            raise ReceivingError(f"Return is {back.status}")

    def _enter(self, back: Return, status: str, topic: str = "return.updated") -> None:
        back.status = status
        back.history.append((status, self.warehouse.world.clock.now()))
        self._announce(topic, back)


def _wanted(line: ReturnLine) -> str:
    return _BY_DEFAULT if line.action == "Default" else line.action
