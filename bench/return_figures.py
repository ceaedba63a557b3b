"""The tables that `python -m bench.returns` prints."""

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table

from bench.figures import Row
from bench.tables import Target, ms, show_calls, show_targets

WITHIN_MS = {"label": 1_500, "refund": 5_000}  # p95
TITLES = {"label": "request to label", "refund": "inspection to refund"}


def show(console: Console, found: Row, machine: str) -> None:
    table = Table(title="From the first byte to the row in which it is confirmed")
    for name in ("what", "sent", "confirmed", "answered p50 ms", "p50 ms", "p95 ms", "worst ms"):
        table.add_column(name, justify="left" if name == "what" else "right")
    for what, title in TITLES.items():
        load = found[what]
        for name, part in {title: load, **{f"  {kind}": part for kind, part in load["per_kind"].items()}}.items():
            whole = part is load
            table.add_row(
                name, str(load["sent"]) if whole else "", str(part["reached"]),
                ms(load["answered_p50_ms"]) if whole else "",
                ms(part["p50_ms"]), ms(part["p95_ms"]), ms(part["worst_ms"]),
            )  # fmt: skip
    console.print(table)
    show_calls(console, found["sandbox_p50_ms"])
    show_targets(console, targets(found))
    console.print(machine)


def targets(found: Row) -> Iterator[Target]:
    for what, title in TITLES.items():
        load = found[what]
        where = f"{title}, {load['per_second']:g}/s beside {load['bulk_per_s']:g} orders/s"
        limit, p95 = WITHIN_MS[what], load["p95_ms"]
        yield f"p95 ({where})", f"{ms(p95)} ms" if p95 else "none", f"< {limit:,} ms", bool(p95) and p95 < limit
        yield f"not confirmed ({where})", str(len(load["failures"])), "0", not load["failures"]
    runs, sent = found["label"]["runs"], found["label"]["sent"]
    soon = runs["own_run_within_5_s"]
    yield "own run within 5 s", f"{soon} of {sent}", "all", soon == sent
    yield "unlisted after two minutes", str(runs["unlisted"]), "0", not runs["unlisted"]
