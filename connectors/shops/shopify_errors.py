"""The one table from Shopify's error codes and messages to our reasons.

Fulfil, capture, refund and most edit errors carry no code, so their messages are matched, and for edits the argument
that they are about.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.errors import AuthFailed, ConnectorError, OutcomeUnknown, Retryable, VendorRejected
from connectors.redaction import redact
from connectors.shops.shopify_budget import VENDOR

MAX_COST = "max_cost"

# errors that name themselves
_CODES = {
    "MAX_COST_EXCEEDED": MAX_COST,
    "CHANGE_FROM_QUANTITY_STALE": "stale",
    "COMPARE_QUANTITY_STALE": "stale",
    "DUPLICATE_FULFILLMENT_HOLD_HANDLE": "duplicate_handle",
    "TAKEN": "duplicate_handle",
    "FULFILLMENT_ORDER_HOLD_LIMIT_REACHED": "hold_limit",
    "FULFILLMENT_ORDER_NOT_FOUND": "not_found",
    "NOT_FOUND": "not_found",
    "INVALID_INVENTORY_ITEM": "not_found",
    "INVALID_LOCATION": "not_found",
    "INVALID_ACCESS": "no_access",
    "NO_REFUND_PERMISSION": "no_access",
    "NON_MUTABLE_INVENTORY_ITEM": "not_adjustable",
    "IDEMPOTENCY_KEY_PARAMETER_MISMATCH": "key_conflict",
    "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED": "key_failed",
    "RESOURCE_NOT_FOUND": "not_found",
    "ORDER_NOT_FOUND": "not_found",
    "AMOUNT_EXCEEDS_BALANCE": "amount_too_high",
    "AMOUNT_NOT_POSITIVE": "bad_amount",
    "CURRENCY_MISMATCH": "other_currency",
    "GATEWAY_NOT_FOUND": "unknown_method",
    "PROCESSED_AT_INVALID": "bad_time",
    "INVALID_STATE": "invalid_state",
}
_BUSY = frozenset({"IDEMPOTENCY_CONCURRENT_REQUEST", "ORDER_IS_TEMPORARILY_UNAVAILABLE"})

Patterns = tuple[tuple[re.Pattern[str], str], ...]


def _patterns(*pairs: tuple[str, str]) -> Patterns:
    return tuple((re.compile(pattern, re.IGNORECASE), reason) for pattern, reason in pairs)


# user errors without a code, or with one that says nothing; the first match counts
_MESSAGES = _patterns(
    (r"idempotency.*(different|mismatch)", "key_conflict"),
    (r"already.*cancel|has been cancel", "already_cancelled"),
    (r"on.hold", "on_hold"),
    (r"authori[sz]ation.*expired|expired.*authori[sz]ation", "authorization_expired"),
    (r"already.*captured|fully captured", "already_captured"),
    (r"already.*refunded|fully refunded", "already_refunded"),
    (r"already.*paid|fully paid|(no|not|nothing).*outstanding", "nothing_outstanding"),
    (r"already.*fulfilled|unfulfillable|status.*closed|is closed|no remaining", "already_fulfilled"),
    (r"(fulfilled|fulfillment).*cannot be cancel", "already_fulfilled"),
    (r"quantity|quantities", "bad_quantity"),
    (r"exceed|greater than|more than|too high|cannot be refunded", "amount_too_high"),
    (r"cannot be captured|not capturable|no.*authori[sz]ation", "not_capturable"),
    (r"not found|not exist|couldn't be found|could not be found|invalid id", "not_found"),
)

# an order edit: a session ends when the order is edited otherwise, and the next one starts from what is there then
_SUPERSEDED = "edit_superseded"
_EDIT = "orderEdit"
_EDIT_MESSAGES = _patterns(
    (r"calculated order .*(not exist|not found|committed)|session|changed since|edited since", _SUPERSEDED),
    (r"the order (does not|doesn't) exist", "not_found"),
    (r"price must be in", "other_currency"),
    (r"(cannot|can't|could not|couldn't) be edited|not editable|cannot edit|cancel|archived|currenc", "not_editable"),
    (r"fulfilled|shipped", "bad_quantity"),
    (r"at least one change", "nothing_to_change"),
    (r"variant.*(not exist|not found|invalid)", "unknown_variant"),
    (r"line item.*(not exist|not found|invalid)", "unknown_line"),
)
# (mutation, argument) -> what is wrong when the text says nothing more
_ARGUMENTS = {
    ("orderEditSetQuantity", "lineItemId"): "unknown_line",
    ("orderEditSetQuantity", "quantity"): "bad_quantity",
    ("orderEditAddVariant", "variantId"): "unknown_variant",
    ("orderEditAddVariant", "quantity"): "bad_quantity",
    ("orderUpdate", "shippingAddress"): "bad_address",
    ("orderUpdate", "email"): "bad_contact",
    ("orderUpdate", "phone"): "bad_contact",
}

# errors of a whole request or of one field
_AUTH = frozenset({"ACCESS_DENIED", "SHOP_INACTIVE"})
_UNSURE = frozenset({"INTERNAL_SERVER_ERROR", "TIMEOUT", "SERVICE_UNAVAILABLE"})
THROTTLED = "THROTTLED"


def user_error(operation: str, errors: Sequence[Mapping[str, Any]], sent: Any) -> ConnectorError:
    """One outcome for the user errors of one mutation."""
    first = errors[0]
    code, message = str(first.get("code") or ""), str(first.get("message") or "")
    if code in _BUSY:
        return Retryable(VENDOR, operation, code.lower(), 1.0)
    reason = _CODES.get(code) or _of_edit(operation, first) or _by_message(_MESSAGES, message)
    if reason == _SUPERSEDED:
        return Retryable(VENDOR, operation, reason)  # nothing was committed
    return VendorRejected(VENDOR, operation, redact(message, sent), reason or code.lower() or "rejected")


def graphql_error(operation: str, error: Mapping[str, Any], sent: Any, *, unsure: bool) -> ConnectorError:
    """One outcome for an entry of `errors`; `unsure` for a write that may have happened."""
    code = error_code(error)
    detail = redact(str(error.get("message") or ""), sent)
    if code == THROTTLED:
        return Retryable(VENDOR, operation, "throttled")
    if code in _AUTH:
        return AuthFailed(VENDOR, operation, detail)
    if code in _UNSURE:
        return OutcomeUnknown(VENDOR, operation, detail) if unsure else Retryable(VENDOR, operation, detail)
    if code in _BUSY:
        return Retryable(VENDOR, operation, code.lower(), 1.0)
    return VendorRejected(VENDOR, operation, detail, _CODES.get(code) or code.lower() or "bad_request")


def error_code(error: Mapping[str, Any]) -> str:
    extensions = error.get("extensions")
    return str(extensions.get("code") or "") if isinstance(extensions, dict) else ""


def _of_edit(operation: str, error: Mapping[str, Any]) -> str:
    message, field = str(error.get("message") or ""), error.get("field")
    said = _by_message(_EDIT_MESSAGES, message) if operation.startswith(_EDIT) else ""
    path = field if isinstance(field, list) else []
    return said or next((reason for name in path if (reason := _ARGUMENTS.get((operation, name)))), "")


def _by_message(patterns: Patterns, message: str) -> str:
    return next((reason for pattern, reason in patterns if pattern.search(message)), "")
