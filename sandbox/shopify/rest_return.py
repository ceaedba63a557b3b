"""Webhook bodies about returns and disputes.

Shaped like the vendor's sample payloads of 2026-07: they name the return and count its lines, but do not carry them,
so whoever hears of a return has to read it. `returns/process` has no sample; it is told like the other returns.
"""

from collections.abc import Callable

from sandbox.shopify.rest import Body, money_set, when
from sandbox.shopify.return_model import Disposition, Dispute, Return, ReverseDelivery, ReverseOrder, ReverseOrderLine
from sandbox.shopify.state import Shop, gid


def _named(kind: str, number: int) -> Body:
    return {"id": number, "admin_graphql_api_id": gid(kind, number)}


def _short(back: Return) -> Body:
    return {**_named("Return", back.id), "order_id": back.order.id, "status": back.status.lower()}


def _long(back: Return) -> Body:
    fees = [{**_named("ReturnShippingFee", back.fee.id), "price": money_set(back.fee.amount)}] if back.fee else []
    return {
        **_named("Return", back.id),
        "status": back.status.lower(),
        "order": _named("Order", back.order.id),
        "total_return_line_items": len(back.lines),
        "name": None,
        "return_line_items": [],
        "return_shipping_fees": fees,
        "exchange_line_items": [{**_named("ExchangeLineItem", x.id), "line_item": None} for x in back.exchanges],
        "total_exchange_line_items": len(back.exchanges),
    }


def _declined(back: Return) -> Body:
    decline = back.decline or {}
    return {
        **_named("Return", back.id),
        "status": back.status.lower(),
        "decline": {"reason": (decline.get("reason") or "").lower(), "note": decline.get("note")},
        "order": _named("Order", back.order.id),
    }


BODIES: dict[str, Callable[[Return], Body]] = {
    "REQUEST": _long,
    "APPROVE": _long,
    "DECLINE": _declined,
    "CANCEL": _short,
    "CLOSE": _short,
    "REOPEN": _short,
    "PROCESS": _short,
}


def changed(back: Return, removed: list[tuple[int, int]]) -> Body:
    return {
        "admin_graphql_api_id": gid("Return", back.id),
        "return_line_items": {
            "removals": [{"admin_graphql_api_id": gid("ReturnLineItem", at), "delta": count} for at, count in removed]
        },
        "restocking_fees": {"updates": [], "removals": []},
        "return_shipping_fees": {"updates": [], "removals": []},
    }


def deliverable(shop: Shop, value: ReverseDelivery) -> Body:
    label, tracking = value.label, value.tracking or {}
    return {
        **_named("ReverseDelivery", value.id),
        "return": _named("Return", value.order.back.id),
        "shipping_deliverable": {
            "label": {
                "created_at": when(shop, label.created_at) if label else None,
                "public_file_url": label.url if label else None,
            },
            "tracking": {
                "carrier_name": tracking.get("carrierName"),
                "tracking_number": tracking.get("number"),
                "tracking_url": tracking.get("url"),
            },
        },
    }


def disposed(order: ReverseOrder, made: list[tuple[ReverseOrderLine, Disposition]]) -> Body:
    return {
        **_named("ReverseFulfillmentOrder", order.id),
        "dispositions": [
            {
                "type": each.type.lower(),
                "quantity": each.quantity,
                "location": _named("Location", each.location.id) if each.location else None,
                "reverse_fulfillment_order_line_item": _named("ReverseFulfillmentOrderLineItem", line.id),
                "reverse_delivery_line_item": None,
            }
            for line, each in made
        ],
        "total_dispositions": len(made),
    }


def dispute(shop: Shop, value: Dispute) -> Body:
    return {
        "id": value.id,
        "order_id": value.order.id,
        "type": value.type.lower(),
        "amount": format(value.amount, "f"),
        "currency": value.order.pair.presentment,
        "reason": value.reason.lower(),
        "network_reason_code": value.code,
        "status": value.status.lower(),
        "evidence_due_by": when(shop, value.evidence_due_by),
        "evidence_sent_on": when(shop, value.evidence_sent_on),
        "finalized_on": when(shop, value.finalized_on),
        "initiated_at": when(shop, value.initiated_at),
    }
