"""The handlers under `/v1/refunds` and `/v1/payment_intents`."""

from sandbox.core.http import Reply, Request
from sandbox.core.world import World
from sandbox.stripe.common import StripeError, made_id, no_such
from sandbox.stripe.hooks import Hooks
from sandbox.stripe.model import Book, Charge, Intent, Refund
from sandbox.stripe.money import check_step, human
from sandbox.stripe.objects import refund_view
from sandbox.stripe.params import form, merged
from sandbox.stripe.views import Views, listing, shown

_CREATE = "POST /v1/refunds"
_REASONS = ("duplicate", "fraudulent", "requested_by_customer")
# How a refund may go on. Refund.status of the vendor's file names the states, `POST /v1/refunds/{refund}/cancel` says
# which are cancelled; docs.stripe.com/refunds#failed-refunds that a bank may send back what had succeeded.
_ONWARD = {
    "requires_action": ("pending", "succeeded", "failed", "canceled"),
    "pending": ("succeeded", "failed"),
    "succeeded": ("failed",),
}
STATUSES = ("pending", "succeeded", "failed", "canceled")


class SettledError(Exception):
    """A refund does not go from its status to that one."""


class Refunds:
    """Money back, in parts or whole, never more than was taken."""

    def __init__(self, world: World, book: Book, views: Views, hooks: Hooks) -> None:
        self._world, self._book, self._views, self._hooks = world, book, views, hooks

    def intent(self, request: Request) -> Reply:
        wanted, params = request.params["intent"], form(request)
        params.text("client_secret")
        paths = params.texts("expand")
        params.done()
        found = self._book.intents.get(wanted)
        if found is None:
            raise no_such("payment_intent", wanted, "intent")
        return shown(self._views, self._views.intent(found), paths)

    def create(self, request: Request) -> Reply:
        params = form(request)
        intent_id, charge_id = params.text("payment_intent"), params.text("charge")
        asked, reason = params.integer("amount", least=1), params.one_of("reason", _REASONS)
        metadata, paths = merged({}, params.metadata()), params.texts("expand")
        params.done()
        if intent_id is None and charge_id is None:
            raise StripeError(
                400,
                "One of the following params should be provided for this request: payment_intent or charge.",
                code="parameter_missing",
            )
        intent, charge = self._paid(intent_id, charge_id)
        amount = self._amount(asked, intent, charge)
        refund = Refund(
            made_id(self._world, "re"),
            self._world.clock.now(),
            intent.id,
            charge.id,
            amount,
            intent.currency,
            reason,
            metadata,
            self._book.settings.refund_status,
        )
        view = self._views.expanded(refund_view(refund), paths)
        self._book.refunds[refund.id] = refund
        self._world.counters.accepted("stripe", _CREATE, _identity(refund))
        self._hooks.announce("refund.created", refund_view(refund), request)
        self._hooks.announce("charge.refunded", self._views.charge(charge), request)
        return shown(self._views, view, ())

    def _paid(self, intent_id: str | None, charge_id: str | None) -> tuple[Intent, Charge]:
        """What shall go back. Raises StripeError when nothing was taken."""
        book = self._book
        if charge_id is not None and charge_id not in book.charges:
            raise no_such("charge", charge_id, "charge")
        if intent_id is not None and intent_id not in book.intents:
            raise no_such("payment_intent", intent_id, "payment_intent")
        intent = book.intents[intent_id or book.charges[charge_id or ""].intent_id]
        charge = book.charges.get(charge_id or intent.charge_id or "")
        if charge is None or not charge.succeeded or charge.intent_id != intent.id:
            raise StripeError(
                400,
                f"This PaymentIntent ({intent.id}) does not have a successful charge to refund.",
                param="payment_intent",
                began=True,
            )
        return intent, charge

    def _amount(self, asked: int | None, intent: Intent, charge: Charge) -> int:
        if self._book.charged_back(charge.id):
            raise StripeError(
                400, f"Charge {charge.id} has been charged back; cannot issue a refund.", code="charge_disputed",
                began=True,
            )  # fmt: skip
        left = intent.amount - self._book.refunded(charge.id)
        if left == 0:
            raise StripeError(
                400, f"Charge {charge.id} has already been refunded.", code="charge_already_refunded", began=True
            )
        amount = left if asked is None else asked
        check_step(amount, intent.currency, "amount")
        if amount > left:
            raise StripeError(
                400,
                f"Refund amount ({human(amount, intent.currency)}) is greater than unrefunded amount on charge "
                f"({human(left, intent.currency)})",
                param="amount",
                began=True,
            )
        return amount

    def index(self, request: Request) -> Reply:
        params = form(request)
        intent, charge = params.text("payment_intent"), params.text("charge")
        paths = params.texts("expand")
        found = [
            refund
            for refund in list(self._book.refunds.values())[::-1]
            if intent in (None, refund.intent_id) and charge in (None, refund.charge_id)
        ]
        page = listing(params, found, "/v1/refunds", refund_view)
        params.done()
        return shown(self._views, page, paths)

    def get(self, request: Request) -> Reply:
        wanted, params = request.params["refund"], form(request)
        paths = params.texts("expand")
        params.done()
        refund = self._book.refunds.get(wanted)
        if refund is None:
            raise no_such("refund", wanted, "refund")
        return shown(self._views, refund_view(refund), paths)

    def settle(self, refund: Refund, status: str) -> None:
        """The bank has taken the money, or sent it back (failed): its word may come days later. Raises SettledError."""
        if status not in _ONWARD.get(refund.status, ()):
            raise SettledError(f"a refund that is {refund.status} does not become {status}")
        refund.status = status
        self._hooks.announce("refund.failed" if status == "failed" else "refund.updated", refund_view(refund))
        self._hooks.announce("charge.refund.updated", refund_view(refund))


def _identity(refund: Refund) -> str:
    """What is refunded and why: the same twice is money sent twice."""
    return " ".join([refund.intent_id, *(f"{key}={value}" for key, value in sorted(refund.metadata.items()))])
