"""Forks workers from a process that has imported everything and has read what never differs: seconds of CPU are saved
at each start.

Reads one JSON order a line: {"start": program, "args", "env", "log"} is answered by {"pid"}; {"wait": pid, "for_s"}
by {"status"}, as `subprocess` counts (-9 for SIGKILL) or null while it lives. Ends its children when its input ends.
"""

import gc
import importlib
import json
import os
import signal
import sys
import time
from typing import Any, NoReturn

from config.brand import load_brand
from config.policies import load_policies
from config.settings import Settings
from ledger import failpoints
from tasks.rendering import preview_all
from tests.crash.programs import RUNNER, WORKER

_living: set[int] = set()


def _become(order: dict[str, Any]) -> NoReturn:
    """In the child: the program itself, with its own environment and log."""
    log = os.open(order["log"], os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.environ.update(order["env"])
    failpoints.arm(os.environ)
    code = 1
    try:
        code = importlib.import_module(order["start"]).main(order["args"])
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _start(order: dict[str, Any]) -> dict[str, Any]:
    pid = os.fork()
    if pid == 0:
        _become(order)
    _living.add(pid)
    return {"pid": pid}


def _wait(order: dict[str, Any]) -> dict[str, Any]:
    ends = time.monotonic() + order["for_s"]
    while True:
        pid, status = os.waitpid(order["wait"], os.WNOHANG)
        if pid:
            _living.discard(pid)
            return {"status": os.waitstatus_to_exitcode(status)}
        if time.monotonic() >= ends:
            return {"status": None}
        time.sleep(0.005)


def _warm() -> None:
    """What a program compiles and reads but once in its life. What it knows of its world it reads for itself."""
    load_policies(Settings.model_fields["policies_dir"].default)
    for _ in preview_all(load_brand()):
        pass
    gc.freeze()  # else each child's first collection copies all of it


def main() -> None:
    for program in (WORKER, RUNNER):
        importlib.import_module(program)
    _warm()
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps(_start(order) if "start" in order else _wait(order)), flush=True)
    for pid in _living:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
