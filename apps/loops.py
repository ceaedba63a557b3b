"""How our programs run: on uvloop, with what they have imported left out of garbage collection.

A program imports a million objects that live as long as it does. Collecting among them again and again, for the few
that a batch leaves behind, costs about a tenth of an order's CPU, and so does asyncio's own loop
(`python -m bench.parts`).
"""

import asyncio
import gc
from collections.abc import Coroutine
from typing import Any, TypeVar

import uvloop

_SELDOM = (20_000, 20, 20)  # new objects until the young are looked through, and rounds until the older ones are
T = TypeVar("T")


def spare_what_is_imported() -> None:
    """To be called once everything that lives as long as the process is there. What nobody needs any more of it stays
    too: to look for it costs half a second."""
    gc.freeze()
    gc.set_threshold(*_SELDOM)


def use_uvloop() -> None:
    """For programs whose loop others make."""
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())


def run(program: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run` for a program of ours."""
    spare_what_is_imported()
    return uvloop.run(program)
