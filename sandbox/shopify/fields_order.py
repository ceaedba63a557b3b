"""Answers the fields of orders that are not plain attributes."""

from typing import Any

from sandbox.shopify import discounts, payments, totals
from sandbox.shopify.charges import Tax
from sandbox.shopify.editing import why_not_edit
from sandbox.shopify.fields_catalogue import image_of
from sandbox.shopify.gql.registry import Arguments, Call, answers, field, lists
from sandbox.shopify.model import Customer, Line, Order, Transaction
from sandbox.shopify.money import Bag, plain
from sandbox.shopify.paging import of_list
from sandbox.shopify.rest_order import gateways
from sandbox.shopify.state import APP_IDS, gid

_APP = {"__typename": "App", "id": gid("App", APP_IDS["Shopify"]), "title": "Shopify", "handle": "shopify"}


answers(
    "MoneyBag",
    {
        "shopMoney": lambda bag: {"amount": plain(bag.shop), "currencyCode": bag.pair.shop},
        "presentmentMoney": lambda bag: {"amount": plain(bag.presentment), "currencyCode": bag.pair.presentment},
    },
)
answers(
    "Order",
    {
        "currencyCode": lambda order: order.pair.shop,
        "presentmentCurrencyCode": lambda order: order.pair.presentment,
        "cancellation": lambda order: {"staffNote": order.staff_note} if order.cancelled_at else None,
        "closed": lambda order: order.closed_at is not None,
        "confirmed": lambda _: True,
        "confirmationNumber": lambda order: f"S{order.number:07d}",
        "test": lambda _: False,
        "taxExempt": lambda _: False,
        "customerLocale": lambda order: order.locale,
        "displayAddress": lambda order: order.shipping_address or order.billing_address,
        "billingAddressMatchesShippingAddress": lambda order: order.billing_address == order.shipping_address,
        "shippingLine": lambda order: order.shipping,
        "displayFulfillmentStatus": totals.fulfillment_status,
        "taxLines": totals.tax_lines,
        "currentTaxLines": totals.current_tax_lines,
        "subtotalPriceSet": totals.subtotal,
        "totalPriceSet": totals.total_price,
        "originalTotalPriceSet": lambda order: order.original_total,
        "cartDiscountAmountSet": totals.cart_discount,
        "currentCartDiscountAmountSet": totals.current_cart_discount,
        "totalTaxSet": totals.tax_total,
        "totalDiscountsSet": totals.discounts,
        "totalShippingPriceSet": totals.shipping_price,
        "currentSubtotalPriceSet": totals.current_subtotal,
        "currentShippingPriceSet": totals.current_shipping,
        "currentTotalDiscountsSet": totals.current_discounts,
        "currentTotalPriceSet": totals.current_total,
        "currentTotalTaxSet": totals.current_tax,
        "totalReceivedSet": totals.captured,
        "totalRefundedSet": totals.refunded,
        "totalRefundedShippingSet": totals.shipping_refunded,
        "totalOutstandingSet": totals.outstanding,
        "netPaymentSet": lambda order: totals.captured(order) - totals.refunded(order),
        "subtotalLineItemsQuantity": lambda order: sum(line.quantity for line in order.lines),
        "currentSubtotalLineItemsQuantity": lambda order: sum(line.current_quantity for line in order.lines),
        "totalWeight": lambda order: sum(x.variant.inventory_item.weight_g * x.quantity for x in order.lines),
        "currentTotalWeight": lambda o: sum(x.variant.inventory_item.weight_g * x.current_quantity for x in o.lines),
        "canMarkAsPaid": lambda order: bool(totals.outstanding(order)) and order.cancelled_at is None,
        "fullyPaid": lambda order: not totals.outstanding(order),
        "unpaid": lambda order: not totals.captured(order),
        "refundable": lambda order: any(payments.refundable_of(t) for t in order.transactions),
        "restockable": lambda order: any(line.current_quantity for line in order.lines),
        "requiresShipping": lambda order: any(x.variant.inventory_item.requires_shipping for x in order.lines),
        "fulfillable": lambda order: any(line.unfulfilled for line in order.lines),
        "paymentGatewayNames": gateways,
        "fulfillmentsCount": lambda order: {"count": len(order.fulfillments), "precision": "EXACT"},
        "channelInformation": lambda order: {
            "id": gid("ChannelInformation", order.id),
            "channelId": gid("Channel", 1),
            "app": _APP,
            "displayName": "Online Store",
        },
        "app": lambda _: {"id": gid("App", 580111), "name": "Online Store"},
        "sourceName": lambda _: "web",
        "sourceIdentifier": lambda order: order.source_identifier,
        "discountCode": lambda order: next(iter(discounts.codes(order)), None),
        "discountCodes": discounts.codes,
        "statusPageUrl": lambda order: f"https://shop.example/orders/{order.id:x}",
        "metafield": lambda _: None,
    },
)
lists(
    "Order",
    {
        "lineItems": lambda order: order.lines,
        "fulfillmentOrders": lambda order: order.fulfillment_orders,
        "discountApplications": discounts.applications,
        "metafields": lambda _: [],
    },
)


@field("Order", "fulfillments")
def _fulfillments(order: Order, arguments: Arguments, _call: Call) -> list[Any]:
    return order.fulfillments[: arguments.get("first")]


@field("Order", "refunds")
def _refunds(order: Order, arguments: Arguments, _call: Call) -> list[Any]:
    return order.refunds[: arguments.get("first")]


@field("Order", "transactions")
def _transactions(order: Order, arguments: Arguments, call: Call) -> list[Transaction]:
    found = order.transactions
    if arguments.get("capturable") is not None:
        now = call.shop.now()
        found = [t for t in found if bool(totals.capturable_of(t, now)) is arguments["capturable"]]
    return found[: arguments.get("first")]


@field("Order", "displayFinancialStatus")
def _financial(order: Order, _arguments: Arguments, call: Call) -> str:
    return totals.financial_status(order, call.shop.now())


@field("Order", "capturable")
def _capturable(order: Order, _arguments: Arguments, call: Call) -> bool:
    return bool(totals.capturable(order, call.shop.now()))


@field("Order", "totalCapturableSet")
def _total_capturable(order: Order, _arguments: Arguments, call: Call) -> Bag:
    return totals.capturable(order, call.shop.now())


@field("Order", "risk")
def _risk(order: Order, _arguments: Arguments, _call: Call) -> dict[str, Any]:
    risk = order.risk
    assessment = {"riskLevel": risk.level, "facts": risk.facts, "provider": None}
    return {"recommendation": risk.recommendation, "assessments": [assessment] if risk.level else []}


def _variant_title(line: Line) -> str | None:
    return None if line.variant.title == "Default Title" else line.variant.title


def _name(line: Line) -> str:
    title = _variant_title(line)
    return f"{line.variant.product.title} - {title}" if title else line.variant.product.title


def _without_promotions(line: Line) -> Bag:
    return line.unit * line.quantity - line.whole.line_off(line.unit.pair)


def _before_taxes(line: Line) -> Bag:
    left = totals.current_line_total(line)
    return left - totals.sum_of(line.left.taxes, line.unit.pair) if line.order.taxes_included else left


answers(
    "LineItem",
    {
        "name": _name,
        "title": lambda line: line.variant.product.title,
        "variantTitle": _variant_title,
        "vendor": lambda line: line.variant.product.vendor,
        "sku": lambda line: line.variant.sku,
        "unfulfilledQuantity": lambda line: line.unfulfilled,
        "refundableQuantity": lambda line: line.current_quantity,
        "nonFulfillableQuantity": lambda line: line.quantity - line.unfulfilled,
        "requiresShipping": lambda line: line.variant.inventory_item.requires_shipping,
        "isGiftCard": lambda line: line.variant.product.is_gift_card,
        "taxable": lambda line: not line.variant.product.is_gift_card,
        "restockable": lambda line: line.variant.inventory_item.tracked,
        "merchantEditable": lambda line: line.order.editable and line.order.cancelled_at is None,
        "customAttributes": lambda _: [],
        "product": lambda line: line.variant.product,
        "image": lambda line: image_of(line.variant.product),
        "originalUnitPriceSet": lambda line: line.unit,
        "originalTotalSet": lambda line: line.unit * line.quantity,
        "discountedUnitPriceSet": lambda line: _without_promotions(line).share(1, line.quantity),
        "discountedUnitPriceAfterAllDiscountsSet": lambda line: totals.line_total(line).share(1, line.quantity),
        "discountedTotalSet": _without_promotions,
        "priceAfterAllDiscountsBeforeTaxesSet": _before_taxes,
        "totalDiscountSet": lambda line: line.whole.line_off(line.unit.pair),
        "discountAllocations": discounts.allocations,
        "weight": lambda line: {"unit": "GRAMS", "value": float(line.variant.inventory_item.weight_g)},
    },
)


@field("LineItem", "taxLines")
def _line_taxes(line: Line, arguments: Arguments, _call: Call) -> list[Tax]:
    return line.whole.taxes[: arguments.get("first")]


@field("Order", "shippingLines")
def _shipping_lines(order: Order, arguments: Arguments, _call: Call) -> dict[str, Any]:
    with_removed = arguments.get("includeRemovals")
    return of_list([each for each in order.shippings if with_removed or not each.removed], arguments)


@field("Order", "merchantEditable")
def _editable(order: Order, _arguments: Arguments, call: Call) -> bool:
    return not why_not_edit(call.shop, order)


@field("Order", "merchantEditableErrors")
def _not_editable(order: Order, _arguments: Arguments, call: Call) -> list[str]:
    reason = why_not_edit(call.shop, order)
    return [reason] if reason else []


answers(
    "ShippingLine",
    {
        "id": lambda shipping: gid("ShippingLine", shipping.id),
        "source": lambda _: "shopify",
        "carrierIdentifier": lambda _: None,
        "phone": lambda _: None,
        "isRemoved": lambda shipping: shipping.removed,
        "originalPriceSet": lambda shipping: shipping.price,
        "discountedPriceSet": lambda shipping: shipping.price,
        "currentDiscountedPriceSet": lambda shipping: shipping.left,
        "taxLines": lambda shipping: shipping.taxes,
        "discountAllocations": lambda _: [],
    },
)
answers(
    "TaxLine",
    {
        "rate": lambda tax: float(tax.rate),
        "ratePercentage": lambda tax: float(tax.rate * 100),
        "channelLiable": lambda _: False,
        "source": lambda _: "Shopify",
    },
)


@field("Customer", "orders")
def _orders_of(customer: Customer, arguments: Arguments, call: Call) -> dict[str, Any]:
    """By id, which is by time too."""
    found = [order for order in call.shop.orders.values() if order.customer is customer]
    return of_list(found[::-1] if arguments.get("reverse") else found, arguments)
