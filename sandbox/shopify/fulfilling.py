"""What happens to fulfilment orders: hold, release, split, move, fulfil, close."""

from typing import Any

from sandbox.shopify import hooks, stock
from sandbox.shopify.model import FoLine, Fulfillment, FulfillmentOrder, Hold, Line, Location
from sandbox.shopify.state import Shop, gid

Parts = list[tuple[FoLine, int]]
CLOSED = ("CLOSED", "CANCELLED", "INCOMPLETE")


def touch(shop: Shop, value: FulfillmentOrder) -> None:
    value.updated_at = shop.now()


def hold(shop: Shop, value: FulfillmentOrder, wanted: dict[str, Any], app: str) -> Hold:
    made = Hold(shop.new_id(), wanted.get("handle"), wanted["reason"], wanted.get("reasonNotes"), app)
    value.holds.append(made)
    value.status = "ON_HOLD"
    touch(shop, value)
    return made


def release(shop: Shop, value: FulfillmentOrder, ids: list[int] | None) -> int:
    """Release holds by id, or everybody's. Returns how many went."""
    before = len(value.holds)
    value.holds = [] if ids is None else [each for each in value.holds if each.id not in ids]
    released = before - len(value.holds)
    if released:
        touch(shop, value)
        if not value.holds and value.status == "ON_HOLD":
            value.status = "OPEN"
        hooks.fulfillment_order(shop, "HOLD_RELEASED", value)
        hooks.updated(shop, value.order)
    return released


def split(shop: Shop, value: FulfillmentOrder, parts: Parts, place: Location | None = None) -> FulfillmentOrder:
    """Move some units into a new fulfilment order of the same order."""
    now = shop.now()
    made = FulfillmentOrder(
        id=shop.new_id(),
        order=value.order,
        location=place or value.location,
        created_at=now,
        updated_at=now,
        fulfill_at=value.fulfill_at,
        lines=[FoLine(shop.new_id(), part.line, n, n) for part, n in parts],
    )
    for part, quantity in parts:
        part.total -= quantity
        part.remaining -= quantity
    value.lines = [part for part in value.lines if part.total]
    touch(shop, value)
    value.order.fulfillment_orders.append(made)
    shop.fulfillment_orders[made.id] = made
    return made


def move(shop: Shop, value: FulfillmentOrder, parts: Parts, place: Location) -> FulfillmentOrder:
    """Reassign units and their committed stock. Returns the fulfilment order that holds them now."""
    for part, quantity in parts:
        stock.shift(shop, part.line.variant, value.location, available=quantity, committed=-quantity)
        stock.shift(shop, part.line.variant, place, available=-quantity, committed=quantity)
    whole = sum(part.total for part in value.lines) == sum(quantity for _, quantity in parts)
    if whole:
        value.location = place
        touch(shop, value)
        return value
    return split(shop, value, parts, place)


def fulfil(
    shop: Shop, chosen: list[tuple[FulfillmentOrder, Parts]], tracking: dict[str, Any] | None = None
) -> Fulfillment:
    """Ship units: one fulfilment over one or more fulfilment orders of one order and place."""
    first = chosen[0][0]
    order, now = first.order, shop.now()
    counts: dict[Line, int] = {}
    for _, parts in chosen:
        for part, quantity in parts:
            counts[part.line] = counts.get(part.line, 0) + quantity
    made = Fulfillment(
        id=shop.new_id(),
        order=order,
        name=f"{order.name}-F{len(order.fulfillments) + 1}",
        location=first.location,
        created_at=now,
        updated_at=now,
        lines=[(shop.new_id(), line, count) for line, count in counts.items()],
        fulfillment_orders=[each for each, _ in chosen],
    )
    track(made, tracking or {})
    for each, parts in chosen:
        for part, quantity in parts:
            part.remaining -= quantity
            part.line.fulfilled += quantity
            stock.shift(shop, part.line.variant, each.location, committed=-quantity)
        each.fulfillments.append(made)
        touch(shop, each)
        close_when_empty(shop, each)
    order.fulfillments.append(made)
    shop.fulfillments[made.id] = made
    return made


def track(value: Fulfillment, info: dict[str, Any]) -> None:
    """Set the tracking from the vendor's input: number and url, or numbers and urls."""
    numbers = info.get("numbers") or ([info["number"]] if info.get("number") else [])
    urls = info.get("urls") or ([info["url"]] if info.get("url") else [])
    size = max(len(numbers), len(urls))
    value.company = info.get("company")
    value.tracking = [
        (numbers[at] if at < len(numbers) else None, urls[at] if at < len(urls) else None) for at in range(size)
    ]


def close_when_empty(shop: Shop, value: FulfillmentOrder) -> None:
    if value.status not in CLOSED and not any(part.remaining for part in value.lines):
        value.status = "CLOSED"
        value.holds = []
        touch(shop, value)


def close(shop: Shop, value: FulfillmentOrder) -> None:
    """The order was cancelled: nothing is left to fulfil."""
    for part in value.lines:
        part.remaining = 0
    close_when_empty(shop, value)
    hooks.fulfillment_order(shop, "CANCELLED", value)


def state(value: FulfillmentOrder) -> dict[str, str]:
    return {"id": gid("FulfillmentOrder", value.id), "status": value.status.lower()}
