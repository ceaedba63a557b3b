"""Answers the fields of returns and of what belongs to them, and the queries that find them."""

from operator import attrgetter
from typing import Any

from sandbox.shopify import processing, returning
from sandbox.shopify.fields_fulfilment import fulfilled_line
from sandbox.shopify.gql.registry import Arguments, Call, Resolver, answers, field, lists
from sandbox.shopify.model import Fulfillment, Order
from sandbox.shopify.paging import of_list
from sandbox.shopify.return_model import (
    Disposition,
    ExchangeLine,
    Fulfilled,
    Reason,
    Return,
    ReturnLine,
    ReverseDelivery,
    ReverseOrderLine,
)
from sandbox.shopify.returning import REASONS, number
from sandbox.shopify.search import matcher
from sandbox.shopify.state import gid, number_of


def _reason(reason: Reason) -> dict[str, Any]:
    return {
        "__typename": "ReturnReasonDefinition",
        "id": gid("ReturnReasonDefinition", reason.id),
        "handle": reason.handle,
        "name": reason.name,
        "deleted": False,
    }


def _restocking(line: ReturnLine) -> dict[str, Any] | None:
    if line.fee_percent is None:
        return None
    return {
        "id": gid("Fee", line.fee_id),
        "percentage": float(line.fee_percent),
        "amountSet": processing.fee_of(line, line.quantity),
    }


def _after_discounts(line: ReturnLine) -> Any:
    sold = line.fulfilled.line
    return (sold.unit * sold.now.quantity - sold.now.off(sold.unit.pair)).share(line.quantity, sold.now.quantity)


answers(
    "Return",
    {
        "totalQuantity": lambda back: sum(each.quantity for each in back.lines),
        "returnShippingFees": lambda back: (
            [{"id": gid("Fee", back.fee.id), "amountSet": back.fee.amount}] if back.fee else []
        ),
    },
)
lists(
    "Return",
    {
        "refunds": lambda back: back.refunds,
        "transactions": lambda back: back.transactions,
        "reverseFulfillmentOrders": lambda back: back.reverse_orders,
    },
)
answers(
    "ReturnLineItem",
    {
        "fulfillmentLineItem": lambda line: fulfilled_line(line.fulfilled),
        "processableQuantity": lambda line: line.processable,
        "processedQuantity": lambda line: line.processed,
        "unprocessedQuantity": lambda line: line.unprocessed,
        "refundableQuantity": lambda line: line.quantity - line.refunded,
        "refundedQuantity": lambda line: line.refunded,
        "restockingFee": _restocking,
        "returnReason": lambda line: line.reason.legacy,
        "returnReasonDefinition": lambda line: _reason(line.reason),
        "returnReasonNote": lambda line: line.note,
        "withCodeDiscountedTotalPriceSet": _after_discounts,
    },
)
answers(
    "ExchangeLineItem",
    {
        "lineItem": lambda swap: next(iter(swap.lines), None),
        "lineItems": lambda swap: swap.lines,
        "processableQuantity": lambda swap: swap.unprocessed,
        "processedQuantity": lambda swap: swap.processed,
        "unprocessedQuantity": lambda swap: swap.unprocessed,
        "productId": lambda swap: gid("Product", swap.variant.product.id),
        "variantId": lambda swap: gid("ProductVariant", swap.variant.id),
        "variantSku": lambda swap: swap.variant.sku,
        "variantTitle": lambda swap: None if swap.variant.title == "Default Title" else swap.variant.title,
    },
)


def _of_status(lines: list[Any], wanted: str | None) -> list[Any]:
    if wanted == "PROCESSED":
        return [each for each in lines if each.processed]
    if wanted == "PROCESSABLE":
        return [each for each in lines if (each.processable if isinstance(each, ReturnLine) else each.unprocessed)]
    return lines


@field("Return", "returnLineItems")
def _lines(back: Return, arguments: Arguments, _call: Call) -> dict[str, Any]:
    return of_list(_of_status(back.lines, arguments.get("processingStatus")), arguments)


@field("Return", "exchangeLineItems")
def _exchanges(back: Return, arguments: Arguments, _call: Call) -> dict[str, Any]:
    gone = arguments.get("includeRemovedItems")
    found: list[ExchangeLine] = [each for each in back.exchanges if gone or each.removed < each.quantity]
    return of_list(_of_status(found, arguments.get("processingStatus")), arguments)


answers("ReverseFulfillmentOrder", {"order": lambda order: order.back.order})
lists(
    "ReverseFulfillmentOrder",
    {"lineItems": lambda order: order.lines, "reverseDeliveries": lambda order: order.deliveries},
)


def _disposition(value: Disposition) -> dict[str, Any]:
    return {
        "id": gid("ReverseFulfillmentOrderDisposition", value.id),
        "type": value.type,
        "quantity": value.quantity,
        "location": value.location,
        "createdAt": value.created_at,
    }


def _dispositions(line: ReverseOrderLine) -> list[dict[str, Any]]:
    return [_disposition(each) for each in line.dispositions]


answers(
    "ReverseFulfillmentOrderLineItem",
    {
        "dispositions": _dispositions,
        "fulfillmentLineItem": lambda line: fulfilled_line(line.of.fulfilled),
        "totalQuantity": lambda line: line.total,
    },
)
answers(
    "ReverseDeliveryLineItem",
    {"dispositions": lambda line: _dispositions(line.of), "reverseFulfillmentOrderLineItem": lambda line: line.of},
)


def _deliverable(value: ReverseDelivery) -> dict[str, Any] | None:
    if value.label is None and value.tracking is None:
        return None
    label = value.label
    shown = label and {"publicFileUrl": label.url, "createdAt": label.created_at, "updatedAt": label.updated_at}
    return {"__typename": "ReverseDeliveryShippingDeliverable", "label": shown, "tracking": value.tracking}


answers(
    "ReverseDelivery",
    {"deliverable": _deliverable, "reverseFulfillmentOrder": lambda value: value.order},
)
lists("ReverseDelivery", {"reverseDeliveryLineItems": lambda value: value.lines})
answers("Order", {"returnStatus": returning.status_of})
answers("Refund", {"return": lambda refund: refund.back})


@field("Order", "returns")
def _returns(order: Order, arguments: Arguments, _call: Call) -> dict[str, Any]:
    fits = matcher(arguments.get("query"), {}, {name: attrgetter(name) for name in ("status", "name", "id")})
    return of_list([each for each in order.returns if fits(each)], arguments)


def _returnable(value: Fulfillment, units: list[Fulfilled]) -> dict[str, Any]:
    counted = [(each, returning.returnable(each)) for each in units]
    lines = [{"fulfillmentLineItem": fulfilled_line(each), "quantity": count} for each, count in counted if count]
    return {"id": gid("ReturnableFulfillment", value.id), "fulfillment": value, "lines": lines}


def _all_returnable(order: Order) -> list[dict[str, Any]]:
    units = returning.fulfilled_units(order)
    found = [_returnable(each, [x for x in units if x.fulfillment is each]) for each in order.fulfillments]
    return [each for each in found if each["lines"]]


@field("ReturnableFulfillment", "returnableFulfillmentLineItems")
def _returnable_lines(value: dict[str, Any], arguments: Arguments, _call: Call) -> dict[str, Any]:
    return of_list(value["lines"], arguments)


@field("QueryRoot", "returnableFulfillments")
def _returnables(_root: Any, arguments: Arguments, call: Call) -> dict[str, Any]:
    order = call.shop.orders.get(number(arguments["orderId"], "Order"))
    return of_list(_all_returnable(order) if order else [], arguments)


@field("QueryRoot", "returnableFulfillment")
def _one_returnable(_root: Any, arguments: Arguments, call: Call) -> dict[str, Any] | None:
    value = call.shop.fulfillments.get(number(arguments["id"], "ReturnableFulfillment"))
    found = _all_returnable(value.order) if value else []
    return next((each for each in found if each["fulfillment"] is value), None)


@field("QueryRoot", "returnReasonDefinitions")
def _reasons(_root: Any, arguments: Arguments, _call: Call) -> dict[str, Any]:
    ids, handles = arguments.get("ids"), arguments.get("handles")
    key = str(arguments.get("sortKey") or "ID").lower()
    wanted = {number_of(each, "ReturnReasonDefinition") for each in ids or []}
    found = [x for x in REASONS if (ids is None or x.id in wanted) and (handles is None or x.handle in handles)]
    return of_list([_reason(each) for each in sorted(found, key=lambda x: getattr(x, key))], arguments)


def _by_id(kind: str, table: str) -> Resolver:
    return lambda _root, arguments, call: getattr(call.shop, table).get(number(arguments["id"], kind))


field("QueryRoot", "return")(_by_id("Return", "returns"))
field("QueryRoot", "reverseFulfillmentOrder")(_by_id("ReverseFulfillmentOrder", "reverse_orders"))
field("QueryRoot", "reverseDelivery")(_by_id("ReverseDelivery", "reverse_deliveries"))
