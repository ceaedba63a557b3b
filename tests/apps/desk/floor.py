"""Somebody at the receiving screen."""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from html import unescape

import httpx

from tests.apps.desk.support import Browser, at_desk
from tests.support.world import FLOOR_TOKEN, World

HOME = "/desk/floor/brooklyn"
MUG = "MUG-ENA-WHT"
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')
_RADIO = re.compile(r'<input type="radio" name="([^"]+)" value="([^"]*)"( checked)?>')
_NAMED = re.compile(r'(?:input type="file"|input) name="([^"]+)"')


class Screen:
    """A browser that keeps to the forms as pages show them."""

    def __init__(self, browser: Browser) -> None:
        self.browser, self.client = browser, browser.client

    async def come_in(self, location: str = "brooklyn", token: str = FLOOR_TOKEN) -> httpx.Response:
        fields = {"location": location, "token": token}
        return await self.browser.post("/desk/floor/login", shown_on="/desk/floor/login", **fields)

    async def scan(self, **fields: str) -> httpx.Response:
        return await self.browser.post(HOME, shown_on=HOME, **fields)

    async def fill(
        self, path: str, *, shown: httpx.Response | None = None, photos: Sequence[tuple[str, bytes]] = (), **fields: str
    ) -> httpx.Response:
        """Send the page's form; keys of `fields` may say `what`, `grade` for all units alike, or name one whole."""
        page = unescape((shown or await self.browser.get(path)).text)
        form = dict(_HIDDEN.findall(page))
        form |= {name: value for name, value, checked in _RADIO.findall(page) if checked}
        names = set(_NAMED.findall(page)) | {name for name, _, _ in _RADIO.findall(page)}
        for key, value in fields.items():
            every = {name: value for name in names if name.startswith(f"{key}:")}
            form |= every or {key: value}
        files = [(name, ("photo.jpg", content, "image/jpeg")) for name, content in photos]
        return await self.client.post(path, data=form, files=files or None)


@asynccontextmanager
async def at_table(world: World) -> AsyncIterator[Screen]:
    """Before anybody has come in."""
    async with at_desk(world.wiring) as browser:
        yield Screen(browser)
