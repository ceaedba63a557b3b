"""From the runs of `python -m bench.sweep` to its tables."""

import statistics
from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.tables import Target, show_targets

SHARE, GROWTH = 0.6, 1.2  # of the floor's rate, at least; of the time at few open parcels, at most
Row = dict[str, Any]


def summary(found: Row) -> Row:
    """`share` of the floor's rate beside all open parcels (medians of the rounds), `growth` of the time when there are
    more open parcels and as many due."""
    ours, few, floor = (_median(found[name]) for name in ("ours", "few", "floor"))
    due = found["due"]
    return {
        "per_s": round(due / ours, 1),
        "floor_per_s": round(due / floor, 1),
        "share": round(floor / ours, 3),
        "growth": round(ours / few, 3),
        "cpu_ms_per_parcel": round(1000 * min(run["cpu_s"] for run in found["ours"]) / due, 3),
        "floor_cpu_ms_per_parcel": round(1000 * min(run["cpu_s"] for run in found["floor"]) / due, 3),
    }


def _median(runs: Sequence[Row]) -> float:
    return float(statistics.median(run["seconds"] for run in runs))


def targets(found: Row) -> Iterator[Target]:
    made, due, everything = found["summary"], found["due"], found["open"]
    yield "rate, share of a bare loop's", f"{made['share']:.2f}", f">= {SHARE:.2f}", made["share"] >= SHARE
    name = f"time for {due:,} due among {everything:,} open, times that among {found['few_open']:,}"
    yield name, f"{made['growth']:.2f}", f"<= {GROWTH:.2f}", made["growth"] <= GROWTH
    stray = [run["touched"] for run in (*found["ours"], *found["few"]) if run["touched"] != due]
    yield "parcels touched", str(stray[0] if stray else due), str(due), not stray


def show(console: Console, found: Row, machine: str) -> None:
    table = Table(title=f"{found['due']:,} parcels due at one carrier")
    for name in ("who", "open", "round", "new scans", "seconds", "parcels/s", "CPU ms/parcel", "peak MB"):
        table.add_column(name, justify="left" if name == "who" else "right")
    for who, beside in (("ours", found["open"]), ("few", found["few_open"]), ("floor", None)):
        for number, run in enumerate(found[who], start=1):
            table.add_row(
                "bare loop" if beside is None else "ours",
                "" if beside is None else f"{beside:,}",
                str(number),
                "" if beside is None else f"{run['news']:,}",
                f"{run['seconds']:.2f}",
                f"{found['due'] / run['seconds']:,.0f}",
                f"{1000 * run['cpu_s'] / found['due']:.2f}",
                f"{run['peak_mb']:.0f}",
            )
    console.print(table)
    show_targets(console, targets(found))
    console.print(machine)
