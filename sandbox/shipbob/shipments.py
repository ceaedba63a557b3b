"""Shipments: reading them, and changing them while the warehouse still allows it."""

from typing import Any

from sandbox.core.clock import stamp
from sandbox.core.counters import digest
from sandbox.core.http import Reply, Request, json_reply
from sandbox.shipbob.model import Line, Log, Shipment, Stage
from sandbox.shipbob.orders import field_errors
from sandbox.shipbob.views import line_item_json, shipment_json
from sandbox.shipbob.warehouse import Warehouse

_ADDRESS_FIELDS = {
    "street_address1": "address1",
    "street_address2": "address2",
    "company_name": "company_name",
    "city": "city",
    "state": "state",
    "zip_code": "zip_code",
}


def _refusal(code: str, message: str, status: int = 400) -> Reply:
    return json_reply(status, {"code": code, "message": message})


class Shipments:
    """The handlers under `/2026-01/shipment` and `/2026-01/order/{orderId}/shipment`."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def _find(self, request: Request) -> Shipment | None:
        key, order = request.params["shipmentId"], request.params.get("orderId")
        shipment = self._warehouse.shipments.get(int(key)) if key.isdecimal() else None
        if shipment is not None and order is not None and order != str(shipment.order_id):
            return None
        return shipment

    def _json(self, shipment: Shipment) -> dict[str, Any]:
        warehouse = self._warehouse
        order = warehouse.orders[shipment.order_id]
        return shipment_json(shipment, order, warehouse.catalogue, warehouse.settings)

    def get(self, request: Request) -> Reply:
        shipment = self._find(request)
        return json_reply(200, self._json(shipment)) if shipment else Reply(404)

    def of_order(self, request: Request) -> Reply:
        key = request.params["orderId"]
        order = self._warehouse.orders.get(int(key)) if key.isdecimal() else None
        if order is None:
            return Reply(404)
        return json_reply(200, [self._json(shipment) for shipment in order.shipments])

    def timeline(self, request: Request) -> Reply:
        shipment = self._find(request)
        if shipment is None:
            return Reply(404)
        return json_reply(200, [_log_json(log) for log in shipment.logs])

    def line_items(self, request: Request) -> Reply:
        shipment = self._find(request)
        if shipment is None:
            return _refusal("NOT_FOUND", "Shipment not found", 404)
        return json_reply(200, [line_item_json(line, self._warehouse.catalogue) for line in shipment.lines])

    def cancel(self, request: Request) -> Reply:
        shipment = self._find(request)
        if shipment is None:
            return Reply(404)
        reason = self._warehouse.cancel(shipment)
        if reason is not None:
            return field_errors(422, {"errors": [reason]})
        self._count("POST /2026-01/shipment/{shipmentId}:cancel", shipment)
        return json_reply(200, self._json(shipment))

    def batch_cancel(self, request: Request) -> Reply:
        ids = request.object().get("shipment_ids")
        if not isinstance(ids, list) or not ids:
            return field_errors(422, {"shipment_ids": ["At least one shipment id is required."]})
        results = []
        for shipment_id in ids:
            shipment = self._warehouse.shipments.get(shipment_id) if isinstance(shipment_id, int) else None
            reason = self._warehouse.cancel(shipment) if shipment else "Shipment not found"
            if shipment and reason is None:
                self._count("POST /2026-01/shipment:batchCancel", shipment)
            results.append(
                {
                    "shipment_id": shipment_id,
                    "action": "Cancel",
                    "is_success": reason is None,
                    "reason": reason,
                }
            )
        return json_reply(200, {"results": results})

    def _changeable(self, request: Request) -> Shipment | Reply:
        """The shipment, or the refusal because it is past its cut-off (the label)."""
        shipment = self._find(request)
        if shipment is None:
            return _refusal("NOT_FOUND", "Shipment not found")
        if not shipment.open or shipment.stage >= Stage.LABELLED:
            return _refusal("CONFLICT", f"Shipment cannot be changed in status {shipment.status}")
        return shipment

    def update_address(self, request: Request) -> Reply:
        body = request.object()
        shipment = self._changeable(request)
        if isinstance(shipment, Reply):
            return shipment
        missing = [name for name in ("street_address1", "city") if not str(body.get(name) or "").strip()]
        if missing:
            return _refusal("VALIDATION_ERROR", f"{', '.join(missing)}: required")
        old = shipment.recipient
        address = {theirs: body.get(ours) for ours, theirs in _ADDRESS_FIELDS.items()}
        address["country"] = body.get("country_code") or old["address"]["country"]
        shipment.recipient = {
            "name": body.get("recipient_name") or old["name"],
            "email": body["email"] if "email" in body else old.get("email"),
            "phone_number": body["phone_number"] if "phone_number" in body else old.get("phone_number"),
            "address": address,
        }
        operation = "PUT /2026-01/shipment/{shipmentId}:updateAddress"
        self._changed(shipment, 607, "AddressUpdated", operation, shipment.recipient)
        return json_reply(200, {"id": shipment.id, "is_success": True})

    def update_line_items(self, request: Request) -> Reply:
        body = request.object()
        shipment = self._changeable(request)
        if isinstance(shipment, Reply):
            return shipment
        if shipment.stage >= Stage.PICKED:
            return _refusal("CONFLICT", "Shipment is already picked")
        lines = self._lines(shipment, body.get("items"))
        if isinstance(lines, Reply):
            return lines
        changes = _changes(shipment.lines, lines)
        old = shipment.lines
        self._warehouse.uncommit(shipment)
        if not self._warehouse.commit(shipment, lines):
            self._warehouse.commit(shipment, old)
            return _refusal("VALIDATION_ERROR", "Not enough inventory at the fulfillment center")
        shipment.lines = lines
        if shipment.status == "Exception":
            self._warehouse.resume(shipment)
        operation = "POST /2026-01/shipment/{shipmentId}:updateLineItems"
        self._changed(shipment, 608, "LineItemsUpdated", operation, [(x.inventory_id, x.quantity) for x in lines])
        return json_reply(200, {"id": shipment.id, "is_success": True, "shipment_line_items": changes})

    def _lines(self, shipment: Shipment, items: Any) -> list[Line] | Reply:
        if not isinstance(items, list) or not items:
            return _refusal("VALIDATION_ERROR", "The complete list of items is required")
        owners = {line.inventory_id: line.product_sku for line in shipment.lines}
        lines = []
        for item in items:
            inventory_id = item.get("inventory_id") if isinstance(item, dict) else None
            found = self._warehouse.catalogue.by_inventory.get(inventory_id) if inventory_id else None
            if inventory_id is None or found is None or not found.stocked:
                return _refusal("INVALID_PARAMETER", f"Unknown inventory_id {inventory_id}")
            quantity = item.get("quantity")
            if not isinstance(quantity, int) or quantity < 1:
                return _refusal("VALIDATION_ERROR", "quantity must be at least 1")
            lines.append(Line(inventory_id, quantity, owners.get(inventory_id, found.sku)))
        return lines

    def _changed(self, shipment: Shipment, log_id: int, name: str, operation: str, content: Any) -> None:
        self._warehouse.touch(shipment)
        shipment.logs.append(Log(log_id, name, name, self._warehouse.world.clock.now()))
        self._count(operation, shipment, f":{digest(content)}")

    def _count(self, operation: str, shipment: Shipment, more: str = "") -> None:
        self._warehouse.world.counters.accepted("shipbob", operation, f"{shipment.id}{more}")


def _changes(old: list[Line], new: list[Line]) -> list[dict[str, Any]]:
    before = {line.inventory_id: line.quantity for line in old}
    after = {line.inventory_id: line.quantity for line in new}
    changes = []
    for inventory_id in [*before, *(key for key in after if key not in before)]:
        was, will = before.get(inventory_id), after.get(inventory_id)
        if was == will:
            continue
        action = "Added" if was is None else "Removed" if will is None else "Updated"
        changes.append(
            {
                "inventory_id": inventory_id,
                "action": action,
                "previous_value": None if was is None else str(was),
                "new_value": None if will is None else str(will),
            }
        )
    return changes


def _log_json(log: Log) -> dict[str, Any]:
    return {
        "log_type_id": log.type_id,
        "log_type_name": log.name,
        "log_type_text": log.text,
        "metadata": {},
        "timestamp": stamp(log.at),
    }
