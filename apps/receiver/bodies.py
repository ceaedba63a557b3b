"""Raw request bodies up to a limit."""

from starlette.requests import Request

from apps.receiver.answers import Refusal


async def read_body(request: Request, limit: int) -> bytes:
    """The bytes as they came. Raises: Refusal as soon as more than `limit` bytes are announced or have come."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit:
        raise Refusal("body_too_large")
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise Refusal("body_too_large")
        parts.append(part)
    return b"".join(parts)
