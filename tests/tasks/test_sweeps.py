"""What webhooks did not tell, sweeps find: orders, products, subscriptions."""

from datetime import datetime
from typing import Any

import pytest

from tasks import sweeping
from tests.support.world import World, checkout
from tests.tasks.shops import ask, bodies, states, webhooks
from tests.tasks.steps import cases

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ALPHA = "shopify/alpha"


def cursor(world: World, name: str = f"orders:{ALPHA}") -> datetime | None:
    rows = world.rows("SELECT since FROM sync_cursor WHERE id = :id", id=name)
    return datetime.fromisoformat(str(rows[0]["since"])) if rows else None


@pytest.mark.row("CAP-2")
@pytest.mark.row("SCA-1")
async def test_orders_of_an_outage_are_found_and_reported_as_drift(world: World) -> None:
    webhooks(world, drop=1.0)
    made = world.buy(*(checkout(customer={"email": f"ada{n}@example.com"}) for n in range(30)))  # two pages
    await world.settle()
    assert {} == states(world)

    report = await sweeping.sweep_orders.fn(ALPHA)
    await world.settle()

    assert all(order["held"] for order in world.orders())
    assert 30 == report.counts["created"]
    assert {"created", "updated"} >= set(report.counts), "our holds change orders while the sweep pages on"
    assert {"missed_webhook"} == {line.reason for line in report.lines}
    assert dict.fromkeys((order["name"] for order in made), "routing") == states(world)

    again = await sweeping.sweep_orders.fn(ALPHA)  # looks back over the overlap, finds our own holds' echo at most
    assert not {"created", "refused"} & set(again.counts)
    assert 30 == len(states(world))
    assert not world.broken()


GARBAGE = [
    pytest.param({"body": {"data": {"orders": "none today"}}}, id="no page"),
    pytest.param({"body": {"data": {"orders": {"nodes": [7], "pageInfo": {"hasNextPage": True}}}}}, id="no objects"),
    pytest.param({"body": ["data"]}, id="no answer"),
    pytest.param({"status": 502, "body": {"errors": "Bad Gateway"}, "times": 3}, id="gateway"),
]


@sqlite_only
@pytest.mark.row("CAP-2", bad_input=True)
@pytest.mark.parametrize("garbage", GARBAGE)
async def test_the_cursor_stays_behind_what_is_stored(world: World, garbage: dict[str, Any]) -> None:
    webhooks(world, drop=1.0)
    world.buy(
        *(checkout(created_at=f"2026-11-20T10:{n:02d}:00Z", customer={"email": f"a{n}@example.com"}) for n in range(27))
    )
    assert cursor(world) is None
    world.sandbox.fault("shopify", "orders", "delay", delay_s=0)
    world.sandbox.fault("shopify", "orders", "error", **{"status": 200} | garbage)

    report = await sweeping.sweep_orders.fn(ALPHA)

    assert 25 == sum(order["held"] for order in world.orders())
    assert {"created": 25, "postponed": 1} == report.counts
    newest = world.row("SELECT max(source_updated_at) at FROM orders")["at"]
    assert cursor(world) == datetime.fromisoformat(str(newest))
    [trouble] = world.rows("SELECT detail FROM heartbeat WHERE name = :name", name=f"vendor:{ALPHA}")
    assert trouble["detail"]

    await sweeping.sweep_orders.fn(ALPHA)
    assert 27 == sum(order["held"] for order in world.orders())
    assert 27 == len(states(world))
    [mended] = world.rows("SELECT detail FROM heartbeat WHERE name = :name", name=f"vendor:{ALPHA}")
    assert not mended["detail"]
    assert not world.broken()


@sqlite_only
@pytest.mark.row("CAP-2", bad_input=True)
@pytest.mark.row("CAP-4", bad_input=True)
async def test_an_unreadable_order_of_a_page_becomes_a_case(world: World) -> None:
    webhooks(world, drop=1.0)
    made = world.buy(checkout(), checkout(customer={"email": "b@example.com"}))
    nodes = await bodies(world, made)
    nodes[0]["presentmentCurrencyCode"] = "moon dust"
    page = {"nodes": nodes, "pageInfo": {"hasNextPage": False, "endCursor": None}}
    world.sandbox.fault("shopify", "orders", "error", status=200, body={"data": {"orders": page}})
    world.sandbox.fault("shopify", "nodes", "error", status=200, body={"data": {"nodes": nodes[:1]}})

    report = await sweeping.sweep_orders.fn(ALPHA)
    await world.settle()

    assert [False, True] == [order["held"] for order in world.orders()]
    assert {"unreadable": 1, "created": 1} == report.counts
    assert [made[1]["name"]] == list(states(world))
    assert {"inbox_unreadable": 1} == cases(world)
    assert not world.broken()


DELETE = "mutation($id: ID!) { webhookSubscriptionDelete(id: $id) { userErrors { message } } }"
LIST = "{ webhookSubscriptions(first: 100) { nodes { id topic uri } } }"


@sqlite_only
@pytest.mark.row("CAP-5")
async def test_subscriptions_that_were_deleted_are_recreated(world: World) -> None:
    before = (await ask(world, LIST))["webhookSubscriptions"]["nodes"]
    for each in before[:3]:
        await ask(world, DELETE, id=each["id"])

    report = await sweeping.check_subscriptions.fn(ALPHA)

    after = (await ask(world, LIST))["webhookSubscriptions"]["nodes"]
    assert {(each["topic"], each["uri"]) for each in before} == {(each["topic"], each["uri"]) for each in after}
    assert len(before) == len(after)
    assert sorted(each["topic"].lower() for each in before[:3]) == sorted(
        line.name.lower().replace("/", "_") for line in report.lines
    )
    assert {} == (await sweeping.check_subscriptions.fn(ALPHA)).counts
    assert not world.broken()


@sqlite_only
@pytest.mark.row("CAP-5", bad_input=True)
async def test_a_hold_that_the_shop_refuses_is_a_case(world: World) -> None:
    errors = [{"field": ["id"], "message": "The fulfillment order is not holdable", "code": "INVALID"}]
    refusal = {"data": {"m0": {"fulfillmentHold": None, "fulfillmentOrder": None, "userErrors": errors}}}
    world.sandbox.fault("shopify", "fulfillmentOrderHold", "error", status=200, body=refusal)
    world.buy(checkout())
    await world.settle()

    assert [False] == [order["held"] for order in world.orders()]
    assert [] == world.sandbox.control("shipbob/orders")
    assert {"shop_refused_hold": 1} == cases(world)
    assert ["none"] == [row["hold_state"] for row in world.rows("SELECT hold_state FROM shop_fulfilment")]
    [window] = world.rows("SELECT released_at FROM hold WHERE name = 'edit_window'")
    assert window["released_at"] is None, "our own window stands all the same"
    assert not world.broken()


@sqlite_only
@pytest.mark.row("CAP-7")
async def test_products_are_swept_and_differences_raised(world: World) -> None:
    for shop, weight in (("alpha", 120), ("nord", 150)):
        world.sandbox.control(
            f"shopify/{shop}/products",
            {"sku": "CUP-1", "title": "Cup", "price": "8.00", "weight": weight, "stock": 5},
        )
    world.sandbox.control("shopify/alpha/products", {"sku": "MUG-ENA-WHT", "title": "Enamel mug XL", "price": "13.50"})
    await world.settle()
    topics = world.rows("SELECT DISTINCT topic, outcome FROM inbox_event WHERE topic LIKE 'products/%'")
    assert {("products/create", "catalogue_refreshed"), ("products/update", "catalogue_refreshed")} == {
        (row["topic"], row["outcome"]) for row in topics
    }

    for target in await sweeping.targets():
        await sweeping.sweep_catalogue.fn(target)
    await sweeping.compare_catalogues.fn()

    mug = world.row(
        "SELECT p.title, v.price_minor FROM product_variant v JOIN product p ON p.id = v.product_id"
        " WHERE v.sku = 'MUG-ENA-WHT' AND v.account = 'alpha'"
    )
    assert ("Enamel mug XL", 1350) == (mug["title"], mug["price_minor"])
    kit = world.row("SELECT kit_parts FROM product_variant WHERE sku = 'KIT-COOK' AND account = 'alpha'")
    assert "STOVE-1" in str(kit["kit_parts"])
    gas = world.rows(
        "SELECT DISTINCT p.hazmat FROM product_variant v JOIN product p ON p.id = v.product_id WHERE v.sku = 'GAS-230'"
    )
    assert [1] == [row["hazmat"] for row in gas]
    raised = world.rows("SELECT facts FROM review_case WHERE subject_id = 'CUP-1' AND kind = 'catalogue_differs'")
    assert any("weight_g" in str(row["facts"]) for row in raised)
    assert not world.broken()


@sqlite_only
@pytest.mark.row("CAP-7", bad_input=True)
async def test_a_garbled_catalogue_changes_nothing(world: World) -> None:
    before = world.rows("SELECT * FROM product_variant ORDER BY id")
    since = cursor(world, f"products:{ALPHA}")
    world.sandbox.control("shopify/alpha/products", {"sku": "MUG-ENA-WHT", "title": "Other", "price": "99.00"})
    page = {"nodes": [{"id": "gid://shopify/Product/1", "title": {"en": "Mug"}}], "pageInfo": {"hasNextPage": False}}
    answer = {"data": {"shop": {"currencyCode": "USD"}, "products": page}}
    world.sandbox.fault("shopify", "products", "error", status=200, body=answer)
    world.sandbox.fault("shopify", "products", "error", status=200, body={"data": {"products": None}})

    first = await sweeping.sweep_catalogue.fn(ALPHA)
    second = await sweeping.sweep_catalogue.fn(ALPHA)

    assert {"200": 4} == world.sandbox.requests("shopify")["products"], "each shop's first reading and these two"
    assert {"unreadable": 1} == first.counts
    assert {"postponed": 1} == second.counts
    assert since == cursor(world, f"products:{ALPHA}")
    assert before == world.rows("SELECT * FROM product_variant ORDER BY id")
    assert {"product_unreadable": 1} == cases(world)
    assert "stored" in (await sweeping.sweep_catalogue.fn(ALPHA)).counts, "the next sweep has it"
    assert not world.broken()
