"""Webhook endpoints and their signed events."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from sandbox.core.http import Reply, Request, json_reply
from sandbox.core.world import World
from sandbox.stripe.common import bad, made_id, no_such
from sandbox.stripe.idempotency import key_of, request_id
from sandbox.stripe.objects import unix
from sandbox.stripe.params import Params, form, merged
from sandbox.stripe.views import listing

# Stripe makes a secret for each endpoint; here all have the one of config/accounts.sandbox.toml.
WEBHOOK_SECRET = "whsec_sandbox_stripe_secret"
API_VERSION = "2025-09-30.clover"
# What an endpoint may ask for: the vendor's events about payments. Till and Refunds say which of them are sent.
EVENTS = (
    "charge.captured", "charge.dispute.closed", "charge.dispute.created", "charge.dispute.funds_reinstated",
    "charge.dispute.funds_withdrawn", "charge.dispute.updated", "charge.expired", "charge.failed", "charge.pending",
    "charge.refund.updated", "charge.refunded", "charge.succeeded", "charge.updated",
    "checkout.session.async_payment_failed", "checkout.session.async_payment_succeeded", "checkout.session.completed",
    "checkout.session.expired", "payment_intent.amount_capturable_updated", "payment_intent.canceled",
    "payment_intent.created", "payment_intent.partially_funded", "payment_intent.payment_failed",
    "payment_intent.processing", "payment_intent.requires_action", "payment_intent.succeeded", "refund.created",
    "refund.failed", "refund.updated",
)  # fmt: skip


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """The `Stripe-Signature` header."""
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"


@dataclass(slots=True)
class Endpoint:
    """An address and the events that it wants, `*` for all."""

    id: str
    url: str
    events: list[str]
    secret: str
    description: str | None
    metadata: dict[str, str]
    created_at: datetime
    enabled: bool = True

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "webhook_endpoint",
            "api_version": None,
            "application": None,
            "created": unix(self.created_at),
            "description": self.description,
            "enabled_events": self.events,
            "livemode": False,
            "metadata": self.metadata,
            "status": "enabled" if self.enabled else "disabled",
            "url": self.url,
        }


class Hooks:
    """The handlers under `/v1/webhook_endpoints`, and the sending."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.endpoints: dict[str, Endpoint] = {}

    def add(self, url: str, events: list[str], secret: str = WEBHOOK_SECRET) -> Endpoint:
        endpoint = Endpoint(made_id(self._world, "we"), url, events, secret, None, {}, self._world.clock.now())
        self.endpoints[endpoint.id] = endpoint
        return endpoint

    def create(self, request: Request) -> Reply:
        params = form(request)
        url, events = params.url("url"), _events(params)
        if url is None:
            raise params.missing("url")
        if not events:
            raise params.missing("enabled_events")
        description, metadata = params.text("description"), merged({}, params.metadata())
        params.done()
        endpoint = self.add(url, events)
        endpoint.description, endpoint.metadata = description, metadata
        return json_reply(200, endpoint.as_json() | {"secret": endpoint.secret})

    def index(self, request: Request) -> Reply:
        params = form(request)
        found = listing(params, list(self.endpoints.values())[::-1], "/v1/webhook_endpoints", Endpoint.as_json)
        params.done()
        return json_reply(200, found)

    def get(self, request: Request) -> Reply:
        return json_reply(200, self._find(request).as_json())

    def update(self, request: Request) -> Reply:
        endpoint, params = self._find(request), form(request)
        url, events, description = params.url("url"), _events(params), params.text("description")
        disabled, metadata = params.one_of("disabled", ("true", "false")), params.metadata()
        params.done()
        endpoint.url, endpoint.events = url or endpoint.url, events or endpoint.events
        endpoint.description = description or endpoint.description
        endpoint.metadata = merged(endpoint.metadata, metadata)
        if disabled is not None:
            endpoint.enabled = disabled == "false"
        return json_reply(200, endpoint.as_json())

    def delete(self, request: Request) -> Reply:
        endpoint = self.endpoints.pop(self._find(request).id)
        return json_reply(200, {"id": endpoint.id, "object": "webhook_endpoint", "deleted": True})

    def _find(self, request: Request) -> Endpoint:
        wanted = request.params["webhook_endpoint"]
        endpoint = self.endpoints.get(wanted)
        if endpoint is None:
            raise no_such("webhook endpoint", wanted, "webhook_endpoint")
        return endpoint

    def announce(self, kind: str, of: dict[str, Any], cause: Request | None = None) -> None:
        """Tell every endpoint that wants this kind of event; `cause`: the API request that led to it."""
        wanting = [e for e in self.endpoints.values() if e.enabled and ("*" in e.events or kind in e.events)]
        if not wanting:
            return
        timestamp = unix(self._world.clock.now())
        event_id = made_id(self._world, "evt")
        body = orjson.dumps(
            {
                "id": event_id,
                "object": "event",
                "api_version": API_VERSION,
                "created": timestamp,
                "data": {"object": of},
                "livemode": False,
                "pending_webhooks": len(wanting),
                "request": {
                    "id": request_id(cause) if cause else None,
                    "idempotency_key": key_of(cause) if cause else None,
                },
                "type": kind,
            }
        )
        for endpoint in wanting:
            headers = {"Stripe-Signature": sign(endpoint.secret, timestamp, body)}
            self._world.webhooks.send("stripe", kind, endpoint.url, headers, body, event_id)


def _events(params: Params) -> list[str]:
    events = params.texts("enabled_events")
    for index, event in enumerate(events):
        if event != "*" and event not in EVENTS:
            raise bad(
                f"Invalid enabled_events[{index}]: must be one of *, {', '.join(EVENTS)}",
                param=f"enabled_events[{index}]",
            )
    return events
