"""An incoming webhook as Slack documents it (docs.slack.dev/messaging/sending-messages-using-incoming-webhooks, read
2026-11; no contract file is known): POST of JSON with `text`, the address is the secret, answers are words in plain
text.
"""

import html
from datetime import datetime

import orjson

from sandbox.core.counters import digest
from sandbox.core.http import Reply, Request, Router, html_reply, json_reply
from sandbox.core.world import World

SECRET = ("T0SANDBOX", "B0ALERTS", "sandbox-chat-secret")
POST = "POST /services/{team}/{hook}/{secret}"


class Chat:
    """One channel. Its control says whether it is archived, and what was written."""

    name = "chat"

    def __init__(self, world: World) -> None:
        self._world = world
        self._messages: list[dict[str, str]] = []
        self._archived = False
        self.app = self._routes()
        self.control = self._knobs()

    def tick(self, now: datetime) -> None:
        """Nothing here happens by itself."""

    def _routes(self) -> Router:
        router = Router(self._world, self.name, throttled=lambda: _words(429, "rate_limited", (("Retry-After", "1"),)))
        method, _, path = POST.partition(" ")
        router.add(method, path, self._post)
        router.add("GET", "/", self._page)
        return router

    def _knobs(self) -> Router:
        router = Router(self._world, "_control")
        router.add("GET", "/messages", lambda _request: json_reply(200, {"messages": self._messages}))
        router.add("POST", "/settings", self._settings)
        return router

    def _settings(self, request: Request) -> Reply:
        self._archived = bool(request.object().get("archived", False))
        return json_reply(200, {"archived": self._archived})

    def _post(self, request: Request) -> Reply:
        team, hook, secret = SECRET
        if (request.params["team"], request.params["hook"]) != (team, hook):
            return _words(404, "no_service")
        if request.params["secret"] != secret:
            return _words(403, "invalid_token")
        if self._archived:
            return _words(410, "channel_is_archived")
        try:
            body = orjson.loads(request.body)
        except orjson.JSONDecodeError:
            return _words(400, "invalid_payload")
        if not isinstance(body, dict) or not isinstance(body.get("text"), str):
            return _words(400, "invalid_payload")
        if not body["text"].strip():
            return _words(400, "no_text")
        self._messages.append({"text": body["text"], "at": self._world.clock.now().isoformat()})
        self._world.counters.accepted(self.name, POST, digest(body["text"]))
        return _words(200, "ok")

    def _page(self, _request: Request) -> Reply:
        items = "".join(f"<li><pre>{html.escape(message['text'])}</pre></li>" for message in self._messages)
        return html_reply(f"<!doctype html><title>Chat</title><h1>#alerts</h1><ul>{items}</ul>")


def _words(status: int, text: str, headers: tuple[tuple[str, str], ...] = ()) -> Reply:
    return Reply(status, text.encode(), headers, "text/plain; charset=utf-8")


def build(world: World) -> Chat:
    return Chat(world)
