"""Starting worker programs to be killed, and reaping them."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from tests.support.shared import ROOT

WORKER, RUNNER = "apps.worker", "apps.requests"
UNPROTECTED = {WORKER: "tests.crash.unprotected", RUNNER: "tests.crash.unprotected_runner"}


class Started(Protocol):
    """A running program."""

    pid: int

    def wait(self, for_s: float) -> int | None:
        """Its exit status once reaped (-9: killed by SIGKILL), or None while it lives."""


class Launcher(Protocol):
    """A way to start `python -m PROGRAM`."""

    def start(self, program: str, args: Sequence[str], env: Mapping[str, str], log: Path) -> Started: ...

    def close(self) -> None:
        """End whatever is left."""


class _Executed:
    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process, self.pid = process, process.pid

    def wait(self, for_s: float) -> int | None:
        try:
            return self._process.wait(for_s)
        except subprocess.TimeoutExpired:
            return None


class Executing:
    """A new interpreter each time, as an operator starts it."""

    def __init__(self) -> None:
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, program: str, args: Sequence[str], env: Mapping[str, str], log: Path) -> Started:
        with log.open("ab") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", program, *args],
                cwd=ROOT, env={**os.environ, **env}, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            )  # fmt: skip
        self._processes.append(process)
        return _Executed(process)

    def close(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()


class _Forked:
    def __init__(self, host: "Forking", pid: int) -> None:
        self._host, self.pid, self._status = host, pid, None

    def wait(self, for_s: float) -> int | None:
        if self._status is None:
            self._status = self._host.ask({"wait": self.pid, "for_s": for_s})["status"]
        return self._status


class Forking:
    """The same program forked from `tests.crash.host`, which has imported it already."""

    def __init__(self) -> None:
        self._host = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.host"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def ask(self, order: Mapping[str, Any]) -> dict[str, Any]:
        assert self._host.stdin is not None
        assert self._host.stdout is not None
        self._host.stdin.write(json.dumps(order).encode() + b"\n")
        self._host.stdin.flush()
        answer: dict[str, Any] = json.loads(self._host.stdout.readline())
        return answer

    def start(self, program: str, args: Sequence[str], env: Mapping[str, str], log: Path) -> Started:
        order = {"start": program, "args": list(args), "env": dict(env), "log": str(log)}
        return _Forked(self, self.ask(order)["pid"])

    def close(self) -> None:
        self._host.communicate(timeout=30)
