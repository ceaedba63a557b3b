"""`Return.suggestedFinancialOutcome`: what would go back, or be left to pay, were these units processed now."""

from typing import Any

from sandbox.shopify import payments, processing, totals
from sandbox.shopify.gql.errors import FieldError
from sandbox.shopify.gql.registry import Arguments, Call, field
from sandbox.shopify.model import Order
from sandbox.shopify.money import Bag, total
from sandbox.shopify.processing import Outcome
from sandbox.shopify.return_model import Return
from sandbox.shopify.returning import ReturnError


def _transactions(order: Order, amount: Bag) -> list[dict[str, Any]]:
    return [
        {
            "amountSet": part,
            "gateway": parent.gateway,
            "formattedGateway": parent.gateway.replace("_", " ").title(),
            "kind": "SUGGESTED_REFUND",
            "maximumRefundableSet": payments.refundable_of(parent),
            "parentTransaction": parent,
        }
        for parent, part in processing.allocate(order, amount)
    ]


def _transfer(order: Order, outcome: Outcome, allocation: str) -> dict[str, Any] | None:
    due, most = outcome.due, totals.captured(order) - totals.refunded(order)
    if not due:
        owed = order.pair.zero - due
        return {"__typename": "InvoiceReturnOutcome", "amount": owed} if owed else None
    amount = most if due.presentment > most.presentment else due
    by_credit = allocation == "STORE_CREDIT"
    method = {
        "__typename": "SuggestedStoreCreditRefund",
        "amount": amount,
        "maximumRefundable": most,
        "expiresAt": None,
    }
    return {
        "__typename": "RefundReturnOutcome",
        "amount": amount,
        "suggestedRefundMethods": [method] if by_credit else [],
        "suggestedTransactions": [] if by_credit else _transactions(order, amount),
    }


@field("Return", "suggestedFinancialOutcome")
def outcome(back: Return, arguments: Arguments, call: Call) -> dict[str, Any]:
    order = back.order
    path = ["returnLineItems"]
    try:
        lines = processing.choose(back.lines, arguments["returnLineItems"], path, "ReturnLineItem")
        swaps = processing.choose(back.exchanges, arguments["exchangeLineItems"], path, "ExchangeLineItem")
        shipping = processing.refund_shipping(order, arguments.get("refundShipping"), ["refundShipping"])
    except ReturnError as problem:
        raise FieldError(str(problem), "BAD_REQUEST") from problem
    found = processing.outcome(call.shop, back, lines, swaps, shipping)
    return {
        "discountedSubtotal": found.goods,
        "financialTransfer": _transfer(order, found, arguments.get("refundMethodAllocation") or ""),
        "maximumRefundable": total([payments.refundable_of(each) for each in order.transactions], order.pair),
        "shipping": {
            "amountSet": shipping,
            "maximumRefundableSet": totals.current_shipping(order),
            "taxSet": found.shipping_tax,
        },
        "totalCartDiscountAmount": found.cart_discount,
        "totalTax": found.tax,
    }
