"""Reading stock, products and the account's fixed data."""

from collections.abc import Callable, Sequence
from typing import Any

from sandbox.core.http import Reply, Request, json_reply
from sandbox.shipbob.catalogue import CENTRES, Centre, Item
from sandbox.shipbob.products import product_json
from sandbox.shipbob.views import (
    CHANNEL_NAMES,
    inventory_json,
    level_by_location_json,
    level_json,
)
from sandbox.shipbob.warehouse import Warehouse

_METHODS = ((1, "Standard", 3, "Standard", True), (2, "Expedited", 2, "Expedited", False),
            (3, "Overnight", 1, "Overnight", False))  # fmt: skip


class Stock:
    """The handlers that only read what the account has."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def _items(self, request: Request) -> list[Item]:
        """Items by the filters that the inventory lists share."""
        search = (request.query("SearchBy") or "").lower()
        ids = set(request.query_all("InventoryIds"))
        digital = request.query("IsDigital")
        return [
            item
            for item in self._warehouse.catalogue.by_sku.values()
            if (not ids or str(item.inventory_id) in ids)
            and (not search or search in item.sku.lower() or search in item.name.lower())
            and (digital is None or item.digital is (digital.lower() == "true"))
        ]

    def _stocked(self, request: Request) -> list[Item]:
        return [item for item in self._items(request) if item.stocked]

    def levels(self, request: Request) -> Reply:
        waiting = self._warehouse.waiting_units()
        return _paged(request, self._stocked(request), lambda item: level_json(item, waiting.get(item.inventory_id, 0)))

    def level(self, request: Request) -> Reply:
        item = self._one(request)
        if item is None:
            return _missing()
        return json_reply(200, level_json(item, self._warehouse.waiting_units().get(item.inventory_id, 0)))

    def levels_by_location(self, request: Request) -> Reply:
        text = request.query("LocationId") or ""
        location_id = int(text) if text.isdecimal() else None
        return _paged(request, self._stocked(request), lambda item: level_by_location_json(item, location_id))

    def level_by_location(self, request: Request) -> Reply:
        item = self._one(request)
        return json_reply(200, level_by_location_json(item)) if item else _missing()

    def inventories(self, request: Request) -> Reply:
        return _paged(request, self._items(request), inventory_json)

    def inventory(self, request: Request) -> Reply:
        item = self._one(request)
        return json_reply(200, inventory_json(item)) if item else _missing()

    def _one(self, request: Request) -> Item | None:
        key = request.params["inventoryId"]
        return self._warehouse.catalogue.by_inventory.get(int(key)) if key.isdecimal() else None

    def products(self, request: Request) -> Reply:
        catalogue = self._warehouse.catalogue
        sku, search = request.query("SKU"), (request.query("Search") or "").lower()
        inventory_id, name = request.query("InventoryId"), (request.query("Name") or "").lower()
        items = [
            item
            for item in catalogue.by_sku.values()
            if (sku is None or item.sku == sku)
            and (inventory_id is None or str(item.inventory_id) == inventory_id)
            and name in item.name.lower()
            and (search in item.sku.lower() or search in item.name.lower())
        ]
        return _paged(request, items, lambda item: product_json(item, catalogue))

    def product(self, request: Request) -> Reply:
        key = request.params["productId"]
        item = self._warehouse.catalogue.by_variant.get(int(key)) if key.isdecimal() else None
        return json_reply(200, product_json(item, self._warehouse.catalogue)) if item else _missing()

    def centres(self, _request: Request) -> Reply:
        return json_reply(200, [_centre_json(centre) for centre in CENTRES.values()])

    def locations(self, _request: Request) -> Reply:
        return json_reply(200, [_location_json(centre) for centre in CENTRES.values()])

    def channels(self, _request: Request) -> Reply:
        items = [
            {
                "id": channel_id,
                "name": name,
                "application_name": "Sandbox",
                "scopes": ["orders_read", "orders_write", "inventory_read", "webhooks_write"],
            }
            for channel_id, name in CHANNEL_NAMES.items()
        ]
        return json_reply(200, {"items": items, "next": None, "prev": None})

    def shipping_methods(self, _request: Request) -> Reply:
        return json_reply(
            200,
            [
                {
                    "id": number,
                    "name": name,
                    "active": True,
                    "default": default,
                    "service_level": {"id": level, "name": level_name},
                }
                for number, name, level, level_name, default in _METHODS
            ],
        )


def _missing() -> Reply:
    return json_reply(404, {"title": "Not Found", "status": 404})


def _paged(request: Request, items: Sequence[Item], view: Callable[[Item], dict[str, Any]]) -> Reply:
    """One page; the cursors are the addresses of the neighbouring pages."""
    try:
        size, start = int(request.query("PageSize") or 50), int(request.query("Cursor") or 0)
    except ValueError:
        size = start = -1
    if not 1 <= size <= 250 or start < 0:
        return json_reply(400, {"title": "PageSize must be between 1 and 250", "status": 400})
    last = max(0, (len(items) - 1) // size * size)

    def link(cursor: int) -> str:
        kept = [(k, v) for k, v in request.query_pairs if k.lower() not in ("cursor", "pagesize")]
        query = "&".join(f"{key}={value}" for key, value in [*kept, ("PageSize", size), ("Cursor", cursor)])
        return f"{request.path}?{query}"

    return json_reply(
        200,
        {
            "items": [view(item) for item in items[start : start + size]],
            "first": link(0),
            "last": link(last),
            "next": link(start + size) if start + size < len(items) else None,
            "prev": link(max(0, start - size)) if start > 0 else None,
        },
    )


def _centre_json(centre: Centre) -> dict[str, Any]:
    return {
        "id": centre.id,
        "name": centre.name,
        "address1": centre.address1,
        "address2": None,
        "city": centre.city,
        "state": centre.state,
        "zip_code": centre.zip_code,
        "country": centre.country,
        "timezone": centre.timezone,
        "email": "receiving@shipbob.example",
        "phone_number": "555-555-5555",
    }


def _location_json(centre: Centre) -> dict[str, Any]:
    address = {key: value for key, value in _centre_json(centre).items() if key not in ("id", "timezone")}
    return {
        "id": centre.id,
        "name": centre.name,
        "abbreviation": centre.city[:3].upper(),
        "access_granted": True,
        "attributes": ["Hazmat"],
        "is_active": True,
        "is_receiving_enabled": True,
        "is_shipping_enabled": True,
        "region": {"id": centre.id, "name": centre.region},
        "timezone": centre.timezone,
        "services": [{"service_type": "Receiving", "enabled": True, "address": address}],
    }
