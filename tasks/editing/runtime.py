"""What the steps of an edit share: how a step ends, and how its calls are made."""

from config import wiring
from ledger.editing import stages
from ledger.editing.stages import Progress
from tasks.driving import Went, onward, waits
from tasks.effect_kinds import KINDS
from tasks.effects import send
from tasks.runtime import in_ledger


async def make_calls(request_id: str, token: int) -> Progress:
    """Make the calls of the request's state, group by group, until all are done or something else has the word."""
    wired = wiring.current()
    while True:
        progress = await in_ledger(stages.advance, request_id, token, now=wired.now(), real_now=wired.real_now())
        if progress.name != "send":
            return progress
        await send(progress.rows, KINDS)


__all__ = ["Went", "make_calls", "onward", "waits"]
