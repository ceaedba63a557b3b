"""Who may pass: an agent with a living session, and with its token for whatever changes anything."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import Response

from apps.desk.cookies import SESSION, Cookies
from apps.desk.forms import Uploads, comes_from_elsewhere, is_own, read_form
from apps.desk.pages import HOME, LOGIN, go
from apps.desk.sitting import Sitting
from apps.uploads import Upload
from config.links import form_token
from config.wiring import Wiring
from ledger import agents, audit
from ledger.agents import Visit


class Forbidden(Exception):
    """The form was not shown to this agent in this session."""


Handler = Callable[[Request, Sitting], Awaitable[Response]]


class Guard:
    """Wraps every handler but those of the login."""

    def __init__(self, wiring: Wiring, cookies: Cookies) -> None:
        self._wiring, self._cookies = wiring, cookies
        self._idle = timedelta(minutes=wiring.settings.desk_idle_minutes)
        self._uploads = Uploads()

    def inside(self, handler: Handler, *, files: bool = False) -> Callable[[Request], Awaitable[Response]]:
        """For agents only; without a session one is asked to log in. `files`: its form may bring some. Raises:
        Forbidden, BadForm, Refusal."""

        async def endpoint(request: Request) -> Response:
            token = self._cookies.get(request, SESSION)
            now = self._wiring.now()
            visit = await self.visit(token, now)
            if visit is None:
                return self._ask_to_log_in(request)
            sent = Upload({})
            if request.method == "POST":
                if comes_from_elsewhere(request):
                    raise Forbidden
                sent = await self._uploads.read(request) if files else Upload(await read_form(request))
                if not is_own(self._wiring.settings, sent.fields, token):
                    raise Forbidden
            own = form_token(self._wiring.settings, token)
            with audit.acting(visit.actor):
                return await handler(request, Sitting(visit, now, own, sent.fields, sent.files))

        return endpoint

    async def visit(self, token: str, now: datetime) -> Visit | None:
        """The agent's session of this token, if it is good."""
        if not token:
            return None
        digest = agents.digest_of(token)
        visit = await asyncio.to_thread(self._wiring.read, agents.visit_of, digest, idle=self._idle, now=now)
        if visit is not None and visit.stale:
            await self._wiring.in_ledger(agents.see, digest, now)
        return visit

    def _ask_to_log_in(self, request: Request) -> Response:
        wanted = f"?next={quote(request.url.path, safe='/')}" if request.method == "GET" else ""
        response = go(f"{LOGIN}{wanted}")
        self._cookies.drop(response, SESSION)
        return response


def own_path(wanted: str) -> str:
    """Where to go after the login: a page of the desk, whatever stands in the address."""
    plain = unquote(wanted)
    fine = wanted.startswith("/desk/") and plain.isprintable() and "\\" not in plain and "//" not in plain
    return wanted if fine else HOME
