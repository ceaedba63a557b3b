"""Webhooks: an address for each event, told with a signature that the published keys prove."""

from dataclasses import dataclass, field
from typing import Any

import orjson

from sandbox.core.clock import stamp
from sandbox.core.http import Reply, Request, json_reply
from sandbox.core.world import World
from sandbox.shipengine.common import Errors
from sandbox.shipengine.keys import Keys

EVENTS = (
    "batch", "carrier_connected", "order_source_refresh_complete", "rate", "report_complete", "sales_orders_imported",
    "track",
)  # fmt: skip
_FIELDS = {"event", "url", "headers", "name", "store_id"}


@dataclass(slots=True)
class Webhook:
    id: str
    url: str
    event: str
    headers: list[dict[str, str]] = field(default_factory=list)
    more: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        known = {"webhook_id": self.id, "url": self.url, "event": self.event, "headers": self.headers}
        return known | self.more


class Hooks:
    """The handlers under `/v1/environment/webhooks`, the published keys, and the sending."""

    def __init__(self, world: World, errors: Errors) -> None:
        self._world, self._errors = world, errors
        self.keys = Keys()
        self._webhooks: dict[str, Webhook] = {}
        self._made = 4_000

    def published(self, _request: Request) -> Reply:
        return json_reply(200, self.keys.published())

    def create(self, request: Request) -> Reply:
        given = request.object()
        if problem := self._problem(given):
            return problem
        if not given.get("url"):
            return self._errors.required("url")
        if given.get("event") not in EVENTS:
            return self._errors(400, "invalid_field_value", "event is none of the known ones.", field="event")
        if any((known.url, known.event) == (given["url"], given["event"]) for known in self._webhooks.values()):
            return self._errors(409, "webhook_event_type_conflict", "This event is told to this URL already.")
        self._made += 1
        webhook = Webhook(f"se-{self._made}", given["url"], given["event"])
        self._webhooks[webhook.id] = webhook
        _change(webhook, given)
        return json_reply(200, webhook.as_json())

    def index(self, _request: Request) -> Reply:
        return json_reply(200, [webhook.as_json() for webhook in self._webhooks.values()])

    def get(self, request: Request) -> Reply:
        webhook = self._webhooks.get(request.params["webhook_id"])
        return json_reply(200, webhook.as_json()) if webhook else self._errors.missing("The webhook")

    def update(self, request: Request) -> Reply:
        webhook, given = self._webhooks.get(request.params["webhook_id"]), request.object()
        if webhook is None:
            return self._errors.missing("The webhook")
        if problem := self._problem(given):
            return problem
        _change(webhook, given)
        return Reply(204)

    def delete(self, request: Request) -> Reply:
        webhook = self._webhooks.pop(request.params["webhook_id"], None)
        return Reply(204) if webhook else self._errors.missing("The webhook")

    def _problem(self, given: dict[str, Any]) -> Reply | None:
        url, headers = given.get("url"), given.get("headers")
        if unknown := sorted(set(given) - _FIELDS):
            return self._errors(400, "invalid_field_value", f"Unknown field {unknown[0]}.", field=unknown[0])
        if url is not None and not str(url).startswith(("http://", "https://")):
            return self._errors(400, "invalid_field_value", "url must be a URL.", field="url")
        named = isinstance(headers, list) and all(isinstance(x, dict) and {"key", "value"} == set(x) for x in headers)
        if headers is not None and not named:
            return self._errors(400, "invalid_field_value", "A header has a key and a value.", field="headers")
        return None

    def announce(self, resource_url: str, data: dict[str, Any]) -> None:
        """Tell of a change of a tracked parcel."""
        wanting = [webhook for webhook in self._webhooks.values() if webhook.event == "track"]
        if not wanting:
            return
        body = orjson.dumps({"resource_url": resource_url, "resource_type": "API_TRACK", "data": data})
        timestamp = stamp(self._world.clock.now())
        signed = {
            "x-shipengine-rsa-sha256-key-id": self.keys.id,
            "x-shipengine-rsa-sha256-signature": self.keys.sign(timestamp, body),
            "x-shipengine-timestamp": timestamp,
        }
        for webhook in wanting:
            own = {entry["key"]: entry["value"] for entry in webhook.headers}
            delivery = f"{self._world.rng.getrandbits(64):016x}"
            self._world.webhooks.send("shipengine", "track", webhook.url, own | signed, body, delivery)


def _change(webhook: Webhook, given: dict[str, Any]) -> None:
    webhook.url = given.get("url", webhook.url)
    webhook.headers = given.get("headers", webhook.headers)
    webhook.more |= {name: given[name] for name in ("name", "store_id") if name in given}
