"""Raw request bodies up to a limit."""

import asyncio
from collections.abc import Callable

from starlette.requests import Request

from apps.receiver.answers import Refusal

READ_WITHIN_S = 5.0  # an impatient vendor has given up by then


def _for_nothing(_size: int) -> None:
    """Bodies so small that nobody counts them."""


async def read_body(request: Request, limit: int, take: Callable[[int], None] = _for_nothing) -> bytes:
    """The bytes as they came; `take` is told of each part how many there are. Raises: Refusal as soon as more than
    `limit` bytes are announced or have come, when they are not there within READ_WITHIN_S, and when `take` does."""
    said = request.headers.get("content-length", "")
    if said.isdigit() and int(said) > limit:
        raise Refusal("body_too_large")
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(READ_WITHIN_S):
            async for part in request.stream():
                size += len(part)
                if size > limit:
                    raise Refusal("body_too_large")
                take(len(part))
                parts.append(part)
    except TimeoutError:
        raise Refusal("body_too_slow") from None
    return b"".join(parts)
