"""`python -m bench.sweep`: how fast due parcels are asked about, beside bare asyncio loops over the same calls, and
whether open parcels that are not due cost anything. Writes build/bench/sweep.json."""

import argparse
import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

from sqlalchemy.engine import Engine

from bench.cases import AT_ONCE, Bench
from bench.policy import write_config
from bench.processes import ROOT, BenchError
from bench.recipe import write_recipe
from bench.requests import run
from bench.sweep_figures import FLOORS, Row, show, summary
from bench.sweep_parcels import fill, make_due, make_trackers, scans, touched
from config.wiring import engine_url
from connectors.carriers.easypost import EasyPost
from ledger.session import make_engine

HOURS = (16, 28, 30)  # by the vendor's clock: a first scan of each parcel, a second one, nothing new
CALL = "easypost GET /v2/trackers/{id}"


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.sweep", description=__doc__)
    parser.add_argument("--due", type=int, default=10_000, help="default: %(default)s")
    parser.add_argument("--open", type=int, default=100_000, help="parcels under way (default: %(default)s)")
    parser.add_argument(
        "--latency", type=float, default=0, metavar="MS",
        help="the carrier answers after so many milliseconds, and nobody makes more calls at once than it allows",
    )  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="1,000 due among 10,000")
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite", help="default: %(default)s")
    parser.add_argument("--keep", type=Path, help="work in this folder and leave ledgers and logs there")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench" / "sweep.json")
    options = parser.parse_args()
    if options.quick:
        options.due, options.open = 1_000, 10_000
    if not 0 < options.due <= options.open:
        parser.error("--due: write a number above 0 and at most that of --open")
    return options


class Sweep:
    """Two ledgers, one with all open parcels and one with little more than the due ones, and the bare loops: swept by
    turns, so that a disturbance of the machine meets all of them."""

    def __init__(self, bench: Bench, options: argparse.Namespace) -> None:
        self._bench, self._database = bench, options.database
        self._due, self._open = options.due, options.open
        self._few = min(options.open, 2 * options.due)
        self._latency_s = options.latency / 1000
        self._folder, self._vendors = bench.folder, bench.vendors
        self._trackers: list[str] = []

    def measure(self) -> Row:
        self._vendors.reset()
        self._bench.say(f"{self._due:,} trackers")
        asked = json.loads(write_recipe(self._folder, self._vendors).read_text(encoding="utf-8"))
        urls, headers = asked["urls"], asked["headers"]
        self._trackers = asyncio.run(make_trackers(urls["easypost"], headers["easypost"], self._due))
        if self._latency_s:
            self._vendors.answer_after(self._latency_s, "easypost", CALL.removeprefix("easypost "))
        config = write_config(self._folder, self._vendors)
        ledgers = {"ours": self._ledger(self._open), "few": self._ledger(self._few)}
        at_once = {client: self._fastest(client) for client in FLOORS}
        found: Row = {"due": self._due, "open": self._open, "few_open": self._few, "at_once": at_once}
        for number, hours in enumerate(HOURS, start=1):
            self._vendors.move_clock(hours)
            for name, (url, engine) in ledgers.items():
                self._bench.say(f"round {number}: {name}")
                found.setdefault(name, []).append(self._ours({**config, "AFTERCART_DATABASE_URL": url}, engine))
            for client in FLOORS:
                self._bench.say(f"round {number}: bare loop, {client}")
                found.setdefault(client, []).append(self._floor(client, at_once[client]))
        for _, engine in ledgers.values():
            engine.dispose()
        return {**found, "summary": summary(found)}

    def _ledger(self, parcels: int) -> tuple[str, Engine]:
        self._bench.say(f"a ledger with {parcels:,} open parcels")
        url = self._bench.databases.fresh(self._database)
        engine = make_engine(engine_url(url))
        fill(engine, self._trackers, parcels)
        return url, engine

    def _fastest(self, client: str) -> int:
        """The bare loop is tuned: the number of calls at once at which it is fastest."""
        self._bench.say(f"bare loop, {client}: how many calls at once")
        tried = (EasyPost.limits.at_once,) if self._latency_s else AT_ONCE
        seconds = {at_once: self._floor(client, at_once)["seconds"] for at_once in tried}
        return min(seconds, key=lambda at_once: float(seconds[at_once]))

    def _floor(self, client: str, at_once: int) -> Row:
        recipe = write_recipe(self._folder, self._vendors, ids=self._trackers, at_once=at_once, client=client)
        return self._counted(["-m", "bench.floor_sweep", str(recipe)], {})

    def _ours(self, env: dict[str, str], engine: Engine) -> Row:
        make_due(engine, self._due)
        before = scans(engine)
        made = self._counted(["-m", "bench.sweeper"], env)
        if sum(made["counts"].values()) != self._due or made["counts"].get("postponed"):
            raise BenchError(f"the sweep did not do the whole work: {made['counts']}")
        return {**made, "touched": touched(engine), "news": scans(engine) - before}

    def _counted(self, arguments: list[str], env: dict[str, str]) -> Row:
        """What a program prints last. Raises: BenchError when it has not asked once about each parcel."""
        before = self._vendors.counted().get(CALL, 0)
        done = subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, env={**os.environ, **env}, capture_output=True, text=True
        )
        if done.returncode:
            raise BenchError(f"{arguments[1]} failed:\n{done.stderr[-3_000:]}")
        calls = self._vendors.counted().get(CALL, 0) - before
        if calls != self._due:
            raise BenchError(f"{arguments[1]} made {calls:,} calls about {self._due:,} parcels")
        made: Row = json.loads(done.stdout.splitlines()[-1])
        return made


def main() -> None:
    options = parse()
    run(options, lambda bench: Sweep(bench, options).measure(), show)


if __name__ == "__main__":
    main()
