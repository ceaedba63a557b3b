"""What becomes of units that came back, and how they travel: dispositions and reverse deliveries."""

from typing import Any

from sandbox.shopify import hooks, stock
from sandbox.shopify.model import Location
from sandbox.shopify.return_model import (
    UNFINISHED,
    Disposition,
    Label,
    ReturnLine,
    ReverseDelivery,
    ReverseDeliveryLine,
    ReverseOrder,
    ReverseOrderLine,
)
from sandbox.shopify.returning import number, refuse
from sandbox.shopify.state import Shop

Planned = list[tuple[ReverseOrderLine, str, int, Location | None]]
_KIND = "ReverseFulfillmentOrderLineItem"


def line_of(shop: Shop, text: str) -> tuple[ReverseOrder, ReverseOrderLine] | None:
    at = number(text, _KIND)
    for order in shop.reverse_orders.values():
        for line in order.lines:
            if line.id == at:
                return order, line
    return None


def plan(shop: Shop, wanted: list[dict[str, Any]], path: list[str], of: ReturnLine | None = None) -> Planned:
    """`[ReverseFulfillmentOrderDisposeInput!]`. Raises ReturnError; nothing has changed.

    A unit is disposed of once, but what "requires further processing" waits for another word.
    """
    planned: Planned = []
    for at, each in enumerate(wanted):
        here, kind = [*path, str(at)], each["dispositionType"]
        place_id = each.get("locationId")
        place = shop.locations.get(number(place_id, "Location")) if place_id else None
        found = line_of(shop, each["reverseFulfillmentOrderLineItemId"])
        if found is None or (of is not None and found[1].of is not of):
            text = "Reverse fulfillment order line item not found."
            raise refuse([*here, "reverseFulfillmentOrderLineItemId"], text, "NOT_FOUND")
        order, line = found
        if order.status != "OPEN":
            raise refuse(path, "Reverse fulfillment order is not open.", "INVALID_STATE")
        if place_id and place is None:
            raise refuse([*here, "locationId"], "Location not found.", "NOT_FOUND")
        if kind == "RESTOCKED" and place is None:
            text = "Location is required when the disposition type is RESTOCKED."
            raise refuse([*here, "locationId"], text, "BLANK")
        before = [count for other, _, count, _ in planned if other is line]
        waiting = sum(x.quantity for x in line.dispositions if x.type == UNFINISHED) if kind == UNFINISHED else 0
        if not 0 < each["quantity"] <= line.open - waiting - sum(before):
            text = "Quantity cannot be more than what is left to dispose of."
            raise refuse([*here, "quantity"], text, "INVALID")
        planned.append((line, kind, each["quantity"], place))
    return planned


def apply(shop: Shop, planned: Planned) -> list[ReverseOrderLine]:
    """Only what is restocked changes stock; a refund's own restock is another matter and comes on top."""
    done: dict[ReverseOrder, list[tuple[ReverseOrderLine, Disposition]]] = {}
    for line, kind, count, place in planned:
        made = Disposition(shop.new_id(), kind, count, place, shop.now())
        _finish(line, count)
        line.dispositions.append(made)
        if kind == "RESTOCKED" and place is not None:
            stock.shift(shop, line.of.fulfilled.line.variant, place, available=count)
        order = next(x for x in shop.reverse_orders.values() if line in x.lines)
        done.setdefault(order, []).append((line, made))
    for order, each in done.items():
        hooks.disposed(shop, order, each)
    return list(dict.fromkeys(line for line, *_ in planned))


def _finish(line: ReverseOrderLine, count: int) -> None:
    """A final word takes the place of "requires further processing" once the units without a word are used up."""
    silent = line.total - sum(each.quantity for each in line.dispositions)
    over = max(count - silent, 0)
    for each in [x for x in line.dispositions if x.type == UNFINISHED]:
        part = min(over, each.quantity)
        each.quantity, over = each.quantity - part, over - part
    line.dispositions = [each for each in line.dispositions if each.quantity]


def deliver(
    shop: Shop, order: ReverseOrder, wanted: list[dict[str, Any]], label: Any, tracking: Any
) -> ReverseDelivery:
    """A parcel on its way back. Without lines it holds everything that no other parcel holds."""
    taken = {part: 0 for part in order.lines}
    for delivery in order.deliveries:
        for each in delivery.lines:
            taken[each.of] = taken.get(each.of, 0) + each.quantity
    chosen = _chosen(order, wanted, taken) if wanted else [(x, x.total - taken[x]) for x in order.lines]
    parts = [(part, count) for part, count in chosen if count]
    if not parts:
        raise refuse(["reverseDeliveryLineItems"], "cannot deliver more items than are returned", None)
    lines = [ReverseDeliveryLine(shop.new_id(), part, count) for part, count in parts]
    made = ReverseDelivery(shop.new_id(), order, lines)
    order.deliveries.append(made)
    shop.reverse_deliveries[made.id] = made
    attach(shop, made, label, tracking)
    return made


def _chosen(
    order: ReverseOrder, wanted: list[dict[str, Any]], taken: dict[ReverseOrderLine, int]
) -> list[tuple[ReverseOrderLine, int]]:
    chosen = []
    for at, each in enumerate(wanted):
        path = ["reverseDeliveryLineItems", str(at)]
        wanted_id = number(each["reverseFulfillmentOrderLineItemId"], _KIND)
        part = next((x for x in order.lines if x.id == wanted_id), None)
        if part is None:
            raise refuse([*path, "reverseFulfillmentOrderLineItemId"], "must exist", None)
        taken[part] += each["quantity"]
        if each["quantity"] < 1:
            raise refuse([*path, "quantity"], "must be greater than 0", None)
        if taken[part] > part.total:
            raise refuse([*path, "quantity"], "cannot deliver more items than are returned", None)
        chosen.append((part, each["quantity"]))
    return chosen


def attach(shop: Shop, delivery: ReverseDelivery, label: Any, tracking: Any) -> None:
    """A label or tracking replaces the one before; what is not given stays."""
    now = shop.now()
    if label:
        first = delivery.label.created_at if delivery.label else now
        delivery.label = Label(label["fileUrl"], first, now)
    if tracking:
        delivery.tracking = {"number": tracking.get("number"), "url": tracking.get("url"), "carrierName": None}
    if label or tracking:
        hooks.deliverable(shop, delivery)
