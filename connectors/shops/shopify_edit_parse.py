"""What an order would come to, and what an edit has left of one, out of Shopify's answers; all pure."""

from collections import Counter
from collections.abc import Iterable, Mapping

from connectors.shops.editing import CalculatedLine, CalculatedOrder, LinesEdit, ShippingChoice
from connectors.shops.shopify_fields import Fields
from connectors.shops.shopify_orders import tax_minor

_LINE = "gid://shopify/LineItem/"
_REMOVED = "REMOVED"
_OVER = frozenset({"CLOSED", "CANCELLED"})


def line_number(gid: str) -> str:
    """What a line and its calculated line have in common: the vendor gives both the same number."""
    return gid.rpartition("/")[2]


def present_shipping(calculated: Fields) -> list[Fields]:
    """The shipping lines that the order would have."""
    return [each for each in calculated.children("shippingLines") if each.text("stagedStatus") != _REMOVED]


def paid_in(calculated: Fields) -> str:
    return calculated.need_child("originalOrder").need_text("presentmentCurrencyCode")


def parse_calculated(calculated: Fields) -> CalculatedOrder:
    """A calculated order whose connections are complete. Raises: OrderError with the field's name.

    The vendor states shipping before its discounts only. What the total has beside goods and tax is the better
    figure where it is smaller: the rest of it may be a tip or a duty, never a discount.
    """
    currency = paid_in(calculated)
    total = _need_minor(calculated, "totalPriceSet", currency)
    subtotal = _need_minor(calculated, "subtotalPriceSet", currency)
    tax = tax_minor(calculated, currency)
    listed = sum(_need_minor(each, "price", currency) for each in present_shipping(calculated))
    included = calculated.need_child("originalOrder").flag("taxesIncluded")
    beside_goods = total - subtotal - (0 if included else tax)
    existing, added = calculated.nodes("lineItems"), calculated.nodes("addedLineItems")
    return CalculatedOrder(
        currency=currency,
        total_minor=total,
        subtotal_minor=subtotal,
        tax_minor=tax,
        shipping_minor=min(listed, max(beside_goods, 0)),
        outstanding_minor=_need_minor(calculated, "totalOutstandingSet", currency),
        lines=(
            *(
                _line(each, f"gid://shopify/LineItem/{line_number(each.need_text('id'))}", currency)
                for each in existing
            ),
            *(_line(each, "", currency) for each in added),
        ),
        discounts=tuple(sorted({name for each in (*existing, *added) for name in _discounts(each, currency)})),
    )


def edit_done(edit: LinesEdit, order: Fields) -> bool | None:
    """Whether the order (its connections complete) has what the edit asks for. Raises: OrderError.

    A commit does all or nothing, and a line that it added stays listed even when somebody removes it later. So an
    order without a trace of the lines to add was not edited, whatever its other lines say.
    """
    lines = order.nodes("lineItems")
    new = [each for each in lines if each.need_text("id") not in edit.before]
    wanted: Counter[str] = Counter()
    for each in edit.added:
        wanted[each.variant] += each.quantity
    there: Counter[str] = Counter()
    for line in new:
        variant = line.child("variant")
        there[variant.text("id") if variant else ""] += line.whole("currentQuantity")
    if wanted and not wanted.keys() & there.keys():
        return False
    parts = [there[variant] == quantity for variant, quantity in wanted.items()]
    waiting = _waiting(order)
    now = {each.need_text("id"): each.whole("currentQuantity") for each in lines}
    parts += [_has_quantity(now, waiting, each.line, each.quantity) for each in edit.quantities]
    if edit.shipping is not None:
        parts.append(_ships_by(order, edit.shipping))
    foreign = any(quantity for variant, quantity in there.items() if variant not in wanted)
    if all(parts) and not foreign:
        return True
    return None if any(parts) or wanted else False


def parse_outstanding(order: Fields) -> tuple[str, int]:
    """The currency and the minor units that the shop still expects. Raises: OrderError."""
    currency = order.need_text("presentmentCurrencyCode")
    return currency, _need_minor(order, "totalOutstandingSet", currency)


def _has_quantity(now: Mapping[str, int], waiting: Mapping[str, int], line: str, wanted: int) -> bool:
    if wanted or line not in now:
        return now.get(line) == wanted
    # what has shipped stays in the line; one that no fulfilment order knows of has shipped nothing
    return now[line] == 0 or waiting.get(line) == 0


def _waiting(order: Fields) -> dict[str, int]:
    """Units of each line that are still to be shipped."""
    waiting: dict[str, int] = {}
    for fulfilment_order in order.nodes("fulfillmentOrders"):
        over = fulfilment_order.text("status") in _OVER
        for each in fulfilment_order.nodes("lineItems"):
            line = each.need_child("lineItem").need_text("id")
            waiting[line] = waiting.get(line, 0) + (0 if over else each.whole("remainingQuantity"))
    return waiting


def _ships_by(order: Fields, choice: ShippingChoice) -> bool:
    currency = order.need_text("presentmentCurrencyCode")
    present = order.nodes("shippingLines")  # without the removed ones, unless asked for
    found = [(each.text("title"), _need_minor(each, "originalPriceSet", currency)) for each in present]
    return currency == choice.currency and found == [(choice.title, choice.price_minor)]


def _line(each: Fields, line: str, currency: str) -> CalculatedLine:
    variant = each.child("variant")
    return CalculatedLine(
        line=line,
        variant=variant.text("id") if variant else "",
        sku=each.text("sku"),
        title=each.text("title"),
        quantity=each.whole("quantity"),
        unit_price_minor=_need_minor(each, "originalUnitPriceSet", currency),
        discounted_unit_price_minor=_need_minor(each, "discountedUnitPriceSet", currency),
    )


def _discounts(each: Fields, currency: str) -> Iterable[str]:
    if not each.whole("quantity"):
        return
    for allocation in each.children("calculatedDiscountAllocations"):
        application = allocation.need_child("discountApplication")
        name = application.text("code") or application.text("description")
        if name and allocation.presented("allocatedAmountSet", currency):
            yield name


def _need_minor(fields: Fields, key: str, currency: str) -> int:
    fields.need_child(key)
    return fields.presented(key, currency) or 0
