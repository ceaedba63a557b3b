"""The matrix as files and as a table."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.crash.cell import AS_PROMISED, POINTS, SHORT_LEASE_S, TRUE_LEASE_S
from tests.support.shared import ROOT

PAGE = ROOT / "docs" / "crash-matrix.md"
BOUNDS_S = {"nobody-left": 60.0, "one-left": 45.0}
FILES = {
    "matrix": "crash-matrix.json",
    "control": "crash-matrix-control.json",
    "deployed": "crash-matrix-deployed.json",
    "take-over": "crash-matrix-takeover.json",
}
CONTROL = "Control run: the protocol switched off"
DEPLOYED = "A deployment's run killed, Prefect serving"
Found = Sequence[Mapping[str, Any]]


def write(results: Found, out: Path, *, whole: bool, took_s: float) -> int:
    """Write what was found and print it; returns the exit code: 1 when a promise was broken or not shown to be one."""
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in FILES}
    for each in results:
        runs[each["run"] if each["run"] in runs else "take-over"].append(dict(each))
    for name, rows in runs.items():
        lines = [row if name == "take-over" else {k: v for k, v in row.items() if k != "run"} for row in rows]
        (out / FILES[name]).write_text(json.dumps(lines, indent=1) + "\n", encoding="utf-8")
    console = Console(width=170)
    for database in ("sqlite", "postgres"):
        console.print(_table(f"Killed at … ({database})", [r for r in runs["matrix"] if r["database"] == database]))
    console.print(_table(CONTROL, runs["control"]))
    console.print(_table(DEPLOYED, runs["deployed"]))
    summary = _summary(runs, took_s)
    console.print("\n".join(summary))
    for row in _violated([*runs["matrix"], *runs["deployed"], *runs["take-over"]]):
        console.print(f"[red]{row['effect']} {row['point']} {row['database']}: {row['outcome']}")
    if whole:
        PAGE.write_text(_page(runs, summary), encoding="utf-8")
    return 0 if _good(runs) else 1


def _good(runs: Mapping[str, Found]) -> bool:
    kept = all(row["outcome"] == AS_PROMISED for row in [*runs["matrix"], *runs["deployed"], *runs["take-over"]])
    in_time = all(row["recovery_s"] <= BOUNDS_S[row["run"]] for row in runs["take-over"])
    return kept and in_time and 2 * len(_violated(runs["control"])) >= len(runs["control"])


def _violated(rows: Found) -> list[Mapping[str, Any]]:
    return [row for row in rows if row["outcome"] != AS_PROMISED]


def _mark(row: Mapping[str, Any]) -> str:
    case = ", case" if row["case_open"] else ""
    return f"{'kept' if row['outcome'] == AS_PROMISED else 'BROKEN'} {row['accepted']}{case}, {row['recovery_s']:.1f} s"


def _by_effect(rows: Found) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        found.setdefault(row["effect"], {})[row["point"]] = _mark(row)
    return found


def _table(title: str, rows: Found) -> Table:
    table = Table(title=title, caption="promise, times accepted by the vendor, seconds to recover")
    for heading in ("effect", *POINTS):
        table.add_column(heading)
    for effect, marks in _by_effect(rows).items():
        table.add_row(effect, *(marks.get(point, "") for point in POINTS))
    return table


def _summary(runs: Mapping[str, Found], took_s: float) -> list[str]:
    seconds = [row["recovery_s"] for row in runs["matrix"]] or [0.0]
    lines = [
        f"{len(runs['matrix'])} cells, {len(_violated(runs['matrix']))} promises broken; recovered after "
        f"{median(seconds):.1f} s (median), {max(seconds):.1f} s (worst), with leases of {SHORT_LEASE_S} s.",
        f"Control run: {len(_violated(runs['control']))} of {len(runs['control'])} cells broken.",
    ]
    for run, words in (("nobody-left", "no worker lived on"), ("one-left", "another worker lived on")):
        found = [row["recovery_s"] for row in runs["take-over"] if row["run"] == run]
        if found:
            lines.append(
                f"Leases of {TRUE_LEASE_S:.0f} s, {words}: {median(found):.1f} s (median), {max(found):.1f} s (worst) "
                f"from the kill; at most {BOUNDS_S[run]:.0f} s."
            )
    return [*lines, f"Took {took_s / 60:.1f} min."]


def _page(runs: Mapping[str, Found], summary: Sequence[str]) -> str:
    parts = [
        "# Crash matrix",
        "",
        "Written by `make crash-matrix`; `docs/guides/guarantees.md` says what is promised.",
        "",
    ]
    parts += [f"- {line}" for line in summary]
    for database in ("sqlite", "postgres"):
        parts += _section(f"Killed at … ({database})", [r for r in runs["matrix"] if r["database"] == database])
    parts += _section(CONTROL, runs["control"]) + _section(DEPLOYED, runs["deployed"])
    return "\n".join(parts) + "\n"


def _section(title: str, rows: Found) -> list[str]:
    lines = ["", f"## {title}", "", "| effect | " + " | ".join(POINTS) + " |", "| --- |" + " --- |" * len(POINTS)]
    for effect, marks in _by_effect(rows).items():
        lines.append(f"| `{effect}` | " + " | ".join(marks.get(point, "") for point in POINTS) + " |")
    return lines
