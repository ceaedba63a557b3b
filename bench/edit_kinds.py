"""What is asked in the benchmark of edits: each kind that needs no payment, on orders that no node knows yet and on
orders that ShipBob has already."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from bench.vendors import MORE_SKUS, checkout
from bench.wishes import Bought, Form, Wish, lines_by_order, long_ago

FRESH, RELEASED = "before release", "at ShipBob"
STATES = (FRESH, RELEASED)
_MUG, _SOCKS, _TOWEL = "MUG-ENA-WHT", "SOCK-M", "TOWEL-M"
_LINES = [{"sku": _MUG, "quantity": 2}, {"sku": _SOCKS, "quantity": 1}]
_KNOWN = sa.text(
    "SELECT o.id, o.external_id, o.state, min(f.accepted_at) AS told FROM orders o"
    " LEFT JOIN fulfilment_order f ON f.order_id = o.id GROUP BY o.id, o.external_id, o.state"
)


def _moved(order: Bought) -> Form:
    line1 = f"{order.number % 900 + 1} Kent Avenue"
    return {"line1": line1, "line2": "", "city": "Brooklyn", "region": "NY", "postal_code": "11249"}


# Fields of the portal's form. What each asks for costs no more than the order did: more would wait for a payment.
KINDS: Mapping[str, Callable[[Bought], Form]] = {
    "address": _moved,
    "quantity": lambda order: {f"quantity:{order.lines[_MUG]}": "1"},
    "swap": lambda order: {f"swap:{order.lines[_MUG]}": MORE_SKUS[0]},
    "add": lambda order: {f"remove:{order.lines[_SOCKS]}": "1", f"add:{_TOWEL}": "1"},
    "cancel": lambda order: {"cancel": "1"},
}


def purchases(count: int) -> list[dict[str, Any]]:
    """Checkouts, by turns of an order that is kept back and of one that is released."""
    old: Mapping[str, dict[str, Any]] = {RELEASED: {"created_at": long_ago()}, FRESH: {}}
    return [checkout(n) | {"lines": _LINES} | old[STATES[n % len(STATES)]] for n in range(count)]


def wishes(orders: Sequence[Bought]) -> list[Wish]:
    """One for each order: the kinds by turns, within each state of an order."""
    names = list(KINDS)
    kinds = [names[number // len(STATES) % len(names)] for number in range(len(orders))]
    return [Wish(kind, order, KINDS[kind](order)) for kind, order in zip(kinds, orders, strict=True)]


def ready_orders(engine: Engine, external_ids: Sequence[str]) -> list[Bought] | None:
    """These orders as the ledger has them, in this order; None until each has come as far as it goes by itself."""
    with engine.execution_options(read_only=True).connect() as connection:
        rows = {row.external_id: row for row in connection.execute(_KNOWN)}
        lines = lines_by_order(connection)
    made = []
    for number, external_id in enumerate(external_ids):
        state, row = STATES[number % len(STATES)], rows.get(external_id)
        if row is None or row.state not in ("routing", "in_fulfilment") or (state == RELEASED) != bool(row.told):
            return None
        made.append(Bought(row.id, external_id, state, lines[row.id], number))
    return made
