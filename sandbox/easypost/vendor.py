"""Puts the fake EasyPost together."""

import base64
from datetime import datetime

from sandbox.core.http import Reply, Request, Router
from sandbox.core.limits import SlidingWindow
from sandbox.core.world import World
from sandbox.easypost.addresses import Addresses
from sandbox.easypost.common import error, missing
from sandbox.easypost.control import Control, page
from sandbox.easypost.forms import Forms
from sandbox.easypost.hooks import Hooks
from sandbox.easypost.refunds import Refunds
from sandbox.easypost.shipments import Shipments
from sandbox.easypost.trackers import Trackers

API_KEY = "sandbox-easypost-key"


class EasyPost:
    """The vendor: `app` serves `/v2/...` and the label files."""

    name = "easypost"

    def __init__(self, world: World) -> None:
        self._world = world
        self.rate_limit_per_minute: int | None = None
        self._window = SlidingWindow()
        self._hooks = Hooks(world)
        self._addresses = Addresses(world)
        self._trackers = Trackers(world, self._hooks.announce)
        self._shipments = Shipments(world, self._addresses, self._trackers)
        self.refunds = Refunds(world, self._shipments, self._trackers, self._hooks)
        self._forms = Forms(world, self._shipments)
        self.app = self._routes()
        self.control = Control(world, self, self._shipments, self._trackers).app

    def tick(self, now: datetime) -> None:
        self.refunds.tick(now)

    def _guard(self, request: Request) -> Reply | None:
        if not request.path.startswith("/v2/"):
            return None
        if not _authorised(request.header("authorization")):
            return error(
                401,
                "APIKEY.INACTIVE",
                "This api key is no longer active. Please use a different api key or reactivate this key.",
            )
        now = self._world.clock.now().timestamp()
        wait_s = self._window.wait_s(now, self.rate_limit_per_minute)
        return None if wait_s is None else _throttled(wait_s)

    def _routes(self) -> Router:
        router = Router(
            self._world,
            self.name,
            guard=self._guard,
            throttled=lambda: _throttled(5),
            not_found=lambda _request: missing(),
            bad_json=lambda problem: error(400, "BAD_REQUEST", f"Malformed JSON: {problem}"),
        )
        addresses, shipments, trackers, hooks = (
            self._addresses, self._shipments, self._trackers, self._hooks,
        )  # fmt: skip
        for method, path, handler in (
            ("GET", "/", lambda _request: page(shipments, trackers)),
            ("POST", "/v2/addresses", addresses.create),
            ("POST", "/v2/addresses/create_and_verify", addresses.create_and_verify),
            ("GET", "/v2/addresses/{id}", addresses.get),
            ("GET", "/v2/addresses/{id}/verify", addresses.verify),
            ("POST", "/v2/shipments", shipments.create),
            ("GET", "/v2/shipments", shipments.index),
            ("GET", "/v2/shipments/{id}", shipments.get),
            ("POST", "/v2/shipments/{id}/buy", shipments.buy),
            ("POST", "/v2/shipments/{id}/refund", self.refunds.of_shipment),
            ("POST", "/v2/shipments/{id}/forms", self._forms.create),
            ("GET", "/files/form/{name}", self._forms.file),
            ("POST", "/v2/refunds", self.refunds.create),
            ("GET", "/v2/refunds", self.refunds.index),
            ("GET", "/v2/refunds/{id}", self.refunds.get),
            ("GET", "/v2/shipments/{id}/label", shipments.label),
            ("GET", "/files/postage_label/{name}", shipments.file),
            ("POST", "/v2/trackers", trackers.create),
            ("GET", "/v2/trackers", trackers.index),
            ("POST", "/v2/trackers/batch", trackers.batch),
            ("GET", "/v2/trackers/{id}", trackers.get),
            ("POST", "/v2/webhooks", hooks.create),
            ("GET", "/v2/webhooks", hooks.index),
            ("GET", "/v2/webhooks/{id}", hooks.get),
            ("PATCH", "/v2/webhooks/{id}", hooks.update),
            ("DELETE", "/v2/webhooks/{id}", hooks.delete),
        ):
            router.add(method, path, handler)
        return router


def _authorised(header: str | None) -> bool:
    """Basic with the key as user, or Bearer with the key, as EasyPost takes both."""
    scheme, _, value = (header or "").partition(" ")
    if scheme.lower() == "bearer":
        return value == API_KEY
    try:
        user = base64.b64decode(value).decode().partition(":")[0]
    except ValueError:
        return False
    return scheme.lower() == "basic" and user == API_KEY


def _throttled(wait_s: int) -> Reply:
    reply = error(429, "RATE_LIMITED", "You are being rate limited.")
    return reply._replace(headers=(("Retry-After", str(wait_s)),))


def build(world: World) -> EasyPost:
    return EasyPost(world)
