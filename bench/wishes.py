"""Orders that wait for a request, and what is asked of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

LONG_AGO = timedelta(hours=2)  # past the time in which an order is kept back, within that of all edits
_LINE = sa.text("SELECT order_id, id, sku FROM order_line")
Form = dict[str, str]


@dataclass(frozen=True, slots=True)
class Bought:
    """An order that waits for its request. `lines`: ours by SKU; `number` of its customer."""

    id: str
    external_id: str
    state: str
    lines: Mapping[str, str]
    number: int


@dataclass(frozen=True, slots=True)
class Wish:
    """One request of the load. `form`: fields of the portal's page."""

    kind: str
    order: Bought
    form: Form


def long_ago() -> str:
    """When an order was placed that goes to its node at once."""
    return (datetime.now(UTC) - LONG_AGO).isoformat()


def lines_by_order(connection: sa.Connection) -> dict[str, dict[str, str]]:
    """Of every order its lines by SKU."""
    found: dict[str, dict[str, str]] = {}
    for order_id, line_id, sku in connection.execute(_LINE):
        found.setdefault(order_id, {})[sku] = line_id
    return found
