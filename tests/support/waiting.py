"""Waiting for what no event tells. A deadline is wide: it costs nothing when all is well, and on a loaded machine the
start of a Python alone takes half a minute."""

import asyncio
import inspect
import time
from collections.abc import Callable, Iterator
from typing import Any

PATIENCE_S = 240.0


async def until(condition: Callable[[], Any], what: str = "", *, patience_s: float = PATIENCE_S) -> Any:
    """Look again and again, and return what was found when it is true; an awaitable answer is awaited. Fails after
    `patience_s`."""
    for pause_s in _pauses(what, patience_s):
        found = condition()
        if inspect.isawaitable(found):
            found = await found
        if found:
            return found
        await asyncio.sleep(pause_s)


def wait_until(condition: Callable[[], Any], what: str = "", *, patience_s: float = PATIENCE_S) -> Any:
    """The same where there is no event loop."""
    for pause_s in _pauses(what, patience_s):
        if found := condition():
            return found
        time.sleep(pause_s)


def _pauses(what: str, patience_s: float) -> Iterator[float]:
    """Ever longer ones, in seconds: what takes long may take a moment more. Fails when time is up."""
    ends, pause_s = time.monotonic() + patience_s, 0.01
    while time.monotonic() < ends:
        yield pause_s
        pause_s = min(pause_s * 1.2, 0.25)
    raise AssertionError(f"waited in vain: {what}")
