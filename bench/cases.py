"""The cases of the benchmark, each a few runs with median and spread."""

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.databases import Databases
from bench.fill import fill
from bench.ours import Product, Run
from bench.processes import ROOT, Child, answers, free_port
from bench.recipe import run_floor, tables_of, write_recipe
from bench.vendors import Vendors

AT_ONCE = (8, 32, 128)
MAIL_BYTES = 6_000
ENGINE_AT = 1_000  # orders at which the run without an engine is made
Row = dict[str, Any]


@dataclass
class Bench:
    """What all cases share. `say` tells the terminal what is being done."""

    folder: Path
    vendors: Vendors
    databases: Databases
    say: Callable[[str], None]
    rows: list[Row] = field(default_factory=list)
    tables: list[Any] = field(default_factory=list)
    _prefect: Child | None = None
    prefect_url: str = ""

    def prefect(self) -> Child:
        """A real local Prefect server on SQLite, with the project's own settings."""
        if self._prefect is None:
            self.prefect_url = self.prefect_url or f"http://127.0.0.1:{free_port()}"
            port = self.prefect_url.rpartition(":")[2]
            env = {"PREFECT_HOME": str(self.folder / "prefect"), "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
            arguments = ["-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", port]
            self._prefect = Child("prefect", arguments, self.folder / "prefect.log", env)
            self._prefect.wait_for(lambda: answers(f"{self.prefect_url}/api/health"))
        return self._prefect

    def close(self) -> None:
        """Stop the Prefect server, if there is one; it may be started again in the same place."""
        if self._prefect is not None:
            self._prefect.stop()
            self._prefect = None

    def product(self, url: str, *, engine: bool = True, **how: Any) -> Product:
        """`how`: as `Product` takes it."""
        server = self.prefect() if engine else None
        return Product(self.folder, url, self.vendors, prefect=server, prefect_url=self.prefect_url, **how)

    def ours(self, database: str, orders: int, *, engine: bool = True, workers: int = 1) -> Run:
        """The product, on a fresh ledger in fresh processes."""
        how = f"{workers} workers" if workers > 1 else "one worker" if engine else "one worker without engine"
        self.say(f"ours, {database}, {orders:,} orders, {how}")
        url = self.databases.fresh(database)
        with self.product(url, engine=engine, workers=workers) as product:
            run = product.measure(orders)
        if database == "sqlite" and not self.tables:
            self.tables = tables_of(Path(url.removeprefix("sqlite:///")))
        return run

    def floor(self, database: str, orders: int, at_once: int) -> Run:
        self.say(f"floor, {database}, {orders:,} orders, {at_once} calls at once")
        return run_floor(
            self.folder, self._plain(database), self.vendors, orders=orders, at_once=at_once, tables=self.tables,
            mail_bytes=MAIL_BYTES,
        )  # fmt: skip

    def best_at_once(self, database: str, orders: int) -> int:
        """The floor is tuned: the number of calls at once at which it is fastest."""
        rates = {n: self.floor(database, orders, n).rate for n in AT_ONCE}
        return max(rates, key=lambda n: rates[n])

    def per_order(self, orders: int) -> Run:
        """A flow run per order, at few orders: it is slow."""
        self.say(f"one flow run per order, {orders} orders")
        self.prefect()
        env = {"PREFECT_API_URL": f"{self.prefect_url}/api", "PREFECT_HOME": str(self.folder / "prefect")}
        return run_floor(
            self.folder, self._plain("sqlite"), self.vendors, orders=orders, at_once=32, tables=self.tables,
            mail_bytes=MAIL_BYTES, program="bench.per_order", env=env,
        )  # fmt: skip

    def sandbox_alone(self, orders: int) -> Row:
        """The floor's call mix fired at the vendors with nothing behind it."""
        self.say("what the sandbox alone can serve")
        self.vendors.reset()
        made = [order["id"] for order in self.vendors.buy(orders)]
        before = self.vendors.counted()
        path = write_recipe(self.folder, self.vendors, at_once=64, mail_bytes=MAIL_BYTES, ids=made, orders=orders)
        done = subprocess.run([sys.executable, "-m", "bench.raw", str(path)], cwd=ROOT, capture_output=True, check=True)
        seconds = json.loads(done.stdout.splitlines()[-1])["seconds"]
        after = self.vendors.counted()
        calls = sum(c - before.get(n, 0) for n, c in after.items() if not n.startswith(("_control", "mail")))
        return {"orders": orders, "orders_per_s": orders / seconds, "calls_per_s": calls / seconds}

    def receiver(self, seconds: int, orders: int) -> Row:
        """Webhooks at 50/s beside a bulk run."""
        self.say(f"receiver: 50 webhooks/s for {seconds} s beside a bulk run")
        with self.product(self.databases.fresh("sqlite")) as product:
            product.measure(20)
            known = [order["id"] for order in self.vendors.orders()]
            command = [sys.executable, "-m", "bench.hooks", product.receiver_url, str(seconds), "50", *known]
            hooks = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
            run = product.measure(orders)
            said, _ = hooks.communicate()
        return {**json.loads(said), "bulk_orders": orders, "bulk_orders_per_s": run.rate}

    def scale(self, stored: Sequence[int], orders: int) -> list[Row]:
        """Cost per order with few and with many stored orders (SQLite)."""
        found = []
        for wanted in stored:
            url = self.databases.fresh("sqlite")
            with self.product(url, engine=False) as product:
                self.say("scale: orders to copy")
                product.measure(500)
                address = product.receiver_url
            self.say(f"scale: fill to {wanted:,} stored orders")
            there = fill(Path(url.removeprefix("sqlite:///")), wanted)
            self.say(f"scale: {orders} orders beside {there:,} stored")
            with self.product(url, engine=False, after=address) as product:
                run = product.measure(orders)
            row = {"stored": there, "orders": orders, "orders_per_s": run.rate, "seconds": run.seconds}
            row["cpu_ms_per_order"] = round(1000 * run.cpu_s / orders, 2)
            row["vendors_cpu_ms_per_order"] = round(1000 * run.vendors_cpu_s / orders, 2)
            found.append(row)
        return found

    def _plain(self, database: str) -> str:
        """A database of the floor's own: it makes its own tables."""
        if database == "postgres":
            return self.databases.fresh("postgres")
        path = self.databases.empty_sqlite()
        return f"sqlite:///{path}"


def summary(case: str, database: str, runs: Sequence[Run], **more: Any) -> Row:
    """Median of the repeats, with the spread of the rate."""

    def median(of: Callable[[Run], float]) -> float:
        return round(statistics.median(of(run) for run in runs), 2)

    rates = [run.rate for run in runs]
    return {
        "case": case,
        "database": database,
        "orders": runs[0].orders,
        "workers": runs[0].workers,
        "orders_per_s": median(lambda r: r.rate),
        "orders_per_s_min": round(min(rates), 2),
        "orders_per_s_max": round(max(rates), 2),
        "cpu_ms_per_order": median(lambda r: 1000 * r.cpu_s / r.orders),
        "worker_cpu_ms_per_order": median(lambda r: 1000 * r.worker_cpu_s / r.orders),
        "vendors_cpu_ms_per_order": median(lambda r: 1000 * r.vendors_cpu_s / r.orders),
        "prefect_server_cpu_ms_per_order": median(lambda r: 1000 * r.engine_cpu_s / r.orders),
        "peak_mb": median(lambda r: r.peak_mb),
        "p50_ms": median(lambda r: r.wait_ms(50)),
        "p95_ms": median(lambda r: r.wait_ms(95)),
        "engine_share": None,
        "repeats": len(runs),
        "calls_per_order": {
            name: round(count / runs[-1].orders, 3)
            for name, count in runs[-1].calls.items()
            if count and not name.startswith(("_control", "mail "))
        },
        **more,
    }
