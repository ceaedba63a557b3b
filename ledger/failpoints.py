"""Places where a test stops a process for good: inert unless the environment arms one.

`AFTERCART_FAIL_POINT=KIND:POINT` names an effect kind (or `inbox`, in the receiver; or `edit.STATE`, a request's change
to that state: `before-intent` and `after-record`) and a point, `AFTERCART_FAIL_LOG` a file. Whoever gets there first
makes that file with one line (point, process) and sends itself `AFTERCART_FAIL_SIGNAL` (KILL; STOP for one that is
paused): the thread that got there is the one that stops, so nothing else of the process runs on. While the file is
there the point is inert again, for the process that is started next with the same environment.
"""

import os
import signal
from collections.abc import Iterable

BEFORE_INTENT = "before-intent"  # the row is written, not committed
AFTER_INTENT = "after-intent"  # committed and claimed, the vendor not called
BEFORE_RECORD = "before-record"  # the vendor has answered, the outcome is not recorded
AFTER_RECORD = "after-record"  # recorded, nothing done with what follows
POINTS = (BEFORE_INTENT, AFTER_INTENT, BEFORE_RECORD, AFTER_RECORD)

ARMED = False
_kind = _point = _log = ""
_signal = signal.SIGKILL


def arm(environment: "os._Environ[str] | dict[str, str]") -> None:
    """Read what the environment says. Raises: ValueError for a point that does not exist."""
    global ARMED, _kind, _point, _log, _signal
    wanted = environment.get("AFTERCART_FAIL_POINT", "")
    ARMED = bool(wanted)
    if not wanted:
        return
    _kind, _, _point = wanted.partition(":")
    _log = environment["AFTERCART_FAIL_LOG"]
    _signal = signal.Signals[f"SIG{environment.get('AFTERCART_FAIL_SIGNAL', 'KILL')}"]
    if _point not in POINTS:
        raise ValueError(f"AFTERCART_FAIL_POINT: {_point!r} is none of {', '.join(POINTS)}")


def reached(point: str, kinds: Iterable[str]) -> None:
    """Called behind `if ARMED`, with the kinds of the effects that are there."""
    if point != _point or _kind not in kinds:
        return
    try:
        log = os.open(_log, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    except FileExistsError:
        return
    os.write(log, f"{_kind}:{point} {os.getpid()}\n".encode())
    os.close(log)
    os.kill(os.getpid(), _signal)


arm(os.environ)
