"""`make chaos`: orders, troubles and kills from a seed, played on real programs, then the reckoning."""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic

from tests.chaos.generator import generate
from tests.chaos.plan import Plan
from tests.chaos.runner import Result, play
from tests.chaos.shrink import shrink
from tests.chaos.stage import WORKER
from tests.support.databases import Postgres, Sqlite
from tests.support.sandbox import SandboxProcess


class Arena:
    """Where plays happen: every one gets an empty ledger of this server and a folder for its logs. Server and sandbox
    are the caller's, who closes them."""

    def __init__(
        self, server: Postgres | Sqlite, sandbox: SandboxProcess, folder: Path, worker: Sequence[str] = WORKER
    ) -> None:
        self._server, self._sandbox, self._folder, self._worker, self._plays = server, sandbox, folder, worker, 0

    def play(self, plan: Plan, *, quietly: bool = False) -> Result:
        self._plays += 1
        folder = self._folder / f"play-{self._plays}"
        with self._server.database() as url:
            return play(plan, self._sandbox, url, folder, say=_nothing if quietly else _say, worker=self._worker)


def _say(line: str) -> None:
    print(line, flush=True)


def _nothing(_: str) -> None:
    """For plays that only a shrinker looks at."""


def _forget(_: list[str]) -> None:
    """What went wrong in a play for the shrinker is only whether it did."""


@contextmanager
def _opened(database: str, folder: Path) -> Iterator[Arena]:
    """With a server and a sandbox of its own, closed at the end."""
    with ExitStack() as stack:
        server: Postgres | Sqlite
        if database == "postgres":
            server = Postgres()
            stack.callback(server.close)
        else:
            server = Sqlite(folder)
        sandbox = SandboxProcess()
        stack.callback(sandbox.stop)
        yield Arena(server, sandbox, folder)


def shortest(stage: Arena, plan: Plan, *, seconds: float, note: Callable[[list[str]], None] = _forget) -> Plan:
    """The shortest story found that still goes wrong; `note` is told what went wrong on the way."""

    def fails(shorter: Plan) -> bool:
        result = stage.play(shorter.compact(), quietly=True)
        note(result.broken)
        _say(f"  {len(shorter.events):5} events: {'still wrong' if result.broken else 'fine'}, {result.seconds:.0f} s")
        return not result.ok

    return shrink(plan, fails, seconds=seconds)


def replay(plan: Plan, whole: Plan, options: argparse.Namespace) -> str:
    """The command that plays this story."""
    command = f"make chaos SEED={whole.seed} ORDERS={options.orders} KILLS={options.kills} DATABASE={options.database}"
    numbers = plan.numbers_in(whole)
    kept = "" if len(numbers) == len(whole.events) else f" KEEP={','.join(map(str, numbers))}"
    return command + kept


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    whole = generate(options.seed, orders=options.orders, kills=options.kills)
    plan = whole.only([int(number) for number in options.keep.split(",")]) if options.keep else whole
    if options.story:
        _say("\n".join(plan.story()))
        return 0
    with tempfile.TemporaryDirectory(prefix="aftercart-chaos-") as folder:
        folder_kept = options.logs or Path(folder)
        folder_kept.mkdir(parents=True, exist_ok=True)
        with _opened(options.database, folder_kept) as stage:
            _say(f"seed {plan.seed} on {options.database}: {plan.summary()}")
            result = stage.play(plan.compact() if options.keep else plan)
            _say(summary(result, options.database))
            if result.ok:
                return 1 if result.idle else 0
            _say(f"\nLooking for a shorter story for {options.shrink_s:g} s ...")
            began = monotonic()
            shorter = shortest(stage, plan, seconds=options.shrink_s)
            _say(f"\nThe shortest found in {monotonic() - began:.0f} s that goes wrong:")
            _say("\n".join(shorter.story()))
            _say(f"\nPlay it again: {replay(shorter, whole, options)}")
    return 1


def summary(result: Result, database: str) -> str:
    """What came of it, for people."""
    ends = ", ".join(f"{count} {word}" for word, count in result.ends.items())
    rows = [
        f"{database}, seed {result.plan.seed}: {sum(result.ends.values())} orders in {result.seconds:.0f} s",
        f"  orders: {ends or 'not counted'}",
        f"  killed with SIGKILL: {result.kills} programs; {result.at_call} of the plan's kills came at a call",
        f"  calls that vendors answered: {result.calls}",
    ]
    rows += [f"  compared: {', '.join(f'{count} in {name}' for name, count in result.compared.items())}"]
    rows += [f"  BROKEN: {sentence}" for sentence in result.broken] or ["  nothing lost, nothing twice, nobody unowned"]
    rows += [f"  BROKEN: {name}: there was nothing to compare" for name in result.idle]
    return "\n".join(rows)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--orders", type=int, default=2_000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--keep", default="", help="numbers of the plan's events, as a failing run prints them")
    parser.add_argument("--shrink-s", type=float, default=600.0, help="time to look for a shorter story that fails")
    parser.add_argument("--logs", type=Path, help="a folder that keeps the programs' logs")
    parser.add_argument("--story", action="store_true", help="print the plan and end")
    return parser


if __name__ == "__main__":
    sys.exit(main())
