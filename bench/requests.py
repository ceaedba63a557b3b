"""What the benchmarks of single requests begin and end with: options, processes, the file that is written."""

import argparse
import json
import os
import platform
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console

from bench.cases import Bench
from bench.databases import Databases
from bench.processes import ROOT
from bench.vendors import Vendors

Row = dict[str, Any]


def parser(name: str, about: str | None) -> argparse.ArgumentParser:
    """The options that all of them have; `name` is that of the module and of the file."""
    made = argparse.ArgumentParser(prog=f"python -m bench.{name}", description=about)
    made.add_argument("--quick", action="store_true", help="short loads, under three minutes")
    made.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite", help="default: %(default)s")
    made.add_argument("--bulk", type=float, default=10, help="new orders a second (default: %(default)s)")
    made.add_argument("--steady", type=float, default=120, help="seconds at 1 request/s (default: %(default)s)")
    made.add_argument("--keep", type=Path, help="work in this folder and leave ledger and logs there")
    made.add_argument("--out", type=Path, default=ROOT / "build" / "bench" / f"{name}.json")
    return made


def run(
    options: argparse.Namespace, measure: Callable[[Bench], Row], show: Callable[[Console, Row, str], None]
) -> None:
    """Measure, write what was found, and show it with a line about the machine."""
    started = time.perf_counter()
    console = Console() if Console().is_terminal else Console(width=170)
    with tempfile.TemporaryDirectory(prefix="aftercart-bench-") as name, console.status("start") as status:
        folder = options.keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        vendors, databases = Vendors(folder), Databases(folder)
        bench = Bench(folder, vendors, databases, status.update)
        try:
            found = measure(bench)
        finally:
            bench.close()
            vendors.stop()
            databases.close()
    machine = f"{options.database}, {os.cpu_count()} cores, Python {platform.python_version()}"
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps({"machine": machine, **found}, indent=2) + "\n", encoding="utf-8")
    took = f"the whole took {(time.perf_counter() - started) / 60:.1f} min"
    show(console, found, f"{machine}; {took}; written to {options.out}")
