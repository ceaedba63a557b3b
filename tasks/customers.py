"""Customers' requests beside bulk work: while a stage runs for a minute, they do not wait for its end."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tasks import validate
from tasks.runtime import place_of

logger = logging.getLogger(__name__)
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
        try:
            await validate.answers(AT_ONCE)
        except Exception as failure:  # a delivery that was claimed is free again when its lease ends
            facts = {"failure": type(failure).__name__, "place": place_of(failure)}
            logger.error("customers' requests wait", extra=facts)
