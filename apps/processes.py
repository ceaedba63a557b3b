"""Child processes of the supervisor: started in their own sessions, watched, and ended without orphans.

Every child carries a mark in its environment, which its own children inherit. So flow runs that Prefect's worker
starts in sessions of their own, and what a killed supervisor left behind, are found and ended too.
"""

import asyncio
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import psutil

MARK = "AFTERCART_SUPERVISOR"
TAIL = 2_000
KILL_S = 5.0


class StartError(Exception):
    """Something could not be started; the message names it and the mend."""


@dataclass
class Child:
    """One process to keep alive. `ready_url` answers 2xx once it serves."""

    name: str
    command: Sequence[str]
    log: Path
    env: Mapping[str, str]
    cwd: Path
    ready_url: str = ""
    process: asyncio.subprocess.Process | None = field(default=None, repr=False)

    async def spawn(self) -> None:
        """Start it; its output goes to the end of its log."""
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *self.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.cwd,
                env={**os.environ, **self.env},
                start_new_session=True,
            )

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.returncode is None

    def last_words(self) -> str:
        """The last line of its log, for a message."""
        with suppress(OSError), self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - TAIL))
            lines = log.read().decode(errors="replace").strip().splitlines()
            return lines[-1].strip() if lines else ""
        return ""


def python(*arguments: str) -> list[str]:
    """A command in this interpreter, whatever PATH says."""
    return [sys.executable, *arguments]


def rotate(log: Path) -> None:
    """Keep the last start's log as `.1`."""
    if log.exists():
        log.replace(log.with_name(f"{log.name}.1"))


def check_port(host: str, port: int, what: str, option: str) -> None:
    """Raises: StartError when something else listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            raise StartError(
                f"port {port} for the {what} is taken; stop what listens there, or choose another with {option}"
            ) from None


def marked(mark: str) -> list[psutil.Process]:
    """All living processes whose mark begins like this, this one excepted."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            ours = process.environ().get(MARK, "").startswith(mark)
            if ours and process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


async def end(processes: Sequence[psutil.Process], *, patience_s: float) -> None:
    """SIGTERM to all; SIGKILL to those that are still there after `patience_s`."""
    for process in processes:
        with suppress(psutil.Error):
            process.terminate()
    for process in await _wait_for(processes, patience_s):
        with suppress(psutil.Error):
            process.kill()
    await _wait_for(processes, KILL_S)


async def _wait_for(processes: Sequence[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Those that still live after so long. Polls, because psutil's own wait would reap asyncio's children."""
    deadline = monotonic() + seconds
    alive = [process for process in processes if _lives(process)]
    while alive and monotonic() < deadline:
        await asyncio.sleep(0.05)
        alive = [process for process in alive if _lives(process)]
    return alive


def _lives(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False
