"""The one table from Shopify's error codes and messages to our reasons.

Fulfil, capture and refund errors carry no code, so their messages are matched.
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
}
_IN_PROGRESS = "IDEMPOTENCY_CONCURRENT_REQUEST"

# user errors without a code, or with one that says nothing; the first match counts
_MESSAGES = tuple(
    (re.compile(pattern, re.IGNORECASE), reason)
    for pattern, reason in (
        (r"idempotency.*(different|mismatch)", "key_conflict"),
        (r"already.*cancel|has been cancel", "already_cancelled"),
        (r"on.hold", "on_hold"),
        (r"authori[sz]ation.*expired|expired.*authori[sz]ation", "authorization_expired"),
        (r"already.*captured|fully captured", "already_captured"),
        (r"already.*refunded|fully refunded", "already_refunded"),
        (r"already.*fulfilled|unfulfillable|status.*closed|is closed|no remaining", "already_fulfilled"),
        (r"(fulfilled|fulfillment).*cannot be cancel", "already_fulfilled"),
        (r"quantity|quantities", "bad_quantity"),
        (r"exceed|greater than|more than|too high|cannot be refunded", "amount_too_high"),
        (r"cannot be captured|not capturable|no.*authori[sz]ation", "not_capturable"),
        (r"not found|not exist|couldn't be found|could not be found|invalid id", "not_found"),
    )
)

# errors of a whole request or of one field
_AUTH = frozenset({"ACCESS_DENIED", "SHOP_INACTIVE"})
_UNSURE = frozenset({"INTERNAL_SERVER_ERROR", "TIMEOUT", "SERVICE_UNAVAILABLE"})
THROTTLED = "THROTTLED"


def user_error(operation: str, errors: Sequence[Mapping[str, Any]], sent: Any) -> ConnectorError:
    """One outcome for the user errors of one mutation."""
    first = errors[0]
    code, message = str(first.get("code") or ""), str(first.get("message") or "")
    if code == _IN_PROGRESS:
        return Retryable(VENDOR, operation, code.lower(), 1.0)
    reason = _CODES.get(code) or _by_message(message) or code.lower() or "rejected"
    return VendorRejected(VENDOR, operation, redact(message, sent), reason)


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
    if code == _IN_PROGRESS:
        return Retryable(VENDOR, operation, code.lower(), 1.0)
    return VendorRejected(VENDOR, operation, detail, _CODES.get(code) or code.lower() or "bad_request")


def error_code(error: Mapping[str, Any]) -> str:
    extensions = error.get("extensions")
    return str(extensions.get("code") or "") if isinstance(extensions, dict) else ""


def _by_message(message: str) -> str:
    return next((reason for pattern, reason in _MESSAGES if pattern.search(message)), "")
