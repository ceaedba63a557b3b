"""Deliveries to orders: any number of them in any order, exact money, and nothing unreadable is lost."""

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger import operator
from tests.support.world import World, checkout
from tests.tasks.shops import act, bodies, deliver, states, webhooks
from tests.tasks.steps import cases

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
TOPICS = ("orders/create", "orders/paid", "orders/updated", "orders/cancelled", "order_transactions/create")


@pytest.mark.row("CAP-1")
@pytest.mark.row("CAP-5")
async def test_the_shops_own_bad_delivery_ends_in_one_order(world: World) -> None:
    """The receiver's own tests prove the intake; here the deliveries travel on."""
    webhooks(world, duplicate=1.0, reorder=0.5)

    made = world.buy(*(checkout(customer={"email": f"ada{n}@example.com"}) for n in range(4)))
    await world.settle()

    held = world.sandbox.accepted("shopify")["fulfillmentOrderHold"]
    assert [1] * 4 == list(held.values()), "our hold is placed once"
    assert all(order["held"] for order in world.orders())
    assert dict.fromkeys((order["name"] for order in made), "routing") == states(world)
    assert [] == world.rows("SELECT id FROM inbox_event WHERE handled_at IS NULL")
    assert [4] == [row["n"] for row in world.rows("SELECT count(*) n FROM message WHERE kind = 'order_confirmed'")]
    assert not world.broken()


@sqlite_only
@pytest.mark.row("CAP-1")
async def test_any_order_of_deliveries_ends_in_the_same_state(world: World) -> None:
    webhooks(world, drop=1.0)

    @settings(
        max_examples=6,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(st.permutations(TOPICS * 2), st.integers(0, len(TOPICS) * 2))
    def draw(topics: list[str], cut: int) -> None:
        drawn.append((topics, cut))

    drawn: list[tuple[list[str], int]] = []
    draw()
    for topics, cut in drawn:
        [order] = world.buy(checkout())
        for topic in topics[:cut]:
            assert 200 == await deliver(world, topic, order, f"{order['name']} {topic}")
        await world.settle()
        act(world, order, "cancel")
        for topic in [*topics[cut:], "orders/updated"]:
            assert 200 == await deliver(world, topic, order, f"{order['name']} {topic} {cut and 'late'}")
        await world.settle()

    assert all(order["cancelled_at"] for order in world.orders())
    assert {"cancelled"} == set(states(world).values())
    assert len(drawn) == len(states(world))
    assert [0] == [row["reserved"] for row in world.rows("SELECT DISTINCT reserved FROM order_line")]
    assert [] == world.rows("SELECT id FROM message WHERE state = 'planned'")
    assert not world.broken()


@sqlite_only
@pytest.mark.row("CAP-4")
async def test_money_of_each_exponent_is_exact(world: World) -> None:
    lines = [{"sku": "SHELL-M-M", "quantity": 3, "discount": "10.00"}, {"sku": "SOCK-M", "quantity": 7}]
    made = world.buy(*(checkout(currency=currency, lines=lines) for currency in ("JPY", "USD", "KWD")))
    await world.settle()

    shown = {order["name"]: (order["currency"], order["total"]) for order in world.orders()}
    rows = {row["name"]: row for row in world.rows("SELECT * FROM orders")}
    for order, digits in zip(made, (0, 2, 3), strict=True):
        row = rows[order["name"]]
        minor = row["total_minor"]
        total = f"{minor // 10**digits}.{minor % 10**digits:0{digits}d}" if digits else f"{minor}.0"
        assert (row["currency"], float(total)) == (shown[order["name"]][0], float(shown[order["name"]][1]))
        assert order["id"] == row["external_id"]
        parts = world.rows("SELECT * FROM order_line WHERE order_id = :id", id=row["id"])
        net = sum(part["unit_price_minor"] * part["ordered"] - part["discount_minor"] for part in parts)
        goods_tax = sum(part["tax_minor"] for part in parts)
        shipping_tax = row["tax_minor"] - goods_tax
        assert minor == net + goods_tax + row["shipping_minor"] + shipping_tax
        assert [part["discount_minor"] > 0 for part in parts] == [True, False]
    assert not world.broken()


def _worthless(node: dict[str, Any]) -> None:
    node["presentmentCurrencyCode"] = "XQX"


def _negative(node: dict[str, Any]) -> None:
    node["currentTotalPriceSet"]["presentmentMoney"]["amount"] = "-19.00"


def _wrong_type(node: dict[str, Any]) -> None:
    node["lineItems"]["nodes"][0]["quantity"] = {"two": 2}


def _no_list(node: dict[str, Any]) -> None:
    node["fulfillmentOrders"] = "none"


@sqlite_only
@pytest.mark.row("CAP-4", bad_input=True)
@pytest.mark.row("CAP-1", bad_input=True)
async def test_a_body_that_cannot_be_read_is_a_case_and_holds_up_nobody(world: World) -> None:
    webhooks(world, drop=1.0)
    made = world.buy(*(checkout(customer={"email": f"ada{n}@example.com"}) for n in range(6)))
    nodes = copy.deepcopy(await bodies(world, made))
    for spoil, node in zip((_worthless, _negative, _wrong_type, _no_list), nodes, strict=False):
        spoil(node)
    world.sandbox.fault("shopify", "nodes", "error", status=200, body={"data": {"nodes": nodes}})
    for order in made:
        assert 200 == await deliver(world, "orders/create", order, order["name"])
    await world.settle()

    assert [False] * 4 + [True] * 2 == [order["held"] for order in world.orders()]
    assert {made[4]["name"], made[5]["name"]} == set(states(world))
    assert {"inbox_unreadable": 4} == cases(world)
    codes = world.rows("SELECT error FROM inbox_event WHERE handled_at IS NULL ORDER BY id")
    assert 4 == len(codes)
    assert all(row["error"] for row in codes)

    for case in world.rows("SELECT id FROM review_case"):  # the vendor has mended its answer
        world.wiring.ledger(operator.resolve_case, case["id"], "retry", world.wiring.now())
    await world.settle()
    assert [True] * 6 == [order["held"] for order in world.orders()]
    assert {order["name"] for order in made} == set(states(world))
    assert {} == cases(world)
    assert not world.broken()


@pytest.mark.row("CAP-1")
@pytest.mark.parametrize("database_url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
async def test_a_customer_is_one_whichever_worker_captures_first(world: World) -> None:
    """Several chunks at once, all of two new customers."""
    world.buy(*(checkout(customer={"email": f"Ada{n % 2}@Example.com"}) for n in range(80)))
    await world.until(
        lambda: len(world.rows("SELECT id FROM inbox_event WHERE topic = 'orders/create'")) == 80, what="all came"
    )
    await world.settle()

    assert all(order["held"] for order in world.orders())
    rows = world.rows("SELECT c.email, count(*) n FROM orders o JOIN customer c ON c.id = o.customer_id GROUP BY c.id")
    assert {("ada0@example.com", 40), ("ada1@example.com", 40)} == {(row["email"], row["n"]) for row in rows}
    assert not world.broken()
