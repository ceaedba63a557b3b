"""Puts the fake UPS together."""

import base64
import html
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from sandbox.core.clock import stamp
from sandbox.core.http import Reply, Request, Router, html_reply, json_reply
from sandbox.core.limits import SlidingWindow
from sandbox.core.world import World
from sandbox.ups.common import INVALID, errors
from sandbox.ups.model import PLANS, Book, Shipment
from sandbox.ups.shipping import Shipping
from sandbox.ups.tracking import Tracking
from sandbox.ups.words import word

CLIENT_ID, SECRET = "sandbox-ups-client", "sandbox-ups-secret"
_LIFE_S = 14_399


class Ups:
    """The vendor: `app` serves `/security/...` and `/api/...`."""

    name = "ups"

    def __init__(self, world: World) -> None:
        self._world = world
        self._book: Book = {}
        self._rate_limit_per_minute: int | None = None
        self._window = SlidingWindow()
        self._tokens: dict[str, datetime] = {}
        self.app = self._routes()
        self.control = self._knobs()

    def tick(self, now: datetime) -> None:
        """Nothing happens here but on the road."""

    def _guard(self, request: Request) -> Reply | None:
        if not request.path.startswith("/api/"):
            return None
        scheme, _, token = (request.header("authorization") or "").partition(" ")
        until = self._tokens.get(token) if scheme == "Bearer" else None
        if until is None or until <= self._world.clock.now():
            return errors(401, "250002", "Invalid Authentication Information.")
        wait_s = self._window.wait_s(self._world.clock.now().timestamp(), self._rate_limit_per_minute)
        return None if wait_s is None else _throttled()

    def _token(self, request: Request) -> Reply:
        given = (request.header("authorization") or "").partition(" ")[2]
        if given != base64.b64encode(f"{CLIENT_ID}:{SECRET}".encode()).decode():
            return errors(401, "10401", "ClientId is Invalid")
        if dict(parse_qsl(request.body.decode("latin-1"))).get("grant_type") != "client_credentials":
            return errors(400, "10400", "Invalid/Missing grant_type")
        now = self._world.clock.now()
        token = f"{self._world.rng.getrandbits(128):032x}"
        self._tokens[token] = now + timedelta(seconds=_LIFE_S)
        return json_reply(
            200,
            {
                "token_type": "Bearer",
                "issued_at": str(int(now.timestamp() * 1000)),
                "client_id": CLIENT_ID,
                "access_token": token,
                "expires_in": str(_LIFE_S),
                "status": "approved",
            },
        )

    def _routes(self) -> Router:
        router = Router(
            self._world,
            self.name,
            guard=self._guard,
            throttled=_throttled,
            not_found=lambda _request: errors(404, "250404", "Not Found"),
            bad_json=lambda problem: errors(400, INVALID, f"Invalid request: {problem}"),
        )
        shipping, tracking = Shipping(self._world, self._book), Tracking(self._world, self._book)
        router.add("GET", "/", lambda _request: self._page())
        router.add("POST", "/security/v1/oauth/token", self._token)
        router.add("POST", "/api/shipments/{version}/ship", shipping.ship)
        router.add("DELETE", "/api/shipments/{version}/void/cancel/{number}", shipping.void)
        router.add("POST", "/api/labels/{version}/recovery", shipping.recover)
        router.add("GET", "/api/track/v1/details/{number}", tracking.details)
        router.add("GET", "/api/track/v1/reference/details/{reference}", tracking.by_reference)
        return router

    def _knobs(self) -> Router:
        router = Router(self._world, "_control")
        router.add("GET", "/labels", lambda _request: json_reply(200, [_row(x) for x in self._shipments()]))
        router.add("POST", "/parcels/{number}/hand_in", self._hand_in)
        router.add("POST", "/parcels/{number}/deliver", self._deliver)
        router.add("POST", "/settings", self._settings)
        return router

    def _shipments(self) -> list[Shipment]:
        return list(self._book.values())

    def _settings(self, request: Request) -> Reply:
        """{"rate_limit_per_minute": number or null}"""
        values = request.object()
        limit = values.get("rate_limit_per_minute")
        if set(values) != {"rate_limit_per_minute"} or not isinstance(limit, int | None):
            return json_reply(400, {"error": "the one setting is rate_limit_per_minute, a whole number or null"})
        self._rate_limit_per_minute = limit
        return json_reply(200, values)

    def _hand_in(self, request: Request) -> Reply:
        """{"plan"?: "normal" | "lost"}: the parcel is scanned now and travels from here."""
        found, plan = self._book.get(request.params["number"]), request.object().get("plan") or "normal"
        if plan not in PLANS:
            return json_reply(400, {"error": f"plan must be one of {', '.join(PLANS)}"})
        if found is None or not self._world.road.hand_in(found.parcel, PLANS[plan]):
            return json_reply(422, {"error": "no label that could be used"})
        return json_reply(200, _row(found))

    def _deliver(self, request: Request) -> Reply:
        found = self._book.get(request.params["number"])
        if found is None or not self._world.road.deliver(found.parcel):
            return json_reply(422, {"error": "no parcel on its way"})
        return json_reply(200, _row(found))

    def _page(self) -> Reply:
        rows = "".join(
            f"<tr><td>{x.number}<td>{html.escape(x.reference or '')}<td>{html.escape(word(x.parcel.last).text)}</tr>"
            for x in self._shipments()[-200:][::-1]
        )
        table = f"<table><tr><th>Number<th>Reference<th>Status</tr>{rows}</table>"
        return html_reply(f"<!doctype html><html lang=en><title>UPS sandbox</title><h1>UPS sandbox</h1>{table}</html>")


def _row(found: Shipment) -> dict[str, Any]:
    return {
        "number": found.number,
        "reference": found.reference,
        "return_service": found.return_service,
        "status": word(found.parcel.last).code,
        "voided": found.voided,
        "created_at": stamp(found.created_at),
        "scans": [{"code": word(step).code, "at": stamp(at)} for step, at in found.parcel.done],
    }


def _throttled() -> Reply:
    """UPS does not say how long to wait."""
    return errors(429, "10429", "Too Many Requests")


def build(world: World) -> Ups:
    return Ups(world)
