"""Customers' requests beside bulk work: while a pass runs for a minute, they do not wait for its end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import sqlalchemy as sa

from tasks import lookups, validate

LOOK_S = 0.5
AT_ONCE = 25


@asynccontextmanager
async def attended() -> AsyncIterator[None]:
    """Take what customers send while the block runs."""
    over = asyncio.Event()
    attending = asyncio.create_task(_attend(over))
    try:
        yield
    finally:
        over.set()
        await attending


async def _attend(over: asyncio.Event) -> None:
    while True:
        try:
            async with asyncio.timeout(LOOK_S):
                await over.wait()
            return
        except TimeoutError:
            pass
        with suppress(sa.exc.OperationalError):  # whoever works notices it too; what was claimed is free again soon
            await validate.answers(AT_ONCE)
            await lookups.answer(AT_ONCE)
