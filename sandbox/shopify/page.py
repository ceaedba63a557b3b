"""The last orders of a shop, for a person's eyes."""

from html import escape

from sandbox.shopify import totals
from sandbox.shopify.model import Order
from sandbox.shopify.state import Shop

_ROWS = 1000
_STYLE = (
    "body{font:15px sans-serif;margin:2rem}td,th{padding:.3rem .8rem;text-align:left;border-bottom:1px solid #ddd}"
    "tr:target{background:#fff3c4}"
)


def orders_page(shop: Shop) -> str:
    rows = []
    for number in reversed(shop.orders):
        rows.append(_row(shop, shop.orders[number]))
        if len(rows) == _ROWS:
            break
    head = "".join(f"<th>{name}" for name in ("Order", "Time", "Payment", "Fulfilment", "Total", "Tracking"))
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(shop.name)}</title><style>{_STYLE}</style>"
        f"<h1>{escape(shop.name)}: {len(shop.orders)} orders</h1>"
        f"<table><tr>{head}</tr>{''.join(rows)}</table></html>"
    )


def _row(shop: Shop, order: Order) -> str:
    total = totals.current_total(order)
    tracking = ", ".join(number or "-" for each in order.fulfillments for number, _ in each.tracking)
    state = "cancelled" if order.cancelled_at else totals.fulfillment_status(order).lower()
    cells = (
        order.name,
        f"{order.created_at:%Y-%m-%d %H:%M}",
        totals.financial_status(order, shop.now()).lower(),
        state,
        f"{total.presentment} {total.pair.presentment}",
        tracking,
    )
    return f"<tr id={order.name.lstrip('#')}>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
