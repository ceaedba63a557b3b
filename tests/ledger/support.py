"""Small builders for the ledger's tests: a test states only what it is about."""

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, SQLModel

from config.wiring import Wiring
from domain.ids import new_id
from ledger.rows import Row, insert_rows
from ledger.tables import Order, OrderLine
from ledger.tables.base import table_of
from tests.support.waiting import PATIENCE_S

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
REAL = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)  # leases run on real time, which is another time


def later(seconds: float = 0, **units: float) -> datetime:
    return NOW + timedelta(seconds=seconds, **units)


def real_later(seconds: float) -> datetime:
    return REAL + timedelta(seconds=seconds)


def rows_of(wiring: Wiring, model: type[SQLModel], **equal: Any) -> list[Mapping[str, Any]]:
    """All rows of a table whose columns have these values, by key."""
    table = table_of(model)
    statement = sa.select(table).where(*(table.c[name] == value for name, value in equal.items()))

    def read(session: Session) -> list[Mapping[str, Any]]:
        return list(session.execute(statement.order_by(*table.primary_key.columns)).mappings())

    return wiring.read(read)


def row_of(wiring: Wiring, model: type[SQLModel], **equal: Any) -> Mapping[str, Any]:
    [row] = rows_of(wiring, model, **equal)
    return row


def put(wiring: Wiring, model: type[SQLModel], *rows: Row) -> None:
    wiring.ledger(insert_rows, model, list(rows))


def order_row(**changes: Any) -> Row:
    row = {
        "id": new_id("ord"), "source": "shopify", "account": "alpha", "external_id": "1", "name": "#1001",
        "customer_id": "cus_1", "contact_id": "", "state": "received", "placed_at": NOW, "source_updated_at": NOW,
        "captured_at": NOW, "currency": "USD", "total_minor": 5000, "tax_minor": 0, "shipping_minor": 0,
        "discount_minor": 0, "taxes_included": False, "locale": "en", "country": "US", "region": "NY",
        "shipping_code": "standard", "risk_level": "none", "risk_recommendation": "", "release_at": NOW,
        "cancel_reason": "", "test": False, "fence_token": "", "fenced_by": "", "version": 1,
    }  # fmt: skip
    return row | changes


def line_row(order_id: str, **changes: Any) -> Row:
    row = {
        "id": new_id("lin"), "order_id": order_id, "external_id": "1", "sku": "TENT-2", "title": "Tent",
        "unit_price_minor": 5000, "discount_minor": 0, "tax_minor": 0, "requires_shipping": True, "ordered": 1,
        "reserved": 0, "backordered": 0, "released": 0, "shipped": 0, "delivered": 0, "cancelled": 0,
    }  # fmt: skip
    return row | changes


def make_order(wiring: Wiring, *lines: Row, **changes: Any) -> str:
    """A stored order; returns its id. `lines` are changes to the lines' defaults."""
    order = order_row(**changes)
    put(wiring, Order, order)
    if lines:
        put(wiring, OrderLine, *(line_row(order["id"], **line) for line in lines))
    return str(order["id"])


class Rival:
    """Runs one function in a thread of its own; `result` waits for it and raises what it raised."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self._function = function
        self._outcome: Any = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._outcome = self._function()
        except BaseException as error:
            self._error = error

    def until_blocked(self, seconds: float = 0.3) -> None:
        """Give it the time to run into our lock (or to end, where nothing blocks it)."""
        self._thread.join(seconds)

    def result(self) -> Any:
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive(), "the rival is stuck"
        if self._error is not None:
            raise self._error
        return self._outcome


def race(*functions: Callable[[], Any]) -> list[Any]:
    """Start all at the same moment; returns results in order, an exception as a value."""
    barrier = threading.Barrier(len(functions))

    def started(function: Callable[[], Any]) -> Callable[[], Any]:
        def run() -> Any:
            barrier.wait()
            try:
                return function()
            except Exception as error:
                return error

        return run

    rivals = [Rival(started(function)) for function in functions]
    return [rival.result() for rival in rivals]
