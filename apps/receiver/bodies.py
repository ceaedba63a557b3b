"""Raw request bodies up to a limit."""

from starlette.requests import Request

from apps.receiver.answers import Refusal


def announced(request: Request, limit: int) -> int:
    """How large the body will be at most. Raises: Refusal when it says itself that it is too large."""
    said = request.headers.get("content-length", "")
    if not said.isdigit():
        return limit
    if int(said) > limit:
        raise Refusal("body_too_large")
    return int(said)


async def read_body(request: Request, limit: int) -> bytes:
    """The bytes as they came. Raises: Refusal as soon as more than `limit` bytes are announced or have come."""
    announced(request, limit)
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise Refusal("body_too_large")
        parts.append(part)
    return b"".join(parts)
