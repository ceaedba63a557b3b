"""Our requests as variables of Shopify's mutations, and their payloads as outcomes; all pure."""

from typing import Any

from connectors.errors import ConnectorError, VendorRejected
from connectors.outcomes import Outcome, Sent
from connectors.shops.base import CancelRequest, CaptureRequest, FulfilRequest, HoldRequest, RefundRequest
from connectors.shops.shopify_budget import VENDOR
from domain.catalogue import StockWrite
from domain.money import to_decimal_text

Node = dict[str, Any]

_REASONS = {
    "customer": "CUSTOMER",
    "declined": "DECLINED",
    "fraud": "FRAUD",
    "inventory": "INVENTORY",
    "other": "OTHER",
}
_FAILED = frozenset({"FAILURE", "ERROR"})


def hold_variables(request: HoldRequest) -> Node:
    return {
        "id": request.fulfilment_order,
        "fulfillmentHold": {
            "reason": "OTHER",
            "reasonNotes": request.reason_notes,
            "handle": request.handle,
            "notifyMerchant": False,
        },
    }


def fulfil_variables(request: FulfilRequest) -> Node:
    by_order: dict[str, list[Node]] = {}
    for fulfilment_order, line, quantity in request.lines:
        by_order.setdefault(fulfilment_order, []).append({"id": line, "quantity": quantity})
    tracking = {"number": request.tracking_number, "company": request.carrier}
    if request.tracking_url:
        tracking["url"] = request.tracking_url
    groups = [
        {"fulfillmentOrderId": fulfilment_order, "fulfillmentOrderLineItems": lines}
        for fulfilment_order, lines in by_order.items()
    ]
    return {
        "fulfillment": {
            "lineItemsByFulfillmentOrder": groups,
            "trackingInfo": tracking,
            "notifyCustomer": False,  # our own mails tell the customer
        }
    }


def capture_variables(request: CaptureRequest) -> Node:
    return {
        "input": {
            "id": request.order,
            "parentTransactionId": request.authorization,
            "amount": to_decimal_text(request.amount_minor, request.currency),
            "currency": request.currency,
        }
    }


def refund_variables(request: RefundRequest) -> Node:
    transaction = {
        "orderId": request.order,
        "parentId": request.parent_transaction,
        "gateway": request.gateway,
        "kind": "REFUND",
        "amount": to_decimal_text(request.amount_minor, request.currency),
    }
    return {
        "key": request.key,
        "input": {
            "orderId": request.order,
            "currency": request.currency,
            "note": request.note,
            "notify": False,
            "transactions": [transaction],
        },
    }


def cancel_variables(request: CancelRequest) -> Node:
    return {
        "orderId": request.order,
        "reason": _REASONS.get(request.reason, "OTHER"),
        "restock": request.restock,
        "refundMethod": {"originalPaymentMethodsRefund": request.refund},
        "notifyCustomer": False,
        "staffNote": request.note,
    }


def stock_variables(write: StockWrite) -> Node:
    quantity = {
        "inventoryItemId": write.inventory_external_id,
        "locationId": write.location_external_id,
        "quantity": write.available,
        "changeFromQuantity": write.expected,
    }
    return {
        "key": write.key,
        "input": {"name": "available", "reason": "correction", "quantities": [quantity]},
    }


def created(result: Node | ConnectorError, name: str) -> Outcome:
    """Sent with the id of what the payload calls `name`; a payload may leave it out when nothing changed."""
    if isinstance(result, ConnectorError):
        return result
    return Sent(external_id=str((result.get(name) or {}).get("id") or ""))


def paid(operation: str, result: Node | ConnectorError) -> Outcome:
    """The outcome of a capture: the gateway may have refused although Shopify accepted the call."""
    outcome = created(result, "transaction")
    if isinstance(result, ConnectorError):
        return result
    return _gateway(operation, outcome, [result.get("transaction") or {}])


def refunded(operation: str, result: Node | ConnectorError) -> Outcome:
    """The outcome of a refund, likewise."""
    return result if isinstance(result, ConnectorError) else _refund(operation, result.get("refund") or {})


def refund_of_note(operation: str, order: object, note: str) -> Outcome | None:
    """The same, read from an order's own list. Raises: VendorRejected `unreadable_answer`."""
    listed = order.get("refunds") if isinstance(order, dict) else None
    if not isinstance(listed, list):
        raise VendorRejected(VENDOR, operation, "refunds", "unreadable_answer")
    found = [each for each in listed if isinstance(each, dict) and each.get("note") == note]
    return _refund(operation, found[0]) if found else None


def _refund(operation: str, refund: Node) -> Outcome:
    transactions = (refund.get("transactions") or {}).get("nodes") or []
    found = _gateway(operation, Sent(str(refund.get("id") or "")), transactions)
    if isinstance(found, Sent) and transactions:
        return Sent(found.external_id, {**found.data, "transaction": str(transactions[0].get("id") or "")})
    return found


def _gateway(operation: str, outcome: Outcome, transactions: list[Node]) -> Outcome:
    if failed := [each for each in transactions if each.get("status") in _FAILED]:
        code = str(failed[0].get("errorCode") or "").lower()
        return VendorRejected(VENDOR, operation, code, "gateway_refused")
    pending = any(each.get("status") != "SUCCESS" for each in transactions)
    if isinstance(outcome, Sent):
        return Sent(outcome.external_id, {"status": "pending" if pending else "success"})
    return outcome
