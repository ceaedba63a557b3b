"""Runs the floor: what it is told, so that it does the product's work without knowing the product."""

import base64
import json
import os
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


def write_recipe(folder: Path, vendors: Vendors, **more: Any) -> Path:
    """Addresses, headers, topics and documents; `more` is the run's own part."""
    path = folder / "recipe.json"
    easypost = base64.b64encode(b"sandbox-easypost-key:").decode()
    mutations = (("hold", documents.HOLD), ("release", documents.RELEASE), ("fulfil", documents.FULFIL))
    recipe = {
        "smtp_port": vendors.smtp_port,
        "graphql": PATH,
        "urls": {
            "shopify": f"{vendors.shop_url}/shopify/{SHOP}",
            "shipbob": f"{vendors.other_url}/shipbob",
            "easypost": f"{vendors.other_url}/easypost",
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
                for name, mutation in mutations
            },
        },
        **more,
    }
    path.write_text(json.dumps(recipe), encoding="utf-8")
    return path


def run_floor(
    folder: Path,
    url: str,
    vendors: Vendors,
    *,
    orders: int,
    at_once: int,
    tables: Any,
    mail_bytes: int,
    program: str = "bench.floor",
    env: dict[str, str] | None = None,
) -> Run:
    """One run of the floor (or of a program like it) on its own database."""
    vendors.reset()
    recipe = write_recipe(
        folder, vendors, database=url, port=free_port(), orders=orders, at_once=at_once, tables=tables,
        mail_bytes=mail_bytes,
    )  # fmt: skip
    log = folder / f"{program}.log"
    with log.open("ab") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", program, str(recipe)],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, env={**os.environ, **(env or {})},
        )  # fmt: skip
    try:
        assert process.stdout is not None
        if not process.stdout.readline():
            raise BenchError(f"{program} did not start; see {log}")
        before, vendors_cpu = vendors.counted(), vendors.cpu_s()
        vendors.buy(orders)
        line = process.stdout.readline()
        if not line:
            raise BenchError(f"{program} did not come to its end; see {log}")
        said = json.loads(line)
    finally:
        process.kill()
        process.wait()
    calls = {name: count - before.get(name, 0) for name, count in vendors.counted().items()}
    for name in ("shipbob POST /2026-01/order", "easypost POST /v2/addresses", "mails"):
        if calls[name] != orders * (2 if name == "mails" else 1):
            raise BenchError(f"{program} did not do the whole work: {name} {calls[name]}")
    return Run(
        orders=orders, seconds=said["seconds"], cpu_s=said["cpu_s"], worker_cpu_s=said["cpu_s"],
        peak_mb=said["peak_mb"], waits_ms=[], calls=calls, vendors_cpu_s=vendors.cpu_s() - vendors_cpu,
    )  # fmt: skip
