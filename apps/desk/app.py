"""The application of the desk: routes, and what happens when something goes wrong."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import sqlalchemy as sa
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from apps.boundary import Boundary
from apps.darkroom import Darkroom
from apps.desk.cases import Cases
from apps.desk.cookies import Cookies
from apps.desk.edits import Edits
from apps.desk.evidence import EvidenceFiles
from apps.desk.figures import PATH as RETURNED
from apps.desk.figures import Figures
from apps.desk.floor import Floor
from apps.desk.floor_guard import FLOOR_HOME, FLOOR_LOGIN, FloorGuard, FloorHandler
from apps.desk.forms import BadForm
from apps.desk.guard import Forbidden, Guard, Handler
from apps.desk.login import Login
from apps.desk.orders import Orders
from apps.desk.pages import HOME, LOGIN, STYLE, Pages, go
from apps.desk.photos import Photos
from apps.desk.return_list import ReturnList
from apps.desk.returns import Returns
from apps.receiver.answers import Refusal
from config.accounts import ConfigError
from config.links import is_ready
from config.wiring import Wiring
from ledger.operator import Refused

logger = logging.getLogger(__name__)
RETURN = "/desk/orders/{order_id}/return"
OPEN = ("/", "/healthz", LOGIN, FLOOR_LOGIN, STYLE)  # what may be asked for by anybody


def create_app(wiring: Wiring) -> Starlette:
    """Raises: ConfigError without a secret, or when the desk would share an address with customers' pages."""
    settings = wiring.settings
    if not is_ready(settings):
        raise ConfigError("AFTERCART_LINK_SECRET must be set to at least 32 characters: it hides who tried to log in")
    if urlsplit(settings.desk_url)[:2] == urlsplit(settings.public_url)[:2]:
        raise ConfigError(
            "AFTERCART_DESK_URL must differ from AFTERCART_PUBLIC_URL: agents and customers share no origin"
        )
    pages, cookies = Pages(wiring.brand), Cookies(secure=settings.desk_url.startswith("https://"))
    guard, login = Guard(wiring, cookies), Login(wiring, cookies, pages)
    cases, orders, edits = Cases(wiring, pages), Orders(wiring, pages), Edits(wiring, pages)
    darkroom = Darkroom(wiring, wiring.ledger)
    back, floor = Returns(wiring, pages, darkroom), Floor(wiring, pages, darkroom)
    at_table = FloorGuard(wiring, cookies, pages, guard)
    inside: list[tuple[str, str, Handler]] = [
        ("POST", "/desk/logout", login.leave),
        ("GET", HOME, cases.queue),
        ("GET", "/desk/cases/{case_id}", cases.show),
        ("POST", "/desk/cases/{case_id}/owner", cases.hand_over),
        ("POST", "/desk/cases/{case_id}/notes", cases.write_note),
        ("POST", "/desk/cases/{case_id}/question", cases.ask_customer),
        ("POST", "/desk/cases/{case_id}/decision", cases.decide),
        ("GET", RETURNED, Figures(wiring, pages).returns),
        ("GET", "/desk/orders", orders.list),
        ("POST", "/desk/orders/search", orders.search),
        ("GET", "/desk/orders/{order_id}", orders.show),
        ("GET", "/desk/orders/{order_id}/photos/{name}", Photos(wiring).show),
        ("GET", "/desk/orders/{order_id}/evidence/{name}", EvidenceFiles(wiring).show),
        ("GET", "/desk/orders/{order_id}/edit", edits.show),
        ("POST", "/desk/orders/{order_id}/edit", edits.ask),
        ("GET", RETURN, back.show),
        ("GET", "/desk/returns", ReturnList(wiring, pages).show),
        ("POST", "/desk/orders/{order_id}/holds", orders.hold),
        ("POST", "/desk/orders/{order_id}/releases", orders.release),
        ("POST", "/desk/orders/{order_id}/retries", orders.retry),
        ("POST", "/desk/orders/{order_id}/returns/{request_id}/end", orders.end_return),
    ]
    parcel, unannounced = "/{location}/returns/{request_id}", "/{location}/orders/{order_id}"
    standing: list[tuple[str, str, FloorHandler]] = [
        ("GET", "", floor.choose),
        ("POST", "/logout", at_table.leave),
        ("GET", "/{location}", floor.show),
        ("POST", "/{location}", floor.scan),
        ("GET", parcel, floor.parcel),
        ("POST", parcel, floor.enter),
        ("GET", f"{parcel}/photos/{{name}}", floor.photo),
        ("GET", unannounced, floor.order),
        ("POST", unannounced, floor.open),
    ]
    routes = [
        Route("/", _home, methods=["GET"]),
        Route("/healthz", _live, methods=["GET"]),
        Route(STYLE, pages.style, methods=["GET"]),
        Route(LOGIN, login.show, methods=["GET"]),
        Route(LOGIN, login.enter, methods=["POST"]),
        *(Route(path, guard.inside(handler), methods=[method]) for method, path, handler in inside),
        Route(RETURN, guard.inside(back.ask, files=True), methods=["POST"]),
        Route(FLOOR_LOGIN, at_table.show, methods=["GET"]),
        Route(FLOOR_LOGIN, at_table.enter, methods=["POST"]),
        *(Route(f"{FLOOR_HOME}{path}", at_table.inside(each), methods=[method]) for method, path, each in standing),
    ]
    troubles = _Troubles(pages)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        await asyncio.to_thread(darkroom.close)

    return Starlette(
        routes=routes,
        lifespan=lifespan,
        middleware=[Middleware(Boundary, answer=troubles.internal)],
        exception_handlers={
            BadForm: troubles.bad_form,
            Forbidden: troubles.forbidden,
            Refusal: troubles.refusal,
            Refused: troubles.refused,
            HTTPException: troubles.no_such_page,
            sa.exc.OperationalError: troubles.database_away,
        },
    )


async def _home(_request: Request) -> Response:
    return go(HOME)


async def _live(_request: Request) -> Response:
    return JSONResponse({"status": "up"})


class _Troubles:
    """Pages that say what went wrong and what to do. Never a value from the request."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def internal(self, _request: Request) -> Response:
        text = (
            "Look at the page again: all of it was done, or nothing. When it happens anew, tell whoever runs Aftercart."
        )
        return self._pages.problem(500, "Something went wrong", text)

    async def bad_form(self, _request: Request, _error: Exception) -> Response:
        return self._pages.problem(400, "This form cannot be read", "Go back, load the page again and send it anew.")

    async def refusal(self, request: Request, error: Exception) -> Response:
        if isinstance(error, Refusal) and error.code == "busy":
            text = "Nothing was kept: too many photos are coming in at once. Go back and send it again in a moment."
            return self._pages.problem(503, "Too much at once", text)
        if isinstance(error, Refusal) and error.code == "body_too_large":
            return self._pages.problem(400, "That is too much", "Go back and send fewer or smaller photos.")
        return await self.bad_form(request, error)

    async def forbidden(self, _request: Request, _error: Exception) -> Response:
        text = "The page was open since before you logged in, or it was not ours. Nothing was changed: load it again."
        return self._pages.problem(403, "This page is out of date", text)

    async def refused(self, _request: Request, error: Exception) -> Response:
        return self._pages.problem(409, "That is not possible", _sentence(str(error)))

    async def no_such_page(self, _request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 404
        return self._pages.problem(
            status, "There is nothing here", "The address may be cut off, or what it named is gone."
        )

    async def database_away(self, _request: Request, error: Exception) -> Response:
        logger.warning("database away", extra={"error_type": type(error).__name__})
        text = "Nothing was changed. Try again in a moment; when it lasts, tell whoever runs Aftercart."
        response = self._pages.problem(503, "The database does not answer", text)
        response.headers["Retry-After"] = "5"
        return response


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith(".") else ".")
