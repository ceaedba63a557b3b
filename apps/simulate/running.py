"""Puts a simulation together: seeds times arms, each trial a process of its own, as many at once as there are cores."""

import argparse
import asyncio
import json
import math
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

from apps.cli.output import UserError, console, say
from apps.processes import python
from apps.simulate import arms
from apps.simulate.arms import Arm
from apps.simulate.errors import SimulationError
from apps.simulate.report import report_of, show, write
from apps.simulate.trial import Plan
from config.settings import ROOT

FOLDER = ROOT / "var" / "simulate"
SHORT_ORDERS, SHORT_DAYS = 20, 12.0  # of the run through Prefect: each flow run costs a third of a second
_MARK = ".simulation"  # a folder without it is nobody's to empty
_TAIL = 400


def run(arguments: Sequence[str]) -> int:
    """Parse, play, print. Exits 2 on wrong usage. Raises: UserError, SimulationError."""
    options = _parser().parse_args(list(arguments))
    wanted = [Arm(name) for name in options.arms.split(",")]
    if set(wanted) != {Arm.WITHOUT} and (gaps := arms.missing()):
        raise UserError(
            f"this build has no {', '.join(gaps)}, so there is no workflow of delays to measure;"
            " --arms without plays the world without it"
        )
    _empty(options.folder)
    seeds = list(range(options.seed, options.seed + options.seeds))
    plans = [_plan(options, seed, arm) for seed in seeds for arm in wanted]
    began = perf_counter()
    outcomes = asyncio.run(_play(plans, options.at_once))
    if options.prefect:
        asyncio.run(_play([_short(options, seeds[0], wanted[-1])], 1))
        say(f"a short run of the arm {wanted[-1]} went through Prefect")
    report = report_of(options.world, seeds, outcomes, perf_counter() - began)
    show(report)
    if options.json:
        write(report, options.json)
        console.print(f"Every trial is in {options.json}.", style="dim", soft_wrap=True)
    return 0 if report.ok else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "aftercart simulate",
        description="The workflow of delays in a made-up world, against the same world without it.",
    )
    parser.add_argument("--world", default="winter", help="calm, winter, rough, or a .toml file of parameters")
    parser.add_argument("--orders", type=_count, default=1000, help="in each trial")
    parser.add_argument("--seeds", type=_count, default=5, help="how many")
    parser.add_argument("--seed", type=int, default=1, help="the first one")
    parser.add_argument("--arms", type=_arms, default="without,with", help="of without, with, placebo")
    parser.add_argument("--shipments", type=Path, help="real shipments (CSV or Parquet, columns of bench.delays)")
    parser.add_argument("--step-hours", type=_hours, default=8.0, help="how far the clock moves at once")
    parser.add_argument("--at-once", type=_count, default=os.cpu_count() or 1, help="trials side by side")
    parser.add_argument("--no-prefect", dest="prefect", action="store_false", help="leave out the run through Prefect")
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "simulate.json", help="where the report goes")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="ledgers and logs; emptied at the start")
    return parser


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def _hours(text: str) -> float:
    hours = float(text)
    if not math.isfinite(hours) or not 0.25 <= hours <= 24:
        raise argparse.ArgumentTypeError("from a quarter of an hour to a day")
    return hours


def _arms(text: str) -> str:
    """Those that were named, in the order of `Arm`. Others are held against the arm without the workflow, so it is
    always played."""
    names = set(text.split(","))
    if unknown := sorted(names - {str(arm) for arm in Arm}):
        raise argparse.ArgumentTypeError(f"there is no arm {', '.join(unknown)}; choose of {', '.join(Arm)}")
    return ",".join(arm for arm in Arm if arm in names | {Arm.WITHOUT})


def _plan(options: argparse.Namespace, seed: int, arm: Arm) -> Plan:
    return Plan(
        world=options.world,
        seed=seed,
        orders=options.orders,
        arm=arm,
        step_h=options.step_hours,
        folder=(options.folder / f"{seed}-{arm}").resolve(),
        shipments=str(options.shipments.resolve()) if options.shipments else "",
    )


def _short(options: argparse.Namespace, seed: int, arm: Arm) -> Plan:
    return Plan(
        world=options.world,
        seed=seed,
        orders=min(options.orders, SHORT_ORDERS),
        arm=arm,
        step_h=24.0,
        folder=(options.folder / f"{seed}-{arm}-prefect").resolve(),
        engine=True,
        days=SHORT_DAYS,
    )


def _empty(folder: Path) -> None:
    """Raises: UserError for a folder that holds something else."""
    if folder.exists() and any(folder.iterdir()) and not (folder / _MARK).is_file():
        raise UserError(f"{folder} is not a folder of simulations; it would be emptied. Choose another with --folder")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / _MARK).touch()


async def _play(plans: Sequence[Plan], at_once: int) -> list[dict[str, Any]]:
    """Raises: SimulationError for the first trial that fails; the others are ended."""
    gate = asyncio.Semaphore(at_once)

    async def one(plan: Plan) -> dict[str, Any]:
        async with gate:
            found = await _trial(plan)
            console.print(f"seed {plan.seed} {plan.arm}: {found['seconds']:.0f} s", style="dim")
            return found

    playing = [asyncio.create_task(one(plan)) for plan in plans]
    try:
        return list(await asyncio.gather(*playing))
    finally:
        for task in playing:
            task.cancel()
        await asyncio.gather(*playing, return_exceptions=True)


async def _trial(plan: Plan) -> dict[str, Any]:
    """In a process of its own, which knows nothing of the user's settings."""
    source, out = plan.folder / "plan.json", plan.folder / "outcome.json"
    await asyncio.to_thread(_write_plan, plan, source)
    child = await asyncio.create_subprocess_exec(
        *python("-m", "apps.simulate.trial", str(source), str(out)),
        cwd=ROOT,
        env=environment(plan),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        _, said = await child.communicate()
    except asyncio.CancelledError:
        child.terminate()
        await child.wait()
        raise
    if child.returncode:
        words = said.decode(errors="replace").strip()[-_TAIL:]
        raise SimulationError(f"seed {plan.seed}, {plan.arm}: {words or f'ended with {child.returncode}'}")
    found: dict[str, Any] = json.loads(await asyncio.to_thread(out.read_text, encoding="utf-8"))
    return found


def environment(plan: Plan) -> dict[str, str]:
    """Ours without what would lead to real accounts. A run through Prefect has a server of its own, in its folder; the
    others have none, and their events go nowhere."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("AFTERCART_", "PREFECT_"))}
    return env | {
        "OMP_NUM_THREADS": "1",
        "PREFECT_LOGGING_LEVEL": "ERROR",
        "PREFECT_HOME": str(plan.folder / "prefect"),
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": str(plan.engine).lower(),
    }


def _write_plan(plan: Plan, path: Path) -> None:
    plan.folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(plan.as_json()), encoding="utf-8")
