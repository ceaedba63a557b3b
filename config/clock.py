"""The one clock. Everything that needs the time is handed it from here.

`now()` is the product's time: real time plus an offset kept in the ledger, so that tests, the demo and a
simulation move it for all processes at once. `real_now()` is for leases and heartbeats only: they guard living
processes and must not run out because somebody moved the product's time.
"""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import monotonic

REFRESH_S = 0.25  # how long a process may lag behind a moved clock


class ProductClock:
    """Real time plus an offset that `read_offset` looks up in the ledger, at most every REFRESH_S."""

    def __init__(self, read_offset: Callable[[], float]) -> None:
        self._read_offset = read_offset
        self._offset = timedelta(0)
        self._fresh_until = 0.0
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The product's time, UTC."""
        if monotonic() >= self._fresh_until:
            with self._lock:
                if monotonic() >= self._fresh_until:
                    self._offset = timedelta(seconds=self._read_offset())
                    self._fresh_until = monotonic() + REFRESH_S
        return real_now() + self._offset

    @property
    def fresh(self) -> bool:
        """Whether `now` needs no look into the ledger."""
        return monotonic() < self._fresh_until

    def forget(self) -> None:
        """Read the offset again at the next call."""
        self._fresh_until = 0.0


def real_now() -> datetime:
    """The machine's time, UTC."""
    return datetime.now(UTC)
