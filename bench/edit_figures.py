"""The tables that `python -m bench.edits` prints."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table

from bench.figures import Row
from bench.tables import Target, ms, show_calls, show_targets


def show(console: Console, found: Row, machine: str) -> None:
    loads: Sequence[Row] = found["loads"]
    table = Table(title="From the first byte of a request to its row's state applied, both sides read back")
    for name in ("load", "Prefect", "sent", "applied", "p50 ms", "p95 ms", "worst ms", "own run", "line", "unlisted"):
        table.add_column(name, justify="left" if name in ("load", "Prefect") else "right")
    for load in loads:
        runs = load["runs"]
        table.add_row(
            load["name"], _how(load), str(load["sent"]), str(load["reached"]),
            ms(load["p50_ms"]), ms(load["p95_ms"]), ms(load["worst_ms"]),
            str(runs["own_run"]), str(runs["line_only"]), str(runs["unlisted"]),
        )  # fmt: skip
    console.print(table)
    parts = Table("kind and order", *(f"{load['name']}, {_how(load)}" for load in loads), title="p50 / p95 ms")
    for part in dict.fromkeys(part for load in loads for part in load["per_both"]):
        both = [load["per_both"].get(part) for load in loads]
        parts.add_row(part, *(f"{ms(each['p50_ms'])} / {ms(each['p95_ms'])}" if each else "" for each in both))
    console.print(parts)
    show_calls(console, found["sandbox_p50_ms"])
    show_targets(console, targets(loads))
    console.print(machine)


def targets(loads: Sequence[Row]) -> Iterator[Target]:
    for load in loads:
        where = f"{load['name']}, Prefect {_how(load)}"
        if load["p95_ms"] is None:
            yield where, "none applied", "some", False
            continue
        if load["bulk_per_s"]:
            yield f"p50 ({where})", f"{load['p50_ms']:.0f} ms", "< 300 ms", load["p50_ms"] < 300
            yield f"p95 ({where})", f"{load['p95_ms']:.0f} ms", "< 700 ms", load["p95_ms"] < 700
        else:
            yield f"p95 ({where})", f"{load['p95_ms']:.0f} ms", "< 1,500 ms", load["p95_ms"] < 1_500
        yield f"not applied ({where})", str(len(load["failures"])), "0", not load["failures"]
        runs = load["runs"]
        if load["bulk_per_s"] and load["prefect"]:
            soon = runs["own_run_within_5_s"]
            yield f"own run within 5 s ({where})", f"{soon} of {load['sent']}", "all", soon == load["sent"]
        yield f"unlisted after two minutes ({where})", str(runs["unlisted"]), "0", not runs["unlisted"]


def _how(load: Row) -> str:
    return "up" if load["prefect"] else "stopped"
