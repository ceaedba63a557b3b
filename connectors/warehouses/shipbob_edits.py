"""Changes to what ShipBob already has: the address and the lines of a shipment that is not labelled yet.

An edit names a shipment, so an order of several living shipments can change its address but not its lines.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.errors import OutcomeUnknown, VendorRejected
from connectors.http import VendorHttp
from connectors.reading import Unreadable, identity, mapping, text
from connectors.redaction import redact
from domain.nodes import NodeLine, NodeOrder, NodeShipment, NodeState
from domain.order import Address

VENDOR = "shipbob"
_API = "/2026-01"
# The vendor's codes of a refusal; any other (it failed half way) leaves the outcome unknown.
_REASONS = {
    "CONFLICT": "too_late",
    "NOT_FOUND": "not_found",
    "INVALID_PARAMETER": "invalid",
    "VALIDATION_ERROR": "invalid",
}


def living(order: NodeOrder) -> list[NodeShipment]:
    """Shipments that will still go out."""
    return [shipment for shipment in order.shipments if shipment.state is not NodeState.CANCELLED]


async def change_address(http: VendorHttp, shipment: str, to: Address, email: str) -> None:
    """Set the whole address of one shipment. Raises: VendorRejected `too_late`, `bad_address`, `not_found`."""
    body: dict[str, Any] = {
        "recipient_name": to.name or to.company,
        "company_name": to.company or None,
        "street_address1": to.line1,
        "street_address2": to.line2 or None,
        "city": to.city,
        "state": to.region or None,
        "zip_code": to.postal_code or None,
        "country_code": to.country,
        "phone_number": to.phone or None,
        "email": email or None,
    }
    path = f"{_API}/shipment/{shipment}:updateAddress"
    answer = await http.call("change_address", "PUT", path, json=body, write=True, expect=(400,))
    _check("change_address", answer.body, body, invalid="bad_address")


async def change_lines(http: VendorHttp, shipment: str, lines: Sequence[NodeLine]) -> None:
    """Set all lines of one shipment; ShipBob takes the whole list and removes what is not in it.

    Raises: VendorRejected `too_late`, `unknown_sku`, `not_found`, `bad_lines`.
    """
    answer = await http.call(
        "read_lines", "GET", f"{_API}/shipment/{shipment}:getLineItems", write=False, expect=(404,)
    )
    if answer.status == 404:
        raise VendorRejected(VENDOR, "change_lines", reason="not_found")
    present = {sku: item for item in answer.body or () if (sku := _sku(item))}
    items = [
        {**(_kept(present[line.sku]) if line.sku in present else await _found(http, line.sku))}
        | {"quantity": line.quantity}
        for line in lines
        if line.quantity
    ]
    path = f"{_API}/shipment/{shipment}:updateLineItems"
    body = {"items": items}
    answer = await http.call("change_lines", "POST", path, json=body, write=True, expect=(400,))
    _check("change_lines", answer.body, body, invalid="bad_lines")


def _sku(item: Mapping[str, Any]) -> str:
    return text((item.get("product_variant") or {}).get("sku"))


def _kept(item: Mapping[str, Any]) -> dict[str, Any]:
    """The item as it stands; a lot that somebody chose stays chosen."""
    kept: dict[str, Any] = {"inventory_id": item["inventory_id"]}
    lot = item.get("lot") or {}
    if lot.get("selection_method") == "Specific":
        kept |= {"is_manually_assigned_lot": True, "lot_number": lot.get("lot_number")}
        kept |= {"lot_date": lot["lot_date"]} if lot.get("lot_date") else {}
    return kept


async def _found(http: VendorHttp, sku: str) -> dict[str, Any]:
    return {"inventory_id": await find_item(http, "change_lines", sku)}


async def find_item(http: VendorHttp, operation: str, sku: str) -> int:
    """The inventory id of a SKU. Raises: VendorRejected `unknown_sku`."""
    answer = await http.call("find_item", "GET", f"{_API}/inventory-level", params={"SearchBy": sku}, write=False)
    for item in (answer.body or {}).get("items") or ():
        if item.get("sku") == sku:
            return int(item["inventory_id"])
    raise VendorRejected(VENDOR, operation, reason="unknown_sku")


def _check(operation: str, answer: Any, sent: Any, *, invalid: str) -> None:
    """A refusal comes as 400, or as 200 with an `error` inside."""
    try:
        body = mapping(answer, "answer")
        if body.get("is_success") is True:
            identity(body)
            return
        error = mapping(body.get("error") or body, "error")
    except Unreadable as exc:
        raise OutcomeUnknown(VENDOR, operation, str(exc)) from exc
    code = text(error.get("code"))
    reason = _REASONS.get(code)
    if reason is None:
        raise OutcomeUnknown(VENDOR, operation, redact(code))
    detail = redact(f"{code} {text(error.get('message'))}", sent)
    raise VendorRejected(VENDOR, operation, detail, reason=invalid if reason == "invalid" else reason)
