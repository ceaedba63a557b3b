"""Fills a ledger with completed orders by copying those that a real run has left (SQLite)."""

import sqlite3
from pathlib import Path

# What is copied, and which columns name the copied rows: those get a mark at their end.
_NAMES = {
    "customer": ("id", "email"),
    "orders": ("id", "external_id", "customer_id", "contact_id"),
    "order_line": ("id", "order_id"),
    "order_contact": ("id", "order_id"),
    "hold": ("id", "order_id"),
    "shop_fulfilment": ("id", "order_id", "external_id"),
    "payment": ("id", "order_id"),
    "money_transaction": ("id", "order_id", "payment_id", "external_id"),
    "journal_entry": ("id", "key", "order_id"),
    "journal_line": ("entry_id",),
    "reservation": ("id", "order_id", "order_line_id", "fulfilment_order_id"),
    "stock_movement": ("id", "ref"),
    "fulfilment_order": ("id", "order_id", "node_external_id"),
    "fulfilment_order_line": ("id", "fulfilment_order_id", "order_line_id"),
    "shipment": ("id", "order_id", "fulfilment_order_id", "external_id", "tracking_number", "tracker_external_id"),
    "shipment_line": ("shipment_id", "order_line_id"),
    "tracking_event": ("shipment_id", "digest"),
    "message": ("id", "subject_id", "order_id", "contact_id", "dedupe_key"),
    "inbox_event": ("id", "delivery_id", "subject"),
    "effect": ("id", "key", "order_id", "subject_id"),
    "decision": ("id", "order_id"),
    "audit_event": ("aggregate_id",),
    "external_ref": ("external_id", "our_id"),
}


def fill(path: Path, orders: int) -> int:
    """Copy all stored orders until `orders` are stored, at most a copy of each too many; returns how many there are.
    Bodies of deliveries are left out, as they are after their retention."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("PRAGMA cache_size=-400000")
    # All of it is past: nothing is due, and parcels have arrived.
    connection.execute("UPDATE shipment SET polling = 0, state = 'delivered'")
    connection.execute("UPDATE orders SET state = 'completed', placed_at = datetime(placed_at, '-40 days')")
    connection.execute("UPDATE inbox_event SET body = NULL")
    copies = -(-orders // _orders(connection)) - 1
    connection.execute("BEGIN")
    for table, names in _NAMES.items():
        connection.execute(f"CREATE TEMP TABLE origin AS SELECT * FROM {table}")
        connection.execute(_copy(connection, table, names), {"copies": copies})
        connection.execute("DROP TABLE origin")
    connection.execute("COMMIT")
    stored = _orders(connection)
    connection.execute("ANALYZE")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return stored


def _orders(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM orders").fetchone()[0])


def _copy(connection: sqlite3.Connection, table: str, names: tuple[str, ...]) -> str:
    columns = [row[1:3] for row in connection.execute(f"PRAGMA main.table_info({table})")]
    kept = [name for name, kind in columns if not (name == "id" and kind.upper().startswith(("INT", "BIGINT")))]
    known = {name for name, _ in columns}
    wrong = [name for name in names if name not in known]
    if wrong:
        raise ValueError(f"{table} has no {', '.join(wrong)}")
    values = ", ".join(f"CASE WHEN {c} = '' THEN '' ELSE {c} || '~' || nth END" if c in names else c for c in kept)
    return f"""
        WITH RECURSIVE copy (nth) AS (
            SELECT 1 WHERE :copies > 0 UNION ALL SELECT nth + 1 FROM copy WHERE nth < :copies
        )
        INSERT INTO {table} ({", ".join(kept)}) SELECT {values} FROM copy CROSS JOIN origin
    """
