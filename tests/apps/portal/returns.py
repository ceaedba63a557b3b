"""A customer whose order has arrived, on the pages of a return."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from tests.apps.portal.edits import Customer
from tests.apps.portal.support import Page, browsing
from tests.support.returns import delivered
from tests.support.world import World

NOT_WANTED = {"units__1": "1", "reason__1": "style", "condition__1": "unopened", "want__1": "refund"}


class Returner(Customer):
    """Signed in to one order."""

    async def ask(self, *, files: Any = None, **fields: str) -> httpx.Response:
        """What would come of it."""
        data = {"token": await self.token, **self.named(fields or NOT_WANTED)}
        return await self.browser.client.post(f"{self.page}/return", data=data, files=files)

    def field(self, name: str) -> str:
        [named] = self.named({name: ""})
        return named

    async def send(self, shown: httpx.Response, **changes: str) -> httpx.Response:
        """Press the button of the preview."""
        return await self.browser.client.post(f"{self.page}/return/confirm", data=confirmation(shown) | changes)

    async def return_id(self, answer: httpx.Response) -> str:
        assert 303 == answer.status_code, answer.text
        return answer.headers["location"].rpartition("/")[2]


def confirmation(shown: httpx.Response) -> dict[str, str]:
    """The fields of the confirming form."""
    html = shown.text.partition("/return/confirm")[2].partition("</form>")[0]
    part = Page(httpx.Response(200, text=html, headers={"content-security-policy": ""}))
    assert part.fields, shown.text
    return part.fields


@asynccontextmanager
async def returner(world: World, *bodies: dict[str, Any]) -> AsyncIterator[Returner]:
    """One whose (last) order has arrived."""
    order_id = (await delivered(world, *bodies))[-1]
    async with browsing(world.wiring) as browser:
        yield Returner(browser, order_id, await browser.open(order_id))
