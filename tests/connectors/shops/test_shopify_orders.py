"""Shopify's orders in our words: exact sums, no lost money, and bad bodies named by their field."""

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.shops.shopify_orders import parse_order
from connectors.shops.shopify_webhook_order import parse_webhook_order
from domain.order import IncomingOrder, OrderError, RiskLevel, TransactionKind, TransactionStatus
from tests.connectors.shops.graphql_order import connection, line, money, order


def explained(incoming: IncomingOrder) -> int:
    """Everything that the customer pays, added up again."""
    goods = sum(each.unit_price_minor * each.quantity - each.discount_minor for each in incoming.lines)
    taxes = sum(each.tax_minor for each in incoming.lines) + incoming.shipping_tax_minor
    return goods + incoming.shipping_minor + incoming.other_minor + (0 if incoming.taxes_included else taxes)


def tax(amount: str, currency: str = "EUR") -> list[dict[str, Any]]:
    return [{"priceSet": money(amount, currency)}]


def discount(amount: str) -> list[dict[str, Any]]:
    return [{"allocatedAmountSet": money(amount)}]


def test_amounts_of_edited_lines_belong_to_what_is_still_wanted() -> None:
    edited = line(1, quantity=3, currentQuantity=2, discountAllocations=discount("1.00"), taxLines=tax("5.80"))
    incoming = parse_order(
        order(
            edited,
            currentTotalPriceSet=money("31.20"),
            currentTotalTaxSet=money("4.87"),
            currentShippingPriceSet=money("5.00"),
            shippingLines={"nodes": [{"code": "std", "title": "Standard", "taxLines": tax("1.00")}]},
        )
    )
    [got] = incoming.lines
    assert (got.quantity, got.unit_price_minor, got.discount_minor, got.tax_minor) == (2, 1000, 67, 387)
    assert (incoming.shipping_minor, incoming.shipping_tax_minor) == (500, 100)
    assert incoming.other_minor == 3120 - (2000 - 67 + 387) - 500 - 100
    assert explained(incoming) == incoming.total_minor == 3120
    assert (incoming.shipping_code, incoming.shipping_title) == ("std", "Standard")
    assert (incoming.locale, incoming.tags) == ("de-AT", ("vip",))


@pytest.mark.parametrize(("subtotal", "discount_minor"), [("19.33", 67), ("19.34", 66), ("19.32", 68), ("15.00", 67)])
def test_the_shop_decides_where_a_rounding_falls(subtotal: str, discount_minor: int) -> None:
    edited = line(1, quantity=3, currentQuantity=2, discountAllocations=discount("1.00"))
    incoming = parse_order(order(edited, line(2), currentSubtotalPriceSet=money(f"{float(subtotal) + 10:.2f}")))
    assert [each.discount_minor for each in incoming.lines] == [discount_minor, 0]


def test_tips_and_duties_are_not_lost() -> None:
    incoming = parse_order(
        order(line(1, taxLines=tax("1.67")), taxesIncluded=True, currentTotalPriceSet=money("13.50"))
    )
    assert incoming.other_minor == 350
    assert explained(incoming) == incoming.total_minor


@pytest.mark.parametrize(("currency", "text", "minor"), [("JPY", "1999.0", 1999), ("KWD", "1.999", 1999)])
def test_currencies_with_other_decimals(currency: str, text: str, minor: int) -> None:
    zero = money("0", currency)
    body = order(
        line(1, originalUnitPriceSet=money(text, currency)),
        presentmentCurrencyCode=currency,
        currentTotalPriceSet=money(text, currency),
        currentTotalTaxSet=zero,
        currentTotalDiscountsSet=zero,
        currentShippingPriceSet=zero,
    )
    incoming = parse_order(body)
    assert (incoming.currency, incoming.total_minor, incoming.other_minor) == (currency, minor, 0)


def test_transactions_risk_and_fulfilment_orders() -> None:
    transaction = {
        "id": "gid://shopify/OrderTransaction/1",
        "kind": "EMV_AUTHORIZATION",
        "status": "AWAITING_RESPONSE",
        "gateway": "bogus",
        "errorCode": "CARD_DECLINED",
        "createdAt": "2026-11-21T10:00:00+01:00",
        "processedAt": None,
        "authorizationExpiresAt": "2026-11-28T10:00:00Z",
        "parentTransaction": {"id": "gid://shopify/OrderTransaction/0"},
        "amountSet": money("10.00"),
    }
    fulfilment_order = {
        "id": "gid://shopify/FulfillmentOrder/3",
        "status": "ON_HOLD",
        "assignedLocation": {"location": {"id": "gid://shopify/Location/4"}},
        "fulfillmentHolds": [{"id": "gid://shopify/FulfillmentHold/8", "handle": None, "heldByRequestingApp": False}],
        "lineItems": connection(
            {
                "id": "gid://shopify/FulfillmentOrderLineItem/6",
                "remainingQuantity": 1,
                "lineItem": {"id": "l"},
            }
        ),
    }
    assessments = [
        {"riskLevel": "LOW", "facts": []},
        {"riskLevel": "HIGH", "facts": [{"description": "many cards", "sentiment": "NEGATIVE"}]},
        {"riskLevel": "PENDING", "facts": []},
    ]
    incoming = parse_order(
        order(
            transactions=[transaction, {**transaction, "kind": "SUGGESTED_REFUND"}],
            fulfillmentOrders=connection(fulfilment_order),
            fulfillments=[
                {"id": "f1", "status": "SUCCESS", "trackingInfo": [{"number": "1Z"}, {"number": None}]},
                {"id": "f2", "status": "CANCELLED", "trackingInfo": [{"number": "2Z"}]},
            ],
            risk={"recommendation": "CANCEL", "assessments": assessments},
        )
    )
    [got] = incoming.transactions
    assert (got.kind, got.status) == (TransactionKind.AUTHORIZATION, TransactionStatus.PENDING)
    assert got.processed_at == datetime(2026, 11, 21, 9, tzinfo=UTC)
    assert got.authorization_expires_at == datetime(2026, 11, 28, 10, tzinfo=UTC)
    assert (got.error_code, got.parent_external_id) == ("card_declined", "gid://shopify/OrderTransaction/0")
    [held] = incoming.fulfilment_orders
    assert (held.status, held.location_external_id) == ("on_hold", "gid://shopify/Location/4")
    assert (held.holds[0].handle, held.holds[0].ours, held.lines[0].remaining) == ("", False, 1)
    assert [each.tracking_numbers for each in incoming.fulfilments] == [("1Z",)]
    assert (incoming.risk.level, incoming.risk.recommendation) == (RiskLevel.HIGH, "cancel")


@pytest.mark.parametrize(
    ("changed", "code", "where"),
    [
        ({"id": None}, "missing", "id"),
        ({"id": ["x"]}, "not_a_text", "id"),
        ({"updatedAt": "yesterday"}, "not_a_time", "updatedAt"),
        ({"updatedAt": "2026-11-21T10:00:00"}, "not_a_time", "updatedAt"),
        (
            {"currentTotalPriceSet": money("ten")},
            "not_an_amount",
            "currentTotalPriceSet.presentmentMoney.amount",
        ),
        (
            {"currentTotalPriceSet": money("1.005")},
            "too_many_decimals",
            "currentTotalPriceSet.presentmentMoney.amount",
        ),
        (
            {"currentTotalPriceSet": money("1.00", "USD")},
            "other_currency",
            "currentTotalPriceSet.presentmentMoney.currency",
        ),
        ({"currentTotalPriceSet": None}, "missing", "currentTotalPriceSet"),
        ({"presentmentCurrencyCode": "ZZZ"}, "other_currency", ""),
        ({"lineItems": connection()}, "no_lines", "lines"),
        ({"lineItems": []}, "not_an_object", "lineItems"),
        (
            {"lineItems": connection(line(1, currentQuantity="2"))},
            "not_a_number",
            "lineItems.nodes[1].currentQuantity",
        ),
        ({"lineItems": connection(line(1, currentQuantity=-1))}, "negative_quantity", "lines[1].quantity"),
        ({"lineItems": connection(line(1, quantity=True))}, "not_a_number", "lineItems.nodes[1].quantity"),
        ({"tags": "a, b"}, "not_a_list", "tags"),
        ({"taxesIncluded": "no"}, "not_a_flag", "taxesIncluded"),
        ({"risk": {"assessments": [{"riskLevel": "ODD"}]}}, "unknown_level", "risk.assessments[1].riskLevel"),
        ({"transactions": [{"id": "1", "kind": "BARTER"}]}, "unknown_kind", "transactions[1].kind"),
        ({"currentTotalTaxSet": money("-1.00")}, "negative_amount", "tax_minor"),
    ],
)
def test_bad_bodies_are_named_by_their_field(changed: dict[str, Any], code: str, where: str) -> None:
    with pytest.raises(OrderError) as caught:
        parse_order(order(**changed))
    assert caught.value.code == code
    assert where in caught.value.where


@pytest.mark.parametrize("body", [None, [], "x", 5])
def test_no_object_is_no_order(body: object) -> None:
    with pytest.raises(OrderError):
        parse_order(body)


def samples(shared: Path) -> list[dict[str, Any]]:
    webhooks = shared / "fixtures/shopify/webhooks/2026-07"
    found = [
        json.loads((webhooks / f"orders__{name}.json").read_text())["payload"]
        for name in ("create", "updated", "cancelled")
    ]
    rest = shared / "fixtures/shopify/rest"
    found.append(json.loads((rest / "order.json").read_text())["order"])
    found += json.loads((rest / "orders.json").read_text())["orders"]
    return found


@pytest.mark.row("CAP-4")
def test_every_sample_of_the_vendor_is_read_with_exact_sums(shared: Path) -> None:
    for sample in samples(shared):
        if not sample.get("line_items"):
            with pytest.raises(OrderError, match="no_lines"):
                parse_webhook_order(sample)
            continue
        incoming = parse_webhook_order(json.dumps(sample).encode())
        assert incoming.external_id == f"gid://shopify/Order/{sample['id']}"
        assert len(incoming.lines) == len(sample["line_items"])
        assert explained(incoming) == incoming.total_minor


def test_the_hint_of_a_webhook_in_our_words(shared: Path) -> None:
    incoming = parse_webhook_order(samples(shared)[0])
    assert (incoming.name, incoming.currency, incoming.total_minor) == ("#9999", "USD", 41495)
    assert incoming.lines[0].external_id == "gid://shopify/LineItem/487817672276298554"
    assert (incoming.lines[0].sku, incoming.lines[0].unit_price_minor) == ("SKU2006-001", 8999)
    assert incoming.customer_external_id == "gid://shopify/Customer/115310627314723954"
    assert incoming.shipping_address is not None
    assert (incoming.shipping_address.region, incoming.shipping_address.country) == ("KY", "US")
    assert incoming.cancelled_at == datetime(2022, 1, 1, tzinfo=UTC)
    assert incoming.tags == ("tag1", "tag2")


@pytest.mark.row("CAP-4", bad_input=True)
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"id": 1}', b'{"id": 1, "currency": "USD"}'])
def test_bad_webhook_bodies_are_order_errors(body: bytes) -> None:
    with pytest.raises(OrderError):
        parse_webhook_order(body)


def test_another_currency_needs_the_presentment_amounts(shared: Path) -> None:
    sample = samples(shared)[3] | {"presentment_currency": "JPY"}
    with pytest.raises(OrderError, match="total_price_set"):
        parse_webhook_order(sample)


JUNK = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=3), st.just([1]), st.just({"a": 1}))


def leaves(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(node, dict):
        return [path] * bool(path) + [p for key, value in node.items() for p in leaves(value, (*path, key))]
    if isinstance(node, list):
        return [path] + [p for i, value in enumerate(node) for p in leaves(value, (*path, i))]
    return [path]


@given(st.data())
def test_junk_anywhere_is_read_or_is_an_order_error(data: st.DataObject) -> None:
    body = order(line(1, taxLines=tax("1.00"), discountAllocations=discount("1.00")))
    path = data.draw(st.sampled_from(leaves(body)))
    broken = copy.deepcopy(body)
    target: Any = broken
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = data.draw(JUNK)
    try:
        incoming = parse_order(broken)
    except OrderError:
        return
    assert explained(incoming) == incoming.total_minor
