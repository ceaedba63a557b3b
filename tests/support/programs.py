"""Our programs as the processes that they are, ended whatever becomes of the test."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support.shared import ROOT


class Program:
    """A running `python …` of the project."""

    def __init__(self, arguments: tuple[str, ...], environment: Mapping[str, str], log: Path) -> None:
        self._log = log
        with log.open("wb") as sink:
            self.process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, env={**os.environ, **environment},
            )  # fmt: skip

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    @property
    def code(self) -> int | None:
        """Exit code; -9 of one that was killed."""
        return self.process.poll()

    @property
    def output(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def stopped(self) -> bool:
        """Whether SIGSTOP has taken effect."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii", errors="replace")
        return stat.rpartition(")")[2].split()[0] == "T"


class Programs:
    """Starts them; `folder` takes their output."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: list[Program] = []

    def start(self, *arguments: str, environment: Mapping[str, str]) -> Program:
        program = Program(arguments, environment, self._folder / f"program-{len(self._started)}.log")
        self._started.append(program)
        return program

    def worker(self, *options: str, environment: Mapping[str, str]) -> Program:
        return self.start("-m", "apps.worker", *options, environment=environment)

    def receiver(self, port: int, *, environment: Mapping[str, str]) -> Program:
        return self.start("-m", "apps.receiver", "--port", str(port), environment=environment)

    def requests(self, *options: str, environment: Mapping[str, str]) -> Program:
        return self.start("-m", "apps.requests", *options, environment=environment)

    def end(self) -> None:
        for program in self._started:
            if program.alive:
                program.send(signal.SIGKILL)
            program.process.wait()
            sys.stderr.write(program.output)  # shown when the test fails


@contextmanager
def programs_in(folder: Path) -> Iterator[Programs]:
    made = Programs(folder)
    try:
        yield made
    finally:
        made.end()
