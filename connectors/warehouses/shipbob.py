"""ShipBob as a warehouse node.

API: developer API 2026-01, OpenAPI file of the vendor read 2026-11. Auth: bearer token (PAT), and a channel
id that each order call names. Rate limit: 150 calls a minute, told by `x-retry-after` (seconds) on 429.
Quirks: a repeated `reference_id` is refused with 422 like any other fault, so the reference is looked up; it
cannot hold an order; inventory pages only by following `next`; the webhook secret is told once.
"""

import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from connectors import unreadable
from connectors.errors import OutcomeUnknown, VendorRejected
from connectors.http import Refusal, VendorHttp
from connectors.reading import Unreadable
from connectors.redaction import redact
from connectors.retrying import as_seconds, read_retry_after
from connectors.transport import Client
from connectors.warehouses.base import NodeCapabilities
from connectors.warehouses.shipbob_edits import change_address, change_lines, living
from connectors.warehouses.shipbob_parse import (
    order_body,
    parse_order,
    parse_stock,
    parse_webhook,
)
from connectors.warehouses.shipbob_returns import RETURN_TOPICS, ShipBobReturns, next_page
from connectors.warehouses.shipbob_words import refusal_messages, refusal_reason
from domain.catalogue import NodeStock
from domain.nodes import NodeLine, NodeOrder, NodeOrderRequest, NodeState, request_digest
from domain.order import Address, OrderError

__all__ = ["TOPICS", "ShipBob", "parse_webhook", "shipbob_http"]

logger = logging.getLogger(__name__)
VENDOR = "shipbob"
TOPICS = (
    "order.shipped",
    "order.shipment.delivered",
    "order.shipment.exception",
    "order.shipment.on_hold",
    "order.shipment.cancelled",
    *RETURN_TOPICS,
)
_API = "/2026-01"
_PAGE = 250  # the most that the API gives
T = TypeVar("T")


def shipbob_http(client: Client, base_url: str, token: str, **options: Any) -> VendorHttp:
    """The calls of one ShipBob account; `options` are VendorHttp's own (timeout, limiter, sleep)."""
    return VendorHttp(
        client,
        vendor=VENDOR,
        base_url=base_url,
        headers={"authorization": f"Bearer {token}"},
        retry_after=_retry_after,
        read_refusal=_read_refusal,
        **options,
    )


def _retry_after(headers: Mapping[str, str]) -> float | None:
    seconds = as_seconds(headers.get("x-retry-after"))
    return read_retry_after(headers) if seconds is None else seconds


def _read_refusal(status: int, body: Any) -> Refusal:
    messages = refusal_messages(body)
    reason = "not_found" if status == 404 else refusal_reason(messages)
    return Refusal(reason, "; ".join(messages))


def leave_out(external_id: str, error: Unreadable) -> None:
    """Log an order that cannot be read and tell whoever collects (see `unreadable`)."""
    unreadable.note(external_id, OrderError(error.code, error.where))
    keys = {"external_id": external_id, "code": error.code, "field": error.where}
    logger.error("shipbob order left out", extra=keys)


class ShipBob(ShipBobReturns):
    """One ShipBob channel. `issued_secret` is set when subscribing made ShipBob choose the webhook secret."""

    system = VENDOR
    capabilities = NodeCapabilities(
        can_hold=False,
        keyed_writes=True,  # by the reference: a repeat finds the first result
        lookup_by_reference=True,
        ships_itself=True,
        can_edit=True,
    )

    def __init__(
        self,
        http: VendorHttp,
        *,
        account: str,
        channel_id: str | int,
        webhook_secret: str = "",
        on_bad_order: Callable[[str, Unreadable], None] = leave_out,
    ) -> None:
        self.account = account
        self._on_bad_order = on_bad_order
        self.issued_secret = ""
        self._http = http
        self._channel_id = str(channel_id)
        self._channel = {"shipbob_channel_id": self._channel_id}
        self._webhook_secret = webhook_secret

    async def create_order(self, request: NodeOrderRequest) -> NodeOrder:
        """See `Warehouse.create_order`; a cancelled order keeps its reference: `reference_cancelled`."""
        body = order_body(request)
        answer = await self._http.call(
            "create_order",
            "POST",
            f"{_API}/order",
            json=body,
            headers=self._channel,
            write=True,
            expect=(400, 422),
        )
        if answer.status < 400:
            return self._written("create_order", answer.body)
        messages = refusal_messages(answer.body)
        refused = VendorRejected(VENDOR, "create_order", redact("; ".join(messages), body), refusal_reason(messages))
        existing = await self.find_order(request.reference)
        if existing is None:
            raise refused
        if existing.state is NodeState.CANCELLED:
            raise VendorRejected(VENDOR, "create_order", reason="reference_cancelled") from refused
        if existing.request_digest != request_digest(request.ship_to, request.lines):
            raise VendorRejected(VENDOR, "create_order", reason="reference_conflict") from refused
        return existing

    async def find_order(self, reference: str) -> NodeOrder | None:
        """See `Warehouse.find_order`."""
        answer = await self._http.call(
            "find_order",
            "GET",
            f"{_API}/order",
            params={"ReferenceIds": reference, "Page": 1, "Limit": _PAGE},
            headers=self._channel,
            write=False,
        )
        found = [order for order in self._orders("find_order", answer.body) if order.reference == reference]
        return max(found, key=lambda order: order.state is not NodeState.CANCELLED, default=None)

    async def fetch_order(self, external_id: str) -> NodeOrder | None:
        """The order as it is now, or None when there is none."""
        answer = await self._http.call(
            "fetch_order",
            "GET",
            f"{_API}/order/{external_id}",
            headers=self._channel,
            write=False,
            expect=(404,),
        )
        return None if answer.status == 404 else self._read("fetch_order", parse_order, answer.body)

    async def cancel_order(self, external_id: str) -> None:
        """See `Warehouse.cancel_order`; a part that was too late counts as too late."""
        answer = await self._http.call(
            "cancel_order", "POST", f"{_API}/order/{external_id}:cancel", write=True, expect=(400, 422)
        )
        result = answer.body.get("status") if isinstance(answer.body, Mapping) else None
        if answer.status < 400 and result == "Success":
            return
        now = await self.fetch_order(external_id)  # cancelling twice is refused too
        if now is None or now.state is not NodeState.CANCELLED:
            detail = result if result in ("Failure", "PartialSuccess") else f"http_{answer.status}"
            raise VendorRejected(VENDOR, "cancel_order", detail, reason="too_late")

    async def change_address(self, external_id: str, ship_to: Address, email: str) -> NodeOrder:
        """See `EditableWarehouse.change_address`."""
        for shipment in living(await self._must_fetch("change_address", external_id)):
            await change_address(self._http, shipment.external_id, ship_to, email)
        return await self._must_fetch("change_address", external_id)

    async def change_lines(self, external_id: str, lines: Sequence[NodeLine]) -> NodeOrder:
        """See `EditableWarehouse.change_lines`; an order in several parcels is refused with `split`."""
        shipments = living(await self._must_fetch("change_lines", external_id))
        if len(shipments) != 1:
            raise VendorRejected(VENDOR, "change_lines", reason="split" if shipments else "too_late")
        await change_lines(self._http, shipments[0].external_id, lines)
        return await self._must_fetch("change_lines", external_id)

    async def _must_fetch(self, operation: str, external_id: str) -> NodeOrder:
        order = await self.fetch_order(external_id)
        if order is None:
            raise VendorRejected(VENDOR, operation, reason="not_found")
        return order

    async def orders_updated_since(self, since: datetime) -> AsyncIterator[list[NodeOrder]]:
        """See `Warehouse.orders_updated_since`; an order that changes meanwhile may come twice."""
        page = 0
        while True:
            page += 1
            answer = await self._http.call(
                "orders_updated_since",
                "GET",
                f"{_API}/order",
                params={
                    "LastUpdateStartDate": since.astimezone(UTC).isoformat().replace("+00:00", "Z"),
                    "Page": page,
                    "Limit": _PAGE,
                },
                headers=self._channel,
                write=False,
            )
            rows = self._rows("orders_updated_since", answer.body)
            orders = [order for row in rows if (order := self._readable(row)) is not None]
            if orders:
                yield orders
            if len(rows) < _PAGE:
                return

    def _readable(self, row: Any) -> NodeOrder | None:
        """One that cannot be read is left out, so that it does not hold up all others on every sweep."""
        try:
            return parse_order(row)
        except Unreadable as exc:
            known = row.get("id") if isinstance(row, Mapping) else None
            external_id = str(known) if isinstance(known, int | str) else ""
            self._on_bad_order(external_id, exc)
            return None

    async def stock(self) -> AsyncIterator[list[NodeStock]]:
        """See `Warehouse.stock`; by building, since an order ships from the one that it names."""
        params: dict[str, Any] | None = {"PageSize": str(_PAGE), "IsActive": "true"}
        while params is not None:
            answer = await self._http.call(
                "stock", "GET", f"{_API}/inventory-level/locations", params=params, write=False
            )
            levels = self._read("stock", parse_stock, answer.body)
            if levels:
                yield levels
            params = next_page(answer.body.get("next"))

    async def ensure_subscriptions(self, callback_url: str) -> list[str]:
        """See `Warehouse.ensure_subscriptions`. Signed with our secret, or with `issued_secret`."""
        have: set[str] = set()
        params: dict[str, Any] | None = {"RecordsPerPage": _PAGE}
        while params is not None:
            answer = await self._http.call("list_webhooks", "GET", f"{_API}/webhook", params=params, write=False)
            for hook in answer.body.get("items") or ():
                if hook.get("url") == callback_url and hook.get("enabled", True):
                    have.update(hook.get("topics") or ())
            params = next_page(answer.body.get("next"))
        missing = [topic for topic in TOPICS if topic not in have]
        if missing:
            await self._subscribe(callback_url, missing)
        return missing

    async def _subscribe(self, callback_url: str, topics: list[str]) -> None:
        body: dict[str, Any] = {"url": callback_url, "topics": topics, "description": "Aftercart"}
        if self._webhook_secret:
            body["secret"] = self._webhook_secret
        answer = await self._http.call("subscribe", "POST", f"{_API}/webhook", json=body, write=True)
        told = answer.body.get("secret") if isinstance(answer.body, Mapping) else None
        if told and told != self._webhook_secret:
            self.issued_secret = told

    async def check(self) -> str:
        """See `Warehouse.check`; VendorRejected `unknown_channel` when the token lacks our channel."""
        answer = await self._http.call("check", "GET", f"{_API}/channel", write=False)
        for channel in answer.body.get("items") or ():
            if str(channel.get("id")) == self._channel_id:
                return channel.get("name") or self._channel_id
        raise VendorRejected(VENDOR, "check", reason="unknown_channel")

    def _orders(self, operation: str, body: Any) -> list[NodeOrder]:
        return [self._read(operation, parse_order, row) for row in self._rows(operation, body)]

    def _rows(self, operation: str, body: Any) -> list[Any]:
        if not isinstance(body, list):
            raise VendorRejected(VENDOR, operation, "not_a_list: orders", reason="unreadable_answer")
        return body

    def _read(self, operation: str, parse: Callable[[Any], T], body: Any) -> T:
        try:
            return parse(body)
        except Unreadable as exc:
            raise VendorRejected(VENDOR, operation, str(exc), reason="unreadable_answer") from exc

    def _written(self, operation: str, body: Any) -> NodeOrder:
        try:
            return parse_order(body)
        except Unreadable as exc:
            raise OutcomeUnknown(VENDOR, operation, str(exc)) from exc
