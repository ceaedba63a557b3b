"""The knobs of the fake Stripe: what the customer and the bank do."""

from collections.abc import Callable

from sandbox.core.http import Reply, Request, Router, json_reply
from sandbox.core.world import World
from sandbox.stripe.disputes import OPEN, OVER, Disputes, dispute_view
from sandbox.stripe.hooks import WEBHOOK_SECRET, Hooks
from sandbox.stripe.model import Book, Session
from sandbox.stripe.objects import refund_view
from sandbox.stripe.pages import landing
from sandbox.stripe.refunds import STATUSES, Refunds, SettledError
from sandbox.stripe.till import ClosedError, Till
from sandbox.stripe.views import Views

_REFUND_STATUSES = ("succeeded", "pending", "requires_action")


class Control:
    """`/_control/stripe/...`"""

    def __init__(
        self,
        world: World,
        book: Book,
        views: Views,
        *,
        till: Till,
        refunds: Refunds,
        disputes: Disputes,
        hooks: Hooks,
    ) -> None:
        self._disputes = disputes
        self._book, self._views, self._till, self._refunds, self._hooks = book, views, till, refunds, hooks
        self.app = Router(world, "_control")
        self.app.add("GET", "/sessions", self.sessions)
        self.app.add("POST", "/sessions/{id}/pay", self.pay)
        self.app.add("POST", "/sessions/{id}/decline", self.decline)
        self.app.add("GET", "/refunds", self.refunds)
        self.app.add("POST", "/refunds/{id}", self.settle)
        self.app.add("POST", "/payments/{id}/dispute", self.dispute)
        self.app.add("GET", "/endpoints", self.endpoints)
        self.app.add("POST", "/endpoints", self.add_endpoint)
        self.app.add("GET", "/settings", self.settings)
        self.app.add("POST", "/settings", self.change_settings)

    def sessions(self, request: Request) -> Reply:
        """All of them, or those of a `?client_reference_id=`, oldest first."""
        wanted = request.query("client_reference_id")
        found = [s for s in self._book.sessions.values() if wanted in (None, s.client_reference_id)]
        return json_reply(200, [self._views.session(session) for session in found])

    def pay(self, request: Request) -> Reply:
        return self._act(request, lambda session: self._till.pay(session, request.object().get("email")))

    def decline(self, request: Request) -> Reply:
        return self._act(request, self._till.decline)

    def _act(self, request: Request, act: Callable[[Session], None]) -> Reply:
        session = self._book.sessions.get(request.params["id"])
        if session is None:
            return json_reply(404, {"error": "no such session"})
        try:
            act(session)
        except ClosedError as problem:
            return json_reply(409, {"error": str(problem)})
        return json_reply(200, self._views.session(session) | {"landing": landing(session)})

    def refunds(self, _request: Request) -> Reply:
        return json_reply(200, [refund_view(refund) for refund in self._book.refunds.values()])

    def settle(self, request: Request) -> Reply:
        """`{"status": "pending" | "succeeded" | "failed" | "canceled"}`, at once or days later. 409 for what a
        refund of its present status does not become."""
        refund, status = self._book.refunds.get(request.params["id"]), request.object().get("status")
        if refund is None:
            return json_reply(404, {"error": "no such refund"})
        if status not in STATUSES:
            return json_reply(400, {"error": f"status must be one of {', '.join(STATUSES)}"})
        try:
            self._refunds.settle(refund, status)
        except SettledError as problem:
            return json_reply(409, {"error": str(problem)})
        return json_reply(200, refund_view(refund))

    def dispute(self, request: Request) -> Reply:
        """`{"status"?: "needs_response", "reason"?, "amount"?}`: the customer's bank speaks, or speaks again."""
        intent, given = self._book.intents.get(request.params["id"]), request.object()
        status = str(given.get("status") or "needs_response")
        if intent is None or intent.status != "succeeded":
            return json_reply(404, {"error": "no such payment"})
        if status not in (*OPEN, *OVER):
            return json_reply(400, {"error": f"status must be one of {', '.join((*OPEN, *OVER))}"})
        made = self._disputes.bank_says(intent, status, str(given.get("reason") or "fraudulent"), given.get("amount"))
        return json_reply(200, dispute_view(made))

    def endpoints(self, _request: Request) -> Reply:
        return json_reply(200, [e.as_json() | {"secret": e.secret} for e in self._hooks.endpoints.values()])

    def add_endpoint(self, request: Request) -> Reply:
        """`{"url", "enabled_events"?: ["*"], "secret"?}`"""
        given = request.object()
        url, events = given.get("url"), given.get("enabled_events", ["*"])
        if not isinstance(url, str) or not isinstance(events, list):
            return json_reply(400, {"error": "url must be a text, enabled_events a list"})
        endpoint = self._hooks.add(url, events, str(given.get("secret") or WEBHOOK_SECRET))
        return json_reply(200, endpoint.as_json() | {"secret": endpoint.secret})

    def settings(self, _request: Request) -> Reply:
        return json_reply(200, {"refund_status": self._book.settings.refund_status})

    def change_settings(self, request: Request) -> Reply:
        values = request.object()
        if set(values) - {"refund_status"} or values.get("refund_status") not in _REFUND_STATUSES:
            return json_reply(400, {"error": f"refund_status must be one of {', '.join(_REFUND_STATUSES)}"})
        self._book.settings.refund_status = values["refund_status"]
        return self.settings(request)
