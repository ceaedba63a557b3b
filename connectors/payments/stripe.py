"""Stripe as a hosted payment page with an end, and its refunds.

API: 2025-03-31.basil, pinned by header; the vendor's OpenAPI file (an older copy), its sample bodies of 2026-08 and
docs.stripe.com (idempotent requests, currencies, error codes) read 2026-11. Auth: secret key as bearer token. Rate
limit: 429, 100 calls a second.
Quirks: forms, not JSON; amounts of some currencies are counted otherwise (stripe_amounts); a key's first answer is
kept for 24 hours and replayed, failures and 500 too, marked `Idempotent-Replayed`; a page that is no longer open
refuses to be closed; a list of refunds may page. Webhooks are set up in Stripe's dashboard, which shows the secret.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit
from uuid import uuid4

from connectors.errors import ConnectorError, OutcomeUnknown, VendorRejected
from connectors.http import Answer, VendorHttp
from connectors.outcomes import Outcome, Sent, returned
from connectors.payments.base import LinkRequest, LinkState, PaymentLink, PaymentRefund
from connectors.payments.stripe_amounts import VENDOR
from connectors.payments.stripe_disputes import parse_dispute, readable_disputes
from connectors.payments.stripe_parse import (
    PROCESSING,
    account_name,
    flat,
    is_processing,
    list_page,
    our_refund,
    page_form,
    parse_page,
    parse_refund,
    read_refusal,
    refund_form,
    tells_of,
)
from connectors.reading import Unreadable, identity
from connectors.transport import Client
from domain.disputes import StatedDispute

__all__ = ["API_VERSION", "TOPICS", "Stripe", "payment_page", "stripe_http"]

API_VERSION = "2025-03-31.basil"
DISPUTE_TOPICS = ("charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed")
TOPICS = (
    *("checkout.session.completed", "checkout.session.expired", "refund.updated", "refund.failed"),
    *DISPUTE_TOPICS,
)
_PAGES = "/v1/checkout/sessions"
_LIMIT = 100  # the most that the API gives
T = TypeVar("T")


def stripe_http(client: Client, base_url: str, secret_key: str, **options: Any) -> VendorHttp:
    """The calls of one Stripe account; `options` are VendorHttp's own (timeout, limiter, sleep)."""
    return VendorHttp(
        client,
        vendor=VENDOR,
        base_url=base_url,
        headers={"authorization": f"Bearer {secret_key}", "stripe-version": API_VERSION},
        read_refusal=read_refusal,
        is_replay=_is_replay,
        **options,
    )


def payment_page(base_url: str, secret_key: str, payment: str) -> str:
    """A payment in Stripe's dashboard, where test payments have pages of their own; empty on any other host than
    Stripe's, which has no dashboard."""
    if urlsplit(base_url).hostname != "api.stripe.com":
        return ""
    return f"https://dashboard.stripe.com/{'test/' if '_test_' in secret_key else ''}payments/{quote(payment, safe='')}"


def _is_replay(headers: Mapping[str, str]) -> bool:
    return headers.get("idempotent-replayed", "").lower() == "true"


class Stripe:
    """One Stripe account."""

    system = VENDOR
    dispute_topics: tuple[str, ...] = DISPUTE_TOPICS

    def __init__(self, http: VendorHttp, *, account: str) -> None:
        self.account = account
        self._http = http

    @returned
    async def create_link(self, request: LinkRequest) -> Outcome:
        """See `Payments.create_link`. VendorRejected `not_chargeable`, `too_little`, `bad_expiry`, `key_conflict`."""
        answer = await self._write("create_link", _PAGES, page_form(request), request.key)
        page = self._written("create_link", parse_page, answer.body)
        if not page.url:
            raise OutcomeUnknown(VENDOR, "create_link", "no_address_in_answer")
        return Sent(page.external_id, {"url": page.url})

    async def fetch_link(self, external_id: str) -> PaymentLink | None:
        """See `Payments.fetch_link`; None when there is no such page."""
        body = await self._page("fetch_link", external_id)
        return None if body is None else self._read("fetch_link", parse_page, body)

    @returned
    async def expire_link(self, external_id: str) -> Outcome:
        """See `Payments.expire_link`; VendorRejected `processing` while the money is on its way."""
        # A key for one call alone: closing twice does no harm, while a stored 500 would be replayed for a day.
        try:
            await self._write("expire_link", f"{_PAGES}/{external_id}/expire", {}, str(uuid4()))
        except (VendorRejected, OutcomeUnknown) as refused:
            return await self._closed(external_id, refused)
        return Sent(external_id)

    async def _closed(self, external_id: str, refused: ConnectorError) -> Outcome:
        body = await self._page("expire_link", external_id)
        if body is None:
            return refused
        if self._read("expire_link", is_processing, body):
            return VendorRejected(VENDOR, "expire_link", refused.detail, reason=PROCESSING)
        state = self._read("expire_link", parse_page, body).state
        if state is LinkState.EXPIRED:
            return Sent(external_id)
        if state is LinkState.PAID:
            return VendorRejected(VENDOR, "expire_link", refused.detail, reason="paid")
        return refused

    @returned
    async def refund(self, request: PaymentRefund) -> Outcome:
        """See `Payments.refund`; also `not_found`, `not_chargeable`, `key_conflict`. One that waits for its customer
        (`requires_action`) is pending, one that is `canceled` has failed."""
        answer = await self._write("refund", "/v1/refunds", refund_form(request), request.key)
        return self._written("refund", lambda body: parse_refund("refund", body), answer.body)

    @returned
    async def find_refund(self, request: PaymentRefund) -> Outcome | None:
        """See `Payments.find_refund`; a refund that failed under another key is not this one."""
        try:
            rows = await self._refunds(request.payment)
        except VendorRejected as refused:  # of the question, not of the refund
            raise OutcomeUnknown(VENDOR, "find_refund", refused.detail) from refused
        return self._written("find_refund", lambda found: our_refund(found, request), rows)

    async def _refunds(self, payment: str) -> list[Mapping[str, Any]]:
        pages = self._pages("find_refund", "/v1/refunds", {"payment_intent": payment})
        return [row async for page in pages for row in page]

    async def _pages(
        self, operation: str, path: str, asked: Mapping[str, Any]
    ) -> AsyncIterator[list[Mapping[str, Any]]]:
        """A list; nothing where what it is of does not exist."""
        params: dict[str, Any] = {**asked, "limit": _LIMIT}
        while True:
            answer = await self._http.call(operation, "GET", path, params=params, write=False, expect=(404,))
            if answer.status == 404:
                return
            page, more = self._read(operation, list_page, answer.body)
            yield page
            if not page or not more:
                return
            params = {**params, "starting_after": identity(page[-1])}

    async def fetch_dispute(self, external_id: str) -> StatedDispute | None:
        """See `Payments.fetch_dispute`."""
        body = await self._dispute(external_id)
        return None if body is None else self._read("fetch_dispute", parse_dispute, body)

    async def _dispute(self, external_id: str) -> Any:
        answer = await self._http.call(
            "fetch_dispute", "GET", f"/v1/disputes/{external_id}", write=False, expect=(404,)
        )
        return None if answer.status == 404 else answer.body

    async def disputes_since(self, since: datetime) -> AsyncIterator[list[StatedDispute]]:
        """See `DisputeSource.disputes_since`."""
        pages = self._pages("disputes_since", "/v1/disputes", {"created[gte]": int(since.timestamp())})
        async for page in pages:
            yield readable_disputes(page)

    async def disputes_now(self, external_ids: Sequence[str]) -> list[StatedDispute]:
        """See `DisputeSource.disputes_now`; there is no list by ids."""
        found = [await self._dispute(each) for each in external_ids]
        return readable_disputes(body for body in found if body is not None)

    async def listens(self, callback_url: str) -> bool:
        """Whether a webhook endpoint tells that address of `TOPICS`. It is made by hand: only then is its secret ours
        to keep."""
        answer = await self._http.call(
            "list_endpoints", "GET", "/v1/webhook_endpoints", params={"limit": _LIMIT}, write=False
        )
        return self._read("list_endpoints", lambda body: tells_of(body, callback_url, TOPICS), answer.body)

    async def check(self) -> str:
        """See `Payments.check`."""
        answer = await self._http.call("check", "GET", "/v1/account", write=False)
        return self._read("check", account_name, answer.body)

    async def _page(self, operation: str, external_id: str) -> Any:
        answer = await self._http.call(
            operation,
            "GET",
            f"{_PAGES}/{external_id}",
            params={"expand[]": "payment_intent.latest_charge"},
            write=False,
            expect=(404,),
        )
        return None if answer.status == 404 else answer.body

    async def _write(self, operation: str, path: str, form: Mapping[str, Any], key: str) -> Answer:
        return await self._http.call(
            operation,
            "POST",
            path,
            form=dict(flat(form)),
            headers={"idempotency-key": key},
            write=True,
            safe_to_repeat=True,
        )

    def _read(self, operation: str, parse: Callable[[Any], T], body: Any) -> T:
        try:
            return parse(body)
        except Unreadable as exc:
            raise VendorRejected(VENDOR, operation, str(exc), reason="unreadable_answer") from exc

    def _written(self, operation: str, parse: Callable[[Any], T], body: Any) -> T:
        try:
            return parse(body)
        except Unreadable as exc:
            raise OutcomeUnknown(VENDOR, operation, str(exc)) from exc
