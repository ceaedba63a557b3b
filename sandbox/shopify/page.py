"""The last orders of a shop, for a person's eyes."""

from html import escape

from sandbox.shopify import totals
from sandbox.shopify.model import Order
from sandbox.shopify.state import Shop

_ROWS = 200


def orders_page(shop: Shop) -> str:
    rows = []
    for number in reversed(shop.orders):
        rows.append(_row(shop, shop.orders[number]))
        if len(rows) == _ROWS:
            break
    head = "".join(f"<th>{name}</th>" for name in ("Order", "Time", "Payment", "Fulfilment", "Total", "Tracking"))
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(shop.name)}</title>"
        f"<h1>{escape(shop.name)}: {len(shop.orders)} orders</h1>"
        f"<table border=1 cellpadding=4><tr>{head}</tr>{''.join(rows)}</table></html>"
    )


def _row(shop: Shop, order: Order) -> str:
    total = totals.current_total(order)
    tracking = ", ".join(number or "-" for each in order.fulfillments for number, _ in each.tracking)
    state = "cancelled" if order.cancelled_at else totals.fulfillment_status(order).lower()
    cells = (
        order.name,
        order.created_at.isoformat(),
        totals.financial_status(order, shop.now()).lower(),
        state,
        f"{total.presentment} {total.pair.presentment}",
        tracking,
    )
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
