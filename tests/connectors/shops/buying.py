"""Orders in the fake shop, made as a customer's checkout would."""

from typing import Any

from connectors.shops.base import (
    FulfilRequest,
)
from connectors.shops.shopify import Shopify
from domain.order import IncomingOrder
from tests.support.sandbox import SandboxProcess

BUYER = {
    "customer": {"first_name": "Ada", "last_name": "Byron", "email": "ada@example.org"},
    "shipping_address": {
        "first_name": "Ada",
        "last_name": "Byron",
        "address1": "1 Main St",
        "address2": "Apt 4",
        "city": "Reno",
        "province_code": "NV",
        "zip": "89501",
        "country_code": "US",
        "phone": "+17755550100",
    },
    "shipping": {"title": "Standard", "code": "standard", "price": "5.00"},
    "send_webhook": False,
}
LINES = [{"sku": "STOVE-1", "quantity": 2, "discount": "3.01"}, {"sku": "ROPE-20", "quantity": 1}]


def buy(sandbox: SandboxProcess, shop: str = "alpha", **changed: Any) -> list[str]:
    made = sandbox.control(f"shopify/{shop}/orders", {"lines": LINES, **BUYER, "payment": "paid", **changed})
    return [each["id"] for each in made["orders"]]


async def bought(shop: Shopify, sandbox: SandboxProcess, **changed: Any) -> IncomingOrder:
    [order] = await shop.fetch_orders(buy(sandbox, **changed))
    return order


async def again(shop: Shopify, order: IncomingOrder) -> IncomingOrder:
    [now] = await shop.fetch_orders([order.external_id])
    return now


def parcel(order: IncomingOrder, number: str = "1Z1") -> FulfilRequest:
    [fulfilment_order] = order.fulfilment_orders
    lines = [(fulfilment_order.external_id, line.external_id, line.remaining) for line in fulfilment_order.lines]
    return FulfilRequest(order.external_id, tuple(lines), number, "UPS", "https://t.example/1Z1")
