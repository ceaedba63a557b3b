"""What every web application of ours is wrapped in."""

import logging
from collections.abc import Callable

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

logger = logging.getLogger(__name__)


class Boundary:
    """Nothing that goes wrong inside reaches the server: its log would print the request's data with the trace.
    `answer` makes what the caller gets instead."""

    def __init__(self, app: ASGIApp, answer: Callable[[Request], Response]) -> None:
        self._app, self._answer = app, answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except ClientDisconnect:
            logger.info("caller hung up")
        except Exception as error:
            if scope["type"] != "http" or begun:
                raise
            logger.error("request failed", extra=_where(scope, error))
            await self._answer(Request(scope))(scope, receive, send)


def _where(scope: Scope, error: Exception) -> dict[str, str]:
    """The handler and the place in our code; the message of the error may repeat the body, so it is left out."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}" if trace is not None else ""
    handler = getattr(scope.get("endpoint"), "__qualname__", "")
    return {"operation": handler, "error_type": type(error).__name__, "place": place}
