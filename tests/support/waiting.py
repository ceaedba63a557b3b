"""Waiting for what no event tells."""

import asyncio
from collections.abc import Callable

DEADLINE_S = 30.0


async def until(condition: Callable[[], object]) -> None:
    """Look again and again until it is true; fails after half a minute."""
    ends = asyncio.get_running_loop().time() + DEADLINE_S
    while not condition():
        assert asyncio.get_running_loop().time() < ends, "waited in vain"
        await asyncio.sleep(0.01)
