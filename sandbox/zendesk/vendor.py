"""Puts the fake Zendesk together."""

import base64
from datetime import datetime

from sandbox.core.http import BadJsonError, Handler, Reply, Request, Router, json_reply
from sandbox.core.limits import SlidingWindow
from sandbox.core.world import World
from sandbox.zendesk.common import ZendeskError
from sandbox.zendesk.control import Control
from sandbox.zendesk.model import Helpdesk, User
from sandbox.zendesk.pages import Pages
from sandbox.zendesk.tickets import Tickets
from sandbox.zendesk.views import Views

EMAIL = "aftercart@sandbox.example"
TOKEN = "sandbox-zendesk-token"
_AGENT, _GROUP = 9_000_000, 3_600_001


class ApiRouter(Router):
    """Serves each path with and without `.json`, as the links in the vendor's answers have it."""

    def find(self, method: str, path: str) -> tuple[str, Handler, dict[str, str]] | None:
        return super().find(method, path.removesuffix(".json"))


class Zendesk:
    """The vendor: `app` serves `/api/v2/...` and the agent's pages."""

    name = "zendesk"

    def __init__(self, world: World) -> None:
        self._world = world
        agent = User(_AGENT, "Aftercart", EMAIL, "admin", world.clock.now())
        self._desk = Helpdesk(agent, _GROUP, {agent.id: agent})
        self._window = SlidingWindow()
        views = Views(f"{world.base_url}/zendesk")
        self.app = self._routes(Tickets(world, self._desk, views), Pages(self._desk))
        self.control = Control(world, self._desk, views).app

    def tick(self, now: datetime) -> None:
        """Nothing here happens by itself."""

    def _guard(self, request: Request) -> Reply | None:
        if not request.path.startswith("/api/"):
            return None
        if not _authorised(request.header("authorization")):
            headers = (("WWW-Authenticate", 'Basic realm="Web Password"'),)
            return json_reply(401, {"error": "Couldn't authenticate you"}, headers)
        now = self._world.clock.now().timestamp()
        wait_s = self._window.wait_s(now, self._desk.rate_limit_per_minute)
        return None if wait_s is None else _throttled(wait_s)

    def _routes(self, tickets: Tickets, pages: Pages) -> ApiRouter:
        router = ApiRouter(
            self._world,
            self.name,
            guard=self._guard,
            throttled=lambda: _throttled(5),
            not_found=lambda _request: json_reply(404, {"error": "InvalidEndpoint", "description": "Not found"}),
            bad_json=_bad_json,
        )
        one = "/api/v2/tickets/{ticket_id}"
        for method, path, handler in (
            ("GET", "/", pages.index),
            ("GET", "/agent/tickets", pages.index),
            ("GET", "/agent/tickets/{ticket_id}", pages.show),
            ("POST", "/api/v2/tickets", tickets.create),
            ("GET", "/api/v2/tickets", tickets.index),
            ("GET", one, tickets.get),
            ("PUT", one, tickets.update),
            ("GET", one + "/comments", tickets.comments),
            ("GET", "/api/v2/users/me", tickets.me),
            ("GET", "/api/v2/users/{user_id}", tickets.user),
        ):
            router.add(method, path, _refusing(handler))
        return router


def _refusing(handler: Handler) -> Handler:
    """A handler whose refusals are answers."""

    def answer(request: Request) -> Reply:
        try:
            return handler(request)
        except ZendeskError as problem:
            return problem.reply()

    return answer


def _authorised(header: str | None) -> bool:
    """Basic `{email}/token:{token}`, or Bearer with the token."""
    scheme, _, value = (header or "").partition(" ")
    if scheme.lower() == "bearer":
        return value == TOKEN
    try:
        return scheme.lower() == "basic" and base64.b64decode(value).decode() == f"{EMAIL}/token:{TOKEN}"
    except ValueError:
        return False


def _throttled(wait_s: int) -> Reply:
    body = {"error": "TooManyRequests", "description": "Number of allowed API requests per minute exceeded"}
    return json_reply(429, body, (("Retry-After", str(wait_s)),))


def _bad_json(problem: BadJsonError) -> Reply:
    return json_reply(422, {"error": "Unprocessable Entity", "description": f"Server could not parse JSON: {problem}"})


def build(world: World) -> Zendesk:
    return Zendesk(world)
