"""Saves an edit: lines, fulfilment orders, stock, webhooks. Money stays where it is."""

from typing import Any

from sandbox.shopify import editing, hooks, routing, totals
from sandbox.shopify.charges import Charged, Shipping
from sandbox.shopify.checkout import new_line
from sandbox.shopify.edit_model import Session, StagedLine
from sandbox.shopify.model import Line, Order
from sandbox.shopify.state import APP_IDS, THIS_APP, Shop

Deltas = list[dict[str, int]]


def commit(
    shop: Shop, session: Session, *, app: str | None = THIS_APP, notify: bool = False, note: str | None = None
) -> list[str]:
    """Returns what the vendor tells the user. Raises EditError before anything has changed."""
    order = session.order
    editing.check_editable(shop, order)
    if not session.changed:
        raise editing.refuse(["id"], "There must be at least one change to be made.")
    if any(each.quantity < each.shipped for each in session.lines):
        raise editing.refuse(["id"], "You can't remove items that have already been fulfilled.")
    calculated = editing.calculate(session)
    additions, removals, added = _lines(shop, order, calculated.charged)
    made = routing.add_units(shop, order, added)
    shipping = _shipping(shop, session)
    discounts = {
        "additions": [{"id": each.id} for staged in session.lines for each in staged.new_discounts],
        "removals": [{"id": each.id} for staged in session.lines for each in staged.lost_discounts],
    }
    for staged in session.lines:
        if staged.line is not None:
            staged.line.discounts = staged.discounts
    messages = ["Order updated", *(["Order unarchived"] if order.closed_at else [])]
    order.promotions, order.closed_at = session.promotions, None
    order.edited, order.revision = True, order.revision + 1
    del shop.edits[session.id]
    routing.send_gift_cards(shop, order)
    body = _edited(shop, order, app=app, notify=notify, note=note) | {
        "line_items": {"additions": additions, "removals": removals},
        "discounts": {"line_item": discounts},
        "shipping_lines": shipping,
    }
    hooks.emit(shop, "ORDERS_EDITED", lambda: {"order_edit": body})
    for each in made:
        hooks.fulfillment_order(shop, "ORDER_ROUTING_COMPLETE", each)
    hooks.updated(shop, order)
    if notify:
        messages.append("Invoice sent" if totals.outstanding(order) else "Notification sent")
    return messages


def _lines(
    shop: Shop, order: Order, charged: list[tuple[StagedLine, Charged]]
) -> tuple[Deltas, Deltas, list[tuple[Line, int]]]:
    """(additions, removals) as the webhook tells them, and the units to fulfil."""
    additions, removals, to_fulfil = Deltas(), Deltas(), list[tuple[Line, int]]()
    for staged, what in charged:
        line, delta = staged.line, staged.quantity - staged.before
        if line is None:
            line = new_line(shop, order, staged.variant, staged.quantity)
            line.unit, line.tax_rate, line.discounts = staged.unit, staged.tax_rate, staged.discounts
            line.whole = line.now = what
            order.lines.append(line)
        else:
            _recharge(line, staged.quantity, what)
        if delta > 0:
            additions.append({"id": line.id, "delta": delta})
            to_fulfil.append((line, delta))
        elif delta < 0:
            removals.append({"id": line.id, "delta": -delta})
            routing.remove(shop, line, -delta, restock=staged.restock)
    return additions, removals, to_fulfil


def _recharge(line: Line, quantity: int, what: Charged) -> None:
    """The line's `quantity` counts removed units too, as the vendor's does; what is shown for them is in proportion."""
    if quantity == line.current_quantity and what.same(line.left):
        return
    line.quantity += max(quantity - line.current_quantity, 0)
    line.current_quantity = quantity
    if not quantity:
        return
    line.now = what
    if line.whole.quantity != line.quantity or not line.whole.share(quantity).same(what):
        line.whole = what.share(line.quantity)


def _shipping(shop: Shop, session: Session) -> dict[str, Deltas]:
    order, additions, removals = session.order, Deltas(), Deltas()
    for staged in session.shippings:
        if staged.status == "REMOVED" and staged.shipping is not None:
            staged.shipping.removed = True
            removals.append({"id": staged.shipping.id})
        elif staged.status == "ADDED":
            taxes = editing.shipping_taxes(order, staged)
            made = Shipping(
                shop.new_id(), staged.title, staged.title, staged.price, taxes, order.pair.zero, custom=True
            )
            order.shippings.append(made)
            additions.append({"id": made.id})
    return {"additions": additions, "removals": removals}


def _edited(shop: Shop, order: Order, *, app: str | None, notify: bool, note: str | None) -> dict[str, Any]:
    now = shop.now().isoformat()
    return {
        "id": shop.new_id(),
        "app_id": APP_IDS[app] if app else None,
        "created_at": now,
        "committed_at": now,
        "notify_customer": notify,
        "order_id": order.id,
        "staff_note": note or "",
        "user_id": None,
    }
