"""Logging in and out. An unknown login, a disabled one and a wrong password get one answer, after one time."""

import asyncio
import logging
import secrets
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from apps.desk import passwords
from apps.desk.cookies import SESSION, VISITOR, Cookies
from apps.desk.forms import Form, comes_from_elsewhere, is_own, read_form
from apps.desk.guard import own_path
from apps.desk.pages import LOGIN, Pages, go
from apps.desk.sitting import Sitting
from apps.desk.times import span
from apps.portal.gate import network_of
from config.links import fingerprint, form_token
from config.wiring import Wiring
from ledger import agents, audit
from ledger.throttles import Limit, give_back, take

logger = logging.getLogger(__name__)
# A login is known to more people than its agent, so wrong passwords alone must not close it: only those of one network
# do, and only there. Whoever guesses from many networks finds each of them closed after ten tries; what they have left
# is made slow for that login, and its agent waits two seconds longer instead of a quarter of an hour.
PER_LOGIN_HERE = Limit(10, timedelta(minutes=15))
PER_NETWORK = Limit(60, timedelta(minutes=15))  # an office has one address
PER_LOGIN = Limit(200, timedelta(minutes=15))
SLOW_S = 2.0  # what a try costs beyond it
AT_ONCE = 2  # each check takes 64 MiB and a core for a tenth of a second


class _Keys(NamedTuple):
    """What a try is counted under."""

    here: str
    network: str
    login: str


class Login:
    """Routes `GET` and `POST /desk/login`, `POST /desk/logout`."""

    def __init__(self, wiring: Wiring, cookies: Cookies, pages: Pages) -> None:
        self._wiring, self._cookies, self._pages = wiring, cookies, pages
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def show(self, request: Request) -> Response:
        visitor = self._cookies.get(request, VISITOR) or secrets.token_urlsafe(32)
        return self._form(visitor, own_path(request.query_params.get("next", "")))

    async def enter(self, request: Request) -> Response:
        form, visitor = await read_form(request), self._cookies.get(request, VISITOR)
        wanted = own_path(form.get("next", ""))
        if comes_from_elsewhere(request) or not is_own(self._wiring.settings, form, visitor):
            problem = "This page had been open for too long. Please log in again."
            return self._form(secrets.token_urlsafe(32), wanted, problem, status=403)
        now = self._wiring.now()
        keys = self._keys(request, form)
        limits = {keys.here: PER_LOGIN_HERE, keys.network: PER_NETWORK, keys.login: PER_LOGIN}
        ends = await self._wiring.in_ledger(take, limits, now)
        slow = ends.pop(keys.login, None)
        if ends:
            logger.warning("logins throttled")
            return self._too_many(visitor, wanted, max(ends.values()), now)
        if slow is not None:
            logger.warning("logins slowed down")
            await asyncio.sleep(SLOW_S)
        agent = await asyncio.to_thread(self._wiring.read, agents.find_agent, form.get("login", ""))
        stored = agent["password_hash"] if agent is not None and agent["active"] else None
        async with self._turns:
            fits = await asyncio.to_thread(passwords.matches, stored, form.get("password", ""))
        if not fits or agent is None:
            logger.warning("login refused")
            return self._form(visitor, wanted, "The login or the password is not right.", status=401)
        return await self._let_in(agent["id"], str(stored), form, wanted, keys, now)

    async def leave(self, _request: Request, sitting: Sitting) -> Response:
        await self._wiring.in_ledger(agents.end_session, sitting.visit, sitting.now)
        response = go(LOGIN)
        self._cookies.drop(response, SESSION)
        return response

    async def _let_in(
        self, agent_id: str, stored: str, form: Form, wanted: str, keys: _Keys, now: datetime
    ) -> Response:
        token = secrets.token_urlsafe(32)
        renewed = ""
        if passwords.outdated(stored):
            renewed = await asyncio.to_thread(passwords.hash_password, form["password"])

        def act(session: Session) -> None:
            lives = timedelta(hours=self._wiring.settings.desk_session_hours)
            give_back(session, keys)  # only failures are counted
            agents.open_session(session, agent_id, agents.digest_of(token), lives=lives, now=now)
            if renewed:
                agents.renew_hash(session, agent_id, renewed)

        acting = audit.actor.set(agents.actor_of(agent_id))
        try:
            await self._wiring.in_ledger(act)
        finally:
            audit.actor.reset(acting)
        response = go(wanted)
        self._cookies.put(response, SESSION, token)
        self._cookies.drop(response, VISITOR)
        return response

    def _keys(self, request: Request, form: Form) -> _Keys:
        settings = self._wiring.settings
        login, network = form.get("login", "").lower(), network_of(request)
        return _Keys(
            here=fingerprint(settings, "desk_login_here", f"{network} {login}"),
            network=fingerprint(settings, "desk_network", network),
            login=fingerprint(settings, "desk_login", login),
        )

    def _too_many(self, visitor: str, wanted: str, until: datetime, now: datetime) -> Response:
        problem = f"Too many tries. Wait {span(until - now)}, or ask whoever runs Aftercart for a new password."
        response = self._form(visitor, wanted, problem, status=429)
        response.headers["Retry-After"] = str(max(int((until - now).total_seconds()), 1))
        return response

    def _form(self, visitor: str, wanted: str, problem: str = "", *, status: int = 200) -> Response:
        response = self._pages.show(
            "login",
            status=status,
            form_token=form_token(self._wiring.settings, visitor),
            next=wanted,
            problem=problem,
            most=passwords.MOST,
        )
        self._cookies.put(response, VISITOR, visitor)
        return response
