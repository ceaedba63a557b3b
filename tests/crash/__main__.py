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
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from functools import partial
from pathlib import Path
from time import monotonic

from tasks.effect_kinds import KINDS
from tests.crash import report
from tests.crash.cell import (
    ACTED,
    PATIENCE_S,
    POINTS,
    SHORT_LEASE_S,
    TRUE_LEASE_S,
    Cell,
    Play,
    Result,
    opened_world,
)
from tests.crash.engine import POINT, DeployedPlay, opened_engine
from tests.crash.programs import UNPROTECTED, WORKER, Executing, Forking, Launcher
from tests.support.databases import Postgres, Sqlite
from tests.support.sandbox import SandboxProcess
from tests.support.shared import ROOT

MATRIX, CONTROL, DEPLOYED, NOBODY_LEFT, ONE_LEFT = "matrix", "control", "deployed", "nobody-left", "one-left"
TRUE_LEASES = (NOBODY_LEFT, ONE_LEFT)  # with the lease's true length
TAKEN_OVER = ("shop.hold", "node.create_order", "label.buy", "mail.send")
Planned = tuple[str, Cell]


def planned() -> Iterator[Planned]:
    """All cells with the run that they belong to."""
    for run, database in ((MATRIX, "sqlite"), (CONTROL, "sqlite"), (MATRIX, "postgres")):
        for point in POINTS:
            for effect in KINDS:
                yield run, Cell(effect, point, database)
    for run in TRUE_LEASES:
        for effect in TAKEN_OVER:
            yield run, Cell(effect, ACTED, "sqlite")
    for effect in KINDS:
        yield DEPLOYED, Cell(effect, POINT, "sqlite")


def share(number: int, of: int, only: str, out: Path) -> None:
    """Play every `of`-th cell; one JSON line for each."""
    with ExitStack() as stack, tempfile.TemporaryDirectory() as name, out.open("w", encoding="utf-8") as lines:
        folder = Path(name)
        sandbox, executing, forking = SandboxProcess(), Executing(), Forking()
        for each in (sandbox.stop, executing.close, forking.close):
            stack.callback(each)
        databases: dict[str, Sqlite | Postgres] = {"sqlite": Sqlite(folder)}
        cells = [each for each in planned() if only in each[1].effect][number::of]

        def note(run: str, result: Result) -> None:
            lines.write(json.dumps({"run": run, **asdict(result)}) + "\n")
            lines.flush()

        for index, (run, cell) in enumerate(each for each in cells if each[0] != DEPLOYED):
            place = folder / str(index)
            place.mkdir()
            if cell.database not in databases:
                databases[cell.database] = postgres = Postgres()
                stack.callback(postgres.close)
            launcher = executing if run in TRUE_LEASES else forking
            with databases[cell.database].database() as url:
                note(run, asyncio.run(_play(run, cell, url, sandbox, place, launcher)))
        deployed = [cell for run, cell in cells if run == DEPLOYED]
        if deployed:
            asyncio.run(_play_deployed(deployed, databases["sqlite"], sandbox, folder, partial(note, DEPLOYED)))


async def _play_deployed(
    cells: Sequence[Cell],
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
                async with opened_world(url, sandbox, place) as world:
                    note(await _played(DeployedPlay(cell, world, engine, place)))


async def _played(play: Play) -> Result:
    try:
        return await play.run()
    except AssertionError as failure:
        return play.failed(f"not played: {str(failure).splitlines()[0]}")


async def _play(run: str, cell: Cell, url: str, sandbox: SandboxProcess, folder: Path, launcher: Launcher) -> Result:
    async with opened_world(url, sandbox, folder) as world:
        play = Play(
            cell, world, launcher, folder,
            program=UNPROTECTED if run == CONTROL else WORKER,
            lease_s=TRUE_LEASE_S if run in TRUE_LEASES else SHORT_LEASE_S,
            standby=run == ONE_LEFT,
            patience_s=20.0 if run == CONTROL else PATIENCE_S,
        )  # fmt: skip
        return await _played(play)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", default="", help="kinds with this in their name")
    parser.add_argument("--share", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, default=ROOT / "build", help="where the JSON files go")
    given = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if given.share is not None:
        share(given.share, given.workers, given.only, given.out)
        return 0
    given.out.mkdir(exist_ok=True)
    os.environ["PYTEST_XDIST_TESTRUNUID"] = f"crash{os.getpid()}"  # the shares use one PostgreSQL server
    started = monotonic()
    parts = [given.out / f"crash-matrix.{number}.jsonl" for number in range(given.workers)]
    command = [sys.executable, "-m", "tests.crash", "--workers", str(given.workers), "--only", given.only]
    shares = [
        subprocess.Popen([*command, "--share", str(number), "--out", str(part)], cwd=ROOT)
        for number, part in enumerate(parts)
    ]
    try:
        codes = [process.wait() for process in shares]
    finally:
        for process in shares:
            process.terminate()  # each ends its sandbox and workers
            process.wait()
    results = [json.loads(line) for part in parts for line in part.read_text("utf-8").splitlines()]
    for part in parts:
        part.unlink()
    return report.write(results, given.out, whole=not given.only, took_s=monotonic() - started) or max(codes)


if __name__ == "__main__":
    raise SystemExit(main())
