"""A customer's browser for the portal's tests, and orders to look at."""

import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from html.parser import HTMLParser
from typing import Any

import httpx
import uvicorn
from pydantic import SecretStr
from sqlmodel import Session

from apps.receiver.app import create_app
from config.links import order_link
from config.wiring import Wiring
from domain.order import Address
from ledger.order_access import mailbox_versions
from ledger.orders import add_contact, contact_row, lock_orders
from ledger.tables import Order, OrderContact, OrderLine
from tests.ledger.support import NOW, line_row, order_row, put, row_of, rows_of
from tests.support.fake_vendors import free_port
from tests.support.waiting import PATIENCE_S, wait_until

ADA = Address("Ada Lovelace", "", "12 Main Street", "Apt 4", "Boston", "MA", "02110", "US", "+16175550123")
EMAIL = "ada@example.com"


class Page(HTMLParser):
    """What a person and a screen reader find on a page."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.html = answer.text
        self.policy = answer.headers["content-security-policy"]
        self.feed(answer.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text = f"{self.text} {data.strip()}".strip()

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attrs for found, attrs in self.tags if found == tag]

    @property
    def fields(self) -> dict[str, str]:
        """What the page's form would send as it stands."""
        return {attrs["name"]: attrs.get("value", "") for attrs in self.all("input")}


class Browser:
    """Follows no redirect by itself; keeps cookies as a browser does."""

    def __init__(self, client: httpx.AsyncClient, wiring: Wiring) -> None:
        self.client, self.wiring = client, wiring

    async def get(self, path: str) -> httpx.Response:
        return await self.client.get(path)

    async def send(self, path: str, *, at: str = "", **changes: str) -> httpx.Response:
        """Open the page, change fields of its form, and send it (to `at`, where that is another address)."""
        fields = Page(await self.get(path)).fields | changes
        return await self.client.post(at or path, data=fields)

    async def open(self, order_id: str) -> str:
        """Open the order by a fresh link as its mails have it; returns the path of its page."""
        answer = await self.send(link_to(self.wiring, order_id))
        assert 303 == answer.status_code, answer.text
        return answer.headers["location"]


def link_to(wiring: Wiring, order_id: str, **lives: Any) -> str:
    """The path of a link to an order as it is mailed now."""
    order = row_of(wiring, Order, id=order_id)
    version = mailbox_versions(rows_of(wiring, OrderContact, order_id=order_id))[order["contact_id"]]
    ends = wiring.now() + wiring.policies.portal.mail_link_lives
    return order_link(wiring.settings, order_id=order_id, version=version, expires_at=ends).removeprefix(
        wiring.settings.public_url
    )


def make_portal_order(
    wiring: Wiring, *lines: dict[str, Any], email: str = EMAIL, address: Address = ADA, **changes: Any
) -> str:
    """A stored order with its contact; returns its id."""
    order = order_row(**changes)
    contact = contact_row(order["id"], "shipping", 1, "shop", address, email, NOW)
    put(wiring, Order, order | {"contact_id": contact["id"]})
    put(wiring, OrderContact, contact)
    put(wiring, OrderLine, *(line_row(order["id"], **line) for line in lines or ({},)))
    return str(order["id"])


def change_contact(wiring: Wiring, order_id: str, *, email: str = EMAIL, address: Address = ADA) -> None:
    """As an edit does."""

    def change(session: Session) -> None:
        order = lock_orders(session, [order_id])[order_id]
        add_contact(session, order, "shipping", address, email=email, origin="customer", now=NOW)

    wiring.ledger(change)


@asynccontextmanager
async def browsing(wiring: Wiring, *, host: str = "203.0.113.9", **more: Any) -> AsyncIterator[Browser]:
    """A browser at a started receiver; `more`: for `create_app`."""
    if len(wiring.settings.link_secret.get_secret_value()) < 32:
        wiring.settings.link_secret = SecretStr("s" * 40)
    app = create_app(wiring, **more)
    transport = httpx.ASGITransport(app, client=(host, 1234))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url=wiring.settings.public_url) as client,
    ):
        yield Browser(client, wiring)


@contextmanager
def serving(wiring: Wiring, **more: Any) -> Iterator[None]:
    """A receiver on a real port, for a real browser; the wiring's public address is set to it."""
    port = free_port()
    wiring.settings.public_url = f"http://127.0.0.1:{port}"
    wiring.settings.link_secret = SecretStr("s" * 40)
    server = uvicorn.Server(uvicorn.Config(create_app(wiring, **more), port=port, log_level="critical"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        wait_until(lambda: server.started, "the receiver starts")
        yield
    finally:
        server.should_exit = True
        thread.join(PATIENCE_S)
