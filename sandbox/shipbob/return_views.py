"""Returns as ShipBob writes them: in full when they are read, and as version 1 when they are announced."""

from datetime import datetime
from typing import Any

from sandbox.core.clock import stamp
from sandbox.shipbob.catalogue import CENTRES
from sandbox.shipbob.return_model import ARRIVED, AWAITED, CANCELLED, COMPLETED, PROCESSING, Return, ReturnLine
from sandbox.shipbob.views import CHANNEL_NAMES
from sandbox.shipbob.warehouse import Warehouse

_MERCHANT = "Fernweh Supply"


def _stamp(moment: datetime | None) -> str | None:
    return None if moment is None else stamp(moment)


def _amount(back: Return) -> float | None:
    return round(sum(amount for _, amount in back.charges), 2) if back.charges else None


def _common(back: Return, warehouse: Warehouse) -> dict[str, Any]:
    shipment = warehouse.shipments.get(back.shipment_id or 0)
    order = warehouse.orders.get(shipment.order_id) if shipment else None
    return {
        "id": back.id,
        "reference_id": back.reference_id,
        "store_order_id": str(order.body.get("order_number") or order.reference_id) if order else None,
        "status": back.status,
        "return_type": back.kind,
        "tracking_number": back.tracking_number,
        "original_shipment_id": back.shipment_id,
        "customer_name": _MERCHANT,
        "channel": {"id": back.channel_id, "name": CHANNEL_NAMES[back.channel_id]},
        "fulfillment_center": {"id": back.centre_id, "name": CENTRES[back.centre_id].name},
        "insert_date": stamp(back.created_at),
        "completed_date": _stamp(back.at(COMPLETED)),
        "transactions": [{"transaction_type": name, "amount": amount} for name, amount in back.charges],
    }


def _line(line: ReturnLine, warehouse: Warehouse) -> dict[str, Any]:
    return {
        "id": line.inventory_id,
        "name": warehouse.catalogue.by_inventory[line.inventory_id].name,
        "quantity": line.quantity,
        "bundle_parent_sku": line.bundle_sku,
        "action_requested": {
            "action": "Restock" if line.action == "Default" else line.action,
            "action_type": "Inventory Default" if line.action == "Default" else "Overriden by Merchant",
            "instructions": None,
        },
        "action_taken": [
            {
                "action": each.action,
                "action_reason": each.reason,
                "image_url": each.image_url,
                "quantity_processed": each.quantity,
            }
            for each in line.taken
        ],
    }


def short_return_json(back: Return, warehouse: Warehouse) -> dict[str, Any]:
    """The answer to creating and changing a return."""
    lines = [_line(line, warehouse) for line in back.lines]
    return {**_common(back, warehouse), "inventory": lines, "invoice_amount": _amount(back)}


def return_json(back: Return, warehouse: Warehouse) -> dict[str, Any]:
    shipment = warehouse.shipments.get(back.shipment_id or 0)
    amount, items = _amount(back), warehouse.catalogue.by_inventory
    return {
        **_common(back, warehouse),
        "awaiting_arrival_date": _stamp(back.at(AWAITED)),
        "arrived_date": _stamp(back.at(ARRIVED)),
        "processing_date": _stamp(back.at(PROCESSING)),
        "cancelled_date": _stamp(back.at(CANCELLED)),
        "shipment_tracking_number": shipment.tracking_number if shipment else None,
        "invoice": {"amount": amount, "currency_code": "USD" if amount is not None else None},
        "status_history": [{"status": name, "timestamp": stamp(moment)} for name, moment in back.history],
        "inventory": [
            _line(line, warehouse)
            | {
                "sku": items[line.inventory_id].sku,
                "barcodes": [f"0{items[line.inventory_id].variant_id}00"],
                "lot_information": {"number": line.lot_number, "expiration": line.lot_date, "minimumShelfLife": None},
            }
            for line in back.lines
        ],
    }
