"""An order's own postings, from checkout to delivery, balanced (REC-1)."""

from collections import defaultdict
from decimal import Decimal

import pytest

from tasks import nightly
from tests.support.world import World, checkout
from tests.tasks.steps import at_shipbob, at_workshop, cases, effect, labels, later, release

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def balances(world: World, name: str = "#1001") -> dict[str, int]:
    """Sum per account of one order's entries, without those that are zero."""
    rows = world.rows(
        "SELECT l.account, l.amount_minor FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id "
        "JOIN orders o ON o.id = e.order_id WHERE o.name = :name",
        name=name,
    )
    sums: dict[str, int] = defaultdict(int)
    for row in rows:
        sums[row["account"]] += row["amount_minor"]
    assert 0 == sum(sums.values())
    return {account: amount for account, amount in sums.items() if amount}


def minor(text: str, exponent: int = 2) -> int:
    return int(Decimal(text).scaleb(exponent))


@pytest.mark.row("REC-1")
@pytest.mark.row("SCA-1")
async def test_the_journal_follows_an_order_from_checkout_to_hand_over(world: World) -> None:
    """Placed, authorised and captured at hand-over, revenue by parcel, the label's cost."""
    world.sandbox.control("floor/settings", {"pick_after_s": 10 * 3600})
    world.sandbox.control("shipbob/settings", {"pick_after_s": 20 * 3600})
    await release(world, at_workshop(payment="authorized"), at_shipbob())
    await world.advance(6.1)
    [own, node] = world.orders()
    total = minor(own["total"])
    tax = world.row("SELECT tax_minor FROM orders WHERE name = '#1001'")["tax_minor"]
    cost = minor(labels(world)[0]["cost"])
    assert "0.00" == own["captured"]
    assert balances(world) == {
        "receivable": total, "deferred_revenue": tax - total, **({"tax_payable": -tax} if tax else {}),
        "shipping_cost": cost, "carrier_payable": -cost,
    }  # fmt: skip

    await later(world, 7)

    [own, _] = world.orders()
    assert own["total"] == own["captured"]
    assert 1 == len(world.sandbox.accepted("shopify")["orderCapture"])
    assert {
        "cash:shopify_payments": total, "revenue": tax - total, **({"tax_payable": -tax} if tax else {}),
        "shipping_cost": cost, "carrier_payable": -cost,
    } == balances(world)  # fmt: skip
    paid = minor(node["total"])
    assert paid == balances(world, "#1002")["cash:shopify_payments"], "not shipped: paid, nothing earned"
    assert "revenue" not in balances(world, "#1002")
    rows, unbalanced = await nightly.balance.fn()
    assert [] == unbalanced
    assert 0 == sum(row["minor"] for row in rows)
    assert not world.broken()


@sqlite_only
@pytest.mark.row("REC-1")
async def test_a_cancellation_reverses_what_was_posted(world: World) -> None:
    world.buy(at_workshop())
    await world.settle()
    [order] = world.orders()
    assert minor(order["total"]) == balances(world)["cash:shopify_payments"]

    world.sandbox.control(f"shopify/alpha/orders/{order['legacy_id']}/cancel", {})
    await world.settle()

    [order] = world.orders()
    assert order["refunded"] == order["captured"]
    assert {} == balances(world)
    kinds = {row["kind"] for row in world.rows("SELECT kind FROM journal_entry")}
    assert {"order_placed", "order_reversed", "payment", "refund"} == kinds
    assert not world.broken()


@sqlite_only
@pytest.mark.row("REC-1")
async def test_a_label_found_after_its_order_was_cancelled_is_given_back(world: World) -> None:
    """The purchase was in doubt when the customer cancelled."""
    world.sandbox.fault("easypost", "POST /v2/shipments/{id}/buy", "truncate")
    await release(world, at_workshop())
    [order] = world.orders()
    world.sandbox.control(f"shopify/alpha/orders/{order['legacy_id']}/cancel", {})
    await world.settle()
    await later(world, 0.1)

    [label] = labels(world)
    assert label["refunded"]
    assert {} == balances(world)
    assert {"label", "label_void"} <= {row["kind"] for row in world.rows("SELECT kind FROM journal_entry")}
    assert not world.broken()


@sqlite_only
@pytest.mark.row("REC-1")
async def test_money_of_every_exponent_and_tender_is_posted_to_the_minor_unit(world: World) -> None:
    world.buy(
        checkout(currency="JPY", shipping={"title": "Standard", "code": "standard", "price": "500"}),
        checkout(currency="KWD", shipping={"title": "Standard", "code": "standard", "price": "1.505"}),
        checkout(payment="gift_card"),
    )
    await world.settle()

    orders = {order["name"]: order for order in world.orders()}
    found = {
        (row["name"], row["currency"]): row["amount_minor"]
        for row in world.rows(
            "SELECT o.name, e.currency, l.amount_minor FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id "
            "JOIN orders o ON o.id = e.order_id WHERE l.account LIKE 'cash:%'"
        )
    }
    assert found == {
        ("#1001", "JPY"): minor(orders["#1001"]["total"], 0),
        ("#1002", "KWD"): minor(orders["#1002"]["total"], 3),
        ("#1003", "USD"): minor(orders["#1003"]["total"], 2),
    }
    assert "cash:gift_card" in balances(world, "#1003")
    assert not world.broken()


@sqlite_only
@pytest.mark.row("REC-1")
@pytest.mark.parametrize("fault", [{"kind": "error_after", "status": 502}, {"kind": "truncate"}])
async def test_a_capture_that_was_made_without_a_word_is_found_not_made_again(
    world: World, fault: dict[str, object]
) -> None:
    world.sandbox.fault("shopify", "orderCapture", **fault)  # type: ignore[arg-type]
    await release(world, at_workshop(payment="authorized"))
    await later(world, 3)
    await later(world, 0.1)

    [order] = world.orders()
    assert order["total"] == order["captured"]
    assert {1} == set(world.sandbox.accepted("shopify")["orderCapture"].values())
    assert "done" == effect(world, "shop.capture")["state"]
    assert minor(order["total"]) == balances(world)["cash:shopify_payments"]
    assert not world.broken()


@sqlite_only
@pytest.mark.row("REC-1", bad_input=True)
async def test_a_refused_capture_of_shipped_goods_is_a_case_and_the_debt_stays(world: World) -> None:
    await release(world, at_workshop(payment="authorized"))
    [order] = world.orders()
    world.sandbox.control(f"shopify/alpha/payments/{order['legacy_id']}/expire", {})
    await later(world, 3)

    [order] = world.orders()
    assert "0.00" == order["captured"]
    assert 1 == len(order["fulfillments"])
    assert {"payment_not_captured": 1} == cases(world)
    assert minor(order["total"]) == balances(world)["receivable"]
    assert not world.broken()


@sqlite_only
@pytest.mark.row("REC-1", bad_input=True)
async def test_the_night_finds_money_that_no_webhook_told_of(world: World) -> None:
    """The merchant refunds by hand while webhooks are lost: one case, however often it is seen."""
    world.buy(at_workshop())
    await world.settle()
    world.sandbox.control("webhooks", {"vendor": "shopify", "drop": 1.0})
    [order] = world.orders()
    world.sandbox.control(f"shopify/alpha/orders/{order['legacy_id']}/refund", {})

    for _ in range(2):
        report = await nightly.compare_money.fn("shopify/alpha")

    [order] = world.orders()
    assert order["total"] == order["refunded"]
    assert 1 == report.counts["differs"]
    assert {"money_differs": 1} == cases(world)
    case = world.row("SELECT facts FROM review_case")["facts"]
    assert f'"shop_refunded":{minor(order["total"])}' in case
    assert '"ours_refunded":0' in case
    assert not world.broken()
