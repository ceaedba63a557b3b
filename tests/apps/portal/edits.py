"""A customer who changes an order in a world, and what the page sends."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from tests.apps.portal.support import Browser, Page, browsing
from tests.support.edits import order_ids
from tests.support.world import World, checkout

LINES = [{"sku": "GAS-230", "quantity": 2}, {"sku": "MUG-ENA-WHT", "quantity": 1}]


class Customer:
    """Signed in to one order."""

    def __init__(self, browser: Browser, order_id: str, page: str) -> None:
        self.browser, self.order_id, self.page = browser, order_id, page

    def line(self, number: int) -> str:
        return f"{self.order_id}:{number:03d}"

    @property
    async def token(self) -> str:
        return Page(await self.browser.get(self.page)).fields["token"]

    async def price(self, **fields: str) -> httpx.Response:
        """Ask what it would cost; a keyword's `__` stands for a colon and the line's number becomes its id."""
        return await self.browser.client.post(
            f"{self.page}/change", data={"token": await self.token, **self.named(fields)}
        )

    def named(self, fields: dict[str, str]) -> dict[str, str]:
        def name(field: str) -> str:
            what, _, which = field.partition("__")
            return f"{what}:{self.line(int(which))}" if which.isdigit() else f"{what}:{which}" if which else what

        return {name(field): value for field, value in fields.items()}

    async def confirm(self, shown: httpx.Response) -> httpx.Response:
        """Press the button of the preview."""
        return await self.browser.client.post(f"{self.page}/change/confirm", data=confirmation(shown))

    async def status(self, answer: httpx.Response) -> Page:
        assert 303 == answer.status_code, answer.text
        return Page(await self.browser.get(answer.headers["location"]))


def confirmation(shown: httpx.Response) -> dict[str, str]:
    """The fields of the confirming form."""
    html = shown.text.partition("/change/confirm")[2].partition("</form>")[0]
    part = Page(httpx.Response(200, text=html, headers={"content-security-policy": ""}))
    assert part.fields, shown.text
    return part.fields


@asynccontextmanager
async def customer(world: World, **changes: object) -> AsyncIterator[Customer]:
    """One who has bought and opened the order."""
    world.buy(checkout(**({"lines": LINES} | changes)))
    await world.settle()
    order_id = order_ids(world)[-1]
    async with browsing(world.wiring) as browser:
        yield Customer(browser, order_id, await browser.open(order_id))
