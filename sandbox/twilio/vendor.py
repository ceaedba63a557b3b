"""Puts the fake Twilio together."""

import base64
import html
from datetime import UTC, datetime

from sandbox.core.http import BadJsonError, Reply, Request, Router, html_reply, json_reply
from sandbox.core.limits import SlidingWindow
from sandbox.core.world import World
from sandbox.twilio.common import ACCOUNT_SID, E164, MESSAGES, NUMBER, TOKEN, error, rfc2822
from sandbox.twilio.hooks import Hooks
from sandbox.twilio.messages import Messages, row
from sandbox.twilio.store import Store

_FATES = ("delivered", "undelivered", "failed")
_BASE = "/2010-04-01/Accounts/{AccountSid}"
_OPENED = datetime(2020, 1, 2, tzinfo=UTC)  # the account


class Twilio:
    """The vendor: `app` serves `/2010-04-01/...`."""

    name = "twilio"

    def __init__(self, world: World) -> None:
        self._world = world
        self._hooks = Hooks(world)
        self._store = Store(world, self._hooks)
        self._rate_limit_per_minute: int | None = None
        self._window = SlidingWindow()
        self.app = self._routes()
        self.control = self._knobs()

    def tick(self, now: datetime) -> None:
        self._store.tick(now)

    def _guard(self, request: Request) -> Reply | None:
        if not request.path.startswith("/2010-04-01/"):
            return None
        scheme, _, given = (request.header("authorization") or "").partition(" ")
        if scheme.lower() != "basic" or given != base64.b64encode(f"{ACCOUNT_SID}:{TOKEN}".encode()).decode():
            return error(401, 20003)
        named = request.params.get("AccountSid") or request.params["Sid"]
        if named != ACCOUNT_SID:
            return error(404, 20404)
        wait_s = self._window.wait_s(self._world.clock.now().timestamp(), self._rate_limit_per_minute)
        return None if wait_s is None else _throttled()

    def _routes(self) -> Router:
        router = Router(
            self._world,
            self.name,
            guard=self._guard,
            throttled=_throttled,
            not_found=lambda _request: error(404, 20404),
            bad_json=lambda _problem: error(400, 20001),
        )
        messages = Messages(self._world, self._store)
        for method, path, handler in (
            ("GET", "/", self._page),
            ("GET", "/2010-04-01/Accounts/{Sid}.json", self._account),
            ("POST", _BASE + "/Messages.json", messages.create),
            ("GET", _BASE + "/Messages.json", messages.index),
            ("GET", _BASE + "/Messages/{Sid}.json", messages.get),
            ("POST", _BASE + "/Messages/{Sid}.json", messages.update),
            ("DELETE", _BASE + "/Messages/{Sid}.json", messages.delete),
        ):
            router.add(method, path, handler)
        return router

    def _account(self, _request: Request) -> Reply:
        opened = rfc2822(_OPENED)
        return json_reply(200, {
            "sid": ACCOUNT_SID, "owner_account_sid": ACCOUNT_SID, "friendly_name": "Sandbox shop", "type": "Full",
            "status": "active", "date_created": opened, "date_updated": opened,
            "uri": f"/2010-04-01/Accounts/{ACCOUNT_SID}.json",
        })  # fmt: skip

    def _knobs(self) -> Router:
        router = Router(self._world, "_control")
        router.add("GET", "/messages", lambda _r: json_reply(200, [row(x) for x in self._store.messages.values()]))
        router.add("POST", "/inbound", self._inbound)
        router.add("POST", "/numbers/{number}", self._number)
        router.add("GET", "/settings", self._settings)
        router.add("POST", "/settings", self._change_settings)
        return router

    def _inbound(self, request: Request) -> Reply:
        """{"from", "body"}: somebody writes to our number."""
        given = request.object()
        sender, body = given.get("from"), given.get("body")
        if not isinstance(sender, str) or not E164.fullmatch(sender) or not isinstance(body, str):
            raise BadJsonError("from must be a number as +15551234567, and body a text")
        return json_reply(201, row(self._store.receive(sender, body)))

    def _number(self, request: Request) -> Reply:
        """{"fate": "delivered" | "undelivered" | "failed", "error"?}: what becomes of messages to a number."""
        given = request.object()
        fate, code = given.get("fate"), given.get("error")
        if fate not in _FATES:
            raise BadJsonError(f"fate must be one of {', '.join(_FATES)}")
        if code is not None and code not in MESSAGES:
            raise BadJsonError("error is no code of this vendor that the sandbox knows")
        self._store.fates[request.params["number"]] = (fate, code or (None if fate == "delivered" else 30008))
        return json_reply(200, {"fate": fate})

    def _settings(self, _request: Request) -> Reply:
        return json_reply(
            200,
            {
                "sms_url": self._hooks.sms_url,
                "advanced_opt_out": self._hooks.advanced_opt_out,
                "rate_limit_per_minute": self._rate_limit_per_minute,
                "number": NUMBER,
                "stopped": sorted(self._store.stopped),
            },
        )

    def _change_settings(self, request: Request) -> Reply:
        values = request.object()
        if unknown := sorted(set(values) - {"sms_url", "advanced_opt_out", "rate_limit_per_minute"}):
            raise BadJsonError(f"unknown settings: {', '.join(unknown)}")
        self._hooks.sms_url = values.get("sms_url", self._hooks.sms_url)
        self._hooks.advanced_opt_out = bool(values.get("advanced_opt_out", self._hooks.advanced_opt_out))
        self._rate_limit_per_minute = values.get("rate_limit_per_minute", self._rate_limit_per_minute)
        return self._settings(request)

    def _page(self, _request: Request) -> Reply:
        rows = "".join(
            f"<tr><td>{html.escape(x.sender)}<td>{html.escape(x.to)}<td>{html.escape(x.body)}<td>{x.status}</tr>"
            for x in list(self._store.messages.values())[-200:][::-1]
        )
        table = f"<table><tr><th>From<th>To<th>Text<th>Status</tr>{rows}</table>"
        title = "Twilio sandbox"
        return html_reply(f"<!doctype html><html lang=en><title>{title}</title><h1>{title}</h1>{table}</html>")


def _throttled() -> Reply:
    return error(429, 20429, (("Retry-After", "1"),))


def build(world: World) -> Twilio:
    return Twilio(world)
