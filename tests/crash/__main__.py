"""`make crash-matrix`: the whole matrix and its control run, as a table, as JSON and as a page.

`python -m tests.crash [--only KIND] [--workers N]`. Each share of the cells has a process, a sandbox and ledgers of
its own. Where time is measured, workers are started as an operator starts them; elsewhere the program is forked from a
process that has imported it (`tests.crash.host`).
"""

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

from tasks.effect_kinds import KINDS
from tests.crash import page, report
from tests.crash.cell import PATIENCE_S, SHORT_LEASE_S, TRUE_LEASE_S, Play
from tests.crash.engine import POINT, DeployedPlay, Engine, opened_engine
from tests.crash.programs import Executing, Forking, Launcher
from tests.crash.promises import ACTED, POINTS
from tests.crash.report import CONTROL, DEPLOYED, MATRIX, NOBODY_LEFT, ONE_LEFT, STEPPED
from tests.crash.result import Cell, Result, played
from tests.crash.scenarios import SCENARIOS
from tests.crash.steps import StepPlay
from tests.crash.steps import cells as step_cells
from tests.support.databases import Postgres, Sqlite
from tests.support.sandbox import SandboxProcess
from tests.support.shared import ROOT
from tests.support.world import opened_world

TRUE_LEASES = (NOBODY_LEFT, ONE_LEFT)  # with the lease's true length
TAKEN_OVER = ("shop.hold", "node.create_order", "label.buy", "mail.send")
CONTROL_PATIENCE_S = 8.0  # what comes to rest without the protocol does so within four
ENGINES = 2  # shares that have a Prefect server, which is the heaviest of all that runs
Planned = tuple[str, Cell]


def planned(only: str = "") -> list[Planned]:
    """All cells of the kinds with this in their name, with the run that they belong to."""
    return [each for each in _planned() if only in each[1].effect]


def _planned() -> Iterator[Planned]:
    """All stories at all points on SQLite; on PostgreSQL each kind of effect at three points in turn, each step of a
    request at one. What mostly waits comes first, beside the deployed cells, which keep the cores busy."""
    for point in POINTS:
        for effect in KINDS:
            yield CONTROL, Cell(effect, point, "sqlite")
    for run in TRUE_LEASES:
        for effect in TAKEN_OVER:
            yield run, Cell(effect, ACTED, "sqlite")
    for point in POINTS:
        for effect in SCENARIOS:
            yield MATRIX, Cell(effect, point, "sqlite")
    for first, effect in enumerate(KINDS):
        for step in (0, 1, 3):
            yield MATRIX, Cell(effect, POINTS[(first + step) % len(POINTS)], "postgres")
    steps = list(step_cells())
    for database, cells in (("sqlite", steps), ("postgres", steps[::4] + steps[3::4])):
        for effect, point in cells:
            yield STEPPED, Cell(effect, point, database)
    for effect in KINDS:
        yield DEPLOYED, Cell(effect, POINT, "sqlite")


def share(number: int, only: str, out: Path, taken: Path) -> None:
    """Play cells that no other share has taken until there is none left; one JSON line for each."""
    with ExitStack() as stack, tempfile.TemporaryDirectory() as name, out.open("w", encoding="utf-8") as lines:
        folder = Path(name)
        sandbox, executing, forking = SandboxProcess(), Executing(), Forking()
        for each in (sandbox.stop, executing.close, forking.close):
            stack.callback(each)
        databases: dict[str, Sqlite | Postgres] = {"sqlite": Sqlite(folder)}
        cells = planned(only)

        def note(run: str, result: Result) -> None:
            lines.write(json.dumps({"run": run, **asdict(result)}) + "\n")
            lines.flush()

        if number < ENGINES:
            deployed = (cell for _, cell in _free([each for each in cells if each[0] == DEPLOYED], taken))
            asyncio.run(_play_deployed(deployed, databases["sqlite"], sandbox, folder, partial(note, DEPLOYED)))
        for index, (run, cell) in enumerate(_free([each for each in cells if each[0] != DEPLOYED], taken)):
            place = folder / str(index)
            place.mkdir()
            if cell.database not in databases:
                databases[cell.database] = postgres = Postgres()
                stack.callback(postgres.close)
            launcher = executing if run in TRUE_LEASES else forking
            with databases[cell.database].database() as url:
                note(run, asyncio.run(played(cell, _play(run, cell, url, sandbox, place, launcher))))


def _free(cells: Sequence[Planned], taken: Path) -> Iterator[Planned]:
    """Those that nobody has taken, taken one by one as they are asked for."""
    for run, cell in cells:
        with suppress(FileExistsError):
            (taken / f"{run} {cell}").touch(exist_ok=False)
            yield run, cell


async def _play_deployed(
    cells: Iterable[Cell],
    databases: Sqlite | Postgres,
    sandbox: SandboxProcess,
    folder: Path,
    note: Callable[[Result], None],
) -> None:
    """All under one Prefect server."""
    async with opened_engine(folder) as engine:
        for cell in cells:
            place = folder / cell.effect
            place.mkdir()
            with databases.database() as url:
                note(await played(cell, _play_under(engine, cell, url, sandbox, place)))


async def _play_under(engine: Engine, cell: Cell, url: str, sandbox: SandboxProcess, folder: Path) -> Result:
    sandbox.reset()
    async with opened_world(url, sandbox, folder) as world:
        return await DeployedPlay(cell, world, engine, folder).run()


async def _play(run: str, cell: Cell, url: str, sandbox: SandboxProcess, folder: Path, launcher: Launcher) -> Result:
    sandbox.reset()
    async with opened_world(url, sandbox, folder) as world:
        return await (StepPlay if run == STEPPED else Play)(
            cell, world, launcher, folder,
            protected=run != CONTROL,
            lease_s=TRUE_LEASE_S if run in TRUE_LEASES else SHORT_LEASE_S,
            standby=run == ONE_LEFT,
            patience_s=CONTROL_PATIENCE_S if run == CONTROL else PATIENCE_S,
        ).run()  # fmt: skip


def incomplete(wanted: Sequence[Planned], results: Sequence[Mapping[str, Any]], codes: Sequence[int]) -> list[str]:
    """Why these results are no whole run: shares that failed (-9: killed), cells that are missing or there twice."""
    found = [f"share {number} ended with {code}" for number, code in enumerate(codes) if code]
    times = Counter((each["run"], each["effect"], each["point"], each["database"]) for each in results)
    keys = {(run, cell.effect, cell.point, cell.database) for run, cell in wanted}
    wrong = [key for key in keys | set(times) if times[key] != 1 or key not in keys]
    found += [f"{' '.join(key)}: {times[key]} results" for key in sorted(wrong)]
    return found if keys else ["no kind of effect has that in its name"]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--workers", type=int, default=5, help="cells side by side; they mostly wait for leases")
    parser.add_argument("--only", default="", help="kinds with this in their name")
    parser.add_argument("--share", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--taken", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, default=ROOT / "build", help="where the JSON files go")
    given = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if given.share is not None:
        share(given.share, given.only, given.out, given.taken)
        return 0
    given.out.mkdir(exist_ok=True)
    os.environ["PYTEST_XDIST_TESTRUNUID"] = f"crash{os.getpid()}"  # the shares use one PostgreSQL server
    started = monotonic()
    parts = [given.out / f"crash-matrix.{number}.jsonl" for number in range(given.workers)]
    for part in parts:
        part.write_text("", encoding="utf-8")
    with tempfile.TemporaryDirectory() as taken:
        codes = _shares(parts, given.only, taken)
    results = [json.loads(line) for part in parts for line in part.read_text("utf-8").splitlines()]
    return finish(results, codes, given.out, only=given.only, took_s=monotonic() - started, parts=parts)


def _shares(parts: Sequence[Path], only: str, taken: str) -> list[int]:
    """Play all shares side by side; their exit codes."""
    command = [sys.executable, "-m", "tests.crash", "--taken", taken, "--only", only]
    shares = [
        subprocess.Popen([*command, "--share", str(number), "--out", str(part)], cwd=ROOT)
        for number, part in enumerate(parts)
    ]
    try:
        return [process.wait() for process in shares]
    finally:
        for process in shares:
            process.terminate()  # each ends its sandbox and workers
            process.wait()


def finish(
    results: Sequence[Mapping[str, Any]],
    codes: Sequence[int],
    out: Path,
    *,
    only: str = "",
    took_s: float,
    parts: Sequence[Path] = (),
    target: Path = page.PAGE,
) -> int:
    """Write the files and print; the exit code. A run that is not complete writes nothing and leaves its parts."""
    if missing := incomplete(planned(only), results, codes):
        print("no whole run, nothing is written:", *missing, sep="\n")
        return 1
    order = {(run, str(cell)): number for number, (run, cell) in enumerate(planned())}
    ordered = sorted(results, key=lambda row: order[row["run"], f"{row['effect']} {row['point']} {row['database']}"])
    reckoning = report.Reckoning(ordered)
    report.write(reckoning, out)
    wrong = reckoning.wrong(whole=not only)
    text = page.page(reckoning, wrong, took_s=took_s, shares=len(codes), cores=os.cpu_count() or 1)
    print(text if only else text.partition("\n## ")[0])
    if not only:
        target.write_text(text, encoding="utf-8")
    for part in parts:
        part.unlink()
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
