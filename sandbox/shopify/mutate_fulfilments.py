"""fulfillmentCreate, fulfillmentTrackingInfoUpdate, fulfillmentEventCreate."""

from typing import Any

from sandbox.core.clock import parse_time
from sandbox.shopify import fulfilling, hooks, rest, totals
from sandbox.shopify.fulfilling import Parts
from sandbox.shopify.gql.registry import Arguments, Call, field
from sandbox.shopify.model import Fulfillment, FulfillmentOrder
from sandbox.shopify.mutate_holds import Payload, error, parts_of, the_fo
from sandbox.shopify.state import gid, number_of

Chosen = list[tuple[FulfillmentOrder, Parts]]


@field("Mutation", "fulfillmentCreate")
def create(_root: Any, arguments: Arguments, call: Call) -> Payload:
    wanted, shop = arguments["fulfillment"], call.shop
    chosen = _chosen(call, wanted["lineItemsByFulfillmentOrder"])
    if isinstance(chosen, str):
        return {"fulfillment": None, "userErrors": [error(["fulfillment"], chosen)]}
    made = fulfilling.fulfil(shop, chosen, wanted.get("trackingInfo"))
    made.notified += 1 if wanted.get("notifyCustomer") else 0
    order = made.order
    done = totals.fulfillment_status(order) == "FULFILLED"
    if done and totals.financial_status(order, shop.now()) == "PAID":
        order.closed_at = order.closed_at or shop.now()
    hooks.fulfillment(shop, "FULFILLMENTS_CREATE", made)
    hooks.updated(shop, order)
    hooks.order(shop, "ORDERS_FULFILLED" if done else "ORDERS_PARTIALLY_FULFILLED", order)
    call.accept(f"{order.name}:{made.tracking[0][0] if made.tracking else None}")
    return {"fulfillment": made, "userErrors": []}


def _chosen(call: Call, wanted: list[dict[str, Any]]) -> Chosen | str:
    """What to fulfil, or the vendor's reason to refuse."""
    chosen: Chosen = []
    for each in wanted:
        value = the_fo(call, each["fulfillmentOrderId"])
        if value is None:
            return "Fulfillment order does not exist."
        if value.status not in ("OPEN", "IN_PROGRESS"):
            return f"Fulfillment order {value.id} has an unfulfillable status= {value.status.lower()}."
        parts = parts_of(value, each.get("fulfillmentOrderLineItems"))
        if not parts:
            return "Invalid fulfillment order line item quantity requested."
        chosen.append((value, parts))
    if not chosen:
        return "At least one fulfillment order is required."
    if len({value.id for value, _ in chosen}) < len(chosen):
        return "Fulfillment orders must be unique."
    first = chosen[0][0]
    if any(value.order is not first.order or value.location is not first.location for value, _ in chosen):
        return "All fulfillment orders must belong to the same order and be assigned to the same location."
    return chosen


def _found(call: Call, wanted: str) -> Fulfillment | None:
    return call.shop.fulfillments.get(number_of(wanted, "Fulfillment"))


@field("Mutation", "fulfillmentTrackingInfoUpdate")
def update_tracking(_root: Any, arguments: Arguments, call: Call) -> Payload:
    value, shop = _found(call, arguments["fulfillmentId"]), call.shop
    if value is None:
        return {"fulfillment": None, "userErrors": [error(["fulfillmentId"], "Fulfillment does not exist.")]}
    if value.status == "CANCELLED":
        return {"fulfillment": None, "userErrors": [error(["fulfillmentId"], "Fulfillment is cancelled.")]}
    fulfilling.track(value, arguments["trackingInfoInput"])
    value.updated_at = shop.now()
    value.notified += 1 if arguments.get("notifyCustomer") else 0
    hooks.fulfillment(shop, "FULFILLMENTS_UPDATE", value)
    hooks.updated(shop, value.order)
    call.accept(f"{arguments['fulfillmentId']}:{value.tracking[0][0] if value.tracking else None}")
    return {"fulfillment": value, "userErrors": []}


@field("Mutation", "fulfillmentEventCreate")
def create_event(_root: Any, arguments: Arguments, call: Call) -> Payload:
    wanted, shop = arguments["fulfillmentEvent"], call.shop
    value = _found(call, wanted["fulfillmentId"])
    if value is None:
        path = ["fulfillmentEvent", "fulfillmentId"]
        return {"fulfillmentEvent": None, "userErrors": [error(path, "Fulfillment does not exist.")]}
    now = shop.now()
    names = ("address1", "city", "country", "latitude", "longitude", "message", "province", "zip")
    happened, due = wanted.get("happenedAt"), wanted.get("estimatedDeliveryAt")
    event = {
        "id": gid("FulfillmentEvent", shop.new_id()),
        "status": wanted["status"],
        "createdAt": now,
        "happenedAt": parse_time(happened) if happened else now,
        "estimatedDeliveryAt": parse_time(due) if due else None,
        **{name: wanted.get(name) for name in names},
    }
    value.events.append(event)
    value.updated_at = now
    hooks.emit(shop, "FULFILLMENT_EVENTS_CREATE", lambda: rest.fulfillment_event(shop, value, event))
    hooks.fulfillment(shop, "FULFILLMENTS_UPDATE", value)
    hooks.updated(shop, value.order)
    call.accept(f"{wanted['fulfillmentId']}:{wanted['status']}")
    return {"fulfillmentEvent": event, "userErrors": []}
