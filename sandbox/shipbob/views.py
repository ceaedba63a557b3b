"""Bodies as ShipBob writes them."""

from datetime import datetime
from typing import Any

from sandbox.core.clock import stamp
from sandbox.shipbob.catalogue import CENTRES, Catalogue, Item
from sandbox.shipbob.model import Line, Order, Settings, Shipment, Stage

CHANNEL_NAMES = {1001: "Sandbox private app", 1002: "Sandbox second channel"}


def _stamp(moment: datetime | None) -> str | None:
    return None if moment is None else stamp(moment)


def order_json(order: Order, catalogue: Catalogue, settings: Settings) -> dict[str, Any]:
    body = order.body
    view: dict[str, Any] = {
        "id": order.id,
        "created_date": stamp(order.created_at),
        "purchase_date": body.get("purchase_date"),
        "reference_id": order.reference_id,
        "order_number": body.get("order_number"),
        "status": order.status,
        "type": body["type"],
        "channel": {"id": order.channel_id, "name": CHANNEL_NAMES[order.channel_id]},
        "shipping_method": body["shipping_method"],
        "recipient": body["recipient"],
        "products": order.products,
        "tags": body.get("tags") or [],
        "shipments": [shipment_json(s, order, catalogue, settings) for s in order.shipments],
        "gift_message": body.get("gift_message"),
        "financials": body.get("financials") or {"total_price": None},
    }
    if body.get("shipping_terms"):
        view["shipping_terms"] = body["shipping_terms"]
    if body.get("retailer_program_data"):
        view["retailer_program_data"] = body["retailer_program_data"]
    return view


def shipment_json(shipment: Shipment, order: Order, catalogue: Catalogue, settings: Settings) -> dict[str, Any]:
    weight = sum(catalogue.by_inventory[line.inventory_id].weight_oz * line.quantity for line in shipment.lines)
    view: dict[str, Any] = {
        "id": shipment.id,
        "order_id": order.id,
        "reference_id": order.reference_id,
        "location": {"id": shipment.centre_id, "name": CENTRES[shipment.centre_id].name},
        "status": shipment.status,
        "status_details": shipment.status_details,
        "created_date": stamp(shipment.created_at),
        "last_update_at": stamp(shipment.updated_at),
        "last_tracking_update_at": _stamp(shipment.delivered_at or shipment.shipped_at),
        "estimated_fulfillment_date": _stamp(_estimate(shipment, settings)),
        "estimated_fulfillment_date_status": _estimate_status(shipment),
        "actual_fulfillment_date": _stamp(shipment.shipped_at),
        "delivery_date": _stamp(shipment.delivered_at),
        "is_tracking_uploaded": False,
        "require_signature": False,
        "recipient": _shipment_recipient(shipment.recipient),
        "products": _products(shipment.lines, catalogue),
        "measurements": {"depth_in": 6, "length_in": 12, "width_in": 10, "total_weight_oz": round(weight)},
        "package_material_type": "Box",
        "parent_cartons": [],
        "ship_option": order.body["shipping_method"],
        "insurance_value": None,
        "invoice_amount": None,
        "invoice_currency_code": None,
        "gift_message": order.body.get("gift_message"),
    }
    if shipment.tracking_number:
        view["tracking"] = {
            "carrier": shipment.carrier,
            "carrier_service": shipment.carrier_service,
            "tracking_number": shipment.tracking_number,
            "tracking_url": f"https://track.example/{shipment.tracking_number}",
            "shipping_date": _stamp(shipment.shipped_at),
            "bol": None,
            "pro_number": None,
            "scac": None,
        }
    return view


def _estimate(shipment: Shipment, settings: Settings) -> datetime | None:
    if shipment.due is None:
        return shipment.shipped_at
    ahead = sum(settings.wait_s(stage) for stage in (Stage.LABELLED, Stage.SHIPPED) if stage > shipment.stage + 1)
    return datetime.fromtimestamp(shipment.due.timestamp() + ahead, shipment.due.tzinfo)


def _estimate_status(shipment: Shipment) -> str:
    if shipment.shipped_at is not None:
        return "FulfilledOnTime"
    if shipment.status == "Processing" or shipment.status == "LabeledCreated":
        return "PendingOnTime"
    return "AwaitingInventoryAllocation" if shipment.status == "Exception" else "Unavailable"


def _shipment_recipient(recipient: dict[str, Any]) -> dict[str, Any]:
    return {
        "address": recipient["address"],
        "email": recipient.get("email"),
        "name": recipient["name"],
        "full_name": recipient["name"],
        "phone_number": recipient.get("phone_number"),
    }


def _products(lines: list[Line], catalogue: Catalogue) -> list[dict[str, Any]]:
    grouped: dict[str, list[Line]] = {}
    for line in lines:
        grouped.setdefault(line.product_sku, []).append(line)
    return [
        {
            "id": catalogue.by_sku[sku].variant_id,
            "reference_id": sku,
            "sku": sku,
            "name": catalogue.by_sku[sku].name,
            "inventory_items": [_inventory_item(line, catalogue) for line in members],
        }
        for sku, members in grouped.items()
    ]


def _inventory_item(line: Line, catalogue: Catalogue) -> dict[str, Any]:
    item = catalogue.by_inventory[line.inventory_id]
    return {
        "id": item.inventory_id,
        "name": item.name,
        "quantity": line.quantity,
        "quantity_committed": line.committed,
        "is_dangerous_goods": item.hazmat,
        "lot": None,
        "expiration_date": None,
        "serial_numbers": [],
    }


def line_item_json(line: Line, catalogue: Catalogue) -> dict[str, Any]:
    """One entry of `:getLineItems`."""
    item, product = catalogue.by_inventory[line.inventory_id], catalogue.by_sku[line.product_sku]
    return {
        "inventory_id": item.inventory_id,
        "quantity": line.quantity,
        "committed_quantity": line.committed,
        "is_hazmat": item.hazmat,
        "is_lot": False,
        "product_variant": {"id": product.variant_id, "name": product.name, "sku": product.sku},
        "serial_numbers": [],
    }


def level_json(item: Item, waiting: int) -> dict[str, Any]:
    """Stock over all centres; `waiting` units are ordered and could not be committed."""
    on_hand, committed = sum(item.on_hand.values()), sum(item.committed.values())
    return {
        "inventory_id": item.inventory_id,
        "name": item.name,
        "sku": item.sku,
        "total_on_hand_quantity": on_hand,
        "total_committed_quantity": committed,
        "total_fulfillable_quantity": on_hand - committed,
        "total_sellable_quantity": on_hand - committed - waiting,
        "total_exception_quantity": waiting,
        "total_backordered_quantity": waiting,
        "total_awaiting_quantity": 0,
        "total_internal_transfer_quantity": 0,
    }


def level_by_location_json(item: Item, location_id: int | None = None) -> dict[str, Any]:
    return {
        "inventory_id": item.inventory_id,
        "name": item.name,
        "sku": item.sku,
        "locations": [
            {
                "location_id": centre.id,
                "name": centre.name,
                "on_hand_quantity": item.on_hand.get(centre.id, 0),
                "committed_quantity": item.committed.get(centre.id, 0),
                "fulfillable_quantity": item.free(centre.id),
                "awaiting_quantity": 0,
                "internal_transfer_quantity": 0,
            }
            for centre in CENTRES.values()
            if location_id in (None, centre.id)
        ],
    }


def inventory_json(item: Item) -> dict[str, Any]:
    return {
        "inventory_id": item.inventory_id,
        "name": item.name,
        "sku": item.sku,
        "barcode": f"0{item.variant_id}00",
        "user_id": 1,
        "is_case": False,
        "is_lot": False,
        "dimensions": _dimensions() | {"validated": True},
        "weight": {"unit": "oz", "value": item.weight_oz},
        "variant": {
            "hazmat": {"is_hazmat": item.hazmat, "validated": True},
            "is_active": True,
            "is_bundle": bool(item.parts),
            "is_digital": item.digital,
        },
    }


def _dimensions() -> dict[str, Any]:
    return {"height": 4.0, "width": 6.0, "length": 10.0, "unit": "inch", "is_locked": False}
