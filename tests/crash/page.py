"""`docs/crash-matrix.md`: what the last whole run has found, explained."""

from collections.abc import Sequence

from tests.crash.cell import SHORT_LEASE_S, TRUE_LEASE_S
from tests.crash.promises import POINTS
from tests.crash.report import BOUNDS_S, NOBODY_LEFT, ONE_LEFT, Reckoning, Section, marks
from tests.crash.result import BROKEN, KEPT, UNPROVEN
from tests.support.shared import ROOT

PAGE = ROOT / "docs" / "crash-matrix.md"
_ABOUT = f"""\
# Crash matrix

Written by `make crash-matrix`; [guarantees.md](guides/guarantees.md) says what is promised and which promises the
cells are held against. In each cell a worker or a request runner is killed with SIGKILL at a point of an effect's
life, and whoever lives on or is started after it finds what it left behind. An edit has both; where the vendor holds
its answer back, both die.

- **before-intent**: the effect's row is written and not committed.
- **after-intent**: committed and claimed, the vendor not called.
- **acted**: the vendor has acted and holds its answer back.
- **before-record**: the vendor has answered, the outcome is not recorded.
- **after-record**: recorded, nothing done yet with what follows.

A cell says whether the promise was kept, how often the vendor accepted the deed by the vendor's own count, whether a
case is open, and the seconds from the kill until nothing was left to do. UNPROVEN is a cell that was not seen to its
end, or where the deed stands once and the ledger has no word of it (the vendor's state made asking again needless): it
counts as a failure, and in the control run not as a broken promise. Leases were {SHORT_LEASE_S} s long, so
that the wait for them is not what is measured. Afterwards the orders go their way for an hour (those of our own
warehouse until they are packed), and of an edit's cells what the shop shows must be what the parcels carry.
Every kind of effect is killed at every point on SQLite, where all of its stories are played, and at three of the points
in turn on PostgreSQL, with the first one.

Several cells are played side by side: a cell mostly waits for leases. Each has a process, a sandbox and a ledger of
its own (PostgreSQL: a database of one server), so they share nothing but the machine, and its load makes the seconds
longer, never shorter."""
_TAKE_OVER = f"""\
## An abandoned lease, with its true length of {TRUE_LEASE_S:.0f} s

A worker is started as an operator starts it (`python -m apps.worker`) and killed while the vendor holds its answer
back. The clock starts when the kill is reaped and stops when the effect is recorded and nothing else is left to do.
Where nobody lived on, the next worker is started at once after the kill: its start counts."""
_DEPLOYED = """\
A Prefect server and a process worker run the deployments. The run that is armed dies of SIGKILL; runs of the same
deployment and of the next ones follow, until nothing is in doubt. What comes after that is done without the engine."""
_CONTROL = """\
The same cells, with the call in the middle of the transaction that wants it, expired work done again, no look-up and
no check of who holds a row. BROKEN is a cell where something was done twice or lost, or a person was asked about what
was done, or not asked about what is in doubt. A kill at after-intent comes before the call: nothing can be doubled
there, and only the promise to ask about a doubtful mail is broken."""
_STEPS = """\
A request is killed as it changes its state: before the commit of that change, and right after it. Nobody outside is
asked at these points. It must come to where it would have come, or be a person's open case. On PostgreSQL each step
is killed at one of the two points."""
_WHO = {NOBODY_LEFT: "no worker lived on", ONE_LEFT: "another worker lived on"}


def page(reckoning: Reckoning, wrong: Sequence[str], *, took_s: float, shares: int, cores: int) -> str:
    """The whole page."""
    took = f"Took {took_s / 60:.1f} min, {shares} cells side by side on {cores} cores."
    about = ((reckoning.killed[2], _STEPS), (reckoning.deployed, _DEPLOYED), (reckoning.control, _CONTROL))
    parts = [
        _ABOUT,
        "",
        *_result(wrong),
        "",
        took,
        "",
        *_counts(reckoning),
        "",
        _TAKE_OVER,
        "",
        *_taken_over(reckoning),
    ]
    for section in reckoning.sections:
        parts += ["", f"## {section.title}", ""]
        notes = [note for one, note in about if one is section]
        parts += [line for note in notes for line in (note, "")]
        parts += _cells(section)
    return "\n".join(parts) + "\n"


def _result(wrong: Sequence[str]) -> list[str]:
    if not wrong:
        return ["**Every promise was kept, and every target was met.**"]
    return ["**Not everything is as promised:**", "", *(f"- {line}" for line in wrong)]


def _counts(reckoning: Reckoning) -> list[str]:
    lines = ["| run | cells | kept | broken | unproven | time to recover |", "| --- | --- | --- | --- | --- | --- |"]
    for section in reckoning.sections:
        counts = " | ".join(str(len(section.of(verdict))) for verdict in (KEPT, BROKEN, UNPROVEN))
        lines.append(f"| {section.title} | {len(section.rows)} | {counts} | {section.times} |")
    broken, cells = len(reckoning.control.of(BROKEN)), len(reckoning.control.rows)
    share = (
        f"The control run broke {broken} of {cells} cells ({broken / max(cells, 1):.0%}); at least half is asked for."
    )
    return [*lines, "", share]


def _taken_over(reckoning: Reckoning) -> list[str]:
    lines = ["| story | cells | from the kill | target | met |", "| --- | --- | --- | --- | --- |"]
    for run, bound in BOUNDS_S.items():
        section = reckoning.take_over[run]
        met = sum(row["recovery_s"] <= bound for row in section.of(KEPT))
        cells = len(section.rows)
        lines.append(f"| {_WHO[run]} | {cells} | {section.times} | at most {bound:.0f} s | {met} of {cells} |")
    return lines


def _cells(section: Section) -> list[str]:
    points = [point for point in POINTS if any(row["point"] == point for row in section.rows)]
    lines = ["| effect | " + " | ".join(points) + " |", "| --- |" + " --- |" * len(points)]
    for effect, cells in marks(section).items():
        lines.append(f"| `{effect}` | " + " | ".join(cells.get(point, "") for point in points) + " |")
    return lines
