"""Answers the fields of an edit that is not saved yet: CalculatedOrder and what belongs to it."""

from typing import Any

from sandbox.shopify import discounts, editing, totals
from sandbox.shopify.charges import Charged, Given
from sandbox.shopify.edit_model import Session, StagedLine, StagedShipping
from sandbox.shopify.fields_catalogue import image_of
from sandbox.shopify.gql.registry import Arguments, Call, answers, field, lists
from sandbox.shopify.money import Bag, plain
from sandbox.shopify.paging import of_list
from sandbox.shopify.search import matcher
from sandbox.shopify.state import gid

Calculated = tuple[Session, StagedLine]


def _outstanding(session: Session) -> Bag:
    order = session.order
    return editing.calculate(session).total - totals.captured(order) + totals.refunded(order)


answers(
    "CalculatedOrder",
    {
        "originalOrder": lambda session: session.order,
        "subtotalPriceSet": lambda session: editing.calculate(session).subtotal,
        "totalPriceSet": lambda session: editing.calculate(session).total,
        "totalOutstandingSet": _outstanding,
        "cartDiscountAmountSet": lambda session: editing.calculate(session).cart_discount,
        "taxLines": lambda session: editing.calculate(session).taxes,
        "subtotalLineItemsQuantity": lambda session: sum(each.quantity for each in session.lines),
        "shippingLines": lambda session: session.shippings,
        "committed": lambda _: False,
        "notificationPreviewTitle": lambda session: f"Order {session.order.name} has been updated",
        "notificationPreviewHtml": lambda _: None,
    },
)
lists(
    "CalculatedOrder",
    {
        "addedLineItems": lambda session: [(session, each) for each in session.added],
        "addedDiscountApplications": lambda session: [
            discounts.calculated(each) for staged in session.lines for each in staged.new_discounts
        ],
        "stagedChanges": lambda session: (
            [change for each in session.lines for change in _changes(each)]
            + [change for each in session.shippings for change in _shipping_change(each)]
            + [_lost(each) for each in session.lost_promotions]
        ),
    },
)


@field("CalculatedOrder", "lineItems")
def _line_items(session: Session, arguments: Arguments, _call: Call) -> dict[str, Any]:
    fits = matcher(
        arguments.get("query"), {}, {"id": lambda each: each.key, "editable": lambda each: each.quantity > each.shipped}
    )
    return of_list([(session, each) for each in session.lines if each.line and fits(each)], arguments)


def _charged(value: Calculated) -> Charged:
    session, staged = value
    known = next((what for each, what in editing.calculate(session).charged if each is staged), None)
    return known or Charged(0, [], [])


def _net(value: Calculated) -> Bag:
    """After the line's own discounts, without the order's."""
    staged = value[1]
    return staged.unit * staged.quantity - _charged(value).line_off(staged.unit.pair)


def _unit_net(value: Calculated) -> Bag:
    staged = value[1]
    return _net(value).share(1, staged.quantity) if staged.quantity else staged.unit


def _subtotal(value: Calculated, quantity: int) -> Bag:
    staged = value[1]
    return _net(value).share(quantity, staged.quantity) if staged.quantity else staged.unit.pair.zero


def _variant_title(value: Calculated) -> str | None:
    title = value[1].variant.title
    return None if title == "Default Title" else title


answers(
    "CalculatedLineItem",
    {
        "id": lambda value: gid("CalculatedLineItem", value[1].key),
        "quantity": lambda value: value[1].quantity,
        "editableQuantity": lambda value: value[1].quantity - value[1].shipped,
        "editableQuantityBeforeChanges": lambda value: value[1].before - value[1].shipped,
        "editableSubtotalSet": lambda value: _subtotal(value, value[1].quantity - value[1].shipped),
        "uneditableSubtotalSet": lambda value: _subtotal(value, value[1].shipped),
        "variant": lambda value: value[1].variant,
        "sku": lambda value: value[1].variant.sku,
        "title": lambda value: value[1].variant.product.title,
        "variantTitle": _variant_title,
        "image": lambda value: image_of(value[1].variant.product),
        "customAttributes": lambda _: [],
        "originalUnitPriceSet": lambda value: value[1].unit,
        "discountedUnitPriceSet": _unit_net,
        "calculatedDiscountAllocations": lambda value: discounts.calculated_allocations(_charged(value)),
        "restockable": lambda value: value[1].variant.inventory_item.tracked,
        "restocking": lambda value: value[1].restock and value[1].quantity < value[1].before,
        "hasStagedLineItemDiscount": lambda value: bool(value[1].new_discounts),
        "stagedChanges": lambda value: _changes(value[1]),
    },
)
answers(
    "CalculatedShippingLine",
    {
        "id": lambda staged: gid("CalculatedShippingLine", staged.key),
        "stagedStatus": lambda staged: staged.status,
    },
)


def _changes(staged: StagedLine) -> list[dict[str, Any]]:
    delta = staged.quantity - staged.before
    found: list[dict[str, Any]] = []
    if staged.line is None:
        found.append({"__typename": "OrderStagedChangeAddVariant", "quantity": delta, "variant": staged.variant})
    elif delta > 0:
        found.append({"__typename": "OrderStagedChangeIncrementItem", "delta": delta, "lineItem": staged.line})
    elif delta < 0:
        kind = "OrderStagedChangeDecrementItem"
        found.append({"__typename": kind, "delta": -delta, "lineItem": staged.line, "restock": staged.restock})
    found += [discount_change(each) for each in staged.new_discounts]
    return found + [_lost(each) for each in staged.lost_discounts]


def discount_change(given: Given) -> dict[str, Any]:
    kind = "OrderStagedChangeAddLineItemDiscount"
    return {
        "__typename": kind,
        "id": gid(kind, given.id),
        "description": given.title,
        "value": discounts.value_of(given),
    }


def _lost(given: Given) -> dict[str, Any]:
    return {"__typename": "OrderStagedChangeRemoveDiscount", "discountApplication": discounts.application(given)}


def _shipping_change(staged: StagedShipping) -> list[dict[str, Any]]:
    if staged.status == "REMOVED":
        return [{"__typename": "OrderStagedChangeRemoveShippingLine", "shippingLine": staged.shipping}]
    if staged.status != "ADDED":
        return []
    price = {"amount": plain(staged.price.presentment), "currencyCode": staged.price.pair.presentment}
    change = {"__typename": "OrderStagedChangeAddShippingLine", "title": staged.title, "price": price, "phone": None}
    return [change | {"presentmentTitle": staged.title}]
