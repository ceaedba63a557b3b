"""The product's programs as child processes: started, killed by signal 9 and reaped, started again."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx

from tests.chaos.plan import WORKERS
from tests.support.shared import ROOT

START_S = 240.0  # of a loaded machine
STOP_S = 20.0
ANSWER_S = 300.0  # a round of sweeps takes seconds


class ProgramError(Exception):
    """A program did not start, cannot be reached, or hangs."""


class Program:
    """One of them. `deaths` counts kills; `faults` says how often it ended although nobody killed it."""

    def __init__(
        self, name: str, command: Sequence[str], env: Mapping[str, str], log: Path, *, talks: bool = False
    ) -> None:
        self.name, self.log, self._talks = name, log, talks
        self._command, self._env = [sys.executable, *command], {**os.environ, **env}
        self.deaths, self.faults = 0, list[str]()
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.RLock()

    def start(self) -> None:
        with self._lock, self.log.open("ab") as log:
            pipe = subprocess.PIPE if self._talks else None
            self._process = subprocess.Popen(
                self._command, cwd=ROOT, env=self._env, text=True, stdin=pipe or subprocess.DEVNULL,
                stdout=pipe or log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def kill(self) -> None:
        """SIGKILL, reaped; and a new one at once."""
        with self._lock:
            self.mend()
            process = self._running()
            os.kill(process.pid, signal.SIGKILL)
            code = process.wait(STOP_S)
            if code != -signal.SIGKILL:
                self.faults.append(f"{self.name} had ended with {code} before it was killed")
            self._close(process)
            self.deaths += 1
            self.start()

    def mend(self) -> None:
        """Start again what ended of its own accord, and remember that it did."""
        with self._lock:
            process = self._running()
            if process.poll() is not None:
                self.faults.append(f"{self.name} ended by itself with {process.returncode}: {self.last_words()}")
                self._close(process)
                self.start()

    def stop(self) -> None:
        with self._lock:
            process, self._process = self._process, None
            if process is None:
                return
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            self._close(process)

    def ask(self, line: str, *, within_s: float = ANSWER_S) -> bool:
        """Give it a line of work and wait for its answer; False when it died over it. Raises: ProgramError when it
        is not done in time, and has been killed for it."""
        process, late = self._running(), threading.Event()

        def give_up() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(within_s, give_up)
        timer.start()
        try:
            done = self._talk(process, line)
        finally:
            timer.cancel()
        if late.is_set() and not done:
            process.wait(STOP_S)
            raise ProgramError(f"{self.name} has not done {line!r} in {within_s:g} s")
        return done

    @staticmethod
    def _talk(process: subprocess.Popen[str], line: str) -> bool:
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(line + "\n")
            process.stdin.flush()
            return process.stdout.readline() == "done\n"
        except (BrokenPipeError, ValueError):  # a kill closes the pipes
            return False

    def last_words(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1][:300] if lines else "nothing said"

    def _running(self) -> subprocess.Popen[str]:
        assert self._process is not None, f"{self.name} was never started"
        return self._process

    @staticmethod
    def _close(process: subprocess.Popen[str]) -> None:
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:  # what was not flushed has no reader
                    continue


class Programs:
    """Receiver, two workers, and whoever does the periodic sweeps."""

    def __init__(self, env: Mapping[str, str], port: int, folder: Path, worker: Sequence[str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        commands = {name: worker for name in WORKERS} | {
            "receiver": ["-m", "apps.receiver", "--port", str(port)],
            "sweeper": ["-m", "tests.chaos.sweeper"],
        }
        self._all = {
            name: Program(name, command, env, folder / f"{name}.log", talks=name == "sweeper")
            for name, command in commands.items()
        }
        self._ready_url = f"http://127.0.0.1:{port}/healthz"

    def start(self) -> None:
        for program in self._all.values():
            program.start()
        ends = time.monotonic() + START_S
        while not self._answers():
            if time.monotonic() > ends:
                raise ProgramError(f"the receiver does not answer: {self._all['receiver'].last_words()}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            return httpx.get(self._ready_url, timeout=2).is_success
        except httpx.HTTPError:
            return False

    def kill(self, names: Sequence[str]) -> None:
        for name in names:
            self._all[name].kill()

    def mend(self) -> None:
        for program in self._all.values():
            program.mend()

    def sweep(self, what: str) -> None:
        """A round of sweeps to its end; one that is killed over it is asked again. Raises: ProgramError."""
        for _ in range(10):
            if self._all["sweeper"].ask(what):
                return
            self._all["sweeper"].mend()
        raise ProgramError(f"the sweeps do not come to an end: {self._all['sweeper'].last_words()}")

    def stop(self) -> None:
        for program in self._all.values():
            program.stop()

    @property
    def deaths(self) -> int:
        return sum(program.deaths for program in self._all.values())

    @property
    def faults(self) -> list[str]:
        return [fault for program in self._all.values() for fault in program.faults]

    def complaints(self) -> list[str]:
        """What programs logged of failures of their own."""
        words = ("failed in our own program", "failed at stage", "mail not written", "Traceback")
        return [
            f"{program.name}: {line[:200]}"
            for program in self._all.values()
            for line in program.log.read_text(encoding="utf-8", errors="replace").splitlines()
            if any(word in line for word in words)
        ]
