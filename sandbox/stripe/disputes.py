"""Disputes: a customer's bank takes the money of a payment back, or asks about it first (`warning_...`)."""

from datetime import timedelta
from typing import Any

from sandbox.core.http import Reply, Request
from sandbox.core.world import World
from sandbox.stripe.common import made_id, no_such
from sandbox.stripe.hooks import Hooks
from sandbox.stripe.model import Book, Dispute, Intent
from sandbox.stripe.objects import unix
from sandbox.stripe.params import form
from sandbox.stripe.views import Views, listing, shown

_TO_ANSWER = timedelta(days=9)
OPEN = ("needs_response", "under_review", "warning_needs_response", "warning_under_review")
OVER = ("won", "lost", "warning_closed")


class Disputes:
    """The handlers under `/v1/disputes`, and what the bank does."""

    def __init__(self, world: World, book: Book, views: Views, hooks: Hooks) -> None:
        self._world, self._book, self._views, self._hooks = world, book, views, hooks

    def get(self, request: Request) -> Reply:
        wanted, params = request.params["dispute"], form(request)
        paths = params.texts("expand")
        params.done()
        found = self._book.disputes.get(wanted)
        if found is None:
            raise no_such("dispute", wanted, "dispute")
        return shown(self._views, dispute_view(found), paths)

    def index(self, request: Request) -> Reply:
        params = form(request)
        intent, charge = params.text("payment_intent"), params.text("charge")
        fits, paths = params.span("created"), params.texts("expand")
        found = [
            dispute
            for dispute in list(self._book.disputes.values())[::-1]
            if intent in (None, dispute.intent_id)
            and charge in (None, dispute.charge_id)
            and fits(unix(dispute.created_at))
        ]
        page = listing(params, found, "/v1/disputes", dispute_view)
        params.done()
        return shown(self._views, page, paths)

    def bank_says(self, intent: Intent, status: str, reason: str, amount: int | None) -> Dispute:
        """A new dispute of a payment, or another word about the one that is open."""
        known = next((d for d in self._book.disputes.values() if d.intent_id == intent.id and d.status in OPEN), None)
        if known is None:
            now = self._world.clock.now()
            made = Dispute(
                made_id(self._world, "du"), now, intent.id, intent.charge_id or "", amount or intent.amount,
                intent.currency, reason, now + _TO_ANSWER, status,
            )  # fmt: skip
            self._book.disputes[made.id] = made
            self._hooks.announce("charge.dispute.created", dispute_view(made))
            if status.startswith("warning_"):
                return made
            self._hooks.announce("charge.dispute.funds_withdrawn", dispute_view(made))
            return made
        known.status = status
        self._hooks.announce(f"charge.dispute.{'closed' if status in OVER else 'updated'}", dispute_view(known))
        return known


def dispute_view(dispute: Dispute) -> dict[str, Any]:
    return {
        "id": dispute.id,
        "object": "dispute",
        "amount": dispute.amount,
        "balance_transactions": [],
        "charge": dispute.charge_id,
        "created": unix(dispute.created_at),
        "currency": dispute.currency,
        "evidence": {},
        "evidence_details": {
            "due_by": unix(dispute.due_at) if dispute.status in OPEN else None,
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": dispute.status.startswith("warning_"),
        "livemode": False,
        "metadata": {},
        "payment_intent": dispute.intent_id,
        "reason": dispute.reason,
        "status": dispute.status,
    }
