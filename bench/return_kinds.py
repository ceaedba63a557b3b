"""What is asked in the benchmark of returns: units of one line, a whole line, two lines; and the orders that they are
asked of, which have arrived at their customers."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from bench.ours import Product
from bench.stage import once_quiet
from bench.vendors import checkout
from bench.wishes import Bought, Wish, lines_by_order, long_ago

DELIVERED = "delivered"
_SOCKS, _TOWEL = "SOCK-M", "TOWEL-M"  # each costs more than what customers are told to keep
_LINES = [{"sku": _SOCKS, "quantity": 2}, {"sku": _TOWEL, "quantity": 1}]
KINDS: Mapping[str, Mapping[str, int]] = {
    "some units": {_SOCKS: 1},
    "a whole line": {_SOCKS: 2},
    "two lines": {_SOCKS: 1, _TOWEL: 1},
}
_SENT = sa.text(
    "SELECT o.id, o.external_id, s.tracking_number, s.tracker_external_id, s.delivered_at FROM orders o"
    " JOIN shipment s ON s.order_id = o.id"
)


def wishes(orders: Sequence[Bought]) -> list[Wish]:
    """One for each order, the kinds by turns. The money goes out after the inspection: each is its customer's first."""
    names = list(KINDS)
    return [_wish(names[number % len(names)], order) for number, order in enumerate(orders)]


def _wish(kind: str, order: Bought) -> Wish:
    form = {
        f"{name}:{order.lines[sku]}": value
        for sku, units in KINDS[kind].items()
        for name, value in (
            ("units", str(units)), ("reason", "style"), ("condition", "unopened"), ("want", "refund"),
        )
    }  # fmt: skip
    return Wish(kind, order, form)


def delivered_orders(product: Product, count: int) -> list[Bought]:
    """Bought, sent by ShipBob and brought by a carrier. Raises: BenchError."""
    bodies = [checkout(number) | {"lines": _LINES, "created_at": long_ago()} for number in range(count)]
    made = [order["id"] for order in product.vendors.buy_these(bodies)]
    sent = once_quiet(product, "parcels", lambda: _all_sent(product.engine, made))
    product.vendors.deliver([row["tracking_number"] for row in sent])
    return once_quiet(product, "the orders to return", lambda: _all_delivered(product.engine, made))


def _all_sent(engine: Engine, made: Sequence[str]) -> list[sa.RowMapping] | None:
    """A row for each order; None until each has a parcel that its carrier is asked about."""
    with engine.execution_options(read_only=True).connect() as connection:
        rows = {row["external_id"]: row for row in connection.execute(_SENT).mappings()}
    found = [rows[each] for each in made if each in rows and rows[each]["tracker_external_id"]]
    return found if len(found) == len(made) else None


def _all_delivered(engine: Engine, made: Sequence[str]) -> list[Bought] | None:
    sent = _all_sent(engine, made) or []
    if len(sent) < len(made) or not all(row["delivered_at"] for row in sent):
        return None
    with engine.execution_options(read_only=True).connect() as connection:
        lines = lines_by_order(connection)
    return [
        Bought(row["id"], row["external_id"], DELIVERED, lines[row["id"]], number) for number, row in enumerate(sent)
    ]
