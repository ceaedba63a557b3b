"""The desk as a browser meets it, and an agent who works there."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from functools import cache
from typing import Any

import httpx
from pydantic import SecretStr

from apps.desk.app import create_app
from apps.desk.passwords import hash_password
from config.wiring import Wiring
from ledger.agents import add_agent
from ledger.cases import CaseDraft, open_cases
from ledger.tables import AuditEvent
from tests.ledger.support import rows_of
from tests.support.returns import delivered
from tests.support.world import World

PASSWORD = "correct horse battery"
SECRET = "s" * 40
_TOKEN = re.compile(r'name="form_token" value="([0-9a-f]+)"')


@cache
def hashed() -> str:
    return hash_password(PASSWORD)


def make_agent(wiring: Wiring, login: str = "kim", name: str = "Kim Example") -> str:
    return wiring.ledger(add_agent, login=login, name=name, password_hash=hashed(), now=wiring.now())


def make_case(wiring: Wiring, kind: str = "stage_failing", *, now: datetime | None = None, **changes: Any) -> str:
    """An open case; returns its id."""
    values: dict[str, Any] = {"key": f"{kind}:{changes.get('order_id', '')}", "choices": ["retry", "cancel"]} | changes
    [case_id] = wiring.ledger(open_cases, [CaseDraft(kind=kind, **values)], now or wiring.now())
    return case_id


class Browser:
    """Keeps cookies, follows no redirect by itself, and takes the token of a form from the page that showed it."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def get(self, path: str) -> httpx.Response:
        return await self.client.get(path)

    async def token(self, path: str = "/desk/cases") -> str:
        found = _TOKEN.search((await self.get(path)).text)
        assert found, f"{path} has no form"
        return found[1]

    async def post(self, path: str, *, shown_on: str = "/desk/cases", **fields: str) -> httpx.Response:
        return await self.client.post(path, data={"form_token": await self.token(shown_on), **fields})

    async def log_in(self, login: str = "kim", password: str = PASSWORD, **fields: str) -> httpx.Response:
        return await self.post("/desk/login", shown_on="/desk/login", login=login, password=password, **fields)


@asynccontextmanager
async def at_desk(wiring: Wiring, *, host: str = "203.0.113.7") -> AsyncIterator[Browser]:
    """A browser before the login."""
    wiring.settings.link_secret = SecretStr(SECRET)
    transport = httpx.ASGITransport(create_app(wiring), client=(host, 50_000))
    async with httpx.AsyncClient(transport=transport, base_url=wiring.settings.desk_url) as client:
        yield Browser(client)


async def after_delivery(world: World, browser: Browser, *bodies: dict[str, Any]) -> str:
    """An order that is with its customer, with the agent at work: the days until then outlive a login."""
    [order_id] = await delivered(world, *bodies)
    await browser.log_in()
    return order_id


def told(wiring: Wiring, **equal: Any) -> list[tuple[str, str]]:
    """(actor, cause) of the audit trail."""
    return [(row["actor"], row["cause"]) for row in rows_of(wiring, AuditEvent, **equal)]
