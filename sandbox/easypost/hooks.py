"""Webhooks and their signed events."""

import hashlib
import hmac
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from sandbox.core.clock import stamp
from sandbox.core.http import Reply, Request, json_reply
from sandbox.core.world import World
from sandbox.easypost.common import error, made_id, missing, required


def sign(secret: str, body: bytes) -> str:
    """The `X-Hmac-Signature` header; the secret is NFKD-normalised first."""
    key = unicodedata.normalize("NFKD", secret).encode()
    return "hmac-sha256-hex=" + hmac.new(key, body, hashlib.sha256).hexdigest()


@dataclass(slots=True)
class Webhook:
    """An address that is told of every event."""

    id: str
    url: str
    created_at: datetime
    secret: str | None = None
    custom_headers: list[dict[str, str]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "Webhook",
            "mode": "test",
            "url": self.url,
            "created_at": stamp(self.created_at),
            "disabled_at": None,
            "custom_headers": self.custom_headers,
        }


class Hooks:
    """The handlers under `/v2/webhooks`, and the sending."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._webhooks: dict[str, Webhook] = {}

    def create(self, request: Request) -> Reply:
        given = request.object().get("webhook")
        if not isinstance(given, dict) or not given.get("url"):
            return required("url")
        if not str(given["url"]).startswith(("http://", "https://")):
            return error(422, "WEBHOOK.INVALID", "Invalid url.", [{"field": "url", "message": "is invalid"}])
        webhook = Webhook(
            made_id(self._world, "hook"),
            str(given["url"]),
            self._world.clock.now(),
            given.get("webhook_secret"),
            given.get("custom_headers") or [],
        )
        self._webhooks[webhook.id] = webhook
        return json_reply(201, webhook.as_json())

    def index(self, _request: Request) -> Reply:
        return json_reply(200, {"webhooks": [webhook.as_json() for webhook in self._webhooks.values()]})

    def get(self, request: Request) -> Reply:
        webhook = self._webhooks.get(request.params["id"])
        return json_reply(200, webhook.as_json()) if webhook else missing()

    def update(self, request: Request) -> Reply:
        webhook = self._webhooks.get(request.params["id"])
        if webhook is None:
            return missing()
        body = request.object()
        given = body.get("webhook") if isinstance(body.get("webhook"), dict) else body
        assert isinstance(given, dict)
        webhook.secret = given.get("webhook_secret", webhook.secret)
        webhook.custom_headers = given.get("custom_headers", webhook.custom_headers)
        return json_reply(201, webhook.as_json())

    def delete(self, request: Request) -> Reply:
        webhook = self._webhooks.pop(request.params["id"], None)
        return json_reply(200, {}) if webhook else missing()

    def announce(self, description: str, result: dict[str, Any], previous: dict[str, Any]) -> None:
        """Make one event and tell every webhook of it."""
        if not self._webhooks:
            return
        moment = self._world.clock.now().strftime("%Y-%m-%dT%H:%M:%S.000Z")
        event_id = made_id(self._world, "evt")
        body = orjson.dumps(
            {
                "description": description,
                "mode": "test",
                "previous_attributes": previous,
                "created_at": moment,
                "pending_urls": [webhook.url for webhook in self._webhooks.values()],
                "completed_urls": [],
                "updated_at": moment,
                "id": event_id,
                "user_id": "user_sandbox",
                "status": "pending",
                "object": "Event",
                "result": result,
            }
        )
        for webhook in self._webhooks.values():
            headers = {entry["name"]: entry["value"] for entry in webhook.custom_headers}
            if webhook.secret:
                headers["X-Hmac-Signature"] = sign(webhook.secret, body)
            self._world.webhooks.send("easypost", description, webhook.url, headers, body, event_id)
