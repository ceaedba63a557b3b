"""Orders: taking them (with ShipBob's refusals), finding them, cancelling them."""

import math
import re
from collections.abc import Callable, Container
from datetime import datetime
from typing import Any

from sandbox.core.clock import parse_time
from sandbox.core.http import Reply, Request, json_reply
from sandbox.shipbob.catalogue import CENTRES, centre_for
from sandbox.shipbob.model import Order
from sandbox.shipbob.views import CHANNEL_NAMES, order_json
from sandbox.shipbob.warehouse import Warehouse

_TYPES = ("DTC", "DropShip", "B2B")
_ADDRESS = ("address1", "address2", "company_name", "city", "state", "country", "zip_code")
_COUNTRY = re.compile(r"[A-Za-z]{2}")


def field_errors(status: int, errors: dict[str, list[str]]) -> Reply:
    """ShipBob's body for 400 and 422: messages by field."""
    return json_reply(status, errors)


class Orders:
    """The handlers under `/2026-01/order`."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def create(self, request: Request) -> Reply:
        warehouse = self._warehouse
        channel_id = _channel(request)
        if channel_id is None:
            return field_errors(400, {"shipbob_channel_id": ["The shipbob_channel_id header is required."]})
        body = request.object()
        errors = check_order(body) or self._check_products(body["products"])
        if not errors and (channel_id, body["reference_id"]) in warehouse.by_reference:
            errors = {"errors": ["Cannot insert order with existing ReferenceId"]}
        location_id = body.get("location_id")
        if not errors and location_id is not None and not _known(location_id, CENTRES):
            errors = {"location_id": ["The location does not exist."]}
        if errors:
            return field_errors(422, errors)
        body["recipient"] = _known_fields(body["recipient"])
        centre = location_id or centre_for(body["recipient"]["address"]["country"])
        order = warehouse.place(channel_id, body, self._products(body["products"]), centre)
        warehouse.world.counters.accepted("shipbob", "POST /2026-01/order", order.reference_id)
        return self._reply(order, 201)

    def _reply(self, order: Order, status: int = 200) -> Reply:
        return json_reply(status, self._json(order))

    def _json(self, order: Order) -> dict[str, Any]:
        return order_json(order, self._warehouse.catalogue, self._warehouse.settings)

    def _check_products(self, products: list[Any]) -> dict[str, list[str]]:
        errors: dict[str, list[str]] = {}
        catalogue = self._warehouse.catalogue
        for index, product in enumerate(products):
            sku, number = product.get("reference_id"), product.get("id")
            known = sku in catalogue.by_sku if isinstance(sku, str) else _known(number, catalogue.by_variant)
            if not known:
                errors[f"products[{index}]"] = [f"No product was found for {sku or number}."]
        return errors

    def _products(self, products: list[dict[str, Any]]) -> list[dict[str, Any]]:
        catalogue = self._warehouse.catalogue
        found = []
        for product in products:
            reference = product.get("reference_id")
            item = catalogue.by_sku[reference] if reference else catalogue.by_variant[product["id"]]
            found.append(
                {
                    "id": item.variant_id,
                    "reference_id": item.sku,
                    "sku": item.sku,
                    "quantity": product["quantity"],
                    "external_line_id": product.get("external_line_id"),
                    "unit_price": product.get("unit_price"),
                    "quantity_unit_of_measure_code": product.get("quantity_unit_of_measure_code"),
                    "gtin": product.get("gtin"),
                    "upc": product.get("upc"),
                }
            )
        return found

    def find(self, request: Request) -> Order | None:
        key = request.params["orderId"]
        return self._warehouse.orders.get(int(key)) if key.isdecimal() else None

    def get(self, request: Request) -> Reply:
        order = self.find(request)
        return self._reply(order) if order else Reply(404)

    def index(self, request: Request) -> Reply:
        try:
            page, limit = int(request.query("Page") or 1), int(request.query("Limit") or 50)
            if page < 1 or not 1 <= limit <= 250:
                raise ValueError("Page must be at least 1 and Limit between 1 and 250.")
            wanted = _filters(request)
        except ValueError as problem:
            return field_errors(400, {"errors": [str(problem)]})
        orders = [order for order in self._candidates(request) if all(test(order) for test in wanted)]
        if (request.query("SortOrder") or "Newest").lower() != "oldest":
            orders.reverse()
        shown = orders[(page - 1) * limit : page * limit]
        headers = (
            ("Total-Count", str(len(orders))),
            ("Total-Pages", str(math.ceil(len(orders) / limit))),
            ("Page", str(page)),
            ("Page-Size", str(limit)),
        )
        return json_reply(200, [self._json(order) for order in shown], headers)

    def _candidates(self, request: Request) -> list[Order]:
        """Orders by the filters that an index answers; all of them otherwise, oldest first."""
        warehouse, channel = self._warehouse, _channel(request)
        references, ids = request.query_all("ReferenceIds"), request.query_all("IDs")
        if references:
            channels = CHANNEL_NAMES if channel is None else (channel,)
            keys = [(channel_id, reference) for reference in references for channel_id in channels]
            found = [warehouse.by_reference[key] for key in keys if key in warehouse.by_reference]
        else:
            found = list(warehouse.orders.values())
        if ids:
            found = [order for order in found if str(order.id) in ids]
        if channel is not None:
            found = [order for order in found if order.channel_id == channel]
        return sorted(found, key=lambda order: order.id) if references else found

    def cancel(self, request: Request) -> Reply:
        order = self.find(request)
        if order is None:
            return Reply(404)
        results = [
            {
                "shipment_id": shipment.id,
                "action": "Cancel",
                "is_success": reason is None,
                "reason": reason,
            }
            for shipment in order.shipments
            for reason in [self._warehouse.cancel(shipment)]
        ]
        if not any(result["is_success"] for result in results):
            return field_errors(422, {"errors": [str(result["reason"]) for result in results]})
        self._warehouse.world.counters.accepted("shipbob", "POST /2026-01/order/{orderId}:cancel", order.reference_id)
        return json_reply(200, {"order": self._json(order), "canceled_shipment_results": results})


def _channel(request: Request) -> int | None:
    text = request.header("shipbob_channel_id") or ""
    return int(text) if text.isdecimal() and int(text) in CHANNEL_NAMES else None


def check_order(body: dict[str, Any]) -> dict[str, list[str]]:
    """What is wrong with a posted order, by field."""
    errors: dict[str, list[str]] = {}
    for name in ("reference_id", "shipping_method"):
        if not _text(body.get(name)):
            errors[name] = [f"The {name} field is required."]
    if len(str(body.get("reference_id"))) > 300:
        errors["reference_id"] = ["The field reference_id must have a maximum length of 300."]
    if body.get("type") not in _TYPES:
        errors["type"] = ["The type field must be DTC, DropShip or B2B."]
    errors |= _check_recipient(body.get("recipient"))
    products = body.get("products")
    if not isinstance(products, list) or not products:
        errors["products"] = ["At least one product is required."]
        return errors
    for index, product in enumerate(products):
        quantity = product.get("quantity") if isinstance(product, dict) else None
        if not isinstance(quantity, int) or isinstance(quantity, bool) or quantity < 1:
            errors[f"products[{index}].quantity"] = ["The field quantity must be between 1 and 2147483647."]
    return errors


def _check_recipient(recipient: Any) -> dict[str, list[str]]:
    if not isinstance(recipient, dict):
        return {"recipient": ["The recipient field is required."]}
    errors: dict[str, list[str]] = {}
    if not _text(recipient.get("name")):
        errors["recipient.name"] = ["The name field is required."]
    address = recipient.get("address")
    if not isinstance(address, dict):
        return errors | {"recipient.address": ["The address field is required."]}
    for name in ("address1", "city", "country"):
        if not _text(address.get(name)):
            errors[f"recipient.address.{name}"] = [f"The {name} field is required."]
    if _text(address.get("country")) and not _COUNTRY.fullmatch(address["country"]):
        errors["recipient.address.country"] = ["The country must be an ISO alpha-2 code."]
    return errors


def _known_fields(recipient: dict[str, Any]) -> dict[str, Any]:
    """The recipient as ShipBob keeps it: what it does not know is dropped."""
    given = recipient["address"]
    return {
        "name": recipient["name"],
        "email": recipient.get("email"),
        "phone_number": recipient.get("phone_number"),
        "address": {name: given.get(name) for name in _ADDRESS},
    }


def _known(number: Any, among: Container[int]) -> bool:
    return isinstance(number, int) and number in among


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _filters(request: Request) -> list[Callable[[Order], bool]]:
    """The list's filters that need a look at each order. Raises ValueError on a bad value."""
    tests: list[Callable[[Order], bool]] = []

    def moment(name: str, test: Callable[[Order, datetime], bool]) -> None:
        text = request.query(name)
        if text:
            at = parse_time(text)
            tests.append(lambda order: test(order, at))

    moment("StartDate", lambda order, at: order.created_at >= at)
    moment("EndDate", lambda order, at: order.created_at <= at)
    moment("LastUpdateStartDate", lambda order, at: order.updated_at >= at)
    moment("LastUpdateEndDate", lambda order, at: order.updated_at <= at)
    moment("LastTrackingUpdateStartDate", lambda order, at: any(t >= at for t in _tracked(order)))
    moment("LastTrackingUpdateEndDate", lambda order, at: any(t <= at for t in _tracked(order)))
    has_tracking = request.query("HasTracking")
    if has_tracking is not None:
        wanted = has_tracking.lower() == "true"
        tests.append(lambda order: any(s.tracking_number for s in order.shipments) is wanted)
    if (request.query("IsTrackingUploaded") or "false").lower() == "true":
        tests.append(lambda _order: False)  # nobody uploads tracking in the sandbox
    return tests


def _tracked(order: Order) -> list[datetime]:
    return [at for s in order.shipments if (at := s.delivered_at or s.shipped_at) is not None]
