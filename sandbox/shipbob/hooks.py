"""Webhook subscriptions and their signed deliveries (Standard Webhooks)."""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from sandbox.core.clock import stamp
from sandbox.core.http import Reply, Request, json_reply
from sandbox.core.world import World

TOPICS = (
    "order.shipped", "order.shipment.delivered", "order.shipment.exception", "order.shipment.on_hold",
    "order.shipment.cancelled", "return.created", "return.updated", "return.completed",
    "billing.charge.created", "billing.refund.created", "billing.credit.created",
)  # fmt: skip
_SECRET = re.compile(r"whsec_[a-zA-Z0-9+/]{32}")


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The `webhook-signature` header."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()


@dataclass(frozen=True, slots=True)
class Subscription:
    """Who is told what, and the secret that signs it."""

    id: str
    url: str
    topics: tuple[str, ...]
    secret: str
    description: str | None
    created_at: datetime

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "url": self.url,
            "topics": list(self.topics),
            "description": self.description,
            "created_at": stamp(self.created_at),
        }


class Hooks:
    """The handlers under `/2026-01/webhook`, and the sending."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._subscriptions: dict[str, Subscription] = {}
        self._made = 0
        self._sent = 0

    def create(self, request: Request) -> Reply:
        body = request.object()
        url, topics, secret = body.get("url"), body.get("topics"), body.get("secret")
        problem = None
        if not isinstance(url, str) or not url.startswith(("http://", "https://")):
            problem = "url must be an absolute URL"
        elif not isinstance(topics, list) or not topics or not set(topics) <= set(TOPICS):
            problem = "topics must name at least one known topic"
        elif secret is not None and not _SECRET.fullmatch(str(secret)):
            problem = "secret must look like whsec_ and 32 base64 characters"
        if problem or not isinstance(topics, list):
            return json_reply(
                422,
                {"$type": "UnprocessableEntityObjectResult", "status_code": 422, "value": {"error": problem}},
            )
        self._made += 1
        made = base64.b64encode(self._world.rng.randbytes(24)).decode()
        subscription = Subscription(
            id=str(self._made),
            url=str(url),
            topics=tuple(topics),
            secret=secret or f"whsec_{made}",
            description=body.get("description"),
            created_at=self._world.clock.now(),
        )
        self._subscriptions[subscription.id] = subscription
        return json_reply(200, subscription.as_json() | {"secret": subscription.secret})

    def index(self, request: Request) -> Reply:
        try:
            size, start = int(request.query("RecordsPerPage") or 50), int(request.query("Cursor") or 0)
        except ValueError:
            return json_reply(400, {"$type": "BadRequestObjectResult", "status_code": 400})
        every = list(self._subscriptions.values())
        shown = every[start : start + size]
        return json_reply(
            200,
            {
                "items": [subscription.as_json() | {"enabled": True} for subscription in shown],
                "next": str(start + size) if start + size < len(every) else None,
                "prev": str(max(0, start - size)) if start else None,
            },
        )

    def delete(self, request: Request) -> Reply:
        self._subscriptions.pop(request.params["id"], None)
        return Reply(204)

    def wanted(self, topic: str) -> bool:
        return any(topic in subscription.topics for subscription in self._subscriptions.values())

    def announce(self, topic: str, payload: dict[str, Any]) -> None:
        """Tell every subscriber of the topic."""
        body = orjson.dumps(payload)
        timestamp = int(self._world.clock.now().timestamp())
        for subscription in self._subscriptions.values():
            if topic not in subscription.topics:
                continue
            self._sent += 1
            message_id = f"msg_{subscription.id}_{self._sent:010d}"
            headers = {
                "webhook-id": message_id,
                "webhook-timestamp": str(timestamp),
                "webhook-signature": sign(subscription.secret, message_id, timestamp, body),
                "x-webhook-topic": topic,
            }
            self._world.webhooks.send("shipbob", topic, subscription.url, headers, body, message_id)
