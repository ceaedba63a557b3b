"""Whoever got an order as a gift sends it back by the buyer's link, and sees no price (RET-1)."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import httpx
import pytest

from config.links import gift_link
from tests.apps.portal.returns import Returner, confirmation, returner
from tests.apps.portal.support import Browser, Page, browsing
from tests.support.returns import drive, request_row
from tests.support.world import World

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
WANTED = {"units__1": "1", "reason__1": "unwanted_gift", "condition__1": "unopened", "want__1": "store_credit"}
OF_THE_BUYER = re.compile(r"\$|#1001|Lovelace|Main Street|ada@|My money back")


@asynccontextmanager
async def recipient(world: World) -> AsyncIterator[tuple[Returner, Returner]]:
    """The buyer, and somebody else with the link from the buyer's page."""
    async with returner(world) as buyer, browsing(world.wiring, host="198.51.100.7") as browser:
        shown = Page(await buyer.browser.get(f"{buyer.page}/return"))
        [link] = re.findall(r"https?://\S+/portal/gifts/\S+", shown.text)
        yield buyer, Returner(browser, buyer.order_id, urlsplit(link).path)


def shows_nothing(answer: httpx.Response) -> Page:
    """Neither a price nor who bought it."""
    page = Page(answer)
    assert not (found := OF_THE_BUYER.search(answer.text)), f"{found}: {page.text}"
    return page


@pytest.mark.row("RET-1")
async def test_a_gift_goes_back_without_a_price_and_without_the_buyer(world: World) -> None:
    async with recipient(world) as (buyer, eve):
        form = shows_nothing(await eve.browser.get(eve.page))
        wants = {attrs["value"] for attrs in form.all("option") if attrs.get("value")}
        assert "refund" not in wants
        assert {"store_credit", "exchange|MUG-ENA-BLU"} < wants
        assert "gifts" not in form.text, "the link is the buyer's to hand on"
        shown = await eve.ask(**WANTED)
        assert 200 == shown.status_code
        assert "What your store credit is worth we tell you when you have it." in shows_nothing(shown).text
        asked = await eve.send(shown)
        shows_nothing(await eve.browser.get(asked.headers["location"]))
        await drive(world)
        ready = shows_nothing(await eve.browser.get(asked.headers["location"]))
        assert "Your return can be sent" in ready.text, ready.text
        label = await eve.browser.get(f"{asked.headers['location']}/label/1")
        assert b"%PDF" == label.content[:4]

        request_id = await eve.return_id(asked)
        row = request_row(world, request_id)
        assert ("recipient", True) == (row["actor"], row["plan"]["gift"])
        assert 404 == (await buyer.browser.get(f"{buyer.page}/returns/{request_id}")).status_code
        assert request_id not in (await buyer.browser.get(buyer.page)).text
        token = Page(await eve.browser.get(asked.headers["location"])).fields["token"]
        ended = await eve.browser.client.post(f"{asked.headers['location']}/cancel", data={"token": token})
        await drive(world)
        assert "You took your return back" in Page(await eve.browser.get(ended.headers["location"])).text


@pytest.mark.row("RET-1", bad_input=True)
async def test_money_is_not_to_be_had_by_a_forged_form(world: World) -> None:
    async with recipient(world) as (_, eve):
        shown = await eve.ask(**WANTED | {"want__1": "refund"})

    assert 409 == shown.status_code
    assert "is not offered" in shows_nothing(shown).text or "only offered to whoever bought it" in shown.text


@pytest.mark.row("TRU-3", bad_input=True)
async def test_the_link_opens_nothing_else_and_ends(world: World) -> None:
    async with recipient(world) as (buyer, eve):
        await eve.browser.get(eve.page)
        assert 404 == (await eve.browser.get(buyer.page)).status_code
        assert 404 == (await eve.browser.get(f"{buyer.page}/return")).status_code
        assert 404 == (await eve.browser.get(eve.page.replace("/gifts/", "/links/"))).status_code
        assert 404 == (await eve.browser.get(f"{eve.page[:-1]}{'0' if eve.page[-1] != '0' else '1'}")).status_code
        bare = await eve.browser.client.post(f"{eve.page}/return", data=eve.named(WANTED))
        assert (403, True) == (bare.status_code, eve.page in bare.text)
        shown = await eve.ask(**WANTED)
        no_token = {name: value for name, value in confirmation(shown).items() if name != "token"}
        assert 403 == (await eve.browser.client.post(f"{eve.page}/return/confirm", data=no_token)).status_code
        world.move_clock(46 * 24)
        assert 404 == (await eve.browser.get(eve.page)).status_code

    assert 0 == world.row("SELECT count(*) AS n FROM inbox_event WHERE source = 'return'")["n"]


@pytest.mark.row("TRU-3", bad_input=True)
async def test_a_link_is_for_one_order_and_its_present_mailbox(world: World) -> None:
    async with returner(world) as buyer, browsing(world.wiring) as browser:
        ends = world.wiring.now() + world.wiring.policies.portal.mail_link_lives
        for order_id, version in (("ord_other", "1"), (buyer.order_id, "99")):
            link = gift_link(world.wiring.settings, order_id=order_id, version=version, expires_at=ends)
            assert 404 == (await _get(browser, link)).status_code


async def _get(browser: Browser, link: str) -> httpx.Response:
    return await browser.get(urlsplit(link).path)
