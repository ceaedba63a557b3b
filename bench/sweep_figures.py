"""From the runs of `python -m bench.sweep` to its tables."""

import statistics
from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.tables import Target, show_targets

SHARE, GROWTH = 0.6, 1.2  # of the bare loop's rate, at least; of the time at few open parcels, at most
FLOORS = ("httpx", "aiohttp")  # what the bare loops call with
Row = dict[str, Any]


def summary(found: Row) -> Row:
    """`share` of a bare loop's rate beside all open parcels (medians of the rounds), `growth` of the time when there
    are more open parcels and as many due."""
    ours, few = _median(found["ours"]), _median(found["few"])
    due = found["due"]
    return {
        "per_s": round(due / ours, 1),
        "bare_per_s": {client: round(due / _median(found[client]), 1) for client in FLOORS},
        "share": {client: round(_median(found[client]) / ours, 3) for client in FLOORS},
        "growth": round(ours / few, 3),
        "cpu_ms_per_parcel": {name: round(1000 * _cpu_s(found[name]) / due, 3) for name in ("ours", *FLOORS)},
    }


def _cpu_s(runs: Sequence[Row]) -> float:
    return float(min(run["cpu_s"] for run in runs))


def _median(runs: Sequence[Row]) -> float:
    return float(statistics.median(run["seconds"] for run in runs))


def targets(found: Row) -> Iterator[Target]:
    made, due, everything = found["summary"], found["due"], found["open"]
    for client in FLOORS:
        share = made["share"][client]
        yield f"rate, share of a bare loop's with {client}", f"{share:.2f}", f">= {SHARE:.2f}", share >= SHARE
    name = f"time for {due:,} due among {everything:,} open, times that among {found['few_open']:,}"
    yield name, f"{made['growth']:.2f}", f"<= {GROWTH:.2f}", made["growth"] <= GROWTH
    stray = [run["touched"] for run in (*found["ours"], *found["few"]) if run["touched"] != due]
    yield "parcels touched", str(stray[0] if stray else due), str(due), not stray


def show(console: Console, found: Row, machine: str) -> None:
    table = Table(title=f"{found['due']:,} parcels due at one carrier")
    for name in ("who", "open", "round", "new scans", "seconds", "parcels/s", "CPU ms/parcel", "peak MB"):
        table.add_column(name, justify="left" if name == "who" else "right")
    for who, beside in (("ours", found["open"]), ("few", found["few_open"]), *((client, None) for client in FLOORS)):
        for number, run in enumerate(found[who], start=1):
            table.add_row(
                f"bare loop, {who}" if beside is None else "ours",
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
