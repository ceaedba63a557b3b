"""What a merchant does by hand in the shop's admin, with the webhooks that follow."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from sandbox.shopify import checkout, fulfilling, hooks, payments, routing, stock, undoing
from sandbox.shopify.addresses import from_snake
from sandbox.shopify.catalogue import Goods, Sku
from sandbox.shopify.fulfilling import CLOSED
from sandbox.shopify.model import FoLine, Line, Order, Product
from sandbox.shopify.risks import assess
from sandbox.shopify.seed import add_product
from sandbox.shopify.state import Shop, gid

OTHER_APP = "Merchant's other app"


def cancel(shop: Shop, order: Order, body: dict[str, Any]) -> None:
    """Raises ValueError when the order cannot be cancelled."""
    if reason := undoing.why_not_cancel(order):
        raise ValueError(reason)
    undoing.cancel(
        shop,
        order,
        reason=str(body.get("reason") or "CUSTOMER").upper(),
        refund=bool(body.get("refund", True)),
        restock=bool(body.get("restock", True)),
        staff_note=body.get("staff_note"),
    )


def edit(shop: Shop, order: Order, body: dict[str, Any]) -> None:
    """Set quantities (`lines`) and overwrite note, tags, email or address. Raises ValueError."""
    added, removed = [], []
    for wanted in body.get("lines") or []:
        line = next((each for each in order.lines if each.variant.sku == wanted["sku"]), None)
        target = int(wanted["quantity"])
        if line is None:
            line = checkout.new_line(shop, order, wanted["sku"], target)
            order.lines.append(line)
            _open(shop, line, target)
            added.append({"id": line.id, "delta": target})
            continue
        delta = target - line.current_quantity
        if target < line.fulfilled - line.returned:
            raise ValueError("fulfilled units cannot be edited away")
        if delta > 0:
            line.quantity += delta
            line.current_quantity += delta
            checkout.tax(order, line)
            _open(shop, line, delta)
            added.append({"id": line.id, "delta": delta})
        elif delta < 0:
            line.current_quantity += delta
            routing.remove(shop, line, -delta, restock=True)
            removed.append({"id": line.id, "delta": -delta})
    for name in ("note", "tags", "email", "phone"):
        if name in body:
            setattr(order, name, body[name])
    if body.get("shipping_address"):
        order.shipping_address = from_snake(body["shipping_address"], shop.new_id())
    if added or removed:
        order.edited = True
        hooks.emit(shop, "ORDERS_EDITED", lambda: _edited(shop, order, added, removed, body))
    hooks.updated(shop, order)


def _open(shop: Shop, line: Line, quantity: int) -> None:
    """New units go to an open fulfilment order of the order, or to a new one."""
    order = line.order
    target = next((each for each in order.fulfillment_orders if each.status not in CLOSED), None)
    if target is None:
        place = next(iter(shop.locations.values()))
        target = routing.add(shop, order, place, [(line, quantity)])
    else:
        part = next((each for each in target.lines if each.line is line), None)
        if part is None:
            part = FoLine(shop.new_id(), line, 0, 0)
            target.lines.append(part)
        part.total += quantity
        part.remaining += quantity
        fulfilling.touch(shop, target)
    routing.commit(shop, line, target.location, quantity)


def _edited(
    shop: Shop, order: Order, added: list[dict[str, int]], removed: list[dict[str, int]], body: dict[str, Any]
) -> dict[str, Any]:
    now = shop.now().isoformat()
    nothing: dict[str, list[Any]] = {"additions": [], "removals": []}
    return {
        "order_edit": {
            "id": shop.new_id(),
            "app_id": None,
            "created_at": now,
            "committed_at": now,
            "notify_customer": bool(body.get("notify_customer")),
            "order_id": order.id,
            "staff_note": str(body.get("staff_note") or ""),
            "user_id": None,
            "line_items": {"additions": added, "removals": removed},
            "discounts": {"line_item": nothing},
            "shipping_lines": nothing,
        }
    }


def touch(shop: Shop, order: Order, _body: dict[str, Any]) -> None:
    hooks.updated(shop, order)


def risk(shop: Shop, order: Order, body: dict[str, Any]) -> None:
    """The fraud check changes its mind."""
    order.risk = assess(body.get("risk") or "low", body.get("risk_facts"))
    hooks.risk(shop, order)
    hooks.updated(shop, order)


def hold(shop: Shop, order: Order, body: dict[str, Any]) -> None:
    """Another app of the merchant holds the order's open fulfilment orders."""
    wanted = {
        "reason": str(body.get("reason") or "OTHER").upper(),
        "handle": body.get("handle"),
        "reasonNotes": body.get("reason_notes"),
    }
    for each in order.fulfillment_orders:
        if each.status not in CLOSED:
            made = fulfilling.hold(shop, each, wanted, body.get("app") or OTHER_APP)
            hooks.fulfillment_order(
                shop,
                "PLACED_ON_HOLD",
                each,
                remaining_fulfillment_order=None,
                held_fulfillment_order_line_items=[],
                created_fulfillment_hold={"id": gid("FulfillmentHold", made.id), "reason": made.reason.lower()},
            )
    hooks.updated(shop, order)


def refund(shop: Shop, order: Order, _body: dict[str, Any]) -> None:
    """Give all the money back and keep the lines."""
    made = payments.refund_all(shop, order)
    undoing.give_back(shop, order, [], order.pair.zero, made, None)
    hooks.updated(shop, order)


def expire(shop: Shop, order: Order) -> int:
    """Let all authorisations of the order have expired a minute ago. Returns how many."""
    open_ones = [t for t in order.transactions if t.kind == "AUTHORIZATION" and t.status == "SUCCESS"]
    for transaction in open_ones:
        transaction.expires_at = shop.now() - timedelta(minutes=1)
    if open_ones:
        hooks.updated(shop, order)
    return len(open_ones)


def set_stock(shop: Shop, body: dict[str, Any]) -> None:
    """A count in the shop's admin. Raises ValueError for an unknown SKU or location."""
    variant = shop.skus.get(body.get("sku") or "")
    places = [p for p in shop.locations.values() if body.get("location") in (None, p.name, gid("Location", p.id))]
    if variant is None or not places or not variant.inventory_item.tracked:
        raise ValueError("no such SKU or location, or the SKU has no stock of its own")
    level = stock.level_at(shop, variant.inventory_item, places[0])
    stock.change(shop, level, available=int(body["available"]) - level.available)


def set_product(shop: Shop, body: dict[str, Any]) -> Product:
    """Change the product of a known SKU (title, tags, price), or put a new one on sale."""
    sku = str(body.get("sku") or "")
    variant = shop.skus.get(sku)
    price = Decimal(str(body["price"])) if "price" in body else None
    if variant is None:
        if not sku or price is None:
            raise ValueError("a new product needs sku and price")
        goods = Goods(
            title=str(body.get("title") or sku), product_type="New", category="Uncategorized", options=(), hs_code="",
            origin="US", tags=tuple(body.get("tags") or ()), description="", care="",
            skus=(Sku(sku, (), "0", int(body.get("weight") or 0), int(body.get("stock") or 0)),),
        )  # fmt: skip
        product = add_product(shop, goods)
        product.variants[0].price = price
        hooks.product(shop, "PRODUCTS_CREATE", product)
        return product
    product = variant.product
    variant.price = variant.price if price is None else price
    product.title = str(body.get("title") or product.title)
    product.tags = sorted(body["tags"]) if "tags" in body else product.tags
    product.updated_at = variant.updated_at = shop.now()
    hooks.product(shop, "PRODUCTS_UPDATE", product)
    return product
