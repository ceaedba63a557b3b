"""Stripe's disputes in our words ("Dispute", OpenAPI file): pure."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from connectors import unreadable
from connectors.payments.stripe_amounts import from_stripe
from connectors.reading import Unreadable, identity, mapping, shaped, text
from domain.disputes import DisputeState, StatedDispute
from domain.order import OrderError

# those that begin with "warning" are inquiries: no money has been taken
_INQUIRY = "warning_"
STATES = {
    "needs_response": DisputeState.NEEDS_RESPONSE,
    "under_review": DisputeState.UNDER_REVIEW,
    "won": DisputeState.WON,
    "lost": DisputeState.LOST,
    "prevented": DisputeState.PREVENTED,
    "charge_refunded": DisputeState.REFUNDED,
    "warning_needs_response": DisputeState.NEEDS_RESPONSE,
    "warning_under_review": DisputeState.UNDER_REVIEW,
    "warning_closed": DisputeState.PREVENTED,
}


@shaped
def parse_dispute(body: Any) -> StatedDispute:
    """A dispute. Raises: Unreadable, for an unknown status too: whether money may go out depends on it."""
    data = mapping(body, "dispute")
    status = text(data.get("status"))
    if status not in STATES:
        raise Unreadable("unknown_status", "status")
    currency = text(data.get("currency")).upper()
    due = (data.get("evidence_details") or {}).get("due_by")
    payment = data.get("payment_intent")
    return StatedDispute(
        external_id=identity(data),
        state=STATES[status],
        is_inquiry=status.startswith(_INQUIRY),
        amount_minor=from_stripe(data.get("amount"), currency),
        currency=currency,
        reason=text(data.get("reason")),
        answer_by=datetime.fromtimestamp(due, UTC) if isinstance(due, int) and due else None,
        payment=text(payment) or (identity(payment) if isinstance(payment, dict) else ""),
    )


def readable_disputes(bodies: Iterable[Any]) -> list[StatedDispute]:
    """Those that can be read; the others are noted (see `unreadable`)."""
    found = []
    for body in bodies:
        try:
            found.append(parse_dispute(body))
        except Unreadable as error:
            unreadable.note(text(body.get("id")) if isinstance(body, dict) else "", OrderError(error.code, error.where))
    return found
