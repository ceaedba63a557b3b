"""ShipEngine (ShipStation API) as a source of tracking.

API: v1, OpenAPI of 2026-04-08. Auth: header `API-Key`. Rate limit: 200 calls a minute in production, 429 above it
(documentation, Rate Limits, read 2026-11). One number a call.
Quirks: parcels are known by carrier and number, there is no id; a webhook is signed with ShipEngine's private key,
whose public half is at `/jwks`; `occurred_at` is in UTC. Webhooks tell only of parcels that were "started".
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from connectors.carriers.base import ParcelRef, SourceLimits
from connectors.carriers.shipengine_parse import (
    VENDOR,
    carrier_code,
    external_id,
    parse_tracking,
    read_refusal,
)
from connectors.errors import VendorRejected
from connectors.http import VendorHttp
from connectors.reading import Unreadable
from connectors.transport import Client
from domain.parcels import Tracker
from domain.status_maps import StatusMap

__all__ = ["VENDOR", "ShipEngine", "shipengine_http"]

_WEBHOOKS = "/v1/environment/webhooks"
_EVENT = "track"
_AT_ONCE = 4


def shipengine_http(client: Client, base_url: str, api_key: str, **options: Any) -> VendorHttp:
    """The calls of one ShipEngine account; `options` are VendorHttp's own (timeout, limiter, sleep)."""
    return VendorHttp(
        client, vendor=VENDOR, base_url=base_url, headers={"api-key": api_key}, read_refusal=read_refusal, **options
    )


class ShipEngine:
    """One account. `only`: carriers that it follows, in lower case; empty for any."""

    code = VENDOR
    batch = 20
    limits = SourceLimits(at_once=_AT_ONCE, per_second=200 / 60)

    def __init__(self, http: VendorHttp, *, account: str, words: StatusMap, only: frozenset[str] = frozenset()) -> None:
        self.account = account
        self.carriers = only
        self._http = http
        self._words = words

    async def fetch(self, refs: Sequence[ParcelRef]) -> Sequence[Tracker]:
        """See `TrackingSource.fetch`."""
        gate = asyncio.Semaphore(self.limits.at_once)

        async def one(ref: ParcelRef) -> Tracker | None:
            async with gate:
                return await self._tracking(ref)

        found = await asyncio.gather(*(one(ref) for ref in refs))
        return [tracker for tracker in found if tracker is not None]

    async def _tracking(self, ref: ParcelRef) -> Tracker | None:
        params = {"carrier_code": carrier_code(ref.carrier), "tracking_number": ref.tracking_number}
        answer = await self._http.call("track", "GET", "/v1/tracking", params=params, write=False, expect=(404,))
        if answer.status == 404:
            return None
        try:
            return parse_tracking(answer.body, ref.source_external_id, ref.tracking_number, ref.carrier, self._words)
        except Unreadable as exc:
            raise VendorRejected(VENDOR, "track", str(exc), reason="unreadable_answer") from exc

    async def follow(self, tracking_number: str, carrier: str) -> Tracker:
        """See `TrackingSource.follow`. From now on webhooks tell of it; a number that is not known yet is looked at by
        the sweep all the same."""
        params = {"carrier_code": carrier_code(carrier), "tracking_number": tracking_number}
        await self._http.call(
            "start_tracking",
            "POST",
            "/v1/tracking/start",
            params=params,
            write=True,
            safe_to_repeat=True,
            expect=(404,),
        )
        return Tracker(external_id(carrier, tracking_number), tracking_number, carrier, ())

    async def ensure_subscriptions(self, callback_url: str) -> list[str]:
        """Create the webhook if missing; returns the events that it was created for."""
        answer = await self._http.call("list_webhooks", "GET", _WEBHOOKS, write=False)
        known = answer.body if isinstance(answer.body, list) else []
        if any(hook.get("url") == callback_url and hook.get("event") == _EVENT for hook in known):
            return []
        webhook = {"url": callback_url, "event": _EVENT, "name": "Aftercart"}
        await self._http.call("create_webhook", "POST", _WEBHOOKS, json=webhook, write=True)
        return [_EVENT]

    async def check(self) -> str:
        """See `TrackingSource.check`."""
        await self._http.call("check", "GET", _WEBHOOKS, write=False)
        return f"ShipEngine {self.account}"
