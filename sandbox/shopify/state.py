"""One shop's whole state, and how its things are found."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sandbox.core.world import World
from sandbox.shopify.credit_model import CreditAccount
from sandbox.shopify.edit_model import Session
from sandbox.shopify.idempotency import Answers
from sandbox.shopify.index import SortedIndex
from sandbox.shopify.model import (
    Customer,
    Fulfillment,
    FulfillmentOrder,
    Item,
    Job,
    Level,
    Location,
    Order,
    Product,
    Refund,
    Subscription,
    Transaction,
    Variant,
)
from sandbox.shopify.return_model import Dispute, Return, ReverseDelivery, ReverseOrder
from sandbox.shopify.throttle import Bucket

API_VERSION = "2026-10"
THIS_APP = "Aftercart"
APP_IDS = {THIS_APP: 42001, "Shopify": 1, "Merchant's other app": 42002}
_FIRST_ORDER_ID = 9_107_199_254_741_001  # beyond 2**53 and odd, so that a float would change it


@dataclass(slots=True)
class Settings:
    """Knobs of one shop; times are seconds of the sandbox's clock."""

    max_available: float = 20000.0
    restore_rate: float = 1000.0
    job_delay_s: float = 0.2
    multi_capture: bool = True

    def change(self, values: dict[str, Any]) -> None:
        """Raises ValueError for an unknown name."""
        known = {f.name for f in fields(self)}
        if unknown := set(values) - known:
            raise ValueError(f"unknown settings: {', '.join(sorted(unknown))}; known: {', '.join(sorted(known))}")
        for name, value in values.items():
            setattr(self, name, type(getattr(self, name))(value))


class Shop:
    """State of one shop; the mutations and the checkout change it."""

    def __init__(self, world: World, name: str, *, currency: str, taxes_included: bool, zone: str, base: int) -> None:
        self.world, self.name, self.currency = world, name, currency
        self.taxes_included, self.zone = taxes_included, zone
        self.domain, self.id = f"{name}.myshopify.com", 60_000_000_000 + base
        self.created_at = self.now()
        self.settings = Settings()
        self.bucket = Bucket(self.settings)
        self.answers = Answers()
        self._next_id, self._next_order = 700_000_000_000 + base * 10_000_000, _FIRST_ORDER_ID + base * 1_000_000_000
        self._next_number = 1001
        self.locations: dict[int, Location] = {}
        self.products: dict[int, Product] = {}
        self.variants: dict[int, Variant] = {}
        self.skus: dict[str, Variant] = {}
        self.items: dict[int, Item] = {}
        self.customers: dict[int, Customer] = {}
        self.customers_by_email: dict[str, Customer] = {}
        self.orders: dict[int, Order] = {}
        self.orders_by_name: dict[str, Order] = {}
        self.fulfillment_orders: dict[int, FulfillmentOrder] = {}
        self.fulfillments: dict[int, Fulfillment] = {}
        self.transactions: dict[int, Transaction] = {}
        self.refunds: dict[int, Refund] = {}
        self.subscriptions: dict[int, Subscription] = {}
        self.by_topic: dict[str, list[Subscription]] = {}
        self.jobs: dict[str, Job] = {}
        self.edits: dict[int, Session] = {}
        self.returns: dict[int, Return] = {}
        self.reverse_orders: dict[int, ReverseOrder] = {}
        self.reverse_deliveries: dict[int, ReverseDelivery] = {}
        self.disputes: dict[int, Dispute] = {}
        self.credit_accounts: dict[int, CreditAccount] = {}
        self.by_updated, self.by_created = SortedIndex(), SortedIndex()
        self.installed = True

    @property
    def token(self) -> str:
        return f"sandbox-token-{self.name}"

    @property
    def secret(self) -> bytes:
        return f"sandbox-secret-{self.name}".encode()

    def now(self) -> datetime:
        """The vendor's times have whole seconds."""
        return self.world.clock.now().replace(microsecond=0)

    def new_id(self) -> int:
        self._next_id += 3
        return self._next_id

    def new_order_id(self) -> tuple[int, int]:
        self._next_order += 2
        self._next_number += 1
        return self._next_order, self._next_number - 1

    def add_order(self, order: Order) -> None:
        self.orders[order.id] = order
        self.orders_by_name[order.name] = order
        self.by_updated.add((order.updated_at, order.id))
        self.by_created.add((order.created_at, order.id))

    def touch(self, order: Order) -> None:
        """The order changed now; never backwards, for a backdated clock would hide the change."""
        new = max(self.now(), order.updated_at)
        if new != order.updated_at:
            self.by_updated.move((order.updated_at, order.id), (new, order.id))
            order.updated_at = new

    def subscribe(self, subscription: Subscription) -> None:
        self.subscriptions[subscription.id] = subscription
        self.by_topic.setdefault(subscription.topic, []).append(subscription)

    def unsubscribe(self, subscription: Subscription) -> None:
        del self.subscriptions[subscription.id]
        self.by_topic[subscription.topic].remove(subscription)

    def later(self, work: Any) -> Job:
        moment = self.world.clock.now()
        job = Job(str(self.world.rng.getrandbits(128)), moment + timedelta(seconds=self.settings.job_delay_s), work)
        self.jobs[job.id] = job
        return job

    def run_due(self, moment: datetime) -> None:
        for job in [job for job in self.jobs.values() if job.work is not None and job.due_at <= moment]:
            work, job.work = job.work, None
            work()

    def levels(self) -> Iterable[Level]:
        return (level for item in self.items.values() for level in item.levels.values())


def gid(kind: str, number: int | str) -> str:
    return f"gid://shopify/{kind}/{number}"


def number_of(text: str, kind: str) -> int:
    """The number of a global id of this kind, 0 when it is not one."""
    head = f"gid://shopify/{kind}/"
    tail = text[len(head) :].split("?")[0] if text.startswith(head) else ""
    return int(tail) if tail.isdigit() else 0


_TABLES = {
    "Order": "orders",
    "FulfillmentOrder": "fulfillment_orders",
    "Fulfillment": "fulfillments",
    "Product": "products",
    "ProductVariant": "variants",
    "InventoryItem": "items",
    "Location": "locations",
    "Customer": "customers",
    "OrderTransaction": "transactions",
    "Refund": "refunds",
    "Return": "returns",
    "ReverseFulfillmentOrder": "reverse_orders",
    "ReverseDelivery": "reverse_deliveries",
    "ShopifyPaymentsDispute": "disputes",
    "StoreCreditAccount": "credit_accounts",
    "WebhookSubscription": "subscriptions",
}


def find(shop: Shop, text: str) -> Any | None:
    """The thing with this global id, of whatever kind the sandbox serves."""
    kind, _, tail = text.removeprefix("gid://shopify/").partition("/")
    if kind == "Job":
        return shop.jobs.get(tail)
    if kind == "CalculatedOrder":
        session = shop.edits.get(number_of(text, kind))
        return None if session is None or session.is_over else session
    if kind == "InventoryLevel":
        return _level(shop, tail)
    table = _TABLES.get(kind)
    if table is None:
        return None
    return getattr(shop, table).get(number_of(text, kind))


def _level(shop: Shop, tail: str) -> Level | None:
    place, _, item_number = tail.partition("?inventory_item_id=")
    item = shop.items.get(int(item_number)) if item_number.isdigit() else None
    return item.levels.get(int(place)) if item and place.isdigit() else None
