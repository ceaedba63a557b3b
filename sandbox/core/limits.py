"""A limit of requests per minute as a sliding window over the sandbox's time."""

import math
from collections import deque

_WINDOW_S = 60.0


class SlidingWindow:
    """Counts the requests of the last minute."""

    def __init__(self) -> None:
        self._taken: deque[float] = deque()

    def wait_s(self, now: float, limit: int | None) -> int | None:
        """Take a place and return None, or return the seconds until one is free."""
        if limit is None:
            return None
        if self._taken and now < self._taken[-1]:
            self._taken.clear()  # the clock was put back
        while self._taken and self._taken[0] <= now - _WINDOW_S:
            self._taken.popleft()
        if len(self._taken) < limit:
            self._taken.append(now)
            return None
        return max(1, math.ceil(self._taken[0] + _WINDOW_S - now))
