"""Stripe's bodies in our words: pure functions over forms and decoded JSON of API 2025-03-31.basil."""

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from connectors.errors import VendorRejected
from connectors.http import Refusal
from connectors.outcomes import Outcome, Sent
from connectors.payments.base import LinkRequest, LinkState, PaymentLink, PaymentRefund, RefundState
from connectors.payments.stripe_amounts import VENDOR, from_stripe, to_stripe
from connectors.reading import Unreadable, identity, mapping, shaped, text

PROCESSING = "processing"
# "Refund, status", OpenAPI file; it may be null, and only a refund that has succeeded says so
_FAILED = frozenset({"failed", "canceled"})
_PAID = frozenset({"paid", "no_payment_required"})
# Languages of the page ("Checkout Sessions, locale", OpenAPI file); any other falls back to the browser's.
_LOCALES = frozenset(
    "bg cs da de el en en-GB es es-419 et fi fil fr fr-CA hr hu id it ja ko lt lv ms mt nb nl pl pt pt-BR ro ru sk sl "
    "sv th tr vi zh zh-HK zh-TW".split()
)
# Error codes (docs.stripe.com/error-codes, read 2026-11) that have a reason of ours.
_CODES = {
    "charge_already_refunded": "too_much",
    "amount_too_large": "too_much",
    "amount_too_small": "too_little",
    "balance_insufficient": "declined",
    "insufficient_funds": "declined",
    "charge_disputed": "declined",
    "refund_disputed_payment": "declined",
    "payment_intent_unexpected_state": "declined",
    "resource_missing": "not_found",
    "invalid_charge_amount_no_decimal_compatible": "not_chargeable",
}
_TYPES = {"card_error": "declined", "idempotency_error": "key_conflict"}
_PARAMS = {"expires_at": "bad_expiry", "currency": "not_chargeable"}
# An amount beyond what is left comes without a code; so do the charge's own troubles in older answers.
_MESSAGES = tuple(
    (re.compile(pattern, re.IGNORECASE), reason)
    for pattern, reason in (
        (r"greater than (the )?(unrefunded|charge|remaining)|already been (fully )?refunded", "too_much"),
        (r"charged back|(not|n't) have a successful charge", "declined"),
    )
)


def flat(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """A nested form in Stripe's notation: {"a": [{"b": 1}]} is a[0][b]=1."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from flat(part, f"{name}[{key}]" if name else str(key))
    elif isinstance(value, list | tuple):
        for index, part in enumerate(value):
            yield from flat(part, f"{name}[{index}]")
    else:
        yield name, str(value).lower() if isinstance(value, bool) else str(value)


def page_form(request: LinkRequest) -> dict[str, Any]:
    """The form of `POST /v1/checkout/sessions`. Raises: VendorRejected `not_chargeable`."""
    reference = {"reference": request.reference}
    return {
        "mode": "payment",
        "submit_type": "pay",
        "client_reference_id": request.reference,
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": request.currency.lower(),
                    "unit_amount": to_stripe("create_link", request.amount_minor, request.currency),
                    "product_data": {"name": request.description},
                },
            }
        ],
        # Paid at once or not at all: slower methods would leave an edit waiting for days.
        "payment_method_types": ["card"],
        # Else the customer could pay in another currency, which a refund would then be counted in.
        "adaptive_pricing": {"enabled": False},
        "metadata": reference,
        "payment_intent_data": {"description": request.description, "metadata": reference},
        "expires_at": int(request.expires_at.timestamp()),
        "success_url": request.success_url,
        "cancel_url": request.cancel_url,
        "locale": page_locale(request.locale),
    }


def page_locale(locale: str) -> str:
    """The nearest language that the page has; `auto` leaves it to the browser."""
    wanted = locale.replace("_", "-")
    return next((name for name in (wanted, wanted.partition("-")[0]) if name in _LOCALES), "auto")


def refund_form(request: PaymentRefund) -> dict[str, Any]:
    """The form of `POST /v1/refunds`. Raises: VendorRejected `not_chargeable`."""
    return {
        "payment_intent": request.payment,
        "amount": to_stripe("refund", request.amount_minor, request.currency),
        "reason": "requested_by_customer",
        "metadata": {"reference": request.reference, "key": request.key},
    }


@shaped
def parse_page(body: Any) -> PaymentLink:
    """A Checkout Session. `paid_at` is known when its payment was asked for too. Raises: Unreadable."""
    data = mapping(body, "session")
    currency = text(data.get("currency")).upper()
    state = _page_state(data)
    payment = data.get("payment_intent") if state is LinkState.PAID else None
    return PaymentLink(
        external_id=identity(data),
        state=state,
        url=text(data.get("url")),
        reference=text(data.get("client_reference_id")),
        amount_minor=from_stripe(data.get("amount_total"), currency),
        currency=currency,
        payment=identity(payment) if isinstance(payment, Mapping) else text(payment),
        paid_at=_paid_at(payment),
    )


def _page_state(data: Mapping[str, Any]) -> LinkState:
    status = data.get("status")
    if status == "complete":
        return LinkState.PAID if data.get("payment_status") in _PAID else LinkState.OPEN
    if status not in ("open", "expired"):
        raise Unreadable("unknown_status", "status")
    return LinkState(status)


def is_processing(body: Any) -> bool:
    """The customer has done all, and the money is still on its way."""
    data = mapping(body, "session")
    return data.get("status") == "complete" and data.get("payment_status") not in _PAID


def _paid_at(payment: Any) -> datetime | None:
    charge = payment.get("latest_charge") if isinstance(payment, Mapping) else None
    created = charge.get("created") if isinstance(charge, Mapping) else None
    return datetime.fromtimestamp(created, UTC) if isinstance(created, int) else None


@shaped
def parse_refund(operation: str, body: Any) -> Outcome:
    """What became of a refund; one on its way counts as sent. Raises: Unreadable."""
    data = mapping(body, "refund")
    status = text(data.get("status"))
    if status in _FAILED:
        detail = text(data.get("failure_reason")) or status
        return VendorRejected(VENDOR, operation, detail, reason="declined")
    state = RefundState.SUCCEEDED if status == "succeeded" else RefundState.PENDING
    return Sent(identity(data), {"state": str(state)})


@shaped
def list_page(body: Any) -> tuple[list[Mapping[str, Any]], bool]:
    """One page of a list, and whether there is another. Raises: Unreadable."""
    data = mapping(body, "list")
    rows = data["data"]
    if not isinstance(rows, list):
        raise Unreadable("not_a_list", "data")
    for row in rows:
        identity(mapping(row, "row"))
    return rows, data.get("has_more") is True


@shaped
def our_refund(rows: list[Mapping[str, Any]], request: PaymentRefund) -> Outcome | None:
    """The refund of `request` among those of its payment. A failed one counts only under the same key: after a
    refusal the next try has another. Raises: Unreadable."""
    ours = [row for row in rows if (row.get("metadata") or {}).get("reference") == request.reference]
    living = [row for row in ours if row.get("status") not in _FAILED]
    failed = [row for row in ours if row.get("status") in _FAILED and row["metadata"].get("key") == request.key]
    return next((parse_refund("find_refund", row) for row in (*living, *failed)), None)


@shaped
def tells_of(body: Any, url: str, topics: Collection[str]) -> bool:
    """Whether one of the endpoints is on, has this address and wants all these events. Raises: Unreadable."""
    wanted = [
        set(row.get("enabled_events") or ())
        for row in mapping(body, "endpoints")["data"]
        if row.get("url") == url and row.get("status") == "enabled"
    ]
    return any("*" in events or events.issuperset(topics) for events in wanted)


@shaped
def account_name(body: Any) -> str:
    """What people call the account. Raises: Unreadable."""
    data = mapping(body, "account")
    shown = ((data.get("settings") or {}).get("dashboard") or {}).get("display_name")
    return text(shown) or text((data.get("business_profile") or {}).get("name")) or identity(data)


def read_refusal(status: int, body: Any) -> Refusal:
    """Our reason of a 4xx: by code, kind of error, parameter, then by words."""
    error = body.get("error") if isinstance(body, Mapping) else None
    if not isinstance(error, Mapping):
        return Refusal("not_found" if status == 404 else "rejected")
    code, message = text(error.get("code")), text(error.get("message"))
    param = text(error.get("param")).rpartition("[")[2].rstrip("]")
    reason = (
        _CODES.get(code)
        or _TYPES.get(text(error.get("type")))
        or _PARAMS.get(param)
        or next((reason for pattern, reason in _MESSAGES if pattern.search(message)), "")
        or ("not_found" if status == 404 else "rejected")
    )
    # 409 is another call under way with the same key; its end is told to whoever asks again
    return Refusal(reason, f"{code} {message}".strip(), busy=status == 409)
