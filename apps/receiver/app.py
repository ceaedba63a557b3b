"""The application: routes, start and stop, and what happens when something goes wrong."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import sqlalchemy as sa
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from apps.portal.address_answer import AddressAnswers
from apps.receiver.answers import Refusal, refuse
from apps.receiver.floor import Floor
from apps.receiver.health import Health
from apps.receiver.hooks import Hooks
from apps.receiver.load import Load
from apps.receiver.transactions import Transactions
from apps.receiver.watch import Watch
from apps.receiver.writer import GroupWriter
from config.wiring import Wiring

logger = logging.getLogger(__name__)
ANSWER = "/answers/{purpose}/{subject}/{version}/{expires}/{signature}"


def create_app(wiring: Wiring, *, patience_s: float = 2.5) -> Starlette:
    """`patience_s`: how long a write waits for the database. Raises: ConfigError when the accounts file is wrong."""
    transactions = Transactions(wiring, patience_s=patience_s)
    writer = GroupWriter(wiring, transactions)
    watch, load = Watch(wiring, transactions), Load()

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        writer.start()
        watch.start()
        load.start()
        yield
        await load.stop()
        await watch.stop()
        await writer.stop()
        transactions.close()

    hooks, health, floor = Hooks(wiring, writer, load), Health(wiring, writer), Floor(wiring, transactions)
    answers = AddressAnswers(wiring, writer)
    routes = [
        Route("/hooks/{system}/{account}", hooks.post, methods=["POST"]),
        Route("/healthz", health.live, methods=["GET"]),
        Route("/readyz", health.ready, methods=["GET"]),
        Route("/warehouse/{location}/pick-lists", floor.lists, methods=["GET"]),
        Route("/warehouse/{location}/pick-lists/{list_id}.pdf", floor.sheet, methods=["GET"]),
        Route("/warehouse/{location}/labels/{shipment_id}.pdf", floor.label, methods=["GET"]),
        Route("/warehouse/{location}/packing-slips/{shipment_id}.pdf", floor.slip, methods=["GET"]),
        Route("/warehouse/{location}/scans", floor.scan, methods=["POST"]),
        Route(ANSWER, answers.show, methods=["GET"]),
        Route(ANSWER, answers.give, methods=["POST"]),
    ]
    # No FastAPI here: its routes put a stack of contexts around each request, and deliveries are many.
    return Starlette(
        routes=routes,
        lifespan=lifespan,
        middleware=[Middleware(_Boundary)],
        exception_handlers={
            Refusal: _refused,
            HTTPException: _no_such_route,
            sa.exc.OperationalError: _database_away,
        },
    )


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return refuse(error)


async def _no_such_route(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    return refuse(Refusal("method_not_allowed" if status == 405 else "not_found"))


async def _database_away(_request: Request, error: Exception) -> Response:
    logger.warning("database away", extra={"error_type": type(error).__name__})
    return refuse(Refusal("database_away"))


class _Boundary:
    """Nothing that goes wrong inside reaches the server: its log would print the request's data with the trace."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

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
            await refuse(Refusal("internal_error"))(scope, receive, send)


def _where(scope: Scope, error: Exception) -> dict[str, str]:
    """The handler and the place in our code; the message of the error may repeat the body, so it is left out."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}" if trace is not None else ""
    handler = getattr(scope.get("endpoint"), "__qualname__", "")
    return {"operation": handler, "error_type": type(error).__name__, "place": place}
