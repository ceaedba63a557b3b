"""Returns of an order: what may come back, and how a return begins and ends.

Written from the vendor's schema file. The wording of refusals, the names of returns, `Order.returnStatus` and that a
return leaves the order's `updatedAt` alone are those of recorded answers of the real API in version 2026-04
(github.com/airhorns/shopify-draft-proxy, fixtures/conformance). Where nothing is recorded, the schema's own words.
"""

from decimal import Decimal
from typing import Any

from sandbox.shopify import hooks
from sandbox.shopify.charges import Discount
from sandbox.shopify.gql.errors import FieldError
from sandbox.shopify.model import Order
from sandbox.shopify.money import Bag
from sandbox.shopify.mutate_holds import Payload, error
from sandbox.shopify.return_model import (
    ExchangeLine,
    Fulfilled,
    Reason,
    Return,
    ReturnLine,
    ReverseOrder,
    ReverseOrderLine,
    ShippingFee,
)
from sandbox.shopify.state import Shop, number_of

REASONS = tuple(
    Reason(at, handle, name, legacy)
    for at, (handle, name, legacy) in enumerate(
        (
            ("unknown", "Unknown", "UNKNOWN"),
            ("changed-my-mind", "Changed my mind", "UNWANTED"),
            ("item-not-as-described", "Item not as described", "NOT_AS_DESCRIBED"),
            ("received-the-wrong-item", "Received the wrong item", "WRONG_ITEM"),
            ("other-reason", "Other", "OTHER"),
            ("damaged-or-defective", "Damaged or defective", "DEFECTIVE"),
            ("too-small", "Too small", "SIZE_TOO_SMALL"),
            ("too-big", "Too big", "SIZE_TOO_LARGE"),
            ("style", "Style", "STYLE"),
            ("color", "Color", "COLOR"),
        ),
        start=1,
    )
)
_BY_LEGACY = {each.legacy: each for each in REASONS}
Parts = list[tuple[ReturnLine, int]]
Swaps = list[tuple[ExchangeLine, int]]
_HOLDING = ("REQUESTED", "OPEN", "CLOSED")  # the others give their units back
_LONGEST_NOTE, _LONGEST_CUSTOMER_NOTE = 255, 300
_BAD_QUANTITY = "Return line item has an invalid quantity."
_NO_REASON = "Return line items Either return reason or return reason definition must be provided"
_NO_NOTE = 'Return line items return reason note The note is required when the return reason is "Other"'


class ReturnError(Exception):
    """The vendor's user errors; nothing has changed."""

    def __init__(self, *errors: Payload) -> None:
        super().__init__(errors[0]["message"])
        self.errors = list(errors)


def refuse(path: list[str] | None, message: str, code: str | None) -> ReturnError:
    return ReturnError(error(path, message, code))


def number(text: str, kind: str) -> int:
    """The number of a global id. One of another kind is not the field's error but the request's."""
    if not text.startswith(f"gid://shopify/{kind}/"):
        raise FieldError(f"Invalid id: {text}", "RESOURCE_NOT_FOUND")
    return number_of(text, kind)


def fulfilled_units(order: Order) -> list[Fulfilled]:
    return [
        Fulfilled(at, line, count, each)
        for each in order.fulfillments
        if each.status == "SUCCESS"
        for at, line, count in each.lines
    ]


def returnable(units: Fulfilled) -> int:
    """How many of these units can still be returned: neither in another return nor refunded without one."""
    order, taken, waiting = units.line.order, 0, 0
    for back in order.returns:
        for each in back.lines if back.status in _HOLDING else ():
            taken += each.quantity if each.fulfilled.id == units.id else 0
            waiting += each.unprocessed if each.fulfilled.line is units.line else 0
    return max(min(units.quantity - taken, units.line.shipped - waiting), 0)


def status_of(order: Order) -> str:
    """`Order.returnStatus`: what waits for the merchant comes before what is under way."""
    states = {each.status for each in order.returns}
    for state, shown in (("REQUESTED", "RETURN_REQUESTED"), ("OPEN", "IN_PROGRESS"), ("CLOSED", "RETURNED")):
        if state in states:
            return shown
    return "NO_RETURN"


def make(shop: Shop, order: Order, wanted: dict[str, Any], root: str, *, requested: bool) -> Return:
    """A return from `ReturnInput` or `ReturnRequestInput`. Raises ReturnError before anything has changed."""
    path = [root, "returnLineItems"]
    given, swaps = wanted["returnLineItems"], wanted.get("exchangeLineItems") or []
    if not given:
        raise refuse(path, "Return line items can't be blank", "BLANK")
    left: dict[int, int] = {}
    lines = [_line(shop, order, each, [*path, str(at)], left, requested) for at, each in enumerate(given)]
    exchanges = [_exchange(shop, order, each, [root, "exchangeLineItems", str(at)]) for at, each in enumerate(swaps)]
    fee = _fee(shop, order, wanted.get("returnShippingFee"), root)
    made = Return(
        shop.new_id(), order, len(order.returns) + 1, shop.now(), "REQUESTED", lines, exchanges=exchanges, fee=fee
    )
    order.returns.append(made)
    shop.returns[made.id] = made
    if requested:
        hooks.returned(shop, "REQUEST", made)
    else:
        open_up(shop, made)
    return made


def _line(
    shop: Shop, order: Order, wanted: dict[str, Any], path: list[str], left: dict[int, int], requested: bool
) -> ReturnLine:
    at = number(wanted["fulfillmentLineItemId"], "FulfillmentLineItem")
    units = next((each for each in fulfilled_units(order) if each.id == at), None)
    if units is None:
        raise refuse([*path, "fulfillmentLineItemId"], "Fulfillment Line Item was not found.", "NOT_FOUND")
    free = left.setdefault(at, returnable(units))
    if not 0 < wanted["quantity"] <= free:
        raise refuse([*path, "quantity"], _BAD_QUANTITY, "INVALID")
    left[at] = free - wanted["quantity"]
    reason = _reason(wanted, path, requested=requested)
    note, customer_note = wanted.get("returnReasonNote") or "", wanted.get("customerNote")
    by_enum = wanted.get("returnReasonDefinitionId") is None
    if not requested and by_enum and reason.legacy == "OTHER" and not note.strip():
        raise refuse([*path, "returnReasonNote"], _NO_NOTE, "BLANK")
    for name, text, longest in (
        ("returnReasonNote", note, _LONGEST_NOTE),
        ("customerNote", customer_note or "", _LONGEST_CUSTOMER_NOTE),
    ):
        if len(text) > longest:
            raise refuse([*path, name], f"is too long (maximum is {longest} characters)", "TOO_LONG")
    percent = (wanted.get("restockingFee") or {}).get("percentage")
    if percent is not None and not 0 <= percent <= 100:
        raise refuse([*path, "restockingFee", "percentage"], "must be between 0 and 100", "INVALID")
    return ReturnLine(
        shop.new_id(), units, wanted["quantity"], reason, note, customer_note, shop.new_id(),
        Decimal(str(percent)) if percent else None,
    )  # fmt: skip


def _reason(wanted: dict[str, Any], path: list[str], *, requested: bool) -> Reason:
    chosen = wanted.get("returnReasonDefinitionId")
    if chosen is not None:
        at = number(chosen, "ReturnReasonDefinition")
        found = next((each for each in REASONS if each.id == at), None)
        if found is None:
            raise refuse([*path, "returnReasonDefinitionId"], "Return reason definition was not found.", "NOT_FOUND")
        return found
    legacy = wanted.get("returnReason")
    if legacy is None and requested:
        raise refuse([*path, "returnReason"], "Return reason can't be blank", "BLANK")
    if legacy is None:
        raise refuse(path, _NO_REASON, "NOT_FOUND")
    return _BY_LEGACY[legacy]


def _exchange(shop: Shop, order: Order, wanted: dict[str, Any], path: list[str]) -> ExchangeLine:
    variant = shop.variants.get(number(wanted["variantId"], "ProductVariant")) if wanted.get("variantId") else None
    if variant is None:
        raise refuse([*path, "variantId"], "Variant was not found.", "NOT_FOUND")
    if wanted["quantity"] < 1:
        raise refuse([*path, "quantity"], "Quantity must be greater than 0", "GREATER_THAN")
    discount, applied = None, wanted.get("appliedDiscount")
    if applied is not None:
        value, title = applied["value"], applied.get("description") or "Discount"
        percent, fixed = value.get("percentage"), value.get("amount")
        if (percent is None) is (fixed is None):
            raise refuse([*path, "appliedDiscount"], "Value must be an amount or a percentage.", "INVALID")
        amount = None if fixed is None else money(order, fixed, [*path, "appliedDiscount", "value", "amount"])
        discount = Discount(shop.new_id(), title, None if percent is None else Decimal(str(percent)), amount)
    return ExchangeLine(shop.new_id(), variant, wanted["quantity"], discount, variant.product.title)


def money(order: Order, wanted: dict[str, Any], path: list[str]) -> Bag:
    """An amount in the currency the customer paid in."""
    if wanted["currencyCode"] != order.pair.presentment:
        raise refuse([*path, "currencyCode"], f"The currency must be {order.pair.presentment}.", "INVALID")
    if Decimal(wanted["amount"]) < 0:
        raise refuse([*path, "amount"], "must be greater than or equal to 0", "GREATER_THAN_OR_EQUAL_TO")
    return order.pair.from_presentment(Decimal(wanted["amount"]))


def _fee(shop: Shop, order: Order, wanted: dict[str, Any] | None, root: str) -> ShippingFee | None:
    if wanted is None:
        return None
    return ShippingFee(shop.new_id(), money(order, wanted["amount"], [root, "returnShippingFee", "amount"]))


def open_up(shop: Shop, back: Return) -> None:
    """The return is approved: its units are awaited, and an archived order is open again."""
    order = back.order
    back.status, back.request_approved_at = "OPEN", shop.now()
    lines = [ReverseOrderLine(shop.new_id(), each, each.quantity) for each in back.lines]
    made = ReverseOrder(shop.new_id(), back, lines)
    back.reverse_orders.append(made)
    shop.reverse_orders[made.id] = made
    hooks.returned(shop, "APPROVE", back)
    if order.closed_at is not None and order.cancelled_at is None:
        order.closed_at = None
        hooks.updated(shop, order)


def end(shop: Shop, back: Return, status: str) -> None:
    """CLOSED, CANCELED or DECLINED; what is awaited of it follows."""
    back.status = status
    back.closed_at = shop.now() if status == "CLOSED" else None
    for each in back.reverse_orders:
        each.status = status
    hooks.returned(shop, {"CLOSED": "CLOSE", "CANCELED": "CANCEL", "DECLINED": "DECLINE"}[status], back)


def reopen(shop: Shop, back: Return) -> None:
    back.status, back.closed_at = "OPEN", None
    for each in back.reverse_orders:
        each.status = "OPEN"
    hooks.returned(shop, "REOPEN", back)


def remove(
    shop: Shop, back: Return, lines: list[tuple[ReturnLine, int]], swaps: list[tuple[ExchangeLine, int]]
) -> None:
    """Take units out of an open return; a line of which nothing is left goes."""
    for line, count in lines:
        line.quantity -= count
        for order in back.reverse_orders:
            for part in order.lines:
                part.total -= count if part.of is line else 0
            order.lines = [part for part in order.lines if part.total]
    for swap, count in swaps:
        swap.removed += count
    back.lines = [each for each in back.lines if each.quantity]
    hooks.return_changed(shop, back, [(line.id, count) for line, count in lines])
