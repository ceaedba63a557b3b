"""`python -m bench`: the pipeline against its floor, side by side on this machine."""

import argparse
import json
import os
import platform
import tempfile
import time
from pathlib import Path
from typing import Any

from rich.console import Console

from bench.cases import ENGINE_AT, Bench, Row, summary
from bench.databases import Databases
from bench.report import show
from bench.vendors import Vendors

PER_ORDER = 40
WIDTH = 170  # of the tables in a file


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="200 orders, one run, SQLite, no long parts")
    parser.add_argument("--sizes", default="200,1000,5000", help="numbers of orders (default: %(default)s)")
    parser.add_argument("--databases", default="sqlite,postgres", help="default: %(default)s")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each size below 5,000 (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=2, help="also so many worker processes, one run at 1,000")
    parser.add_argument("--stored", default="1000,100000", help="stored orders of the scale test, or nothing")
    parser.add_argument("--receiver-seconds", type=int, default=60, help="0 leaves the receiver test out")
    parser.add_argument("--out", type=Path, default=Path("build/bench/pipeline.json"))
    options = parser.parse_args()
    if options.quick:
        options.sizes, options.databases, options.repeats, options.stored = "200", "sqlite", 1, ""
        options.receiver_seconds, options.workers = 0, 1
    return options


def pipeline(bench: Bench, databases: list[str], sizes: list[int], repeats: int, workers: int, out: Path) -> None:
    """Product and floor by turns, so that a disturbance of the machine meets both."""
    for database in databases:
        at_once = 0
        for orders in sizes:
            ours, below = [], []
            for _ in range(1 if orders >= 5_000 else repeats):
                ours.append(bench.ours(database, orders))
                at_once = at_once or bench.best_at_once(database, min(orders, ENGINE_AT))
                below.append(bench.floor(database, orders, at_once))
            rows, floor = [summary("ours", database, ours)], summary("floor", database, below, at_once=at_once)
            if orders == min(ENGINE_AT, max(sizes)):
                if workers > 1:
                    rows.append(summary("ours", database, [bench.ours(database, orders, workers=workers)]))
                plain = summary("ours", database, [bench.ours(database, orders, engine=False)])
                rows[0]["engine_share"] = round(1 - rows[0]["orders_per_s"] / plain["orders_per_s"], 3)
                rows[0]["engine_cpu_ms_per_order"] = round(rows[0]["cpu_ms_per_order"] - plain["cpu_ms_per_order"], 2)
            for row in rows:
                compare(row, floor)
            bench.rows += [*rows, floor]
            save(out, bench.rows, {})
    bench.rows.append(summary("run_per_order", "sqlite", [bench.per_order(PER_ORDER)]))


def compare(row: Row, floor: Row) -> None:
    """Shares of the floor as measured and at its speed: both have the vendors do the same, and what that cost tells how
    fast the machine was in each run."""
    slower = row["vendors_cpu_ms_per_order"] / floor["vendors_cpu_ms_per_order"]
    row["share_of_floor"] = round(row["orders_per_s"] / floor["orders_per_s"], 3)
    row["cpu_times_floor"] = round(row["cpu_ms_per_order"] / floor["cpu_ms_per_order"], 2)
    row["share_of_floor_at_its_speed"] = round(row["share_of_floor"] * slower, 3)
    row["cpu_times_floor_at_its_speed"] = round(row["cpu_times_floor"] / slower, 2)


def main() -> None:
    options, started = parse(), time.perf_counter()
    console = Console() if Console().is_terminal else Console(width=WIDTH)
    sizes = [int(size) for size in options.sizes.split(",")]
    more: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="aftercart-bench-") as name, console.status("start") as status:
        folder = Path(name)
        vendors, databases = Vendors(folder), Databases(folder)
        bench = Bench(folder, vendors, databases, status.update)
        try:
            pipeline(bench, options.databases.split(","), sizes, options.repeats, options.workers, options.out)
            more["sandbox"] = bench.sandbox_alone(1_000)
            if options.receiver_seconds:
                more["receiver"] = bench.receiver(options.receiver_seconds, 30 * options.receiver_seconds)
            if options.stored:
                more["scale"] = bench.scale([int(n) for n in options.stored.split(",")], 500)
        finally:
            bench.close()
            vendors.stop()
            databases.close()
    save(options.out, bench.rows, more)
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}"
    show(console, bench.rows, more, took_s=time.perf_counter() - started, machine=machine)


def save(out: Path, rows: list[dict[str, Any]], more: dict[str, Any]) -> None:
    """`pipeline.json` holds the cases; each further test has a file of its own beside it."""
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(rows, indent=2), encoding="utf-8")
    for name, found in more.items():
        (out.parent / f"{name}.json").write_text(json.dumps(found, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
