"""The demo, run once per test process as a newcomer runs it, and kept up for the tests that look at it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from tests.support.shared import ROOT

ORDERS = 120
START_S = 600.0
_COMMAND = "import sys; from apps.cli import run; run(sys.argv[1:])"


@dataclass
class FinishedDemo:
    """`report` is demo.json; `output` what the terminal showed; its processes still run."""

    folder: Path
    report: dict[str, Any]
    output: str

    @property
    def addresses(self) -> dict[str, str]:
        found: dict[str, str] = self.report["addresses"]
        return found


def command(folder: Path, report: Path, *more: str) -> list[str]:
    return [sys.executable, "-c", _COMMAND, "demo", "--folder", str(folder), "--json", str(report), *more]


@pytest.fixture(scope="session")
def finished_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FinishedDemo]:
    """`aftercart demo --keep` with few orders, at its end."""
    base = tmp_path_factory.mktemp("demo")
    folder, report, output = base / "var", base / "demo.json", base / "output.txt"
    with output.open("wb") as sink:
        process = subprocess.Popen(
            command(folder, report, "--orders", str(ORDERS), "--keep", "--any-ports"),
            cwd=ROOT, stdout=sink, stderr=sink, env={**os.environ, "PYTHONUNBUFFERED": "1", "COLUMNS": "100"},
        )  # fmt: skip
    try:
        _wait_for_end(process, output)
        yield FinishedDemo(folder, json.loads(report.read_text(encoding="utf-8")), output.read_text(encoding="utf-8"))
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait_for_end(process: "subprocess.Popen[bytes]", output: Path) -> None:
    ends = monotonic() + START_S
    while "It keeps running" not in output.read_text(encoding="utf-8"):
        try:
            process.wait(0.5)
        except subprocess.TimeoutExpired:
            assert monotonic() < ends, f"the demo does not end:\n{output.read_text(encoding='utf-8')}"
        else:
            pytest.fail(f"the demo ended early:\n{output.read_text(encoding='utf-8')}")
