"""Money of an edit to the last unit at each vendor: yen have no decimals, and a gift card pays beside a card."""

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from tests.support.edits import edit, order_ids, request_row
from tests.support.payment_pages import drive, page, pay, payment_webhooks
from tests.support.world import World, checkout
from tests.tasks.steps import ask as call
from tests.tasks.steps import later

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
TRANSACTIONS = (
    "query($id: ID!) { order(id: $id) { transactions { gateway kind status amountSet { presentmentMoney "
    "{ amount currencyCode } } } } }"
)
STANDARD = {"title": "Standard", "code": "standard", "price": "2.00"}  # in the shop's own currency


async def by_tender(world: World, kind: str) -> dict[str, Decimal]:
    """What the shop itself says of an order's money: sums of its good transactions of this kind."""
    [order] = world.orders()
    answer = await call(
        "POST",
        f"{world.sandbox.shop_url()}/admin/api/2026-10/graphql.json",
        headers={"x-shopify-access-token": world.sandbox.shop_token()},
        json={"query": TRANSACTIONS, "variables": {"id": order["id"]}},
    )
    sums: Counter[str] = Counter()
    for row in answer.json()["data"]["order"]["transactions"]:
        if (row["kind"], row["status"]) == (kind, "SUCCESS"):
            money = row["amountSet"]["presentmentMoney"]
            assert money["currencyCode"] == order["currency"]
            sums[row["gateway"]] += Decimal(money["amount"])  # type: ignore[assignment]
    return dict(sums)  # type: ignore[arg-type]


async def bought(world: World, *, gift_card: str, **changes: Any) -> str:
    """Three mugs, paid by a gift card and for the rest by card."""
    lines = [{"sku": "MUG-ENA-WHT", "quantity": 3}]
    world.buy(checkout(**{"lines": lines, "gift_card": gift_card, **changes}))
    await world.settle()
    [order_id] = order_ids(world)
    return order_id


@pytest.mark.row("EDT-5")
@pytest.mark.parametrize(("currency", "gift", "places"), [("JPY", "3000", 0), ("USD", "30.00", 2), ("KWD", "9.005", 3)])
async def test_the_card_gives_back_first_and_the_gift_card_the_rest(
    world: World, currency: str, gift: str, places: int
) -> None:
    order_id = await bought(world, gift_card=gift, currency=currency)
    taken = await by_tender(world, "SALE")
    assert taken["gift_card"] == Decimal(gift)
    [order] = world.orders()
    before = Decimal(order["total"])

    request = await edit(world, order_id, [{"kind": "quantity", "line_id": f"{order_id}:001", "quantity": 1}])
    await later(world, 0.1)
    await later(world, 0.1)

    assert request["state"] == "applied", request["reasons"]
    [order] = world.orders()
    owed = before - Decimal(order["total"])
    back = await by_tender(world, "REFUND")
    assert sum(back.values()) == owed == Decimal(request["quote"]["to_refund_minor"]).scaleb(-places)
    assert owed > taken["shopify_payments"], "else the gift card gives nothing and this shows nothing"
    assert back == {
        "shopify_payments": taken["shopify_payments"],
        "gift_card": owed - taken["shopify_payments"],
    }
    rows = world.rows("SELECT gateway, refunded_minor FROM payment WHERE refunded_minor > 0")
    assert {row["gateway"]: Decimal(row["refunded_minor"]).scaleb(-places) for row in rows} == back


@pytest.mark.row("EDT-5")
async def test_another_way_of_shipping_is_paid_in_whole_yen_and_given_back_by_its_page(world: World) -> None:
    order_id = await bought(world, gift_card="3000", currency="JPY", shipping=STANDARD)
    payment_webhooks(world)
    row = await edit(world, order_id, [{"kind": "shipping", "shipping_code": "express"}])
    request_id = row["id"]
    assert row["state"] == "awaiting_payment", row["reasons"]
    assert page(world, request_id)["amount_total"] == row["quote"]["to_pay_minor"]
    assert page(world, request_id)["currency"] == "jpy"
    pay(world, request_id)
    await world.delivered()
    await drive(world)
    await later(world, 0.1)
    assert request_row(world, request_id)["state"] == "applied", request_row(world, request_id)["reasons"]
    [order] = world.orders()
    assert Decimal(order["total"]) == Decimal(order["captured"])

    back = await edit(world, order_id, [{"kind": "shipping", "shipping_code": "standard"}])
    for _ in range(3):
        await later(world, 0.1)

    assert back["state"] == "applied", back["reasons"]
    [refund] = world.sandbox.control("stripe/refunds")
    assert 0 < back["quote"]["to_refund_minor"] <= row["quote"]["to_pay_minor"], "the page was the last tender"
    assert (refund["amount"], refund["currency"]) == (back["quote"]["to_refund_minor"], "jpy")
    assert await by_tender(world, "REFUND") == {f"Payment page {request_id}": Decimal(refund["amount"])}
    [order] = world.orders()
    assert Decimal(order["captured"]) - Decimal(order["refunded"]) == Decimal(order["total"])
