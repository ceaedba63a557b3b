"""Shopify, Admin GraphQL API 2026-10.

Document consulted: the vendor's schema file of 2026-10 (2026-11-21). Auth: `X-Shopify-Access-Token`. Rate
limit: a bucket of query cost per shop, refilled every second, exhausted with HTTP 200 and `THROTTLED`.
Quirks: releasing without hold ids releases everybody's holds; a cancellation is a job to poll; errors of
capture, refund and fulfil have no code; only some mutations honour an idempotency key, and those demand one.
"""

import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, TypeVar

from connectors.errors import ConnectorError, VendorRejected
from connectors.http import VendorHttp
from connectors.outcomes import Outcome
from connectors.shops import shopify_catalogue as catalogue
from connectors.shops import shopify_documents as documents
from connectors.shops import shopify_edits, shopify_holds, shopify_order_writes
from connectors.shops import shopify_fulfilments as fulfilments
from connectors.shops import shopify_orders as orders
from connectors.shops import shopify_requests as payloads
from connectors.shops import shopify_subscriptions as subscriptions
from connectors.shops.base import (
    CancelRequest,
    CaptureRequest,
    FulfilRequest,
    HoldRequest,
    RefundRequest,
    ReleaseRequest,
)
from connectors.shops.editing import CalculatedOrder, LinesEdit, ManualPayment
from connectors.shops.shopify_bodies import BadBody, leave_out
from connectors.shops.shopify_budget import VENDOR, CostBudget
from connectors.shops.shopify_cancelling import wait_until_cancelled
from connectors.shops.shopify_client import Node, ShopifyClient, inner_nodes, read_refusal
from connectors.shops.shopify_fields import moment_text
from connectors.shops.shopify_replacements import ShopifyReplacements
from connectors.shops.shopify_returns import ShopifyReturns
from connectors.transport import Client
from domain.catalogue import CatalogueProduct, ShopStock, StockWrite
from domain.order import Address, IncomingOrder, ShopFulfilmentOrder

logger = logging.getLogger(__name__)

T = TypeVar("T")


def shopify_http(client: Client, base_url: str, token: str, **settings: Any) -> VendorHttp:
    """The transport for one shop; `base_url` is the shop's own address without a path of the API."""
    return VendorHttp(
        client,
        vendor=VENDOR,
        base_url=base_url,
        headers={"x-shopify-access-token": token},
        read_refusal=read_refusal,
        **settings,
    )


class Shopify(ShopifyReturns, ShopifyReplacements):
    """One Shopify shop as a `Shop`, an `EditableShop`, a `ReturningShop` and a `ReplacingShop`. See the protocols for
    what the methods promise.

    One body that we cannot read is handed to `on_bad_body` and left out, so that it holds up no page.
    """

    system = VENDOR

    def __init__(
        self,
        http: VendorHttp,
        account: str,
        *,
        budget: CostBudget | None = None,
        metafields: catalogue.Metafields | None = None,
        on_bad_body: BadBody = leave_out,
    ) -> None:
        self.account = account
        self._client = ShopifyClient(http, budget or CostBudget(sleep=http.sleep))
        self._metafields = asdict(metafields or catalogue.Metafields())
        self._on_bad_body = on_bad_body

    # reading

    async def check(self) -> str:
        data = await self._client.query("shop", documents.SHOP, {})
        return str(data["shop"]["name"])

    async def fetch_orders(self, external_ids: Sequence[str]) -> list[IncomingOrder]:
        nodes = await self._client.nodes("orders_by_id", orders.ORDERS_BY_ID, external_ids)
        return await self._orders(nodes)

    async def orders_updated_since(self, since: datetime) -> AsyncIterator[list[IncomingOrder]]:
        variables = {"query": _updated_since(since)}
        pages = self._client.pages("orders_updated", orders.ORDERS_UPDATED, "orders", variables)
        async for data in pages:
            yield await self._orders(data["orders"]["nodes"])

    async def _orders(self, nodes: Sequence[Node]) -> list[IncomingOrder]:
        for node in nodes:
            await self._client.complete(node, "lineItems", orders.ORDER_LINES)
            await self._client.complete(node, "fulfillmentOrders", orders.ORDER_FULFILMENT_ORDERS)
            await self._complete_fulfilment_orders(inner_nodes(node, "fulfillmentOrders"))
        return self._parsed(nodes, orders.parse_order)

    async def fulfilment_orders(self, external_ids: Sequence[str]) -> list[ShopFulfilmentOrder]:
        nodes = await self._client.nodes("fulfilment_orders_by_id", fulfilments.FULFILMENT_ORDERS_BY_ID, external_ids)
        await self._complete_fulfilment_orders(nodes)
        return self._parsed(nodes, fulfilments.parse_fulfilment_order)

    async def _complete_fulfilment_orders(self, nodes: Sequence[Node]) -> None:
        for node in nodes:
            await self._client.complete(node, "lineItems", fulfilments.FULFILMENT_ORDER_LINES)

    async def catalogue(self, since: datetime | None) -> AsyncIterator[list[CatalogueProduct]]:
        variables = {"query": _updated_since(since) if since else None, **self._metafields}
        pages = self._client.pages("products", catalogue.PRODUCTS, "products", variables)
        async for data in pages:
            yield await self._products(data)

    async def _products(self, data: Node) -> list[CatalogueProduct]:
        nodes = data["products"]["nodes"]
        for node in nodes:
            await self._client.complete(node, "variants", catalogue.PRODUCT_VARIANTS)
        kit_ids = [variant for node in nodes for variant in catalogue.kit_ids(node)]
        kit_nodes = await self._client.nodes("kit_parts", catalogue.KIT_PARTS, kit_ids)
        kits = dict(self._parsed(kit_nodes, catalogue.parse_kit))
        currency = str(data["shop"]["currencyCode"])
        return self._parsed(nodes, lambda node: catalogue.parse_product(node, currency, kits))

    async def locations(self) -> dict[str, str]:
        pages = self._client.pages("locations", catalogue.LOCATIONS, "locations", {})
        return {str(node["id"]): str(node["name"]) async for data in pages for node in data["locations"]["nodes"]}

    async def stock(self) -> AsyncIterator[list[ShopStock]]:
        pages = self._client.pages("stock", catalogue.STOCK, "inventoryItems", {})
        async for data in pages:
            yield await self._stock(data["inventoryItems"]["nodes"])

    async def read_stock(self, inventory_external_ids: Sequence[str]) -> list[ShopStock]:
        nodes = await self._client.nodes("stock_by_id", catalogue.STOCK_BY_ID, inventory_external_ids)
        return await self._stock(nodes)

    async def _stock(self, nodes: Sequence[Node]) -> list[ShopStock]:
        for node in nodes:
            await self._client.complete(node, "inventoryLevels", catalogue.STOCK_LEVELS)
        return [level for levels in self._parsed(nodes, catalogue.parse_stock) for level in levels]

    # writing

    async def set_available(self, writes: Sequence[StockWrite]) -> list[Outcome]:
        items = [payloads.stock_variables(write) for write in writes]
        results = await self._client.mutate(documents.SET_AVAILABLE, items, safe=True)
        return [payloads.created(result, "inventoryAdjustmentGroup") for result in results]

    async def hold(self, requests: Sequence[HoldRequest]) -> list[Outcome]:
        return await shopify_holds.hold(self._client, self.fulfilment_orders, requests)

    async def release(self, requests: Sequence[ReleaseRequest]) -> list[Outcome]:
        return await shopify_holds.release(self._client, self.fulfilment_orders, requests)

    async def fulfil(self, requests: Sequence[FulfilRequest]) -> list[Outcome]:
        items = [payloads.fulfil_variables(request) for request in requests]
        results = await self._client.mutate(documents.FULFIL, items, safe=False)
        return [payloads.created(result, "fulfillment") for result in results]

    async def capture(self, request: CaptureRequest) -> Outcome:
        items = [payloads.capture_variables(request)]
        [result] = await self._client.mutate(documents.CAPTURE, items, safe=False)
        return payloads.paid(documents.CAPTURE.field, result)

    async def refund(self, request: RefundRequest) -> Outcome:
        items = [payloads.refund_variables(request)]
        [result] = await self._client.mutate(documents.REFUND, items, safe=True)
        return payloads.refunded(documents.REFUND.field, result)

    async def find_refund(self, request: RefundRequest) -> Outcome | None:
        data = await self._client.query("order_refunds", documents.ORDER_REFUNDS, {"id": request.order})
        return payloads.refund_of_note("order_refunds", data.get("order"), request.note)

    async def cancel_order(self, request: CancelRequest) -> Outcome:
        items = [payloads.cancel_variables(request)]
        [result] = await self._client.mutate(documents.CANCEL, items, safe=False)
        outcome = payloads.created(result, "job")
        if isinstance(outcome, ConnectorError):
            return outcome
        return await wait_until_cancelled(self._client, outcome.external_id, request.order)

    # editing

    async def calculate(self, edit: LinesEdit) -> CalculatedOrder:
        return await shopify_edits.calculate(self._client, edit)

    async def commit(self, edit: LinesEdit, *, expected_total_minor: int, note: str) -> Outcome:
        return await shopify_edits.commit(self._client, edit, expected_total_minor, note)

    async def committed(self, edit: LinesEdit) -> bool | None:
        return await shopify_edits.committed(self._client, edit)

    async def set_address(self, order: str, ship_to: Address) -> Outcome:
        return await shopify_order_writes.set_address(self._client, order, ship_to)

    async def set_contact(self, order: str, *, email: str, phone: str) -> Outcome:
        return await shopify_order_writes.set_contact(self._client, order, email, phone)

    async def record_payment(self, payment: ManualPayment) -> Outcome:
        return await shopify_order_writes.record_payment(self._client, payment)

    # subscriptions

    async def ensure_subscriptions(self, callback_url: str) -> list[str]:
        subscribed: set[tuple[str, str]] = set()
        pages = self._client.pages("subscriptions", subscriptions.SUBSCRIPTIONS, "webhookSubscriptions", {})
        async for data in pages:
            subscribed |= {(each["topic"], each["uri"]) for each in data["webhookSubscriptions"]["nodes"]}
        topics = subscriptions.missing_topics(subscribed, callback_url)
        items = [subscriptions.subscription(topic, callback_url) for topic in topics]
        results = await self._client.mutate(documents.SUBSCRIBE, items, safe=False)
        made = []
        for topic, result in zip(topics, results, strict=True):
            if isinstance(result, VendorRejected) and topic in subscriptions.OPTIONAL:
                continue
            if isinstance(result, ConnectorError):
                raise result
            made.append(topic)
        return made


def _updated_since(since: datetime) -> str:
    return f"updated_at:>='{moment_text(since)}'"
