"""Orders of the Admin GraphQL API: the documents that read them and the pure parser beside them."""

from connectors.shops.shopify_fields import Fields
from connectors.shops.shopify_fulfilments import (
    FULFILMENT_ORDER_FIELDS,
    PAGE,
    read_fulfilment_order,
    read_fulfilments,
)
from connectors.shops.shopify_rounding import remaining_share, settle
from domain.order import (
    Address,
    IncomingLine,
    IncomingOrder,
    IncomingTransaction,
    OrderError,
    Risk,
    RiskFact,
    RiskLevel,
    TransactionKind,
    TransactionStatus,
    check_incoming,
    line_total_minor,
)

MONEY = "{ presentmentMoney { amount currencyCode } }"
_ADDRESS = "name company address1 address2 city provinceCode zip countryCodeV2 phone"

LINE_FIELDS = f"""fragment LineFields on LineItem {{
  id sku name quantity currentQuantity requiresShipping isGiftCard
  variant {{ id }}
  originalUnitPriceSet {MONEY}
  discountAllocations {{ allocatedAmountSet {MONEY} }}
  taxLines {{ priceSet {MONEY} }}
}}"""

ORDER_FIELDS = f"""fragment OrderFields on Order {{
  id name createdAt updatedAt cancelledAt test tags email phone customerLocale taxesIncluded
  presentmentCurrencyCode
  customer {{ id }}
  currentTotalPriceSet {MONEY}
  currentSubtotalPriceSet {MONEY}
  currentTotalTaxSet {MONEY}
  currentTotalDiscountsSet {MONEY}
  currentShippingPriceSet {MONEY}
  shippingAddress {{ {_ADDRESS} }}
  billingAddress {{ {_ADDRESS} }}
  shippingLines(first: 3) {{ nodes {{ code title taxLines {{ priceSet {MONEY} }} }} }}
  lineItems(first: 30) {{ {PAGE} nodes {{ ...LineFields }} }}
  transactions(first: 50) {{
    id kind status gateway errorCode createdAt processedAt authorizationExpiresAt
    parentTransaction {{ id }}
    amountSet {MONEY}
  }}
  fulfillmentOrders(first: 10) {{ {PAGE} nodes {{ ...FulfilmentOrderFields }} }}
  fulfillments(first: 50) {{ id status trackingInfo(first: 10) {{ number }} }}
  risk {{ recommendation assessments {{ riskLevel facts {{ description sentiment }} }} }}
}}
{LINE_FIELDS}
{FULFILMENT_ORDER_FIELDS}"""

ORDERS_BY_ID = f"""query OrdersById($ids: [ID!]!) {{ nodes(ids: $ids) {{ ...OrderFields }} }}
{ORDER_FIELDS}"""

ORDERS_UPDATED = f"""query OrdersUpdated($first: Int!, $after: String, $query: String) {{
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {{
    {PAGE} nodes {{ ...OrderFields }}
  }}
}}
{ORDER_FIELDS}"""

ORDER_LINES = f"""query OrderLines($id: ID!, $after: String) {{
  node: order(id: $id) {{ lineItems(first: 100, after: $after) {{ {PAGE} nodes {{ ...LineFields }} }} }}
}}
{LINE_FIELDS}"""

ORDER_FULFILMENT_ORDERS = f"""query OrderFulfilmentOrders($id: ID!, $after: String) {{
  node: order(id: $id) {{
    fulfillmentOrders(first: 10, after: $after) {{ {PAGE} nodes {{ ...FulfilmentOrderFields }} }}
  }}
}}
{FULFILMENT_ORDER_FIELDS}"""

DOCUMENTS = (
    ORDERS_BY_ID,
    ORDERS_UPDATED,
    ORDER_LINES,
    ORDER_FULFILMENT_ORDERS,
)

KINDS = {
    "AUTHORIZATION": TransactionKind.AUTHORIZATION,
    "EMV_AUTHORIZATION": TransactionKind.AUTHORIZATION,
    "CAPTURE": TransactionKind.CAPTURE,
    "SALE": TransactionKind.SALE,
    "REFUND": TransactionKind.REFUND,
    "VOID": TransactionKind.VOID,
    "CHANGE": TransactionKind.CHANGE,
}
_PROPOSED = "SUGGESTED_REFUND"  # a calculation, not a transaction
STATUSES = {
    "SUCCESS": TransactionStatus.SUCCESS,
    "PENDING": TransactionStatus.PENDING,
    "AWAITING_RESPONSE": TransactionStatus.PENDING,
    "UNKNOWN": TransactionStatus.PENDING,  # not money yet
    "FAILURE": TransactionStatus.FAILED,
    "ERROR": TransactionStatus.FAILED,
}
# the worst assessment counts; an unfinished one outranks a good one
_RISK_ORDER = (RiskLevel.NONE, RiskLevel.LOW, RiskLevel.PENDING, RiskLevel.MEDIUM, RiskLevel.HIGH)


def parse_order(node: object) -> IncomingOrder:
    """One order of `OrderFields` whose connections are complete. Raises: OrderError with the field's name."""
    order = Fields(node)
    currency = order.need_text("presentmentCurrencyCode")
    nodes = order.nodes("lineItems")
    edited = [i for i, node in enumerate(nodes) if 0 < node.whole("currentQuantity") < node.whole("quantity")]
    shipping_lines = order.nodes("shippingLines")
    shipping = order.presented("currentShippingPriceSet", currency) or 0
    shipping_tax = sum(tax_minor(line, currency) for line in shipping_lines) if shipping else 0
    tax = order.presented("currentTotalTaxSet", currency) or 0
    lines = settle(
        [_line(node, currency) for node in nodes],
        edited,
        subtotal=order.presented("currentSubtotalPriceSet", currency),
        tax=tax - shipping_tax,
    )
    total = order.presented("currentTotalPriceSet", currency)
    if total is None:
        raise OrderError("missing", "currentTotalPriceSet")
    included = order.flag("taxesIncluded")
    customer = order.child("customer")
    incoming = IncomingOrder(
        external_id=order.need_text("id"),
        name=order.text("name"),
        created_at=order.need_time("createdAt"),
        updated_at=order.need_time("updatedAt"),
        currency=currency,
        lines=lines,
        total_minor=total,
        tax_minor=tax,
        shipping_minor=shipping,
        shipping_tax_minor=shipping_tax,
        discount_minor=order.presented("currentTotalDiscountsSet", currency) or 0,
        other_minor=other_minor(lines, total, shipping, shipping_tax, taxes_included=included),
        taxes_included=included,
        email=order.text("email"),
        phone=order.text("phone"),
        locale=order.text("customerLocale") or "en",
        customer_external_id=customer.text("id") if customer else "",
        shipping_address=_address(order.child("shippingAddress")),
        billing_address=_address(order.child("billingAddress")),
        shipping_code=shipping_lines[0].text("code") if shipping_lines else "",
        shipping_title=shipping_lines[0].text("title") if shipping_lines else "",
        cancelled_at=order.time("cancelledAt"),
        test=order.flag("test"),
        tags=order.texts("tags"),
        transactions=tuple(_transactions(order, currency)),
        fulfilment_orders=tuple(read_fulfilment_order(each) for each in order.nodes("fulfillmentOrders")),
        fulfilments=tuple(read_fulfilments(order)),
        risk=_risk(order.child("risk")),
    )
    check_incoming(incoming)
    return incoming


def other_minor(
    lines: tuple[IncomingLine, ...], total: int, shipping: int, shipping_tax: int, *, taxes_included: bool
) -> int:
    """What neither lines nor shipping explain: tips, duties, fees, cash rounding, refunds without a line."""
    explained = sum(line_total_minor(line, taxes_included=taxes_included) for line in lines) + shipping
    return total - explained - (0 if taxes_included else shipping_tax)


def tax_minor(fields: Fields, currency: str) -> int:
    """The sum of GraphQL tax lines."""
    return sum(tax.presented("priceSet", currency) or 0 for tax in fields.children("taxLines"))


def _line(line: Fields, currency: str) -> IncomingLine:
    quantity, current = line.whole("quantity"), line.whole("currentQuantity")
    price = line.presented("originalUnitPriceSet", currency)
    if price is None:
        raise OrderError("missing", line.at("originalUnitPriceSet"))
    discounts = line.children("discountAllocations")
    discount = sum(each.presented("allocatedAmountSet", currency) or 0 for each in discounts)
    variant = line.child("variant")
    return IncomingLine(
        external_id=line.need_text("id"),
        sku=line.text("sku"),
        title=line.text("name"),
        quantity=current,
        unit_price_minor=price,
        discount_minor=remaining_share(discount, quantity, current),
        tax_minor=remaining_share(tax_minor(line, currency), quantity, current),
        variant_external_id=variant.text("id") if variant else "",
        requires_shipping=line.flag("requiresShipping", default=True),
        gift_card=line.flag("isGiftCard"),
    )


def _transactions(order: Fields, currency: str) -> list[IncomingTransaction]:
    found = []
    for each in order.children("transactions"):
        kind = each.need_text("kind")
        if kind == _PROPOSED:
            continue
        if kind not in KINDS:
            raise OrderError("unknown_kind", each.at("kind"))
        parent = each.child("parentTransaction")
        found.append(
            IncomingTransaction(
                external_id=each.need_text("id"),
                kind=KINDS[kind],
                status=STATUSES.get(each.need_text("status"), TransactionStatus.PENDING),
                amount_minor=each.presented("amountSet", currency) or 0,
                gateway=each.text("gateway"),
                processed_at=each.time("processedAt") or each.need_time("createdAt"),
                parent_external_id=parent.text("id") if parent else "",
                authorization_expires_at=each.time("authorizationExpiresAt"),
                error_code=each.text("errorCode").lower(),
            )
        )
    return found


def _risk(risk: Fields | None) -> Risk:
    if risk is None:
        return Risk()
    assessments = risk.children("assessments")
    levels = [_risk_level(each) for each in assessments]
    recommendation = risk.text("recommendation").lower()
    return Risk(
        level=max(levels, key=_RISK_ORDER.index, default=RiskLevel.NONE),
        recommendation="" if recommendation == "none" else recommendation,
        facts=tuple(
            RiskFact(fact.text("description"), fact.text("sentiment").lower())
            for each in assessments
            for fact in each.children("facts")
        ),
    )


def _risk_level(assessment: Fields) -> RiskLevel:
    try:
        return RiskLevel(assessment.text("riskLevel").lower())
    except ValueError:
        raise OrderError("unknown_level", assessment.at("riskLevel")) from None


def _address(address: Fields | None) -> Address | None:
    if address is None:
        return None
    return Address(
        name=address.text("name"),
        company=address.text("company"),
        line1=address.text("address1"),
        line2=address.text("address2"),
        city=address.text("city"),
        region=address.text("provinceCode"),
        postal_code=address.text("zip"),
        country=address.text("countryCodeV2"),
        phone=address.text("phone"),
    )
