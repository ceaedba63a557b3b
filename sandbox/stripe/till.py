"""Taking the money of a checkout page, and letting the page grow old."""

from datetime import datetime

from sandbox.core.http import Request
from sandbox.core.world import World
from sandbox.stripe.common import made_id
from sandbox.stripe.hooks import Hooks
from sandbox.stripe.model import Book, Charge, Intent, Session
from sandbox.stripe.views import Views


class ClosedError(Exception):
    """The page can no longer be paid."""


class Till:
    """Pays, declines and expires sessions, and sends the events of each."""

    def __init__(self, world: World, book: Book, views: Views, hooks: Hooks) -> None:
        self._world, self._book, self._views, self._hooks = world, book, views, hooks
        self._open: dict[str, Session] = {}

    def opened(self, session: Session) -> None:
        self._book.sessions[session.id] = session
        self._open[session.id] = session

    def pay(self, session: Session, email: str | None = None) -> None:
        """The customer pays. Raises ClosedError."""
        intent, charge = self._attempt(session, email, succeeded=True)
        intent.status = "succeeded"
        session.status, session.payment_status = "complete", "paid"
        session.paid_by = email
        del self._open[session.id]
        self._world.counters.accepted("stripe", "pay", session.id)
        self._hooks.announce("charge.succeeded", self._views.charge(charge))
        self._hooks.announce("payment_intent.succeeded", self._views.intent(intent))
        self._hooks.announce("checkout.session.completed", self._views.session(session))

    def decline(self, session: Session) -> None:
        """The bank refuses the card; the page stays open. Raises ClosedError."""
        intent, charge = self._attempt(session, None, succeeded=False)
        self._hooks.announce("charge.failed", self._views.charge(charge))
        self._hooks.announce("payment_intent.payment_failed", self._views.intent(intent))

    def _attempt(self, session: Session, email: str | None, *, succeeded: bool) -> tuple[Intent, Charge]:
        now = self._world.clock.now()
        if session.expires_at <= now and session.status == "open":
            self.expire(session)
        if session.status != "open":
            raise ClosedError(f"this page is {session.status}")
        intent = self._book.intents.get(session.intent_id or "")
        if intent is None:
            intent = Intent(made_id(self._world, "pi"), now, session.total, session.currency, session.intent_data)
            self._book.intents[intent.id] = intent
            session.intent_id = intent.id
            self._hooks.announce("payment_intent.created", self._views.intent(intent))
        charge = Charge(
            made_id(self._world, "ch"),
            intent.id,
            now,
            succeeded,
            made_id(self._world, "pm"),
            email or session.customer_email,
        )
        self._book.charges[charge.id] = charge
        intent.charge_id = charge.id
        return intent, charge

    def expire(self, session: Session, cause: Request | None = None) -> None:
        """Close an open page unpaid."""
        session.status = "expired"
        del self._open[session.id]
        intent = self._book.intents.get(session.intent_id or "")
        if intent is not None:
            intent.status, intent.canceled_at = "canceled", self._world.clock.now()
            self._hooks.announce("payment_intent.canceled", self._views.intent(intent), cause)
        self._hooks.announce("checkout.session.expired", self._views.session(session), cause)

    def tick(self, now: datetime) -> None:
        for session in [session for session in self._open.values() if session.expires_at <= now]:
            self.expire(session)
