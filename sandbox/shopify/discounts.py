"""Discounts as the vendor's types: applications, on an order and in an edit, and what they allocate to a line."""

from typing import Any

from sandbox.shopify.charges import Charged, Discount, Given, Promotion
from sandbox.shopify.model import Line, Order
from sandbox.shopify.money import Bag, plain
from sandbox.shopify.state import gid


def _kind(given: Given) -> str:
    if isinstance(given, Discount):
        return "ManualDiscountApplication"
    return "DiscountCodeApplication" if given.code else "AutomaticDiscountApplication"


def calculated_id(given: Given) -> str:
    """Its id within an edit."""
    return gid(f"Calculated{_kind(given)}", given.id)


def value_of(given: Given) -> dict[str, Any]:
    if given.percent is not None:
        return {"__typename": "PricingPercentageValue", "percentage": float(given.percent)}
    bag = given.amount
    return {
        "__typename": "MoneyV2",
        "amount": plain(bag.presentment) if bag else "0.0",
        "currencyCode": bag.pair.presentment if bag else None,
    }


def application(given: Given, index: int = 0) -> dict[str, Any]:
    """The discount application of an order."""
    for_all = isinstance(given, Promotion)
    return {
        "__typename": _kind(given),
        "allocationMethod": "ACROSS",
        "index": index,
        "targetSelection": "ALL" if for_all else "EXPLICIT",
        "targetType": "LINE_ITEM",
        "title": given.title,
        "code": given.code if isinstance(given, Promotion) else None,
        "description": None if for_all else given.title,
        "value": value_of(given),
    }


def calculated(given: Given) -> dict[str, Any]:
    """The same while the order is being edited."""
    return {
        **application(given),
        "__typename": f"Calculated{_kind(given)}",
        "id": calculated_id(given),
        "appliedTo": "ORDER" if isinstance(given, Promotion) else "LINE",
        "description": given.title,
    }


def given_on(order: Order) -> list[Given]:
    """All discounts that the order's lines carry: the lines' own first."""
    own: list[Given] = [each for line in order.lines for each in line.discounts]
    return own + list(order.promotions)


def allocations(line: Line) -> list[dict[str, Any]]:
    """With what was allocated to units that refunds and edits took away."""
    given = given_on(line.order)
    return [
        {"allocatedAmountSet": amount, "discountApplication": application(each, given.index(each))}
        for each, amount in line.whole.parts
        if amount and each in given
    ]


def calculated_allocations(charged: Charged) -> list[dict[str, Any]]:
    return [
        {"allocatedAmountSet": amount, "discountApplication": calculated(each)}
        for each, amount in charged.parts
        if amount
    ]


def applications(order: Order) -> list[dict[str, Any]]:
    """Those that take something off."""
    return [
        application(each, at)
        for at, each in enumerate(given_on(order))
        if any(amount for line in order.lines for given, amount in line.whole.parts if given is each)
    ]


def codes(order: Order) -> list[str]:
    return [each.code for each in order.promotions if each.code]


def rest_allocations(line: Line) -> list[tuple[int, Bag]]:
    """(index of the application, amount) as the webhooks' bodies carry them."""
    given = given_on(line.order)
    return [(given.index(each), amount) for each, amount in line.whole.parts if amount and each in given]
