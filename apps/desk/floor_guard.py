"""Who may use the receiving screen: an agent at any own warehouse, or whoever came with a warehouse's token, there."""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from apps.desk.cookies import FLOOR, SESSION, VISITOR, Cookies
from apps.desk.forms import Form, Uploads, comes_from_elsewhere, is_own, read_form
from apps.desk.guard import Forbidden, Guard, own_path
from apps.desk.login import PER_LOGIN_HERE, PER_NETWORK
from apps.desk.pages import Pages, go
from apps.desk.times import span
from apps.portal.gate import network_of
from apps.receiver.floor_access import FloorAccess
from config.links import BadLink, Grant, fingerprint, form_token, seal, unseal
from config.wiring import Wiring
from ledger import audit
from ledger.throttles import give_back, take

FLOOR_HOME = "/desk/floor"
FLOOR_LOGIN = f"{FLOOR_HOME}/login"
ACTOR = "floor:"  # whoever works at a location, as the audit trail has them
_PURPOSE = "floor"


@dataclass(frozen=True, slots=True)
class Standing:
    """Who stands at the table, and what was posted. `places`: the own warehouses where they may work, by id."""

    actor: str
    name: str
    places: Mapping[str, str]
    now: datetime
    form_token: str
    agent: bool
    form: Form = field(default_factory=dict)
    files: Mapping[str, tuple[bytes, ...]] = field(default_factory=dict)


FloorHandler = Callable[[Request, Standing], Awaitable[Response]]


class FloorGuard:
    """Wraps every handler of the screen, and lets warehouses in by their token."""

    def __init__(self, wiring: Wiring, cookies: Cookies, pages: Pages, agents: Guard) -> None:
        self._wiring, self._cookies, self._pages, self._agents = wiring, cookies, pages, agents
        self._access = FloorAccess(wiring)
        own = {*wiring.accounts.floor_tokens, wiring.policies.way_back.send_to}
        self._places = {node.id: node.name for node in wiring.policies.nodes if node.id in own}
        self._uploads = Uploads()

    def inside(self, handler: FloorHandler) -> Callable[[Request], Awaitable[Response]]:
        """For agents and for the warehouse that the address names. Raises: Forbidden, BadForm, Refusal."""

        async def endpoint(request: Request) -> Response:
            now = self._wiring.now()
            standing, bound_to = await self._standing(request, now)
            if standing is None:
                wanted = f"?next={quote(request.url.path, safe='/')}" if request.method == "GET" else ""
                return go(f"{FLOOR_LOGIN}{wanted}")
            if request.path_params.get("location", next(iter(standing.places), "")) not in standing.places:
                raise HTTPException(404)
            if request.method == "POST":
                if comes_from_elsewhere(request):
                    raise Forbidden
                sent = await self._uploads.read(request)
                if not is_own(self._wiring.settings, sent.fields, bound_to):
                    raise Forbidden
                standing = replace(standing, form=sent.fields, files=sent.files)
            with audit.acting(standing.actor):
                return await handler(request, standing)

        return endpoint

    async def _standing(self, request: Request, now: datetime) -> tuple[Standing | None, str]:
        settings = self._wiring.settings
        if visit := await self._agents.visit(token := self._cookies.get(request, SESSION), now):
            return Standing(visit.actor, visit.name, self._places, now, form_token(settings, token), agent=True), token
        sealed = self._cookies.get(request, FLOOR)
        try:
            grant = unseal(settings, sealed, purpose=_PURPOSE, now=now)
        except BadLink:
            return None, ""
        place = self._places.get(grant.subject)
        if place is None or grant.version != self._version(grant.subject):  # another token is in the accounts file now
            return None, ""
        here = {grant.subject: place}
        actor = f"{ACTOR}{grant.subject}"
        return Standing(actor, place, here, now, form_token(settings, sealed), agent=False), sealed

    def _version(self, location: str) -> str:
        return fingerprint(self._wiring.settings, "floor_token", self._access.token_of(location))

    async def show(self, request: Request) -> Response:
        """`GET /desk/floor/login`."""
        visitor = self._cookies.get(request, VISITOR) or secrets.token_urlsafe(32)
        return self._form(visitor, own_path(request.query_params.get("next", "")), "")

    async def enter(self, request: Request) -> Response:
        """`POST /desk/floor/login`: the location and its token. A wrong location and a wrong token get one answer."""
        form, visitor = await read_form(request), self._cookies.get(request, VISITOR)
        wanted, location = own_path(form.get("next", "")), form.get("location", "")
        settings, now = self._wiring.settings, self._wiring.now()
        if comes_from_elsewhere(request) or not is_own(settings, form, visitor):
            problem = "This page had been open for too long. Please come in again."
            return self._form(secrets.token_urlsafe(32), wanted, location, problem, status=403)
        network = network_of(request)
        limits = {
            fingerprint(settings, "floor_login_here", f"{network} {location}"): PER_LOGIN_HERE,
            fingerprint(settings, "desk_network", network): PER_NETWORK,
        }
        if ends := await self._wiring.in_ledger(take, limits, now):
            problem = f"Too many tries. Wait {span(max(ends.values()) - now)}."
            return self._form(visitor, wanted, location, problem, status=429)
        if location not in self._places or not self._access.fits(location, form.get("token", "")):
            return self._form(visitor, wanted, location, "The warehouse or its token is not right.", status=401)
        await self._wiring.in_ledger(give_back, limits)  # only failures are counted
        expires = now + timedelta(hours=settings.desk_session_hours)
        grant = Grant(_PURPOSE, location, self._version(location), int(expires.timestamp()))
        inside = wanted if wanted.startswith(f"{FLOOR_HOME}/{location}") else f"{FLOOR_HOME}/{location}"
        response = go(inside)
        self._cookies.put(response, FLOOR, seal(settings, grant))
        self._cookies.drop(response, VISITOR)
        return response

    async def leave(self, _request: Request, standing: Standing) -> Response:
        """`POST /desk/floor/logout`: on this device. An agent logs out at the desk."""
        response = go("/desk/cases" if standing.agent else FLOOR_LOGIN)
        self._cookies.drop(response, FLOOR)
        return response

    def _form(self, visitor: str, wanted: str, location: str, problem: str = "", *, status: int = 200) -> Response:
        response = self._pages.show(
            "floor_login", status=status, form_token=form_token(self._wiring.settings, visitor), next=wanted,
            location=location, problem=problem, standing=None, home=FLOOR_HOME, place_name="",
        )  # fmt: skip
        self._cookies.put(response, VISITOR, visitor)
        return response
