"""The matrix as files and as a table, and whether all is well; `tests.crash.page` writes it down."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.crash.cell import NOBODY_LEFT_S, ONE_LEFT_S, TRUE_LEASE_S
from tests.crash.promises import POINTS
from tests.crash.result import BROKEN, KEPT, UNPROVEN

MATRIX, STEPPED, CONTROL, DEPLOYED = "matrix", "steps", "control", "deployed"
NOBODY_LEFT, ONE_LEFT = "nobody-left", "one-left"
BOUNDS_S = {NOBODY_LEFT: NOBODY_LEFT_S, ONE_LEFT: ONE_LEFT_S}  # the runs with the lease's true length
TAKE_OVER = "take-over"
FILES = {
    MATRIX: "crash-matrix.json",
    STEPPED: "crash-matrix-steps.json",
    CONTROL: "crash-matrix-control.json",
    DEPLOYED: "crash-matrix-deployed.json",
    TAKE_OVER: "crash-matrix-takeover.json",
}
Row = Mapping[str, Any]
Found = Sequence[Row]


@dataclass(frozen=True)
class Section:
    """One table of cells. Of the control, half and more must be broken; of all others, none."""

    title: str
    rows: Found

    def of(self, verdict: str) -> list[Row]:
        return [row for row in self.rows if row["verdict"] == verdict]

    @property
    def seconds(self) -> list[float]:
        """To recover, of the cells that did."""
        return [row["recovery_s"] for row in self.rows if row["verdict"] != UNPROVEN]

    @property
    def times(self) -> str:
        seconds = self.seconds
        return f"{median(seconds):.1f} s (median), {max(seconds):.1f} s (worst)" if seconds else "none recovered"


class Reckoning:
    """All that was found, sorted into its runs."""

    def __init__(self, results: Found) -> None:
        self.rows: dict[str, list[Row]] = {name: [] for name in (*FILES, *BOUNDS_S)}
        for row in results:
            self.rows[row["run"]].append(row)
            if row["run"] in BOUNDS_S:
                self.rows[TAKE_OVER].append(row)
        self.killed = [
            Section(f"{title} ({database})", [row for row in self.rows[run] if row["database"] == database])
            for run, title in ((MATRIX, "Killed at …"), (STEPPED, "Between the steps of a request"))
            for database in ("sqlite", "postgres")
        ]
        self.deployed = Section("A deployment's run killed, Prefect serving", self.rows[DEPLOYED])
        self.control = Section("Control run: the protocol switched off", self.rows[CONTROL])
        self.take_over = {run: Section(run, self.rows[run]) for run in BOUNDS_S}

    @property
    def sections(self) -> list[Section]:
        return [*self.killed, self.deployed, self.control]

    def wrong(self, *, whole: bool) -> list[str]:
        """What is not as promised, in words. A part of the kinds says nothing of the control's share."""
        found = [
            f"`{row['effect']}` {row['point']} {row['database']} ({row['run']}): {row['outcome']}"
            for run in (MATRIX, STEPPED, DEPLOYED, TAKE_OVER)
            for row in self.rows[run]
            if row["verdict"] != KEPT
        ]
        found += [
            f"`{row['effect']}` with a lease of {TRUE_LEASE_S:.0f} s ({run}): recovered after "
            f"{row['recovery_s']:.1f} s, the target is {bound:.0f} s"
            for run, bound in BOUNDS_S.items()
            for row in self.rows[run]
            if row["recovery_s"] > bound
        ]
        broken, cells = len(self.control.of(BROKEN)), len(self.control.rows)
        if whole and 2 * broken < cells:
            found.append(
                f"the control run breaks {broken} of {cells} cells, which is less than half: it proves too little"
            )
        return found


def write(reckoning: Reckoning, out: Path) -> None:
    """The JSON files, and the tables to look at."""
    for name, file in FILES.items():
        rows = reckoning.rows[name]
        lines = [row if name == TAKE_OVER else {k: v for k, v in row.items() if k != "run"} for row in rows]
        (out / file).write_text(json.dumps(lines, indent=1) + "\n", encoding="utf-8")
    console = Console(width=170)
    for section in reckoning.sections:
        console.print(_table(section))


def marks(section: Section) -> dict[str, dict[str, str]]:
    """By effect and point: verdict, how often it was accepted, whether a case is open, seconds."""
    found: dict[str, dict[str, str]] = {}
    for row in section.rows:
        case = ", case" if row["case_open"] else ""
        verdict = row["verdict"] if row["verdict"] == KEPT else row["verdict"].upper()
        text = f"{verdict} {row['accepted']}{case}, {row['recovery_s']:.1f} s"
        found.setdefault(row["effect"], {})[row["point"]] = text
    return found


def _table(section: Section) -> Table:
    table = Table(title=section.title, caption="promise, times accepted by the vendor, seconds to recover")
    for heading in ("effect", *POINTS):
        table.add_column(heading)
    for effect, cells in marks(section).items():
        table.add_row(effect, *(cells.get(point, "") for point in POINTS))
    return table
