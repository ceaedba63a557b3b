"""Puts the fake ShipEngine together."""

import html
from datetime import datetime

from sandbox.core.http import Reply, Request, Router, html_reply, json_reply
from sandbox.core.limits import SlidingWindow
from sandbox.core.world import World
from sandbox.shipengine.common import Errors
from sandbox.shipengine.hooks import Hooks
from sandbox.shipengine.tracking import Tracking

API_KEY = "sandbox-shipengine-key"


class ShipEngine:
    """The vendor: `app` serves `/v1/...` and the key set."""

    name = "shipengine"

    def __init__(self, world: World) -> None:
        self._world = world
        self._errors = Errors(world)
        self._hooks = Hooks(world, self._errors)
        self._tracking = Tracking(world, self._errors, self._hooks)
        self._rate_limit_per_minute: int | None = None
        self._window = SlidingWindow()
        self.app = self._routes()
        self.control = self._knobs()

    def tick(self, now: datetime) -> None:
        """Nothing happens here but on the road."""

    def _guard(self, request: Request) -> Reply | None:
        if not request.path.startswith("/v1/"):
            return None
        if request.header("API-Key") != API_KEY:
            return self._errors(401, "unauthorized", "The API key is missing or invalid.", kind="security")
        wait_s = self._window.wait_s(self._world.clock.now().timestamp(), self._rate_limit_per_minute)
        return None if wait_s is None else self._errors.throttled(wait_s)

    def _routes(self) -> Router:
        errors, hooks, tracking = self._errors, self._hooks, self._tracking
        router = Router(
            self._world,
            self.name,
            guard=self._guard,
            throttled=lambda: errors.throttled(5),
            not_found=lambda _request: errors.missing("The resource"),
            bad_json=lambda problem: errors(400, "request_body_required", f"Invalid JSON: {problem}"),
        )
        one = "/v1/environment/webhooks/{webhook_id}"
        for method, path, handler in (
            ("GET", "/", self._page),
            ("GET", "/jwks", hooks.published),
            ("GET", "/v1/tracking", tracking.get),
            ("POST", "/v1/tracking/start", tracking.start),
            ("POST", "/v1/tracking/stop", tracking.stop),
            ("GET", "/v1/environment/webhooks", hooks.index),
            ("POST", "/v1/environment/webhooks", hooks.create),
            ("GET", one, hooks.get),
            ("PUT", one, hooks.update),
            ("DELETE", one, hooks.delete),
        ):
            router.add(method, path, handler)
        return router

    def _knobs(self) -> Router:
        router = Router(self._world, "_control")
        router.add("GET", "/followed", lambda _request: json_reply(200, self._tracking.followed()))
        router.add("POST", "/rotate", self._rotate)
        router.add("POST", "/settings", self._settings)
        return router

    def _rotate(self, _request: Request) -> Reply:
        """From here webhooks are signed with a new key."""
        self._hooks.keys.rotate()
        return json_reply(200, {"key": self._hooks.keys.id})

    def _settings(self, request: Request) -> Reply:
        """{"rate_limit_per_minute": number or null}"""
        values = request.object()
        limit = values.get("rate_limit_per_minute")
        if set(values) != {"rate_limit_per_minute"} or not isinstance(limit, int | None):
            return json_reply(400, {"error": "the one setting is rate_limit_per_minute, a whole number or null"})
        self._rate_limit_per_minute = limit
        return json_reply(200, values)

    def _page(self, _request: Request) -> Reply:
        rows = "".join(
            f"<tr><td>{html.escape(x['tracking_number'])}<td>{html.escape(x['carrier_code'])}</tr>"
            for x in self._tracking.followed()[-200:][::-1]
        )
        table = f"<table><tr><th>Followed<th>Carrier</tr>{rows}</table>"
        title = "ShipEngine sandbox"
        return html_reply(f"<!doctype html><html lang=en><title>{title}</title><h1>{title}</h1>{table}</html>")


def build(world: World) -> ShipEngine:
    return ShipEngine(world)
