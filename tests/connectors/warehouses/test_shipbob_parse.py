"""ShipBob's bodies in our words, without a server."""

from typing import Any

import pytest

from connectors.reading import Unreadable
from connectors.warehouses.shipbob_parse import order_body, parse_order, parse_stock, parse_webhook
from connectors.warehouses.shipbob_words import SHIPMENT_STATES, refusal_messages, refusal_reason
from domain.nodes import NodeLine, NodeState, request_digest
from tests.connectors.warehouses.conftest import SPEC, make_request
from tests.support.openapi import load_spec

ADDRESS = {
    "address1": "3101 Western Ave",
    "address2": "Apt 4",
    "city": "Seattle",
    "state": "WA",
    "zip_code": "98121",
    "country": "US",
}


def shipment(**changes: Any) -> dict[str, Any]:
    body = {
        "id": 7,
        "order_id": 5,
        "reference_id": "FO-1.1",
        "status": "Processing",
        "status_details": [],
        "last_update_at": "2026-11-20T12:00:00Z",
        "recipient": {"name": "Ada Byron", "address": ADDRESS},
        "products": [product("BAG-45-BLK", {1: 2}), product("SOCK-M", {2: 1})],
    }
    return {**body, **changes}


def product(sku: str, items: dict[int, int]) -> dict[str, Any]:
    return {
        "id": 1,
        "reference_id": sku,
        "inventory_items": [{"id": item, "quantity": quantity} for item, quantity in items.items()],
    }


def order(*shipments: dict[str, Any], **changes: Any) -> dict[str, Any]:
    body = {
        "id": 5,
        "reference_id": "FO-1.1",
        "status": "Processing",
        "created_date": "2026-11-20T10:00:00Z",
        "recipient": {"name": "Ada Byron", "address": ADDRESS},
        "products": [
            {"reference_id": "BAG-45-BLK", "quantity": 2},
            {"reference_id": "SOCK-M", "quantity": 1},
        ],
        "shipments": list(shipments),
    }
    return {**body, **changes}


def details(*names: str) -> list[dict[str, str]]:
    return [{"name": name} for name in names]


@pytest.mark.parametrize(
    ("status", "names", "state", "detail"),
    [
        ("Processing", [], NodeState.RECEIVED, ""),
        ("Processing", ["Picked"], NodeState.PICKING, "Picked"),
        ("Processing", ["Picked", "Packed", "Labeled"], NodeState.LABELLED, "Labeled"),
        ("Processing", ["SomethingNew"], NodeState.RECEIVED, "SomethingNew"),
        ("LabeledCreated", [], NodeState.LABELLED, ""),
        ("Completed", ["InTransit"], NodeState.SHIPPED, "InTransit"),
        ("Completed", ["Delivered"], NodeState.DELIVERED, "Delivered"),
        ("OnHold", ["InvalidAddress"], NodeState.ON_HOLD, "InvalidAddress"),
        ("Exception", ["OutOfStock"], NodeState.EXCEPTION, "OutOfStock"),
        ("Exception", ["BinTransferInProgress"], NodeState.ON_HOLD, "BinTransferInProgress"),
        ("CleanSweeped", [], NodeState.UNKNOWN, ""),
        ("BrandNew", [], NodeState.UNKNOWN, ""),
    ],
)
def test_shipment_state(status: str, names: list[str], state: NodeState, detail: str) -> None:
    parsed = parse_order(order(shipment(status=status, status_details=details(*names))))

    [told] = parsed.shipments
    assert (state, status, detail) == (told.state, told.raw_state, told.detail)


def test_every_status_of_the_contract_is_decided_about(shared: object) -> None:
    """`None` and `CleanSweeped` are unknown on purpose; a new word of the vendor shows here."""
    schemas = load_spec(SPEC)["components"]["schemas"]
    statuses = schemas["Orders.ShipmentViewModel"]["properties"]["status"]
    name = statuses["$ref"].rsplit("/", 1)[-1] if "$ref" in statuses else ""
    words = set(schemas[name]["enum"] if name else statuses["enum"])

    assert {"None", "CleanSweeped"} == words - {status for status, _ in SHIPMENT_STATES}


def test_free_text_of_a_detail_is_not_kept() -> None:
    [told] = parse_order(order(shipment(status="OnHold", status_details=details("Call Ada at home")))).shipments

    assert told.detail == ""


def test_order_state_is_the_slowest_living_shipment() -> None:
    parsed = parse_order(order(shipment(status="Completed"), shipment(id=8), shipment(id=9, status="Cancelled")))

    assert parsed.state is NodeState.RECEIVED


def test_order_state_shows_trouble_of_one_shipment() -> None:
    parsed = parse_order(order(shipment(status="Completed"), shipment(id=8, status="Exception")))

    assert parsed.state is NodeState.EXCEPTION


def test_order_without_shipments_goes_by_its_own_status() -> None:
    assert parse_order(order(status="ImportReview")).state is NodeState.ON_HOLD
    assert parse_order(order(status="Strange")).state is NodeState.UNKNOWN


def test_digest_equals_our_request() -> None:
    request = make_request()

    assert request_digest(request.ship_to, request.lines) == parse_order(order(shipment())).request_digest


def test_digest_follows_an_edited_shipment() -> None:
    edited = {**ADDRESS, "address2": "Apt 5"}

    parsed = parse_order(order(shipment(recipient={"name": "Ada Byron", "address": edited})))

    request = make_request()
    assert request_digest(request.ship_to, request.lines) != parsed.request_digest


def test_digest_of_split_shipments_adds_their_lines() -> None:
    first = shipment(products=[product("BAG-45-BLK", {1: 1})])
    second = shipment(id=8, products=[product("BAG-45-BLK", {1: 1}), product("SOCK-M", {2: 1})])
    request = make_request()

    parsed = parse_order(order(first, second))

    assert request_digest(request.ship_to, request.lines) == parsed.request_digest


def test_lots_are_added_and_kits_counted_by_their_parts() -> None:
    lots = product("GAS-230", {3: 1})
    lots["inventory_items"].append({"id": 3, "quantity": 4, "lot": "B"})
    kit = product("KIT-COOK", {4: 2, 5: 2})

    [told] = parse_order(order(shipment(products=[lots, kit]))).shipments

    assert told.lines == (NodeLine("GAS-230", 5), NodeLine("KIT-COOK", 2))


def test_webhook_of_an_order_and_of_a_shipment() -> None:
    whole = parse_webhook("order.shipped", order(shipment(status="Completed")))
    part = parse_webhook("order.shipment.exception", shipment(status="Exception"))

    assert ("5", "FO-1.1", NodeState.SHIPPED) == (whole.external_id, whole.reference, whole.state)
    assert ("5", "FO-1.1", NodeState.EXCEPTION) == (part.external_id, part.reference, part.state)


@pytest.mark.row("FUL-2", bad_input=True)
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(None, id="nothing"),
        pytest.param([], id="list"),
        pytest.param({}, id="empty"),
        pytest.param({"id": 5, "shipments": [3]}, id="shipment is a number"),
        pytest.param({"id": 5, "shipments": 3}, id="shipments is a number"),
        pytest.param(order(shipment(tracking="x")), id="tracking is text"),
        pytest.param(order(shipment(products=[1])), id="product is a number"),
        pytest.param(order(shipment(last_update_at="soon")), id="bad time"),
        pytest.param({"order_id": 5}, id="shipment without id"),
    ],
)
def test_unreadable_webhook(body: Any) -> None:
    with pytest.raises(Unreadable):
        parse_webhook("order.shipped", body)


def test_webhook_of_another_topic_is_not_an_order() -> None:
    with pytest.raises(Unreadable):
        parse_webhook("return.created", order())


def test_stock_leaves_items_without_sku_out() -> None:
    page = {
        "items": [
            {"inventory_id": 1, "sku": "A", "locations": [
                {"location_id": 4, "on_hand_quantity": 9, "fulfillable_quantity": 4},
                {"location_id": 8, "on_hand_quantity": 2, "fulfillable_quantity": 2},
            ]},
            {"inventory_id": 2, "sku": None, "locations": [{"location_id": 4, "on_hand_quantity": 1}]},
        ]
    }  # fmt: skip

    levels = parse_stock(page)

    assert [("A", "4", 9, 4), ("A", "8", 2, 2)] == [(s.sku, s.node_location, s.on_hand, s.free) for s in levels]


def test_order_body_never_invents_a_product() -> None:
    """A product name would make ShipBob create what it does not know."""
    body = order_body(make_request(node_location="4"))

    assert [None, None] == [product["name"] for product in body["products"]]
    assert body["location_id"] == 4


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"errors": ["Reference Id FO-1.1 already exists"]}, "reference_conflict"),
        ({"Products": ["Product with reference id X does not exist"]}, "unknown_sku"),
        ({"Recipient.Address.ZipCode": ["The field is required"]}, "bad_address"),
        ({"errors": ["Not enough inventory"]}, "no_stock"),
        ({"errors": ["Computer says no"]}, "rejected"),
        (None, "rejected"),
    ],
)
def test_refusal_reason(body: Any, reason: str) -> None:
    assert reason == refusal_reason(refusal_messages(body))
