"""Puts the fake Stripe together."""

import base64
from datetime import datetime

from sandbox.core.http import Reply, Request, json_reply
from sandbox.core.world import World
from sandbox.stripe.account import ACCOUNT
from sandbox.stripe.common import StripeError
from sandbox.stripe.control import Control
from sandbox.stripe.disputes import Disputes
from sandbox.stripe.hooks import Hooks
from sandbox.stripe.idempotency import ApiRouter
from sandbox.stripe.model import Book
from sandbox.stripe.pages import Pages
from sandbox.stripe.refunds import Refunds
from sandbox.stripe.sessions import Sessions
from sandbox.stripe.till import Till
from sandbox.stripe.views import Views

API_KEY = "sandbox-stripe-key"


class Stripe:
    """The vendor: `app` serves `/v1/...` and the checkout pages."""

    name = "stripe"

    def __init__(self, world: World) -> None:
        book = Book()
        views = Views(book, world.base_url)
        self._hooks = Hooks(world)
        self._till = Till(world, book, views, self._hooks)
        self._sessions = Sessions(world, book, views, self._till)
        self._refunds = Refunds(world, book, views, self._hooks)
        self._disputes = Disputes(world, book, views, self._hooks)
        self._pages = Pages(book, self._till)
        self.app = self._routes(world)
        self.control = Control(
            world, book, views, till=self._till, refunds=self._refunds, disputes=self._disputes, hooks=self._hooks
        ).app

    def tick(self, now: datetime) -> None:
        self._till.tick(now)

    def _routes(self, world: World) -> ApiRouter:
        router = ApiRouter(world, self.name, guard=_guard, throttled=_throttled, not_found=_not_found)
        sessions, refunds, hooks, pages = self._sessions, self._refunds, self._hooks, self._pages
        one, endpoint = "/v1/checkout/sessions/{session}", "/v1/webhook_endpoints/{webhook_endpoint}"
        for method, path, handler in (
            ("GET", "/", pages.index),
            ("GET", "/pay/{session}", pages.show),
            ("POST", "/pay/{session}", pages.act),
            ("POST", "/v1/checkout/sessions", sessions.create),
            ("GET", "/v1/checkout/sessions", sessions.index),
            ("GET", one, sessions.get),
            ("POST", one, sessions.update),
            ("POST", one + "/expire", sessions.expire),
            ("GET", one + "/line_items", sessions.line_items),
            ("GET", "/v1/payment_intents/{intent}", refunds.intent),
            ("POST", "/v1/refunds", refunds.create),
            ("GET", "/v1/refunds", refunds.index),
            ("GET", "/v1/refunds/{refund}", refunds.get),
            ("GET", "/v1/disputes", self._disputes.index),
            ("GET", "/v1/disputes/{dispute}", self._disputes.get),
            ("GET", "/v1/account", lambda _request: json_reply(200, ACCOUNT)),
            ("POST", "/v1/webhook_endpoints", hooks.create),
            ("GET", "/v1/webhook_endpoints", hooks.index),
            ("GET", endpoint, hooks.get),
            ("POST", endpoint, hooks.update),
            ("DELETE", endpoint, hooks.delete),
        ):
            router.add(method, path, handler)
        return router


def _guard(request: Request) -> Reply | None:
    if not request.path.startswith("/v1/"):
        return None
    key = _key(request.header("authorization"))
    if key == API_KEY:
        return None
    if not key:
        return StripeError(
            401,
            "You did not provide an API key. You need to provide your API key in the Authorization header, using "
            "Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
        ).reply()
    return StripeError(401, f"Invalid API Key provided: {key[:4]}{'*' * 8}").reply()


def _key(header: str | None) -> str:
    """Bearer with the key, or Basic with the key as user."""
    scheme, _, value = (header or "").partition(" ")
    if scheme.lower() == "bearer":
        return value
    try:
        return base64.b64decode(value).decode().partition(":")[0] if scheme.lower() == "basic" else ""
    except ValueError:
        return ""


def _throttled() -> Reply:
    reply = StripeError(
        429,
        "Request rate limit exceeded. Learn more about rate limits at https://stripe.com/docs/rate-limits.",
        code="rate_limit",
    ).reply()
    return reply._replace(headers=(("Stripe-Rate-Limited-Reason", "global-rate"), ("Stripe-Should-Retry", "true")))


def _not_found(request: Request) -> Reply:
    return StripeError(404, f"Unrecognized request URL ({request.method}: {request.path}).").reply()


def build(world: World) -> Stripe:
    return Stripe(world)
