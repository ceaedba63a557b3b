"""Which location fulfils what: makes fulfilment orders and commits stock."""

from sandbox.shopify import fulfilling, payments, stock
from sandbox.shopify.model import FoLine, FulfillmentOrder, Line, Location, Order
from sandbox.shopify.state import Shop


def coverable(shop: Shop, order: Order) -> bool:
    """Whether every line finds a location that has all of it."""
    return all(
        any(stock.available_at(line.variant, place, line.quantity) for place in shop.locations.values())
        for line in order.lines
    )


def route(shop: Shop, order: Order) -> None:
    """One location for all where one has everything, else the best for each line, else the first (oversold)."""
    goods = [line for line in order.lines if line.variant.inventory_item.requires_shipping]
    places = list(shop.locations.values())
    single = next((p for p in places if all(stock.available_at(x.variant, p, x.quantity) for x in goods)), None)
    assigned: dict[tuple[int, bool], list[Line]] = {}
    for line in order.lines:
        place = single or _place_for(line, places)
        assigned.setdefault((place.id, line.variant.inventory_item.requires_shipping), []).append(line)
    for (place_id, _), lines in assigned.items():
        add(shop, order, shop.locations[place_id], [(line, line.quantity) for line in lines])
        for line in lines:
            commit(shop, line, shop.locations[place_id], line.quantity)


def _place_for(line: Line, places: list[Location]) -> Location:
    return next((place for place in places if stock.available_at(line.variant, place, line.quantity)), places[0])


def add(shop: Shop, order: Order, place: Location, lines: list[tuple[Line, int]]) -> FulfillmentOrder:
    """A new open fulfilment order; the stock stays as it is."""
    now = shop.now()
    made = FulfillmentOrder(
        id=shop.new_id(),
        order=order,
        location=place,
        created_at=now,
        updated_at=now,
        fulfill_at=order.created_at,
        lines=[FoLine(shop.new_id(), line, quantity, quantity) for line, quantity in lines],
    )
    order.fulfillment_orders.append(made)
    shop.fulfillment_orders[made.id] = made
    return made


def add_units(shop: Shop, order: Order, added: list[tuple[Line, int]]) -> list[FulfillmentOrder]:
    """Units that an edit adds. Returns the fulfilment orders made for them: open, and without anybody's hold.

    More of a line joins its fulfilment order where that is open and nobody holds it or has begun with it. An added
    line gets a fulfilment order of its own even beside an open one: so does the real shop (recorded in
    github.com/airhorns/shopify-draft-proxy, order-edit-commit-history-and-fulfillment-orders.json of 2026-04).
    """
    fresh: dict[tuple[int, bool], list[tuple[Line, int]]] = {}
    for line, quantity in added:
        part = _joinable(order, line)
        if part is not None:
            at, place = part
            at.total += quantity
            at.remaining += quantity
        else:
            place = _place_beside(shop, order, line, quantity)
            fresh.setdefault((place.id, line.variant.inventory_item.requires_shipping), []).append((line, quantity))
        commit(shop, line, place, quantity)
    return [add(shop, order, shop.locations[place_id], lines) for (place_id, _), lines in fresh.items()]


def _joinable(order: Order, line: Line) -> tuple[FoLine, Location] | None:
    for each in order.fulfillment_orders:
        if each.status == "OPEN" and not each.holds and each.request_status == "UNSUBMITTED":
            for part in each.lines:
                if part.line is line and part.remaining:
                    return part, each.location
    return None


def _place_beside(shop: Shop, order: Order, line: Line, quantity: int) -> Location:
    """Where the order is fulfilled already, if the place has the units; else the first that has them."""
    used = [each.location for each in reversed(order.fulfillment_orders)]
    places = used + list(shop.locations.values())
    return next((place for place in places if stock.available_at(line.variant, place, quantity)), places[0])


def commit(shop: Shop, line: Line, place: Location, quantity: int) -> None:
    stock.shift(shop, line.variant, place, available=-quantity, committed=quantity)


def release(shop: Shop, line: Line, place: Location, quantity: int, *, restock: bool) -> None:
    """Committed units that will not ship: back on the shelf, or written off."""
    stock.shift(shop, line.variant, place, available=quantity if restock else 0, committed=-quantity)


def is_digital(value: FulfillmentOrder) -> bool:
    return not any(each.line.variant.inventory_item.requires_shipping for each in value.lines)


def send_gift_cards(shop: Shop, order: Order) -> None:
    """The shop itself fulfils gift cards as soon as they are paid."""
    if not payments.is_paid(shop, order):
        return
    for each in order.fulfillment_orders:
        if each.status == "OPEN" and is_digital(each):
            fulfilling.fulfil(shop, [(each, [(x, x.remaining) for x in each.lines if x.remaining])])


def remove(shop: Shop, line: Line, quantity: int, *, restock: bool) -> None:
    """Take unfulfilled units of a line off its fulfilment orders (refund, edit, cancel)."""
    for each in line.order.fulfillment_orders:
        if each.status in ("CLOSED", "CANCELLED"):
            continue
        for part in each.lines:
            taken = min(quantity, part.remaining) if part.line is line else 0
            if taken:
                part.remaining -= taken
                part.total -= taken
                quantity -= taken
                release(shop, line, each.location, taken, restock=restock)
        fulfilling.close_when_empty(shop, each)
