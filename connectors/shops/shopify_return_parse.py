"""Shopify's returns in our words, and our requests as its variables; all pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from connectors.shops.returning import (
    Awaited,
    AwaitedLine,
    CreditRefund,
    DeclineReason,
    Disposal,
    ParcelBack,
    Placed,
    PlacedUnits,
    ReturnableUnits,
    ReturnDraft,
    SendBack,
    ShopDispute,
    ShopExchangeLine,
    ShopReturn,
    ShopReturnLine,
    ShopReturnState,
    WantedExchange,
)
from connectors.shops.shopify_fields import Fields, moment_text
from domain.disputes import DisputeState, StatedDispute
from domain.money import to_decimal_text
from domain.order import OrderError
from domain.returns.words import ReturnReason

Node = dict[str, Any]
T = TypeVar("T")

STATES = {
    "REQUESTED": ShopReturnState.REQUESTED,
    "OPEN": ShopReturnState.OPEN,
    "CLOSED": ShopReturnState.CLOSED,
    "DECLINED": ShopReturnState.DECLINED,
    "CANCELED": ShopReturnState.CANCELLED,
}
PLACED = {
    "RESTOCKED": Placed.RESTOCKED,
    "NOT_RESTOCKED": Placed.NOT_RESTOCKED,
    "MISSING": Placed.MISSING,
    "PROCESSING_REQUIRED": Placed.UNDECIDED,
}
DISPUTES = {each.name: each for each in DisputeState} | {"CHARGE_REFUNDED": DisputeState.REFUNDED}
_THEIRS = {placed: name for name, placed in PLACED.items()}
_DECLINE = {DeclineReason.FINAL_SALE: "FINAL_SALE", DeclineReason.TOO_LATE: "RETURN_PERIOD_ENDED"}

# The vendor's library of reasons differs by category and a shop may add to it: handles in the order in which we would
# have them, then those that every shop has.
_HANDLES: Mapping[ReturnReason, tuple[str, ...]] = {
    ReturnReason.TOO_SMALL: ("too-small", "size-too-small"),
    ReturnReason.TOO_LARGE: ("too-big", "too-large", "size-too-large"),
    ReturnReason.COLOUR: ("color",),
    ReturnReason.STYLE: ("style",),
    ReturnReason.CHANGED_MIND: ("changed-my-mind", "unwanted"),
    ReturnReason.ORDERED_BY_MISTAKE: ("ordered-by-mistake", "changed-my-mind"),
    ReturnReason.ARRIVED_LATE: ("arrived-too-late", "arrived-late"),
    ReturnReason.UNWANTED_GIFT: ("unwanted-gift", "changed-my-mind"),
    ReturnReason.DAMAGED: ("damaged", "damaged-or-defective", "defective"),
    ReturnReason.DEFECTIVE: ("defective", "damaged-or-defective"),
    ReturnReason.WRONG: ("received-the-wrong-item", "wrong-item"),
    ReturnReason.NOT_AS_DESCRIBED: ("item-not-as-described", "not-as-described"),
    ReturnReason.MISSING: ("missing-items",),
    ReturnReason.NEVER_ARRIVED: ("never-arrived",),
    ReturnReason.OTHER: (),
}
_LAST = ("other-reason", "other", "unknown")
# what a handle that several of our reasons go to is read as
_READ = {"damaged-or-defective": ReturnReason.DEFECTIVE, "changed-my-mind": ReturnReason.CHANGED_MIND}


def parse_return(returned: Fields) -> ShopReturn:
    """A return whose connections are complete. Raises: OrderError with the field's name."""
    return ShopReturn(
        external_id=returned.need_text("id"),
        name=returned.text("name"),
        order=returned.need_child("order").need_text("id"),
        state=_word(returned, "status", STATES),
        lines=tuple(_line(each) for each in returned.nodes("returnLineItems")),
        awaited=tuple(_awaited(each) for each in returned.nodes("reverseFulfillmentOrders")),
        exchanges=tuple(_exchange(each) for each in returned.nodes("exchangeLineItems")),
    )


def _line(each: Fields) -> ShopReturnLine:
    # a line without one was returned without being an item of an order: the vendor's "unverified" lines
    units = each.child("fulfillmentLineItem")
    definition = each.child("returnReasonDefinition")
    return ShopReturnLine(
        external_id=each.need_text("id"),
        fulfilled_line=units.need_text("id") if units else "",
        line=units.need_child("lineItem").need_text("id") if units else "",
        quantity=each.whole("quantity"),
        processed=each.whole("processedQuantity"),
        refunded=each.whole("refundedQuantity"),
        reason=reason_of(definition.text("handle") if definition else ""),
        note=each.text("returnReasonNote"),
    )


def _exchange(each: Fields) -> ShopExchangeLine:
    return ShopExchangeLine(
        external_id=each.need_text("id"),
        variant=each.text("variantId"),
        quantity=each.whole("quantity"),
        processed=each.whole("processedQuantity"),
    )


def _awaited(each: Fields) -> Awaited:
    parcels = []
    for delivery in each.nodes("reverseDeliveries"):
        deliverable = delivery.child("deliverable")
        tracking = deliverable.child("tracking") if deliverable else None
        parcels.append(ParcelBack(delivery.need_text("id"), tracking.text("number") if tracking else ""))
    return Awaited(
        external_id=each.need_text("id"),
        is_open=each.text("status") == "OPEN",
        lines=tuple(_awaited_line(line) for line in each.nodes("lineItems")),
        parcels=tuple(parcels),
    )


def _awaited_line(each: Fields) -> AwaitedLine:
    units = each.child("fulfillmentLineItem")
    return AwaitedLine(
        external_id=each.need_text("id"),
        fulfilled_line=units.need_text("id") if units else "",
        quantity=each.whole("totalQuantity"),
        placed=tuple(_placed(said) for said in each.children("dispositions")),
    )


def _placed(said: Fields) -> PlacedUnits:
    location = said.child("location")
    return PlacedUnits(
        _word(said, "type", PLACED), said.whole("quantity"), location.need_text("id") if location else ""
    )


def parse_returnable(fulfilment: Fields) -> list[ReturnableUnits]:
    """What can be returned of one fulfilment. Raises: OrderError."""
    found = []
    for each in fulfilment.nodes("returnableFulfillmentLineItems"):
        units = each.need_child("fulfillmentLineItem")
        line = units.need_child("lineItem").need_text("id")
        found.append(ReturnableUnits(units.need_text("id"), line, each.whole("quantity")))
    return found


def parse_disputes(order: Fields) -> list[ShopDispute]:
    """Raises: OrderError, for a state too that is not known: whether money may go out depends on it."""
    return [
        ShopDispute(
            each.need_text("id"), _word(each, "status", DISPUTES), is_inquiry=each.text("initiatedAs") == "INQUIRY"
        )
        for each in order.children("disputes")
    ]


def parse_listed_dispute(fields: Fields) -> StatedDispute:
    """One of the shop's list. Raises: OrderError, for a state too that is not known."""
    money, order = fields.need_child("amount"), fields.child("order")
    currency = money.need_text("currencyCode")
    money.need_text("amount")
    reason = fields.child("reasonDetails")
    return StatedDispute(
        external_id=fields.need_text("legacyResourceId"),
        state=_word(fields, "status", DISPUTES),
        is_inquiry=fields.text("type") == "INQUIRY",
        amount_minor=money.amount("amount", currency),
        currency=currency,
        reason=reason.text("reason").lower() if reason else "",
        answer_by=fields.time("evidenceDueBy"),
        order=order.need_text("id") if order else "",
    )


def _word(fields: Fields, key: str, words: Mapping[str, T]) -> T:
    word = words.get(fields.need_text(key))
    if word is None:
        raise OrderError("unknown_word", fields.at(key))
    return word


def reason_of(handle: str) -> ReturnReason:
    """Our word for a reason of the shop's library."""
    if handle in _READ:
        return _READ[handle]
    return next((ours for ours, handles in _HANDLES.items() if handle in handles), ReturnReason.OTHER)


def reason_ids(definitions: Iterable[Fields]) -> dict[str, str]:
    """Handle -> id of the reasons that can be chosen. Raises: OrderError."""
    return {each.need_text("handle"): each.need_text("id") for each in definitions if not each.flag("deleted")}


def reason_id(reason: ReturnReason | None, known: Mapping[str, str]) -> str:
    """Id of the definition that comes nearest. Raises: OrderError when the shop has none at all."""
    wanted = (*_HANDLES[reason], *_LAST) if reason else tuple(reversed(_LAST))
    found = next((known[handle] for handle in wanted if handle in known), None) or next(iter(known.values()), None)
    if found is None:
        raise OrderError("missing", "returnReasonDefinitions")
    return found


def create_variables(draft: ReturnDraft, reasons: Mapping[str, str]) -> Node:
    wanted: Node = {
        "orderId": draft.order,
        "returnLineItems": [
            {
                "fulfillmentLineItemId": each.fulfilled_line,
                "quantity": each.quantity,
                "returnReasonDefinitionId": reason_id(each.reason, reasons),
                "returnReasonNote": draft.reference,
            }
            for each in draft.lines
        ],
    }
    if draft.requested_at is not None:
        wanted["requestedAt"] = moment_text(draft.requested_at)
    if draft.exchanges:
        wanted["exchangeLineItems"] = [_wanted_exchange(each, draft.currency) for each in draft.exchanges]
    if draft.fee_minor:
        wanted["returnShippingFee"] = {"amount": _money(draft.fee_minor, draft.currency)}
    return {"returnInput": wanted}


def _wanted_exchange(each: WantedExchange, currency: str) -> Node:
    wanted: Node = {"variantId": each.variant, "quantity": each.quantity}
    if each.discount_minor:
        value = {"amount": _money(each.discount_minor, currency)}
        wanted["appliedDiscount"] = {"description": "Exchange", "value": value}
    return wanted


def decline_variables(external_id: str, reason: DeclineReason, note: str) -> Node:
    wanted = {"id": external_id, "declineReason": _DECLINE.get(reason, "OTHER"), "notifyCustomer": False}
    return {"input": wanted | ({"declineNote": note} if note else {})}


def process_variables(external_id: str, lines: Iterable[tuple[str, int]]) -> Node:
    units = [{"id": line, "quantity": quantity} for line, quantity in lines]
    return {"input": {"returnId": external_id, "returnLineItems": units, "notifyCustomer": False}}


def exchange_variables(external_id: str, lines: Iterable[tuple[str, int]]) -> Node:
    units = [{"id": line, "quantity": quantity} for line, quantity in lines]
    return {"input": {"returnId": external_id, "exchangeLineItems": units, "notifyCustomer": False}}


def parcel_variables(parcel: SendBack) -> Node:
    """What both ways of telling of a parcel have in common. The vendor overwrites only what it is given."""
    tracking = {"number": parcel.tracking_number, **({"url": parcel.tracking_url} if parcel.tracking_url else {})}
    label = {"fileUrl": parcel.label_url} if parcel.label_url else None
    return {"trackingInput": tracking, "labelInput": label, "notifyCustomer": False}


def dispose_variables(disposals: Sequence[Disposal]) -> Node:
    return {
        "dispositionInputs": [
            {
                "reverseFulfillmentOrderLineItemId": each.awaited_line,
                "quantity": each.quantity,
                "dispositionType": _THEIRS[each.placed],
                **({"locationId": each.location} if each.location else {}),
            }
            for each in disposals
        ]
    }


def credit_variables(request: CreditRefund) -> Node:
    credit: Node = {"amount": _money(request.amount_minor, request.currency)}
    if request.expires_at is not None:
        credit["expiresAt"] = moment_text(request.expires_at)
    wanted = {
        "orderId": request.order,
        "currency": request.currency,
        "note": request.note,
        "notify": False,
        "refundMethods": [{"storeCreditRefund": credit}],
    }
    return {"key": request.key, "input": wanted}


def _money(minor: int, currency: str) -> Node:
    return {"amount": to_decimal_text(minor, currency), "currencyCode": currency}
