"""fulfillmentOrderHold, ReleaseHold, Move, Split."""

from typing import Any

from sandbox.shopify import fulfilling, hooks, rest, stock
from sandbox.shopify.fulfilling import CLOSED, Parts
from sandbox.shopify.gql.registry import Arguments, Call, field
from sandbox.shopify.model import FulfillmentOrder
from sandbox.shopify.state import THIS_APP, gid, number_of

_MOST_HOLDS = 10
Payload = dict[str, Any]


def error(path: list[str] | None, message: str, code: str | None = None) -> Payload:
    return {"__typename": "UserError", "field": path, "message": message, "code": code}


def the_fo(call: Call, wanted: str) -> FulfillmentOrder | None:
    return call.shop.fulfillment_orders.get(number_of(wanted, "FulfillmentOrder"))


def parts_of(value: FulfillmentOrder, wanted: list[dict[str, Any]] | None) -> Parts | None:
    """The chosen units, all remaining ones when nothing is named; None when they do not fit."""
    if not wanted:
        return [(part, part.remaining) for part in value.lines if part.remaining]
    by_id = {part.id: part for part in value.lines}
    found: Parts = []
    for each in wanted:
        part = by_id.pop(number_of(each["id"], "FulfillmentOrderLineItem"), None)
        if part is None or not 0 < each["quantity"] <= part.remaining:
            return None
        found.append((part, each["quantity"]))
    return found


@field("Mutation", "fulfillmentOrderHold")
def hold(_root: Any, arguments: Arguments, call: Call) -> Payload:
    value, wanted = the_fo(call, arguments["id"]), arguments["fulfillmentHold"]
    refusal = _why_not_hold(value, wanted)
    if value is None or refusal is not None:
        return {"userErrors": [refusal]}
    shop, rest_of = call.shop, None
    chosen = wanted.get("fulfillmentOrderLineItems")
    parts = parts_of(value, chosen)
    if chosen and parts is not None and _is_partial(value, parts):
        kept = [(p, p.remaining - dict((q.id, n) for q, n in parts).get(p.id, 0)) for p in value.lines]
        rest_of = fulfilling.split(shop, value, [(part, count) for part, count in kept if count])
    made = fulfilling.hold(shop, value, wanted, THIS_APP)
    more: Payload = {
        "remaining_fulfillment_order": rest.fo_state(rest_of) if rest_of else None,
        "held_fulfillment_order_line_items": [
            {"id": gid("FulfillmentOrderLineItem", part.id), "quantity": part.remaining} for part in value.lines
        ],
        "created_fulfillment_hold": rest.hold(made),
    }
    hooks.fulfillment_order(shop, "PLACED_ON_HOLD", value, **more)
    hooks.updated(shop, value.order)
    call.accept(f"{arguments['id']}:{wanted.get('handle')}")
    return {
        "fulfillmentHold": made,
        "fulfillmentOrder": value,
        "remainingFulfillmentOrder": rest_of,
        "userErrors": [],
    }


def _is_partial(value: FulfillmentOrder, parts: Parts) -> bool:
    return sum(count for _, count in parts) < sum(part.remaining for part in value.lines)


def _why_not_hold(value: FulfillmentOrder | None, wanted: dict[str, Any]) -> Payload | None:
    if value is None:
        return error(["id"], "Fulfillment order could not be found.", "FULFILLMENT_ORDER_NOT_FOUND")
    if value.status in CLOSED or value.order.cancelled_at is not None:
        return error(["id"], "Fulfillment order is not in a state that can be placed on hold.")
    own = [each for each in value.holds if each.app == THIS_APP]
    path = ["fulfillmentHold", "handle"]
    if any((each.handle or "") == (wanted.get("handle") or "") for each in own):
        text = "The handle provided for the fulfillment hold is already in use by this app for another hold."
        return error(path, text, "DUPLICATE_FULFILLMENT_HOLD_HANDLE")
    if len(own) >= _MOST_HOLDS:
        text = "The maximum number of fulfillment holds for this fulfillment order has been reached for this app."
        return error(["id"], text, "FULFILLMENT_ORDER_HOLD_LIMIT_REACHED")
    chosen = wanted.get("fulfillmentOrderLineItems")
    return _why_not_these(value, chosen) if chosen else None


def _why_not_these(value: FulfillmentOrder, chosen: list[dict[str, Any]]) -> Payload | None:
    path = ["fulfillmentHold", "fulfillmentOrderLineItems"]
    if value.holds:
        text = "The fulfillment order is not in a splittable state."
        return error(path, text, "FULFILLMENT_ORDER_NOT_SPLITTABLE")
    if len({each["id"] for each in chosen}) < len(chosen):
        text = "The fulfillment order line items are not unique."
        return error(path, text, "DUPLICATED_FULFILLMENT_ORDER_LINE_ITEMS")
    if any(each["quantity"] <= 0 for each in chosen):
        return error(path, "The fulfillment order line item quantity must be greater than 0.", "GREATER_THAN_ZERO")
    if parts_of(value, chosen) is None:
        text = "The fulfillment order line item quantity is invalid."
        return error(path, text, "INVALID_LINE_ITEM_QUANTITY")
    return None


@field("Mutation", "fulfillmentOrderReleaseHold")
def release(_root: Any, arguments: Arguments, call: Call) -> Payload:
    value = the_fo(call, arguments["id"])
    if value is None:
        text = "Fulfillment order could not be found."
        return {"userErrors": [error(["id"], text, "FULFILLMENT_ORDER_NOT_FOUND")]}
    wanted = arguments.get("holdIds")
    ids = None if wanted is None else [number_of(each, "FulfillmentHold") for each in wanted]
    released = fulfilling.release(call.shop, value, ids)
    if not released and ids is None:
        return {"fulfillmentOrder": value, "userErrors": [error(["id"], "The fulfillment order is not on hold.")]}
    if released:
        call.accept(f"{arguments['id']}:{','.join(sorted(wanted)) if wanted is not None else '*'}")
    return {"fulfillmentOrder": value, "userErrors": []}


@field("Mutation", "fulfillmentOrderMove")
def move(_root: Any, arguments: Arguments, call: Call) -> Payload:
    value, shop = the_fo(call, arguments["id"]), call.shop
    place = shop.locations.get(number_of(arguments["newLocationId"], "Location"))
    if value is None or place is None:
        path = ["id"] if value is None else ["newLocationId"]
        return {"userErrors": [error(path, "Could not be found.")]}
    if value.status == "IN_PROGRESS":
        code = "CANNOT_MOVE_FULFILLMENT_ORDER_WITH_REPORTED_PROGRESS"
        return {"userErrors": [error(["id"], "Cannot move a fulfillment order that has progress reported.", code)]}
    if value.status in CLOSED:
        return {"userErrors": [error(["id"], "Cannot move a closed fulfillment order.")]}
    parts = parts_of(value, arguments.get("fulfillmentOrderLineItems"))
    if parts is None:
        return {"userErrors": [error(["fulfillmentOrderLineItems"], "Invalid line item quantity.")]}
    if place is value.location:
        return {"userErrors": [error(["newLocationId"], "The fulfillment order is already at this location.")]}
    if not all(stock.stocked_at(part.line.variant, place) for part, _ in parts):
        return {"userErrors": [error(["newLocationId"], "The destination does not stock the requested items.")]}
    source = value.location
    moved = fulfilling.move(shop, value, parts, place)
    body = {
        "original_fulfillment_order": _at(value),
        "moved_fulfillment_order": _at(moved),
        "destination_location_id": gid("Location", place.id),
        "source_location": {"id": gid("Location", source.id)},
        "fulfillment_order_line_items_requested": arguments.get("fulfillmentOrderLineItems") or [],
    }
    hooks.emit(shop, "FULFILLMENT_ORDERS_MOVED", lambda: body)
    hooks.updated(shop, value.order)
    call.accept(f"{arguments['id']}:{arguments['newLocationId']}")
    return {"movedFulfillmentOrder": moved, "originalFulfillmentOrder": value, "userErrors": []}


def _at(value: FulfillmentOrder) -> Payload:
    return {**fulfilling.state(value), "assigned_location_id": gid("Location", value.location.id)}


@field("Mutation", "fulfillmentOrderSplit")
def split(_root: Any, arguments: Arguments, call: Call) -> Payload:
    prepared: list[tuple[FulfillmentOrder, Parts]] = []
    for at, wanted in enumerate(arguments["fulfillmentOrderSplits"]):
        value = the_fo(call, wanted["fulfillmentOrderId"])
        refusal = _why_not_split(value, wanted, ["fulfillmentOrderSplits", str(at)])
        parts = parts_of(value, wanted["fulfillmentOrderLineItems"]) if value and not refusal else None
        if value is None or parts is None:
            return {"fulfillmentOrderSplits": None, "userErrors": [refusal]}
        prepared.append((value, parts))
    results = []
    for value, parts in prepared:
        made = fulfilling.split(call.shop, value, parts)
        # The vendor's "remaining" is what was split off; the original keeps the rest.
        results.append({"fulfillmentOrder": value, "remainingFulfillmentOrder": made})
        body = {
            "split_line_items": [
                {"id": gid("FulfillmentOrderLineItem", part.id), "quantity": count} for part, count in parts
            ],
            "remaining_fulfillment_order": fulfilling.state(made),
            "replacement_fulfillment_order": None,
        }
        hooks.fulfillment_order(call.shop, "SPLIT", value, **body)
        hooks.updated(call.shop, value.order)
        call.accept(gid("FulfillmentOrder", value.id))
    return {"fulfillmentOrderSplits": results, "userErrors": []}


def _why_not_split(value: FulfillmentOrder | None, wanted: dict[str, Any], path: list[str]) -> Payload | None:
    if value is None:
        return error([*path, "fulfillmentOrderId"], "Fulfillment order not found.", "FULFILLMENT_ORDER_NOT_FOUND")
    lines = wanted["fulfillmentOrderLineItems"]
    if not lines:
        text = "There must be at least one line item to split."
        return error([*path, "fulfillmentOrderLineItems"], text, "NO_LINE_ITEMS_PROVIDED_TO_SPLIT")
    if any(each["quantity"] <= 0 for each in lines):
        return error([*path, "fulfillmentOrderLineItems"], "Quantity must be greater than 0.", "GREATER_THAN")
    parts = parts_of(value, lines)
    if value.status in CLOSED or parts is None or not _is_partial(value, parts):
        text = "The line item quantity is invalid."
        return error([*path, "fulfillmentOrderLineItems"], text, "INVALID_LINE_ITEM_QUANTITY")
    return None
