"""What customers and staff do with returns and disputes in the shop itself, with the webhooks that follow."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from graphql import GraphQLEnumType

from sandbox.shopify import hooks, processing, returning, totals
from sandbox.shopify.gql.document import schema
from sandbox.shopify.model import Order
from sandbox.shopify.return_model import Dispute, Return
from sandbox.shopify.returning import ReturnError
from sandbox.shopify.state import Shop, gid

_TO_ANSWER = timedelta(days=9)
_OVER = ("WON", "LOST", "ACCEPTED", "PREVENTED")


def begin(shop: Shop, order: Order, body: dict[str, Any]) -> None:
    """{"lines": [{"sku", "quantity", "reason"?, "note"?, "fee_percent"?}], "exchange"?: [{"sku", "quantity"}],
    "shipping_fee"?, "requested"?}: a return of shipped units, open at once or only asked for by the customer.
    """
    requested = bool(body.get("requested"))
    wanted: dict[str, Any] = {
        "returnLineItems": [_line(order, each, requested) for each in body["lines"]],
        "exchangeLineItems": [
            {"variantId": gid("ProductVariant", shop.skus[each["sku"]].id), "quantity": int(each["quantity"])}
            for each in body.get("exchange") or []
        ],
    }
    if body.get("shipping_fee"):
        fee = {"amount": str(body["shipping_fee"]), "currencyCode": order.pair.presentment}
        wanted["returnShippingFee"] = {"amount": fee}
    _told(lambda: returning.make(shop, order, wanted, "input", requested=requested))


def _line(order: Order, wanted: dict[str, Any], requested: bool) -> dict[str, Any]:
    units = [each for each in returning.fulfilled_units(order) if each.line.variant.sku == wanted["sku"]]
    if not units:
        raise ValueError(f"nothing shipped of {wanted['sku']}")
    best = max(units, key=returning.returnable)
    note, percent = str(wanted.get("note") or "in the shop"), wanted.get("fee_percent")
    return {
        "fulfillmentLineItemId": gid("FulfillmentLineItem", best.id),
        "quantity": int(wanted["quantity"]),
        "returnReason": str(wanted.get("reason") or "UNWANTED").upper(),
        "customerNote" if requested else "returnReasonNote": note,
        "restockingFee": None if percent is None else {"percentage": float(percent)},
    }


def _told(act: Callable[[], Any]) -> None:
    """The vendor's refusal as the control's."""
    try:
        act()
    except ReturnError as problem:
        raise ValueError(str(problem)) from problem


def _in(back: Return, *states: str) -> None:
    if back.status not in states:
        raise ValueError(f"the return is {back.status.lower()}")


def approve(shop: Shop, back: Return, _body: dict[str, Any]) -> None:
    _in(back, "REQUESTED")
    returning.open_up(shop, back)


def decline(shop: Shop, back: Return, body: dict[str, Any]) -> None:
    _in(back, "REQUESTED")
    back.decline = {"reason": str(body.get("reason") or "OTHER").upper(), "note": body.get("note")}
    returning.end(shop, back, "DECLINED")


def cancel(shop: Shop, back: Return, _body: dict[str, Any]) -> None:
    _in(back, "OPEN")
    if back.begun:
        raise ValueError("work was done on the return")
    returning.end(shop, back, "CANCELED")


def close(shop: Shop, back: Return, _body: dict[str, Any]) -> None:
    _in(back, "OPEN")
    returning.end(shop, back, "CLOSED")


def process(shop: Shop, back: Return, body: dict[str, Any]) -> None:
    """All that is left of it; `restock` puts the goods on the first location's shelf, `refund` gives the money for
    them back the way it came.
    """
    place = next(iter(shop.locations.values()))
    kind = "RESTOCKED" if body.get("restock", True) else "NOT_RESTOCKED"
    parts = {part.of: part for order in back.reverse_orders for part in order.lines}
    wanted: dict[str, Any] = {
        "returnLineItems": [
            {
                "id": gid("ReturnLineItem", each.id),
                "quantity": each.processable,
                "dispositions": [
                    {
                        "reverseFulfillmentOrderLineItemId": gid("ReverseFulfillmentOrderLineItem", parts[each].id),
                        "quantity": min(each.processable, parts[each].open),
                        "dispositionType": kind,
                        "locationId": gid("Location", place.id),
                    }
                ]
                if parts[each].open
                else [],
            }
            for each in back.lines
            if each.processable
        ],
        "exchangeLineItems": [
            {"id": gid("ExchangeLineItem", each.id), "quantity": each.unprocessed}
            for each in back.exchanges
            if each.unprocessed
        ],
    }
    if body.get("refund"):
        wanted["financialTransfer"] = {"issueRefund": processing.suggested(shop, back)}
    _told(lambda: processing.apply(shop, back, processing.plan(shop, back, wanted), None))


ACTS: dict[str, Callable[[Shop, Return, dict[str, Any]], None]] = {
    "approve": approve,
    "decline": decline,
    "cancel": cancel,
    "close": close,
    "process": process,
}


def dispute(shop: Shop, order: Order, body: dict[str, Any]) -> None:
    """{"reason"?, "type"?: "chargeback"|"inquiry", "amount"?, "status"?}: the customer's bank takes the money back;
    asked again with a status the open dispute gets it. Only the vendor's words are taken, in whatever case.
    """
    state = _word(body, "status", "DisputeStatus", "NEEDS_RESPONSE")
    kind = _word(body, "type", "DisputeType", "CHARGEBACK")
    reason = _word(body, "reason", "ShopifyPaymentsDisputeReason", "PRODUCT_NOT_RECEIVED")
    known = next((each for each in order.disputes if each.status not in _OVER), None)
    if known is None:
        amount = Decimal(str(body["amount"])) if "amount" in body else totals.captured(order).presentment
        now = shop.now()
        made = Dispute(shop.new_id(), order, kind, state, reason, "4853", amount, now, now + _TO_ANSWER)
        shop.disputes[made.id] = made
        order.disputes.append(made)
        _stand(shop, made, state)
        hooks.dispute(shop, "CREATE", made)
        return
    _stand(shop, known, state)
    hooks.dispute(shop, "UPDATE", known)


def _word(body: dict[str, Any], name: str, enum: str, default: str) -> str:
    """Raises ValueError for a value that the vendor's schema does not have, for no query could tell it."""
    word = str(body.get(name) or default).upper()
    kind = schema().type_map[enum]
    assert isinstance(kind, GraphQLEnumType)
    if word not in kind.values:
        raise ValueError(f"{name} must be one of {', '.join(kind.values)}")
    return word


def _stand(shop: Shop, value: Dispute, state: str) -> None:
    """A bank reviews what it was sent, so a dispute under review has had its evidence."""
    value.status, value.finalized_on = state, shop.now() if state in _OVER else None
    if state == "UNDER_REVIEW" and value.evidence_sent_on is None:
        value.evidence_sent_on = shop.now()
