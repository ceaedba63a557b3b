"""The application: routes, start and stop, and what happens when something goes wrong."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import sqlalchemy as sa
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from apps.boundary import Boundary
from apps.darkroom import Darkroom
from apps.portal.address_answer import ANSWERS, AddressAnswers
from apps.portal.offers import Offers
from apps.portal.pages import PORTAL, Pages
from apps.portal.routes import portal_routes
from apps.portal.threads import Threads
from apps.receiver.answers import Refusal, refuse
from apps.receiver.floor import Floor
from apps.receiver.floor_returns import FloorReturns
from apps.receiver.health import Health
from apps.receiver.hooks import Hooks
from apps.receiver.load import Load
from apps.receiver.transactions import Transactions
from apps.receiver.unit_photos import UnitPhotos
from apps.receiver.writer import GroupWriter
from apps.watch import Watch
from config.accounts import ConfigError
from config.wiring import Wiring

logger = logging.getLogger(__name__)
ANSWER = ANSWERS + "/{purpose}/{subject}/{version}/{expires}/{signature}"


def create_app(wiring: Wiring, *, patience_s: float = 2.5, offers: Offers | None = None) -> Starlette:
    """`patience_s`: how long a write waits for the database; `offers`: what customers are told that they may
    change, by itself what really can be.

    Raises: ConfigError when the accounts file is wrong.
    """
    transactions = Transactions(wiring, patience_s=patience_s)
    writer = GroupWriter(wiring, transactions)
    watch, load = Watch(wiring, transactions.run), Load()
    threads, pages = Threads(wiring, transactions), Pages(wiring)
    darkroom = Darkroom(wiring, transactions.run)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        writer.start()
        watch.start()
        load.start()
        yield
        await load.stop()
        await watch.stop()
        await writer.stop()
        await wiring.aclose()
        await asyncio.to_thread(darkroom.close)
        await asyncio.to_thread(threads.close)
        transactions.close()

    hooks, health, floor = Hooks(wiring, writer, load), Health(wiring, writer), Floor(wiring, transactions)
    back = FloorReturns(wiring, transactions)
    answers = AddressAnswers(wiring, writer, threads, pages)
    routes = [
        Route("/hooks/{system}/{account}", hooks.post, methods=["POST"]),
        Route("/healthz", health.live, methods=["GET"]),
        Route("/readyz", health.ready, methods=["GET"]),
        Route("/warehouse/{location}/pick-lists", floor.lists, methods=["GET"]),
        Route("/warehouse/{location}/pick-lists/{list_id}.pdf", floor.sheet, methods=["GET"]),
        Route("/warehouse/{location}/labels/{shipment_id}.pdf", floor.label, methods=["GET"]),
        Route("/warehouse/{location}/packing-slips/{shipment_id}.pdf", floor.slip, methods=["GET"]),
        Route("/warehouse/{location}/scans", floor.scan, methods=["POST"]),
        Route("/warehouse/{location}/returns", back.opened, methods=["POST"]),
        Route("/warehouse/{location}/returns/{code}", back.expected, methods=["GET"]),
        Route("/warehouse/{location}/returns/{request_id}/grades", back.graded, methods=["POST"]),
        Route(
            "/warehouse/{location}/returns/{request_id}/units/{unit_id}/photos",
            UnitPhotos(wiring, transactions, darkroom).take,
            methods=["POST"],
        ),
        Route(ANSWER, answers.show, methods=["GET"]),
        Route(ANSWER, answers.give, methods=["POST"]),
        *portal_routes(wiring, writer, threads, pages, darkroom, offers=offers),
    ]
    refusals = _Refusals(pages)
    # No FastAPI here: its routes put a stack of contexts around each request, and deliveries are many.
    return Starlette(
        routes=routes,
        lifespan=lifespan,
        middleware=[Middleware(Boundary, answer=refusals.internal)],
        exception_handlers={
            Refusal: refusals.refused,
            HTTPException: refusals.no_such_route,
            sa.exc.OperationalError: refusals.database_away,
            ConfigError: refusals.not_set_up,
        },
    )


class _Refusals:
    """Every answer that is not what was asked for: JSON for programs, pages for people."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def answer(self, request: Request, refusal: Refusal) -> Response:
        told = refuse(refusal)
        return self._pages.refusal(request, refusal, told.status_code) if _is_persons(request) else told

    async def refused(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, Refusal)
        return self.answer(request, error)

    async def no_such_route(self, request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 404
        return self.answer(request, Refusal("method_not_allowed" if status == 405 else "not_found"))

    async def database_away(self, request: Request, error: Exception) -> Response:
        logger.warning("database away", extra={"error_type": type(error).__name__})
        return self.answer(request, Refusal("database_away"))

    def internal(self, request: Request) -> Response:
        return self.answer(request, Refusal("internal_error"))

    async def not_set_up(self, request: Request, error: Exception) -> Response:
        logger.error("not set up", extra={"reason": str(error)})
        return self.answer(request, Refusal("not_set_up"))


def _is_persons(request: Request) -> bool:
    path: str = request.scope["path"]
    return path == PORTAL or path.startswith((f"{PORTAL}/", f"{ANSWERS}/"))
