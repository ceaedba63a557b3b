"""EasyPost: address verification, rates, labels and trackers.

API: v2; no OpenAPI file exists, so recorded answers of 2025 are the contract. Auth: HTTP Basic with the API
key as user. Rate limit: 429 with `Retry-After`.
Quirks: no idempotency keys (a shipment is bought once: a second purchase is refused, the first is looked up);
trackers are idempotent by code; lists filter by creation only; weights are ounces, sizes inches.
"""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from connectors.carriers.base import AddressCheck, ParcelRef, SourceLimits
from connectors.carriers.easypost_parse import (
    CODE_FORM,
    address_body,
    bought_rate,
    code_url,
    parcel_body,
    parse_check,
    parse_event,
    parse_label,
    parse_quote,
    parse_tracker,
)
from connectors.carriers.easypost_topics import TOPICS
from connectors.carriers.returning import PaperlessCode
from connectors.errors import OutcomeUnknown, VendorRejected
from connectors.http import Refusal, VendorHttp
from connectors.reading import Unreadable
from connectors.transport import Client
from domain.order import Address
from domain.parcels import Label, Parcel, Quote, Tracker
from domain.status_maps import StatusMap

__all__ = ["TOPICS", "EasyPost", "easypost_http", "parse_event"]

VENDOR = "easypost"
_NO_FORM = "shipment_form_invalid"
_PAGE = 100  # the most that the API gives
_AT_ONCE = 8  # single reads of trackers side by side
_FOLLOWED_FOR = timedelta(days=60)  # a parcel older than this gets no more scans
T = TypeVar("T")


def easypost_http(client: Client, base_url: str, api_key: str, **options: Any) -> VendorHttp:
    """The calls of one EasyPost account; `options` are VendorHttp's own (timeout, limiter, sleep)."""
    user = base64.b64encode(f"{api_key}:".encode()).decode()
    return VendorHttp(
        client,
        vendor=VENDOR,
        base_url=base_url,
        headers={"authorization": f"Basic {user}"},
        read_refusal=_read_refusal,
        **options,
    )


def _read_refusal(status: int, body: Any) -> Refusal:
    """EasyPost's codes are stable: `ADDRESS.VERIFY.FAILURE` is our `address_verify_failure`."""
    error = body.get("error") if isinstance(body, Mapping) else None
    if not isinstance(error, Mapping):
        return Refusal("not_found" if status == 404 else "rejected")
    code = str(error.get("code") or "")
    reason = "not_found" if status == 404 else code.lower().replace(".", "_") or "rejected"
    return Refusal(reason, f"{code} {error.get('message') or ''}".strip())


class EasyPost:
    """One EasyPost account, for verification, labels and tracking alike."""

    code = VENDOR
    batch = 50
    limits = SourceLimits(at_once=_AT_ONCE)
    carriers: frozenset[str] = frozenset()

    def __init__(self, http: VendorHttp, *, account: str, words: StatusMap, webhook_secret: str = "") -> None:
        self.account = account
        self._http = http
        self._words = words
        self._webhook_secret = webhook_secret

    async def verify(self, address: Address) -> AddressCheck:
        """See `AddressVerifier.verify`. Sends the place only, without name or phone."""
        answer = await self._http.call(
            "verify",
            "POST",
            "/v2/addresses",
            json={"address": address_body(address, contact=False), "verify": True},
            write=False,  # an address of its own changes nothing
        )
        return self._read("verify", lambda body: parse_check(address, body), answer.body)

    async def quote(
        self, *, ship_from: Address, ship_to: Address, parcel: Parcel, reference: str, back: bool = False
    ) -> Quote:
        """See `LabelSource.quote`. With `is_return` EasyPost itself turns the two addresses round."""
        shipment: dict[str, Any] = {
            "from_address": address_body(ship_from),
            "to_address": address_body(ship_to),
            "parcel": parcel_body(parcel),
            "reference": reference,
            "options": {"label_format": "PDF"},
            **({"is_return": True} if back else {}),
        }
        answer = await self._http.call("quote", "POST", "/v2/shipments", json={"shipment": shipment}, write=False)
        return self._read("quote", parse_quote, answer.body)

    async def buy(self, quote: str, rate: str) -> Label:
        """See `LabelSource.buy`. A label bought for another rate: VendorRejected `already_bought`."""
        try:
            answer = await self._http.call(
                "buy", "POST", f"/v2/shipments/{quote}/buy", json={"rate": {"id": rate}}, write=True
            )
        except VendorRejected as refused:
            body = await self._shipment("find_label", quote)
            label = self._read("find_label", self._label, body) if body is not None else None
            if label is None:
                raise
            if bought_rate(body) != rate or label.voided:
                raise VendorRejected(VENDOR, "buy", refused.detail, reason="already_bought") from refused
            return label
        try:
            label = self._label(answer.body)
        except Unreadable as exc:
            raise OutcomeUnknown(VENDOR, "buy", str(exc)) from exc
        if label is None:
            raise OutcomeUnknown(VENDOR, "buy", "no_label_in_answer")
        return label

    async def find_label(self, quote: str) -> Label | None:
        """See `LabelSource.find_label`."""
        body = await self._shipment("find_label", quote)
        return None if body is None else self._read("find_label", self._label, body)

    def _label(self, body: Any) -> Label | None:
        label = parse_label(body)
        return None if label is None else replace(label, followed_by=f"{VENDOR}/{self.account}")

    async def _shipment(self, operation: str, quote: str) -> Any:
        answer = await self._http.call(operation, "GET", f"/v2/shipments/{quote}", write=False, expect=(404,))
        return None if answer.status == 404 else answer.body

    async def void(self, quote: str) -> None:
        """See `LabelSource.void`."""
        try:
            await self._http.call(
                "void",
                "POST",
                f"/v2/shipments/{quote}/refund",
                json={},
                write=True,
                safe_to_repeat=True,
            )
        except VendorRejected:
            label = await self.find_label(quote)
            if label is None or not label.voided:
                raise

    async def fetch_label(self, url: str) -> bytes:
        """See `LabelSource.fetch_label`. Our key does not go to where EasyPost stores files."""
        answer = await self._http.call("fetch_label", "GET", url, write=False, raw=True)
        return bytes(answer.body)

    async def paperless_code(self, quote: str) -> PaperlessCode:
        """See `PaperlessSource.paperless_code`. Looks first: EasyPost makes a second form when asked twice."""
        body = await self._shipment("paperless_code", quote)
        url = self._read("paperless_code", code_url, body) if body is not None else ""
        if not url:
            path, form = f"/v2/shipments/{quote}/forms", {"form": {"type": CODE_FORM}}
            try:
                answer = await self._http.call("paperless_code", "POST", path, json=form, write=True)
            except VendorRejected as refused:
                reason = "no_code" if refused.reason == _NO_FORM else refused.reason
                raise VendorRejected(VENDOR, "paperless_code", refused.detail, reason) from refused
            url = self._read("paperless_code", code_url, answer.body)
        if not url:
            raise OutcomeUnknown(VENDOR, "paperless_code", "no_form_in_answer")
        return PaperlessCode(await self.fetch_label(url), "image/png")

    async def label_url(self, quote: str, file_format: str) -> str:
        """Address of the same label in another format: PDF, ZPL, EPL2 or PNG."""
        answer = await self._http.call(
            "convert_label",
            "GET",
            f"/v2/shipments/{quote}/label",
            params={"file_format": file_format},
            write=False,
        )
        postage = (answer.body or {}).get("postage_label") or {}
        url = postage.get(f"label_{file_format.lower()}_url") or ""
        if not url:
            raise VendorRejected(VENDOR, "convert_label", reason="no_such_format")
        return str(url)

    async def create_tracker(self, tracking_number: str, carrier: str) -> Tracker:
        """See `TrackerSource.create_tracker`; without a carrier EasyPost guesses it from the number."""
        tracker = {"tracking_code": tracking_number, **({"carrier": carrier} if carrier else {})}
        answer = await self._http.call(
            "create_tracker",
            "POST",
            "/v2/trackers",
            json={"tracker": tracker},
            write=True,
            safe_to_repeat=True,
        )
        return self._read("create_tracker", self._tracker, answer.body)

    async def fetch_trackers(self, external_ids: Sequence[str]) -> list[Tracker]:
        """See `TrackerSource.fetch_trackers`; unknown ids are left out."""
        gate = asyncio.Semaphore(_AT_ONCE)

        async def fetch(external_id: str) -> Tracker | None:
            async with gate:
                answer = await self._http.call(
                    "fetch_tracker", "GET", f"/v2/trackers/{external_id}", write=False, expect=(404,)
                )
            if answer.status == 404:
                return None
            return self._read("fetch_tracker", self._tracker, answer.body)

        found = await asyncio.gather(*(fetch(external_id) for external_id in external_ids))
        return [tracker for tracker in found if tracker is not None]

    async def trackers_updated_since(self, since: datetime) -> AsyncIterator[list[Tracker]]:
        """See `TrackerSource.trackers_updated_since`; trackers older than 60 days are not looked at."""
        params: dict[str, Any] = {
            "page_size": _PAGE,
            "start_datetime": (since - _FOLLOWED_FOR).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        while True:
            answer = await self._http.call("trackers_updated_since", "GET", "/v2/trackers", params=params, write=False)
            rows = (answer.body or {}).get("trackers") or []
            changed = [row for row in rows if _changed_since(row, since)]
            if changed:
                yield self._read("trackers_updated_since", self._trackers, changed)
            if not rows or not answer.body.get("has_more"):
                return
            params = {**params, "before_id": rows[-1].get("id")}

    def _tracker(self, body: Any) -> Tracker:
        return parse_tracker(body, self._words)

    def _trackers(self, rows: Sequence[Any]) -> list[Tracker]:
        return [self._tracker(row) for row in rows]

    async def fetch(self, refs: Sequence[ParcelRef]) -> Sequence[Tracker]:
        """See `TrackingSource.fetch`."""
        return await self.fetch_trackers([ref.source_external_id for ref in refs])

    async def follow(self, tracking_number: str, carrier: str) -> Tracker:
        """See `TrackingSource.follow`."""
        return await self.create_tracker(tracking_number, carrier)

    async def ensure_subscriptions(self, callback_url: str) -> list[str]:
        """See `TrackerSource.ensure_subscriptions`. EasyPost sends every topic to every webhook."""
        answer = await self._http.call("list_webhooks", "GET", "/v2/webhooks", write=False)
        ours = [h for h in (answer.body or {}).get("webhooks") or () if h.get("url") == callback_url]
        if any(not hook.get("disabled_at") for hook in ours):
            return []
        webhook: dict[str, Any] = {"url": callback_url}
        if self._webhook_secret:
            webhook["webhook_secret"] = self._webhook_secret
        if ours:  # EasyPost disables an address that failed for long
            path = f"/v2/webhooks/{ours[0]['id']}"
            await self._http.call("enable_webhook", "PATCH", path, json={"webhook": webhook}, write=True)
        else:
            await self._http.call("create_webhook", "POST", "/v2/webhooks", json={"webhook": webhook}, write=True)
        return list(TOPICS)

    async def check(self) -> str:
        """See `TrackerSource.check`."""
        await self._http.call("check", "GET", "/v2/trackers", params={"page_size": 1}, write=False)
        return f"EasyPost {self.account}"

    def _read(self, operation: str, parse: Callable[[Any], T], body: Any) -> T:
        try:
            return parse(body)
        except Unreadable as exc:
            raise VendorRejected(VENDOR, operation, str(exc), reason="unreadable_answer") from exc


def _changed_since(row: Mapping[str, Any], since: datetime) -> bool:
    try:
        updated_at = datetime.fromisoformat(str(row.get("updated_at")))
    except ValueError:
        return True
    return updated_at >= since
