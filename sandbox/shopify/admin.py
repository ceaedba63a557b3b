"""What a merchant does by hand in the shop's admin, with the webhooks that follow."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from sandbox.shopify import committing, editing, fulfilling, hooks, payments, stock, undoing, updating
from sandbox.shopify.addresses import camel
from sandbox.shopify.catalogue import Goods, Sku
from sandbox.shopify.edit_model import Session, StagedShipping
from sandbox.shopify.editing import EditError
from sandbox.shopify.fulfilling import CLOSED
from sandbox.shopify.model import Order, Product
from sandbox.shopify.risks import assess
from sandbox.shopify.seed import add_product
from sandbox.shopify.state import Shop, gid

OTHER_APP = "Merchant's other app"
_UPDATES = {
    "note": "note", "tags": "tags", "email": "email", "phone": "phone", "shipping_address": "shippingAddress",
}  # fmt: skip


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
    """Staff edit the order: `lines` set quantities, `shipping` replaces the shipping line by another, note, tags,
    email, phone and shipping_address are overwritten. Raises ValueError before anything has changed.
    """
    update = {camel_name: body[name] for name, camel_name in _UPDATES.items() if name in body}
    if body.get("shipping_address"):
        update["shippingAddress"] = camel(body["shipping_address"])
    if problems := updating.why_not(update):
        raise ValueError(problems[0]["message"])
    if body.get("lines") or body.get("shipping"):
        try:
            session = _staged(shop, order, body)
            committing.commit(
                shop, session, app=None, notify=bool(body.get("notify_customer")), note=body.get("staff_note")
            )
        except EditError as problem:
            raise ValueError(str(problem)) from problem
    if update:
        updating.apply(shop, order, update)


def _staged(shop: Shop, order: Order, body: dict[str, Any]) -> Session:
    session = editing.begin(shop, order)
    for wanted in body.get("lines") or []:
        variant = shop.skus.get(wanted["sku"])
        line = next((each for each in session.lines if each.variant is variant), None)
        quantity, restock = int(wanted["quantity"]), bool(wanted.get("restock", True))
        if line is None:
            editing.add_variant(shop, session, variant, quantity, duplicates=False)
        else:
            editing.set_quantity(session, line, quantity, restock=restock)
    if body.get("shipping"):
        for each in session.shippings:
            each.status = "REMOVED"
        price = order.pair.from_shop(Decimal(str(body["shipping"].get("price", "0"))))
        title = body["shipping"].get("title") or "Custom"
        session.shippings.append(StagedShipping(editing.new_key(shop), None, title, price, "ADDED"))
        session.calculated = None
    return session


def editable(shop: Shop, order: Order, body: dict[str, Any]) -> None:
    """Let the order be one that the shop edits, or not: `{"editable": false}`."""
    order.editable = bool(body.get("editable", True))
    hooks.updated(shop, order)


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
