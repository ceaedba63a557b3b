"""The doors to an order: the link of a mail, the session that it opens, and the guard of every page behind it.

Whoever adds a page about an order declares it by `Doors.order_route`: who has no session of that order, or another
order's, or one of a mailbox that the order no longer has, sees the page of what does not exist. A form that is posted
must carry the session's own token.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Literal

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from apps.darkroom import Darkroom
from apps.portal.forms import (
    SESSION,
    TOKEN,
    Form,
    end_session,
    is_token_of_visit,
    keep_visit,
    open_session,
    order_path,
    read_form,
    request_path,
    session_of,
    signed,
    visit_of,
)
from apps.portal.keeping import Kept, Later, settled
from apps.portal.pages import PORTAL, Pages, locale_of
from apps.portal.threads import Threads
from apps.portal.words import Local
from apps.receiver.answers import Refusal
from apps.receiver.writer import GroupWriter
from apps.uploads import Upload, is_upload, read_upload
from config.languages import pick_locale
from config.links import (
    GIFT_PAGE,
    ORDER_PAGE,
    ORDER_SESSION,
    Grant,
    form_token,
    is_form_token,
    request_grant,
)
from config.wiring import Wiring
from domain.returns.gifts import Viewer
from domain.zones import zone_of
from ledger.order_access import ContactRow, opened_order
from ledger.orders import OrderRow

LINK = PORTAL + "/links/{order_id}/{version}/{expires}/{signature}"
GIFT = PORTAL + "/gifts/{order_id}/{version}/{expires}/{signature}"
MOST_UPLOADS = 4  # at once: each is held in memory
REQUEST_LINK = PORTAL + "/requests/{order_id}/{version}/{request_id}/{expires}/{signature}"


@dataclass(frozen=True, slots=True)
class Opened:
    """An order's page that its customer may see. `token` goes into each form as the field `token`. `version`: of the
    mailbox that the session or the link is for. `gift_path`: set where a recipient has come by the buyer's link.

    `session` only reads; what the customer asks for is a `Kept` delivery. Photos among `files` go through `darkroom`
    first, in the work of a `Later`.
    """

    session: Session
    order: OrderRow
    contact: ContactRow
    now: datetime
    token: str
    darkroom: Darkroom
    path: Mapping[str, Any]
    query: Mapping[str, str]
    form: Form = field(default_factory=dict)
    files: Mapping[str, tuple[bytes, ...]] = field(default_factory=dict)
    version: str = ""
    gift_path: str = ""

    @property
    def url(self) -> str:
        """The order page's own path; a recipient's link is theirs."""
        return self.gift_path or order_path(self.order["id"])

    @property
    def viewer(self) -> Viewer:
        return Viewer.RECIPIENT if self.gift_path else Viewer.BUYER


def local_of(opened: Opened) -> Local:
    """How to write for this order's customer."""
    order = opened.order
    return Local(pick_locale(order["locale"]).format, zone_of(order["country"], order["region"]), opened.now)


OrderHandler = Callable[[Opened], Response | Kept | Later]


class Doors:
    def __init__(self, wiring: Wiring, writer: GroupWriter, threads: Threads, pages: Pages, darkroom: Darkroom) -> None:
        self._darkroom = darkroom
        self._wiring, self._writer, self._threads, self._pages = wiring, writer, threads, pages
        self._uploads = 0

    def order_route(
        self,
        below: str,
        handler: OrderHandler,
        methods: Sequence[Literal["GET", "POST"]] = ("GET",),
        *,
        files: bool = False,
    ) -> Route:
        """A route of an order's page. `below`: "" or a path that begins with a slash. The handler runs in a thread.
        `files`: its form may bring some (`Opened.files`)."""

        async def endpoint(request: Request) -> Response:
            sent = Upload({})
            if request.method == "POST":
                # who has no session may send no megabytes
                if files and session_of(self._wiring, request, request.path_params["order_id"]) is None:
                    return self._pages.gone(locale_of(request))
                sent = await self._sent(request, files)
            answer = await self._threads.read(lambda session: self._guarded(session, request, sent, handler))
            return await settled(self._writer, answer)

        return Route(f"{PORTAL}/orders/{{order_id}}{below}", endpoint, methods=list(methods))

    def gift_route(
        self,
        below: str,
        handler: OrderHandler,
        methods: Sequence[Literal["GET", "POST"]] = ("GET",),
        *,
        files: bool = False,
    ) -> Route:
        """The same for whoever got the order as a gift. The link is in the address of every page, and opens no
        session: a recipient never comes to the order's own pages. Forms are bound to the visit."""

        async def endpoint(request: Request) -> Response:
            if not self._is_signed(request, GIFT_PAGE):
                return self._pages.gone(locale_of(request))
            sent = await self._sent(request, files) if request.method == "POST" else Upload({})
            visit = visit_of(request)
            answer = await self._threads.read(
                lambda session: self._as_recipient(session, request, sent, visit, handler)
            )
            return keep_visit(self._wiring.settings, await settled(self._writer, answer), visit)

        return Route(f"{GIFT}{below}", endpoint, methods=list(methods))

    def _as_recipient(
        self, session: Session, request: Request, sent: Upload, visit: str, handler: OrderHandler
    ) -> Response | Kept | Later:
        wiring, path = self._wiring, request.path_params
        found = opened_order(session, path["order_id"], path["version"])
        if found is None:
            return self._pages.gone(locale_of(request))
        order, _ = found
        here = GIFT.format(**path)
        if request.method == "POST" and not is_token_of_visit(wiring.settings, request, sent.fields):
            return self._pages.show("form_old", locale=order["locale"], status=403, back=here)
        return handler(self._opened(session, request, sent, found, visit, path["version"], gift_path=here))

    def _opened(
        self, session: Session, request: Request, sent: Upload, found: tuple[OrderRow, ContactRow],
        bound_to: str, version: str, *, gift_path: str = "",
    ) -> Opened:  # fmt: skip
        """`bound_to`: what the page's forms are bound to, a session's cookie or a visit."""
        order, contact = found
        return Opened(
            session, order, contact, self._wiring.now(), form_token(self._wiring.settings, bound_to), self._darkroom,
            request.path_params, dict(request.query_params), sent.fields, sent.files, version, gift_path,
        )  # fmt: skip

    async def _sent(self, request: Request, files: bool) -> Upload:
        """The form that was posted. Raises: Refusal (body_too_large, body_too_slow, bad_form, busy)."""
        if not files or not is_upload(request):
            return Upload(await read_form(request))
        if self._uploads >= MOST_UPLOADS:
            raise Refusal("busy")
        self._uploads += 1
        try:
            return await read_upload(request)
        finally:
            self._uploads -= 1

    def _guarded(
        self, session: Session, request: Request, sent: Upload, handler: OrderHandler
    ) -> Response | Kept | Later:
        wiring = self._wiring
        grant = session_of(wiring, request, request.path_params["order_id"])
        opened = opened_order(session, grant.subject, grant.version) if grant else None
        if grant is None or opened is None:
            return self._pages.gone(locale_of(request))
        order, _ = opened
        bound_to = request.cookies[SESSION]
        if request.method == "POST" and not is_form_token(wiring.settings, bound_to, sent.fields.get(TOKEN, "")):
            return self._pages.show("form_old", locale=order["locale"], status=403, back=order_path(order["id"]))
        return handler(self._opened(session, request, sent, opened, bound_to, grant.version))

    async def show_link(self, request: Request) -> Response:
        """`GET` of a mail's link. It changes nothing, because mail scanners open links too: the button posts."""
        return await self._threads.read(lambda session: self._show_link(session, request))

    def _show_link(self, session: Session, request: Request) -> Response:
        opened = self._by_link(session, request)
        if opened is None:
            return self._pages.gone(locale_of(request))
        _, order = opened
        visit = visit_of(request)
        token = form_token(self._wiring.settings, visit)
        shown = self._pages.show("order_link", locale=order["locale"], order_name=order["name"], token=token)
        return keep_visit(self._wiring.settings, shown, visit)

    async def open_link(self, request: Request) -> Response:
        """`POST`: the session begins."""
        form = await read_form(request)
        return await self._threads.read(lambda session: self._open_link(session, request, form))

    def _open_link(self, session: Session, request: Request, form: Form) -> Response:
        opened = self._by_link(session, request)
        if opened is None:
            return self._pages.gone(locale_of(request))
        version, order = opened
        if not is_token_of_visit(self._wiring.settings, request, form):
            back = request.url.path.removeprefix(self._pages.root)
            return self._pages.show("form_old", locale=order["locale"], status=403, back=back)
        ends = self._wiring.now() + self._wiring.policies.portal.session_lives
        grant = Grant(ORDER_SESSION, order["id"], version, int(ends.timestamp()))
        then = order_path(order["id"])
        if asked := request.path_params.get("request_id"):
            then = request_path(order["id"], asked)
        return open_session(self._wiring.settings, self._pages.redirect(then), grant)

    def _by_link(self, session: Session, request: Request) -> tuple[str, OrderRow] | None:
        """The version of the mailbox that the link was sent to, and the order."""
        if not self._is_signed(request, ORDER_PAGE):
            return None
        path = request.path_params
        opened = opened_order(session, path["order_id"], path["version"])
        return (path["version"], opened[0]) if opened else None

    def _is_signed(self, request: Request, purpose: str) -> bool:
        """Whether the address is a link of ours to that, and still good."""
        path = request.path_params
        wanted = partial(Grant, purpose, path["order_id"], path["version"])
        if purpose == ORDER_PAGE and "request_id" in path:
            wanted = partial(request_grant, path["order_id"], path["version"], path["request_id"])
        return signed(self._wiring, path, wanted) is not None

    def leave(self, opened: Opened) -> Response:
        """`POST …/leave`: the session ends on this device."""
        return end_session(self._wiring.settings, self._pages.redirect(PORTAL), opened.order["id"])
