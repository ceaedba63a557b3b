"""The customers' door: each has their order open in a browser, has seen what it comes to, and presses "Confirm"."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import aiohttp

from apps.demo.visiting import hidden_fields
from bench.load import Send
from bench.processes import BenchError
from bench.wishes import Form, Wish
from config.links import ORDER_SESSION, Grant, form_token, seal
from config.wiring import Wiring
from tasks.runtime import each

AT_ONCE = 8
SESSION = "aftercart_order"  # the cookie
FIRST_MAILBOX = "1"  # version of the mailbox of an order that nobody has edited yet


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What the button of the preview sends."""

    wish: Wish
    path: str
    cookie: str
    fields: Form


@asynccontextmanager
async def calling(wiring: Wiring) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of the receiver."""
    timeout = aiohttp.ClientTimeout(total=60)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(wiring.settings.public_url, connector=connector, timeout=timeout) as client:
        yield client


@asynccontextmanager
async def at_the_button(
    wiring: Wiring, page: str, wishes: Sequence[Wish]
) -> AsyncIterator[tuple[list[Confirmation], Send[Confirmation]]]:
    """Everybody has seen on this page (`change`, `return`) what their wish comes to. Raises: BenchError."""
    async with calling(wiring) as client:
        door = _Door(wiring, client, page)
        yield await each(door.preview, wishes, at_once=AT_ONCE), door.confirm


class _Door:
    """Calls the portal as a browser with that session would."""

    def __init__(self, wiring: Wiring, client: aiohttp.ClientSession, page: str) -> None:
        self._wiring, self._client, self._page = wiring, client, page

    async def preview(self, wish: Wish) -> Confirmation:
        settings, path = self._wiring.settings, f"/portal/orders/{wish.order.id}/{self._page}"
        ends = int((self._wiring.now() + timedelta(hours=2)).timestamp())
        cookie = seal(settings, Grant(ORDER_SESSION, wish.order.id, FIRST_MAILBOX, ends))
        form = {"token": form_token(settings, cookie), **wish.form}
        async with self._client.post(path, data=form, headers={"cookie": f"{SESSION}={cookie}"}) as answer:
            page = await answer.text()
        fields = hidden_fields(page, f"/{self._page}/confirm")
        if answer.status != 200 or not fields:
            raise BenchError(f"{wish.kind} of an order {wish.order.state}: the portal answered {answer.status}")
        return Confirmation(wish, f"{path}/confirm", cookie, fields)

    async def confirm(self, asked: Confirmation) -> str:
        """Press the button; returns the request's id. Raises: BenchError, aiohttp.ClientError."""
        headers = {"cookie": f"{SESSION}={asked.cookie}"}
        async with self._client.post(asked.path, data=asked.fields, headers=headers, allow_redirects=False) as answer:
            await answer.read()
        if answer.status != 303:
            raise BenchError(f"the portal answered {answer.status} to a confirmation")
        return answer.headers["location"].rpartition("/")[2]
