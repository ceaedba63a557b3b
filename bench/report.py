"""The tables that `make bench` prints, with the targets beside what was measured."""

from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.tables import Target, show_targets

Row = dict[str, Any]
_BESIDE_FLOOR = ("share_of_floor", "share_of_floor_at_its_speed", "cpu_times_floor", "cpu_times_floor_at_its_speed")


def show(console: Console, rows: list[Row], more: Row, *, took_s: float, machine: str) -> None:
    console.print(_cases(rows))
    show_targets(console, targets(rows, more))
    sandbox = more["sandbox"]
    console.print(
        f"The sandbox alone serves {sandbox['calls_per_s']:.0f} calls/s, that is {sandbox['orders_per_s']:.0f} orders/s"
        " with the load on the same cores."
    )
    fastest = max(row["orders_per_s"] for row in rows if row["case"] == "ours")
    if sandbox["orders_per_s"] < 3 * fastest:
        console.print(
            f"That is less than three times the {fastest:.0f} orders/s reported: on this machine the vendors take a"
            " part of the cores that bounds product and floor alike; compare CPU per order."
        )
    console.print(f"{machine}; the whole took {took_s / 60:.1f} min.")


def _cases(rows: list[Row]) -> Table:
    table = Table(title="Orders through all six stages")
    for name in (
        "case",
        "database",
        "orders",
        "workers",
        "orders/s (spread)",
        "CPU ms/order",
        "of it workers",
        "peak MB",
    ):
        table.add_column(name, justify="left" if name in ("case", "database") else "right")
    for name in ("p50 ms", "p95 ms", "engine", "of floor", "at its speed", "CPU × floor", "at its speed"):
        table.add_column(name, justify="right")
    for row in rows:
        rate = f"{row['orders_per_s']:.1f} ({row['orders_per_s_min']:.1f}–{row['orders_per_s_max']:.1f})"
        table.add_row(
            row["case"], row["database"], f"{row['orders']:,}",
            str(row["workers"]) if row["case"] == "ours" else "", rate, f"{row['cpu_ms_per_order']:.1f}",
            f"{row['worker_cpu_ms_per_order']:.1f}" if row["case"] == "ours" else "", f"{row['peak_mb']:.0f}",
            f"{row['p50_ms']:,.0f}" if row["p50_ms"] else "", f"{row['p95_ms']:,.0f}" if row["p95_ms"] else "",
            "" if row["engine_share"] is None else f"{row['engine_share']:.0%}",
            *(f"{row[name]:.2f}" if name in row else "" for name in _BESIDE_FLOOR),
        )  # fmt: skip
    return table


def targets(rows: list[Row], more: Row) -> Iterator[Target]:
    """What was measured against what was promised."""
    ours = [row for row in rows if row["case"] == "ours"]
    at = min(1_000, max(row["orders"] for row in ours))
    for row in (row for row in ours if row["orders"] == at):
        where = f"{row['database']}, {at:,} orders, {_workers(row['workers'])}"
        share, times = row["share_of_floor"], row["cpu_times_floor"]
        yield f"rate, share of the floor's ({where})", f"{share:.2f}", "≥ 0.60", share >= 0.6
        yield f"CPU per order, times the floor's ({where})", f"{times:.1f}", "≤ 2.0", times <= 2
    slow = next(row["orders_per_s"] for row in rows if row["case"] == "run_per_order")
    for workers in sorted({row["workers"] for row in ours if row["orders"] == at}):
        best = max(row["orders_per_s"] for row in ours if (row["orders"], row["workers"]) == (at, workers))
        yield f"rate, times a flow run per order ({_workers(workers)})", f"{best / slow:.0f}", "≥ 40", best / slow >= 40
    largest = max(ours, key=lambda row: (row["orders"], row["peak_mb"]))
    peak = f"{largest['peak_mb']:.0f} MB"
    yield f"worker's peak memory at {largest['orders']:,} orders", peak, "< 400 MB", largest["peak_mb"] < 400
    if receiver := more.get("receiver"):
        found = f"{receiver['p99_ms']:.0f} ms"
        met = receiver["p99_ms"] < 500 and not receiver["failed"]
        yield "receiver's p99 at 50 webhooks/s beside a bulk run", found, "< 500 ms", met
    if scale := more.get("scale"):
        # the vendors' cost does not grow with what is stored here: it tells how fast the machine was in each run
        few, many = (row["cpu_ms_per_order"] / row["vendors_cpu_ms_per_order"] for row in (scale[0], scale[-1]))
        what = f"cost per order at {scale[-1]['stored']:,} stored, times that at {scale[0]['stored']:,}, at its speed"
        yield what, f"{many / few:.2f}", "≤ 1.20", many / few <= 1.2


def _workers(number: int) -> str:
    return "one worker" if number == 1 else f"{number} workers"
