"""ShipBob's bodies in our words: pure functions over decoded JSON of API 2026-01 (OpenAPI read 2026-11)."""

import re
from collections.abc import Mapping
from typing import Any

from connectors.reading import Unreadable, count, identity, mapping, moment, shaped, text, units
from connectors.warehouses.shipbob_words import ORDER_STATES, SHIPMENT_STATES
from domain.catalogue import NodeStock
from domain.nodes import NodeLine, NodeOrder, NodeOrderRequest, NodeShipment, NodeState, request_digest
from domain.order import Address

_PROGRESS = (
    NodeState.RECEIVED,
    NodeState.PICKING,
    NodeState.LABELLED,
    NodeState.SHIPPED,
    NodeState.DELIVERED,
)
_TROUBLE = (NodeState.EXCEPTION, NodeState.ON_HOLD, NodeState.UNKNOWN)
_CODE = re.compile(r"[A-Za-z0-9_]{1,60}\Z")


def order_body(request: NodeOrderRequest) -> dict[str, Any]:
    """The body of `POST /order`."""
    to = request.ship_to
    recipient: dict[str, Any] = {"name": to.name or to.company, "address": _address_body(to)}
    if request.email:
        recipient["email"] = request.email
    if to.phone:
        recipient["phone_number"] = to.phone
    body: dict[str, Any] = {
        "reference_id": request.reference,
        "order_number": request.order_name,
        "type": "DTC",
        "shipping_method": request.shipping_method,
        "purchase_date": request.ordered_at.isoformat(),
        "recipient": recipient,
        # Without a name ShipBob refuses a product that it does not know; with one it would create it.
        "products": [{"reference_id": line.sku, "name": None, "quantity": line.quantity} for line in request.lines],
    }
    if request.node_location:
        body["location_id"] = int(request.node_location)
    return body


def _address_body(address: Address) -> dict[str, Any]:
    return {
        "address1": address.line1,
        "address2": address.line2 or None,
        "company_name": address.company or None,
        "city": address.city,
        "state": address.region or None,
        "zip_code": address.postal_code or None,
        "country": address.country,
    }


@shaped
def parse_order(body: Any) -> NodeOrder:
    """One order. Raises: Unreadable."""
    data = mapping(body, "order")
    reported = [(mapping(raw, "shipments"), parse_shipment(raw)) for raw in data.get("shipments") or ()]
    shipments = tuple(shipment for _, shipment in reported)
    live = [pair for pair in reported if pair[1].state is not NodeState.CANCELLED]
    times = [moment(raw.get("last_update_at"), "last_update_at") for raw, _ in reported]
    times.append(moment(data.get("created_date"), "created_date"))
    lines, places = _content(data, live)
    return NodeOrder(
        external_id=identity(data, "id"),
        reference=text(data.get("reference_id")),
        state=order_state([s.state for s in shipments], text(data.get("status"))),
        shipments=shipments,
        updated_at=max((time for time in times if time), default=None),
        request_digest="+".join(sorted({request_digest(place, lines) for place in places})),
        lines=lines,
        ship_to=places[0] if len({request_digest(place, ()) for place in places}) == 1 else None,
    )


def order_state(shipments: list[NodeState], status: str) -> NodeState:
    """Trouble of one shipment is trouble of the order; else the slowest living shipment counts."""
    if not shipments:
        return ORDER_STATES.get(status, NodeState.UNKNOWN)
    live = [state for state in shipments if state is not NodeState.CANCELLED]
    if not live:
        return NodeState.CANCELLED
    for trouble in _TROUBLE:
        if trouble in live:
            return trouble
    return min(live, key=_PROGRESS.index)


def parse_shipment(body: Any) -> NodeShipment:
    """One shipment. Raises: Unreadable."""
    data = mapping(body, "shipment")
    status = text(data.get("status"))
    state, detail = _state(data, status)
    tracking = data.get("tracking") or {}
    return NodeShipment(
        external_id=identity(data, "id"),
        state=state,
        raw_state=status,
        lines=_shipment_lines(data),
        tracking_number=text(tracking.get("tracking_number")),
        tracking_url=text(tracking.get("tracking_url")),
        carrier=text(tracking.get("carrier")),
        service=text(tracking.get("carrier_service")),
        shipped_at=moment(data.get("actual_fulfillment_date"), "actual_fulfillment_date"),
        detail=detail,
    )


def _state(data: Mapping[str, Any], status: str) -> tuple[NodeState, str]:
    names = [text(detail.get("name")) for detail in data.get("status_details") or ()]
    known = [name for name in names if (status, name) in SHIPMENT_STATES and name]
    state = SHIPMENT_STATES.get((status, ""), NodeState.UNKNOWN)
    if known:  # several details tell a history: the furthest counts
        state = max((SHIPMENT_STATES[status, name] for name in known), key=_rank)
    if status == "Completed" and data.get("delivery_date"):
        state = NodeState.DELIVERED
    code = next((name for name in reversed(names) if _CODE.match(name)), "")
    return state, code


def _rank(state: NodeState) -> int:
    return _PROGRESS.index(state) if state in _PROGRESS else -1


def _shipment_lines(data: Mapping[str, Any]) -> tuple[NodeLine, ...]:
    """Quantities stand at the inventory items; of a kit, which has several, the rarest part counts."""
    lines = []
    for product in data.get("products") or ():
        per_item: dict[Any, int] = {}
        for item in product.get("inventory_items") or ():
            per_item[item.get("id")] = per_item.get(item.get("id"), 0) + count(item.get("quantity"))
        sku = text(product.get("reference_id")) or text(product.get("sku"))
        if sku and per_item:
            lines.append(NodeLine(sku, min(per_item.values())))
    return tuple(lines)


def _content(
    data: Mapping[str, Any], live: list[tuple[Mapping[str, Any], NodeShipment]]
) -> tuple[tuple[NodeLine, ...], list[Address]]:
    """What is sent, and where to. Living shipments tell (edits change only them); before there are any, the order."""
    products = data.get("products") or ()
    ordered = [NodeLine(text(p.get("reference_id")) or text(p.get("sku")), count(p.get("quantity"))) for p in products]
    lines = [line for _, shipment in live for line in shipment.lines]
    complete = all(len(s.lines) == len(raw.get("products") or ()) and s.lines for raw, s in live)
    recipients = [raw["recipient"] for raw, _ in live if raw.get("recipient")]
    places = [_address(to) for to in recipients or [data.get("recipient") or {}]]
    return tuple(lines if live and complete else ordered), places


def _address(recipient: Mapping[str, Any]) -> Address:
    place = recipient.get("address") or {}
    return Address(
        name=text(recipient.get("name")) or text(recipient.get("full_name")),
        company=text(place.get("company_name")),
        line1=text(place.get("address1")),
        line2=text(place.get("address2")),
        city=text(place.get("city")),
        region=text(place.get("state")),
        postal_code=text(place.get("zip_code")),
        country=text(place.get("country")),
    )


@shaped
def parse_webhook(topic: str, body: Any) -> NodeOrder:
    """What a webhook says of an order; one about a shipment knows only that shipment.

    Raises: Unreadable, also for topics that are not about orders.
    """
    if not topic.startswith("order."):
        raise Unreadable("not_an_order", "topic")
    data = mapping(body, "body")
    if "order_id" not in data:
        return parse_order(data)
    shipment = parse_shipment(data)
    return NodeOrder(
        external_id=identity(data, "order_id"),
        reference=text(data.get("reference_id")),
        state=shipment.state,
        shipments=(shipment,),
        updated_at=moment(data.get("last_update_at"), "last_update_at"),
    )


@shaped
def parse_stock(body: Any) -> list[NodeStock]:
    """One page of inventory levels, an entry per building; an item without a SKU is left out. Raises: Unreadable."""
    return [
        NodeStock(
            sku=item["sku"],
            node_location=identity(place, "location_id"),
            on_hand=units(place.get("on_hand_quantity"), "on_hand_quantity"),
            free=units(place.get("fulfillable_quantity"), "fulfillable_quantity"),
            raw={"inventory_id": item.get("inventory_id")},
        )
        for item in mapping(body, "inventory").get("items") or ()
        if item.get("sku")
        for place in item.get("locations") or ()
    ]
