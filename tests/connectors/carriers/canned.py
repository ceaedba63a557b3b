"""A client that answers from a list, for vendors' errors and bodies that no sandbox makes; what was sent is kept."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from connectors.transport import Request, Response

Answer = tuple[int, Any]


class CannedClient:
    """`answer` is asked for each call: status and decoded body."""

    def __init__(self, answer: Callable[[Request], Answer], headers: Mapping[str, str] | None = None) -> None:
        self.sent: list[Request] = []
        self._answer = answer
        self._headers = dict(headers or {})

    async def send(self, request: Request) -> Response:
        self.sent.append(request)
        status, body = self._answer(request)
        content = b"" if body is None else orjson.dumps(body)
        return Response(status, {"content-type": "application/json", **self._headers}, content)
