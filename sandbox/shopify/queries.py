"""The root of all queries."""

from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any

from sandbox.shopify import search
from sandbox.shopify.fields_catalogue import installation, shop_object
from sandbox.shopify.fulfilling import CLOSED
from sandbox.shopify.gql.registry import Arguments, Call, answers, field
from sandbox.shopify.index import Key
from sandbox.shopify.model import Order, Subscription
from sandbox.shopify.paging import of_list, of_stream, page_size, read_cursor
from sandbox.shopify.returning import status_of
from sandbox.shopify.search import Getter
from sandbox.shopify.state import API_VERSION, Shop, find
from sandbox.shopify.totals import financial_status, fulfillment_status

_TIMES: dict[str, Getter] = {name: attrgetter(name) for name in ("updated_at", "created_at", "processed_at")}


def _one(kind: str) -> Callable[[Any, Arguments, Call], Any]:
    head = f"gid://shopify/{kind}/"

    def resolve(_root: Any, arguments: Arguments, call: Call) -> Any:
        wanted = arguments.get("id")
        if wanted is None:
            return next(iter(call.shop.locations.values())) if kind == "Location" else None
        return find(call.shop, wanted) if wanted.startswith(head) else None

    return resolve


for _name, _kind in {
    "order": "Order",
    "fulfillment": "Fulfillment",
    "fulfillmentOrder": "FulfillmentOrder",
    "product": "Product",
    "productVariant": "ProductVariant",
    "inventoryItem": "InventoryItem",
    "inventoryLevel": "InventoryLevel",
    "location": "Location",
    "webhookSubscription": "WebhookSubscription",
    "customer": "Customer",
    "refund": "Refund",
    "storeCreditAccount": "StoreCreditAccount",
}.items():
    field("QueryRoot", _name)(_one(_kind))


@field("QueryRoot", "node")
def _node(_root: Any, arguments: Arguments, call: Call) -> Any:
    return find(call.shop, arguments["id"])


@field("QueryRoot", "nodes")
def _nodes(_root: Any, arguments: Arguments, call: Call) -> list[Any]:
    return [find(call.shop, each) for each in arguments["ids"]]


@field("QueryRoot", "job")
def _job(_root: Any, arguments: Arguments, call: Call) -> Any:
    call.shop.run_due(call.shop.world.clock.now())
    return find(call.shop, arguments["id"])


answers("Job", {"id": lambda job: f"gid://shopify/Job/{job.id}", "query": lambda job: {} if job.done else None})


@field("QueryRoot", "shop")
def _shop(_root: Any, _arguments: Arguments, call: Call) -> dict[str, Any]:
    return shop_object(call.shop)


@field("QueryRoot", "currentAppInstallation")
def _installation(_root: Any, _arguments: Arguments, _call: Call) -> dict[str, Any]:
    return installation()


def _order_filter(shop: Shop, query: str | None) -> Callable[[Order], bool]:
    now = shop.now()

    def status(order: Order) -> list[str]:
        if order.cancelled_at:
            return ["any", "cancelled"]
        return ["any", "closed"] if order.closed_at else ["any", "open", "not_closed"]

    def shipped(order: Order) -> list[str]:
        state = fulfillment_status(order)
        return [state, *({"FULFILLED": ["shipped"], "PARTIALLY_FULFILLED": ["partial"]}.get(state, ["unshipped"]))]

    texts: dict[str, Getter] = {
        "name": lambda order: [order.name, order.name.removeprefix("#")],
        "status": status,
        "financial_status": lambda order: financial_status(order, now),
        "fulfillment_status": shipped,
        "return_status": status_of,
        "id": lambda order: order.id,
        "tag": attrgetter("tags"),
        "email": attrgetter("email"),
        "source_identifier": attrgetter("source_identifier"),
        "sku": lambda order: [line.variant.sku for line in order.lines],
    }
    return search.matcher(query, _TIMES, texts)


@field("QueryRoot", "orders")
def _orders(_root: Any, arguments: Arguments, call: Call) -> dict[str, Any]:
    shop, query = call.shop, arguments.get("query")
    fits = _order_filter(shop, query)
    by_update = arguments["sortKey"] == "UPDATED_AT"
    by_id = arguments["sortKey"] in ("ID", "ORDER_NUMBER")

    def key(order: Order) -> list[Any]:
        moment = order.updated_at if by_update else order.created_at
        return [moment.isoformat(), order.id]

    for term in search.terms(query):
        if term.field == "name" and not term.negated:
            named = shop.orders_by_name.get("#" + term.value.removeprefix("#"))
            return of_list([named] if named and fits(named) else [], arguments)
    _, from_end = page_size(arguments)
    edge = _edge(arguments.get("before" if from_end else "after"))
    keys = _walk(shop, by_update, edge, down=bool(arguments.get("reverse")) is not from_end, query=query)
    found = (shop.orders[number] for _, number in (keys if not by_id else _by_number(shop, edge, arguments, from_end)))
    return of_stream((order for order in found if fits(order)), arguments, key, earlier=edge is not None)


def _edge(cursor: str | None) -> Key | None:
    if not cursor:
        return None
    value = read_cursor(cursor)
    moment = search.moment(str(value[0])) if isinstance(value, list) and len(value) == 2 else None
    if moment is None:
        read_cursor("!")  # not one of ours
        raise AssertionError
    return moment, int(value[1])


def _walk(shop: Shop, by_update: bool, edge: Key | None, *, down: bool, query: str | None) -> Iterator[Key]:
    index = shop.by_updated if by_update else shop.by_created
    if down:
        return index.before(edge)
    since = None
    for term in search.terms(query):
        if by_update and term.field == "updated_at" and term.operator in (">", ">=") and not term.negated:
            since = search.moment(term.value)
    return index.after(edge, since=since)


def _by_number(shop: Shop, edge: Key | None, arguments: Arguments, from_end: bool) -> Iterator[Key]:
    numbers: Iterator[int] = iter(shop.orders)
    down = bool(arguments.get("reverse")) is not from_end
    if down:
        numbers = reversed(shop.orders)
    for number in numbers:
        beyond = edge is None or (number < edge[1] if down else number > edge[1])
        if beyond:
            yield shop.orders[number].created_at, number


@field("QueryRoot", "ordersCount")
def _orders_count(_root: Any, arguments: Arguments, call: Call) -> dict[str, Any]:
    fits = _order_filter(call.shop, arguments.get("query"))
    count = sum(1 for order in call.shop.orders.values() if fits(order))
    limit = arguments.get("limit")
    if limit is not None and count > limit:
        return {"count": limit, "precision": "AT_LEAST"}
    return {"count": count, "precision": "EXACT"}


def _listed(name: str, table: str, texts: dict[str, Getter], kept: Callable[[Any, Arguments], bool]) -> None:
    times = {key: getter for key, getter in _TIMES.items() if key != "processed_at"}

    def resolve(_root: Any, arguments: Arguments, call: Call) -> dict[str, Any]:
        fits = search.matcher(arguments.get("query"), times, texts)
        found = [each for each in getattr(call.shop, table).values() if fits(each) and kept(each, arguments)]
        sort_key = str(arguments.get("sortKey") or "ID").lower()
        if found and sort_key in ("updated_at", "created_at", "title", "name", "sku", "vendor", "product_type"):
            found.sort(key=lambda each: (getattr(each, sort_key, ""), each.id))
        return of_list(found, arguments)

    field("QueryRoot", name)(resolve)


def _all(_each: Any, _arguments: Arguments) -> bool:
    return True


def _still_open(each: Any, arguments: Arguments) -> bool:
    return bool(arguments.get("includeClosed")) or each.status not in CLOSED


def _subscribed(each: Subscription, arguments: Arguments) -> bool:
    topics, uri = arguments.get("topics"), arguments.get("uri") or arguments.get("callbackUrl")
    return (not topics or each.topic in topics) and (not uri or each.uri == uri)


_NUMBER: dict[str, Getter] = {"id": attrgetter("id")}
_listed(
    "products",
    "products",
    {
        **_NUMBER,
        "title": attrgetter("title"),
        "handle": attrgetter("handle"),
        "tag": attrgetter("tags"),
        "product_type": attrgetter("product_type"),
        "sku": lambda product: [variant.sku for variant in product.variants],
    },
    _all,
)
_listed("productVariants", "variants", {**_NUMBER, "sku": attrgetter("sku"), "barcode": attrgetter("barcode")}, _all)
_listed("inventoryItems", "items", {**_NUMBER, "sku": attrgetter("sku")}, _all)
_listed("locations", "locations", {**_NUMBER, "name": attrgetter("name")}, _all)
_listed("fulfillmentOrders", "fulfillment_orders", {**_NUMBER, "status": attrgetter("status")}, _still_open)
_listed("webhookSubscriptions", "subscriptions", _NUMBER, _subscribed)

answers(
    "WebhookSubscription",
    {
        "callbackUrl": lambda each: each.uri,
        "format": lambda _: "JSON",
        "metafieldNamespaces": lambda _: [],
        "apiVersion": lambda _: {"handle": API_VERSION, "displayName": API_VERSION, "supported": True},
    },
)
