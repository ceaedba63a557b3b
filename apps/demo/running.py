"""Puts the demo together: a fresh folder, everything started by the supervisor, the story, the reckoning."""

import argparse
import asyncio
import os
import shutil
import signal
import socket
from collections.abc import Awaitable, Sequence
from datetime import timedelta
from pathlib import Path
from time import monotonic

import httpx
from rich.console import Console
from rich.text import Text

from apps.cli.output import errors
from apps.demo import people
from apps.demo.canary import leaks
from apps.demo.checks import Reckoning, check_all
from apps.demo.controls import Controls
from apps.demo.endings import endings
from apps.demo.purchases import whole_day
from apps.demo.report import Result, add_counts, add_times
from apps.demo.screen import Screen, show
from apps.demo.sides import Check
from apps.demo.stage import Stage, StoryError, set_clock
from apps.demo.story import Story
from apps.prefect_api import PrefectApi, PrefectUnreachable
from apps.supervisor import Options, StartError, Supervisor
from config import wiring
from config.settings import ROOT
from ledger import schema

FOLDER = ROOT / "var" / "demo"
OPENING_HOUR = 8
PREFECT_S = 30.0  # that one answer may take: on a small machine everything starts at once
PORTS = (4200, 8400, 8500, 8405, 9400, 9425)  # of Prefect, receiver, desk, requests, fake vendors, their mail server
_OWN = (
    "DATABASE_URL",
    "ACCOUNTS_FILE",
    "LINK_SECRET",
    "SANDBOX_CONTROL_URL",
    "PUBLIC_URL",
    "DESK_URL",
    "REQUESTS_PORT",
    "PREFECT_UI_URL",
)


def run(arguments: Sequence[str], *, console: Console | None = None) -> int:
    """Parse, play, print. Exits 2 on wrong usage."""
    options = _parser().parse_args(arguments)
    result = Result()
    try:
        return asyncio.run(_play(options, result, console or Console()))
    except (StartError, PrefectUnreachable, StoryError, httpx.HTTPError) as error:
        result.error = str(error)
        result.write(options.json)
        errors.print(Text.assemble(("aftercart demo: ", "bold red"), str(error)), soft_wrap=True)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "aftercart demo", description="A day of orders, and what comes back, against fake vendors; then a reckoning."
    )
    parser.add_argument("--orders", type=int, default=300, help=f"how many, at least {len(whole_day(0))}")
    parser.add_argument("--keep", action="store_true", help="leave everything running until Ctrl-C")
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "demo.json", help="where the report goes")
    parser.add_argument("--any-ports", action="store_true", help="leave the usual ports to others")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="databases and logs; emptied at the start")
    return parser


async def _play(options: argparse.Namespace, result: Result, console: Console) -> int:
    prefect_port, receiver_port, desk_port, requests_port, sandbox_port, smtp_port = (
        _free(0 if options.any_ports else port) for port in PORTS
    )
    _fresh(options.folder)
    supervisor = Supervisor(
        Options(
            sandbox=True,
            prefect_port=prefect_port,
            receiver_port=receiver_port,
            desk_port=desk_port,
            requests_port=requests_port,
            sandbox_port=sandbox_port,
            smtp_port=smtp_port,
            var=options.folder,
        )
    )
    wiring.replace(supervisor.wiring)
    _begin_in_the_morning(supervisor)
    controls = Controls(supervisor.addresses["sandbox"])
    prefect = PrefectApi(supervisor.addresses["Prefect UI"], timeout_s=PREFECT_S)
    stage = Stage(supervisor.wiring, controls, prefect)
    story = Story(stage, whole_day(options.orders))
    over = _on_signals()
    try:
        with Screen(console, acts=len(story.acts) + 2) as screen:
            await _or_stopped(_perform(supervisor, story, screen, result), over)
        await _or_stopped(_reckon(supervisor, stage, story, result, options.folder), over)
        result.addresses = _addresses(supervisor)
        result.write(options.json)
        show(console, result)
        console.print(f"Every order is listed in {options.json}.", style="dim", soft_wrap=True, highlight=False)
        if options.keep:
            if supervisor.desk_login:
                console.print(f"At the desk, {supervisor.desk_login}.", soft_wrap=True, highlight=False)
            console.print("It keeps running; Ctrl-C stops it.", style="dim")
            await over.wait()
        else:
            console.print("All of it stops now: `aftercart demo --keep` leaves it up to look at,", style="dim")
            console.print("`make up` starts everything for good.", style="dim")
    except _StoppedError:
        console.print("stopped", style="dim")
        return 130
    finally:
        await controls.aclose()
        await prefect.aclose()
        await supervisor.stop()
    return 0 if result.ok else 1


async def _perform(supervisor: Supervisor, story: Story, screen: Screen, result: Result) -> None:
    began = monotonic()
    screen.begin("Starting fake vendors, Prefect, receiver and worker")
    await supervisor.start()
    screen.done("Fake vendors, Prefect, receiver and worker are up", monotonic() - began)
    for act in story.acts:
        began = monotonic()
        screen.begin(act.title)
        await act.play()
        result.seconds[act.title] = round(monotonic() - began, 2)
        screen.done(act.title, monotonic() - began, supervisor.wiring.now())
    result.notes = story.notes


async def _reckon(supervisor: Supervisor, stage: Stage, story: Story, result: Result, folder: Path) -> None:
    """Compare with the sandbox's counters, search for personal data, count."""
    ends = await endings(stage, story.purchases)
    asked, taken = story.customers.askings(), story.returners.takings()
    checks = await check_all(stage, ends, asked, taken, story.strays.strayed())
    failed = await stage.prefect.count_runs(["FAILED", "CRASHED"])
    total = await stage.prefect.count_runs(["COMPLETED", "RUNNING", "FAILED", "CRASHED"])
    checks.append(Check("no flow run failed", not failed, f"{failed} of {total} failed" if failed else f"{total} runs"))
    found = await asyncio.to_thread(leaks, supervisor.wiring.engine, folder, people.markers())
    where = "; ".join(sorted(set(found))[:3]) or "Prefect's database, logs and the ledger's other columns searched"
    checks.append(Check("personal data stays where it belongs", not found, where))
    result.add_endings(ends)
    result.add_edits(asked)
    result.add_returns(taken)
    result.broken_invariants = Reckoning(stage, ends).broken()
    supervisor.wiring.read(add_counts, result)
    await add_times(stage.prefect, result)
    result.add_checks(checks)


def _addresses(supervisor: Supervisor) -> dict[str, str]:
    known = supervisor.addresses
    return {
        "Prefect UI": f"{known['Prefect UI']}/runs",
        "artifacts": f"{known['Prefect UI']}/artifacts",
        "sandbox mailbox": f"{known['sandbox']}/mail/",
        "orders in the shops": f"{known['sandbox']}/shopify/",
        "orders at ShipBob": f"{known['sandbox']}/shipbob/",
        "customers' portal": f"{known['webhooks']}/portal",
        "agents' desk": known["desk"],
        "webhook receiver": f"{known['webhooks']}/readyz",
    }


def _begin_in_the_morning(supervisor: Supervisor) -> None:
    """The simulated day begins at the next eight o'clock."""
    supervisor.options.var.mkdir(parents=True, exist_ok=True)
    schema.upgrade(supervisor.wiring.engine)
    now = supervisor.wiring.real_now()
    opening = now.replace(hour=OPENING_HOUR, minute=0, second=0, microsecond=0)
    opening += timedelta(days=1) if opening <= now else timedelta(0)
    supervisor.wiring.ledger(set_clock, (opening - now).total_seconds())
    supervisor.wiring.clock.forget()


def _fresh(folder: Path) -> None:
    """An empty folder, and settings of its own for us and all children, whatever the user's are."""
    if folder.exists() and any(folder.iterdir()) and not (folder / "log").is_dir():
        raise StartError(f"{folder} is not a folder of the demo; it would be emptied. Choose another with --folder")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in _OWN:
        os.environ.pop(f"AFTERCART_{name}", None)
    os.environ["AFTERCART_DATABASE_URL"] = f"sqlite:///{folder.resolve() / 'ledger.db'}"


def _free(port: int) -> int:
    """This port, or any when something listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class _StoppedError(Exception):
    """Ctrl-C."""


def _on_signals() -> asyncio.Event:
    over = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    return over


async def _or_stopped(doing: Awaitable[None], over: asyncio.Event) -> None:
    """Raises: _StoppedError when the user wants to end it."""
    work, stop = asyncio.ensure_future(doing), asyncio.ensure_future(over.wait())
    await asyncio.wait([work, stop], return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    if not work.done():
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        raise _StoppedError
    work.result()
