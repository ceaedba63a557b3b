"""Answers the fields of transactions, refunds, customers and addresses that are not plain attributes."""

from typing import Any

from sandbox.shopify import payments, totals
from sandbox.shopify.gql.registry import Arguments, Call, answers, field, lists
from sandbox.shopify.model import Refund, RefundLine, Transaction
from sandbox.shopify.money import Bag, plain, total
from sandbox.shopify.state import gid


@field("OrderTransaction", "manuallyCapturable")
def _manually_capturable(value: Transaction, _arguments: Arguments, call: Call) -> bool:
    return bool(totals.capturable_of(value, call.shop.now()))


@field("OrderTransaction", "totalUnsettledSet")
def _unsettled(value: Transaction, _arguments: Arguments, call: Call) -> Bag:
    return totals.capturable_of(value, call.shop.now())


@field("OrderTransaction", "multiCapturable")
def _multi_capturable(value: Transaction, _arguments: Arguments, call: Call) -> bool:
    return value.kind == "AUTHORIZATION" and call.shop.settings.multi_capture


def _card(value: Transaction) -> dict[str, Any] | None:
    if value.card is None:
        return None
    company, digits = value.card
    return {
        "__typename": "CardPaymentDetails",
        "company": company,
        "number": f"•••• •••• •••• {digits}",
        "bin": "424242",
        "avsResultCode": "Y",
        "cvvResultCode": "M",
        "expirationMonth": 12,
        "expirationYear": 2031,
        "name": value.order.customer.first_name,
        "paymentMethodName": company.lower(),
    }


def _max_refundable(value: Transaction) -> dict[str, Any] | None:
    if value.kind not in totals.CAPTURES:
        return None
    left = payments.refundable_of(value)
    return {"amount": plain(left.presentment), "currencyCode": left.pair.presentment}


answers(
    "OrderTransaction",
    {
        "amountSet": lambda value: value.amount,
        "parentTransaction": lambda value: value.parent,
        "authorizationExpiresAt": lambda value: value.expires_at,
        "authorizationCode": lambda value: f"auth-{value.id}" if value.kind == "AUTHORIZATION" else None,
        "formattedGateway": lambda value: value.gateway.replace("_", " ").title(),
        "paymentId": lambda value: f"{value.order.name}.1",
        "paymentDetails": _card,
        "accountNumber": lambda value: f"•••• •••• •••• {value.card[1]}" if value.card else None,
        "manualPaymentGateway": lambda value: value.gateway == payments.MANUAL,
        "maximumRefundableV2": _max_refundable,
        "test": lambda _: False,
        "receiptJson": lambda _: "{}",
    },
)
answers(
    "Customer",
    {
        "displayName": lambda c: " ".join(x for x in (c.first_name, c.last_name) if x) or (c.email or "Guest"),
        "defaultEmailAddress": lambda c: {"emailAddress": c.email} if c.email else None,
        "defaultPhoneNumber": lambda c: {"phoneNumber": c.phone} if c.phone else None,
        "numberOfOrders": lambda c: c.number_of_orders,
        "note": lambda _: None,
        "tags": lambda _: [],
        "taxExempt": lambda _: False,
        "verifiedEmail": lambda _: True,
        "state": lambda _: "DISABLED",
    },
)


@field("MailingAddress", "formatted")
def _formatted(value: dict[str, Any], arguments: Arguments, _call: Call) -> list[str]:
    parts = [value["name"]] if arguments.get("withName") else []
    parts += [value["company"]] if arguments.get("withCompany") else []
    city = " ".join(x for x in (value["zip"], value["city"], value["provinceCode"]) if x)
    return [x for x in (*parts, value["address1"], value["address2"], city, value["country"]) if x]


def _refund_total(refund: Refund) -> Bag:
    return total([t.amount for t in refund.transactions if t.status == "SUCCESS"], refund.order.pair)


def _refund_shipping(refund: Refund) -> list[dict[str, Any]]:
    if not refund.shipping:
        return []
    return [
        {
            "id": gid("RefundShippingLine", refund.id),
            "shippingLine": next(iter(refund.order.shippings), None),
            "subtotalAmountSet": refund.shipping,
            "taxAmountSet": refund.order.pair.zero,
        }
    ]


def _price(line: RefundLine) -> Bag:
    return line.line_item.unit


answers(
    "Refund",
    {
        "processedAt": lambda refund: refund.created_at,
        "updatedAt": lambda refund: refund.created_at,
        "totalRefundedSet": _refund_total,
    },
)
lists(
    "Refund",
    {
        "refundLineItems": lambda refund: refund.lines,
        "refundShippingLines": _refund_shipping,
        "transactions": lambda refund: refund.transactions,
    },
)
answers(
    "RefundLineItem",
    {
        "id": lambda line: gid("RefundLineItem", line.id),
        "priceSet": _price,
        "restocked": lambda line: line.restock_type in ("CANCEL", "RETURN"),
        "subtotalSet": lambda line: line.subtotal,
        "totalTaxSet": lambda line: line.tax,
    },
)
