"""Child processes of a benchmark: started with a log, waited for, measured from outside, ended by their own id."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import psutil

ROOT = Path(__file__).resolve().parents[1]


class BenchError(Exception):
    """Something did not start or did not come to an end; the message names it and its log."""


class Child:
    """One process of ours. CPU and memory are read from the kernel, so that measuring costs it nothing."""

    def __init__(self, name: str, arguments: Sequence[str], log: Path, env: Mapping[str, str] | None = None) -> None:
        self.name, self.log = name, log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, *arguments], cwd=ROOT, stdout=output, stderr=output, env={**os.environ, **(env or {})}
            )
        self._seen = psutil.Process(self.process.pid)
        self._ending = False

    def cpu_s(self) -> float:
        """User and system time so far, its children included."""
        return sum(_cpu(each) for each in [self._seen, *self._seen.children(recursive=True)])

    def peak_mb(self) -> float:
        """The most memory it ever held (VmHWM)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        kib = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
        return int(kib) / 1024

    def wait_for(self, ready: Callable[[], Any], *, seconds: float = 180) -> None:
        """Raises: BenchError when it dies or does not get there."""
        ends = time.monotonic() + seconds
        while not ready():
            if self.process.poll() is not None or time.monotonic() > ends:
                raise BenchError(f"{self.name} did not start:\n{self.last_words()}")
            time.sleep(0.05)

    def last_words(self) -> str:
        """The end of its log: the folder goes with the benchmark."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-3_000:]

    def end(self) -> None:
        """Ask it to end, once."""
        if not self._ending:
            self._ending = True
            self.process.terminate()

    def stop(self) -> None:
        self.end()
        try:
            self.process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _cpu(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).is_success
    except httpx.HTTPError:
        return False
