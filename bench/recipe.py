"""Runs the floor: what it is told, so that it does the product's work without knowing the product."""

import base64
import json
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.ours import Run
from bench.processes import ROOT, BenchError, free_port
from bench.vendors import SHOP, Vendors
from connectors.shops import shopify_documents as documents
from connectors.shops.shopify_client import PATH
from connectors.shops.shopify_orders import ORDERS_BY_ID
from connectors.shops.shopify_subscriptions import TOPICS as SHOP_TOPICS
from connectors.warehouses.shipbob import TOPICS as NODE_TOPICS

_PHASES = {
    "customer": "captured", "orders": "captured", "order_line": "captured", "order_contact": "captured",
    "hold": "captured", "shop_fulfilment": "captured", "payment": "captured", "money_transaction": "captured",
    "external_ref": "captured", "decision": "validated", "journal_entry": "shipped", "journal_line": "shipped",
    "reservation": "released", "fulfilment_order": "released", "fulfilment_order_line": "released",
    "message": "released", "stock_movement": "shipped", "shipment": "shipped", "shipment_line": "shipped",
    "audit_event": "shipped", "tracking_event": "tracked",
}  # fmt: skip


def tables_of(ledger: Path) -> list[tuple[str, str, int, int]]:
    """The product's own rows per order and their bytes, from a ledger that a run has filled: (table, phase, rows,
    bytes). Left out: the inbox (its rows are the webhooks), and effects and work, which are how the product works."""
    connection = sqlite3.connect(ledger)
    orders = connection.execute("SELECT count(*) FROM orders").fetchone()[0]
    found = []
    for name, phase in _PHASES.items():
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({name})")]
        width = " + ".join(f'coalesce(length("{column}"), 0)' for column in columns)
        count, size = connection.execute(f"SELECT count(*), avg({width}) FROM {name}").fetchone()
        if rows := round(count / orders):
            found.append((name, phase, rows, round(size)))
    connection.close()
    return found


def run_floor(
    folder: Path, url: str, vendors: Vendors, *, orders: int, at_once: int, tables: Any, mail_bytes: int
) -> Run:
    """One run of the floor on its own database."""
    vendors.reset()
    recipe = folder / "recipe.json"
    shop = f"{vendors.shop_url}/shopify/{SHOP}"
    easypost = base64.b64encode(b"sandbox-easypost-key:").decode()
    what = {
        "database": url, "port": free_port(), "smtp_port": vendors.smtp_port, "orders": orders, "at_once": at_once,
        "tables": tables, "mail_bytes": mail_bytes, "graphql": PATH,
        "urls": {
            "shopify": shop, "shipbob": f"{vendors.other_url}/shipbob", "easypost": f"{vendors.other_url}/easypost"
        },
        "headers": {
            "shopify": {"x-shopify-access-token": f"sandbox-token-{SHOP}"},
            "shipbob": {"authorization": "Bearer sandbox-shipbob-token"},
            "easypost": {"authorization": f"Basic {easypost}"},
        },
        "topics": {"shopify": list(SHOP_TOPICS.values()), "shipbob": list(NODE_TOPICS)},
        "documents": {
            "orders": ORDERS_BY_ID,
            "subscribe": documents.batch(documents.SUBSCRIBE, 1),
            **{
                name: [documents.batch(mutation, size) for size in range(1, documents.CHUNK + 1)]
                for name, mutation in (
                    ("hold", documents.HOLD), ("release", documents.RELEASE), ("fulfil", documents.FULFIL)
                )
            },
        },
    }  # fmt: skip
    recipe.write_text(json.dumps(what), encoding="utf-8")
    with (folder / "floor.log").open("ab") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.floor", str(recipe)], cwd=ROOT, stdout=subprocess.PIPE, stderr=errors
        )
    try:
        assert process.stdout is not None
        if not process.stdout.readline():
            raise BenchError(f"the floor did not start; see {folder}/floor.log")
        before, vendors_cpu = vendors.counted(), vendors.cpu_s()
        vendors.buy(orders)
        line = process.stdout.readline()
        if not line:
            raise BenchError(f"the floor did not come to its end; see {folder}/floor.log")
        said = json.loads(line)
    finally:
        process.kill()
        process.wait()
    calls = {name: count - before.get(name, 0) for name, count in vendors.counted().items()}
    return Run(
        orders=orders, seconds=said["seconds"], cpu_s=said["cpu_s"], worker_cpu_s=said["cpu_s"],
        peak_mb=said["peak_mb"], waits_ms=[], calls=calls, vendors_cpu_s=vendors.cpu_s() - vendors_cpu,
    )  # fmt: skip


