"""A customer's real browser beside a world: the receiver, the runner and the clock stay on the test's own loop."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

import uvicorn
from playwright.sync_api import Error as Interrupted
from playwright.sync_api import Page, expect

from apps.receiver.app import create_app
from tasks.editing.payments import take_payment_events
from tasks.runtime import Report
from tests.apps.portal.support import EMAIL
from tests.support.browser import browser_page, keep_picture
from tests.support.edits import drive
from tests.support.fake_vendors import free_port
from tests.support.waiting import PATIENCE_S, until
from tests.support.world import World

WIDER = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
PHONE = (390, 844)
# What is pressed or typed into and is lower than 44 px; links within a sentence may be.
SMALL = """() => Array.from(document.querySelectorAll(
    ".button, button, select, textarea, .tall, .back a, label:has(input[type=checkbox], input[type=radio]), " +
    "input:not([type=hidden], [type=checkbox], [type=radio])"
)).filter(e => e.checkVisibility() && !e.matches(".hidden") && e.getBoundingClientRect().height < 43.9)
  .map(e => e.outerHTML.slice(0, 80))"""
# Texts whose contrast to what is behind them is below 4.5 to 1.
FAINT = """() => {
  const parts = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(c => c / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = e => {
    for (; e; e = e.parentElement) {
      const colour = parts(getComputedStyle(e).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || e.closest("script, [disabled]")) continue;
    const [a, b] = [light(parts(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) faint.push(e.outerHTML.slice(0, 80));
  }
  return faint;
}"""


def looks_well(page: Page, name: str) -> None:
    """Nothing sticks out, what is pressed is large enough for a thumb, text can be read (WCAG 2.2 AA), one thing is
    the first to do."""
    page.wait_for_load_state()
    assert not page.evaluate(WIDER), f"{name}: wider than the window"
    assert [] == page.evaluate(SMALL), name
    assert [] == page.evaluate(FAINT), name
    assert 1 == page.get_by_role("heading", level=1).count(), name
    assert page.locator("main :is(button, .button):not(.quiet, .plain, .hidden)").count() <= 1, name


class Visitor:
    """One customer on a telephone. Methods run in a thread beside the loop, as Playwright's do."""

    def __init__(self, world: World, page: Page, base: str, loop: asyncio.AbstractEventLoop) -> None:
        self.world, self.page, self.base, self._loop = world, page, base, loop

    def meanwhile(self, work: Coroutine[Any, Any, None]) -> None:
        """Let others work on the test's loop until they are done."""
        asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S * 4)

    def runner(self) -> None:
        """What the request runner would do now, payments that were told of included."""

        async def work() -> None:
            await self.world.delivered()
            await take_payment_events(Report("requests"), 20)
            await drive(self.world)

        self.meanwhile(work())

    def sees(self, title: str) -> None:
        """The page's headline; a page that looks again by itself has the time to do so."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(title)

    def look_again(self) -> None:
        """What is awaited afterwards says whether it came; a page that looks again by itself may have been faster."""
        with suppress(Interrupted):
            self.page.reload()

    def press(self, button: str) -> None:
        """All buttons that customers have send something: what comes back is loaded when this returns."""
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=button).last.click()

    def look_up(self, order_name: str) -> None:
        """From the shop's "Where is my order?" to the open order, by the mail in the mailbox."""
        page, world = self.page, self.world
        page.goto(f"{self.base}/portal")
        page.get_by_label("Order number").fill(order_name)
        page.get_by_label("E-mail address").fill(EMAIL)
        self.press("Send me the link")
        self.sees("Please look into your mailbox")
        self.meanwhile(world.settle())
        page.goto(f"{world.sandbox.url}/mail/")
        page.locator("a.row", has_text=f"The link to your order {order_name}").click()
        link = page.frame_locator("iframe").get_by_role("link", name="Open your order").first.get_attribute("href")
        assert link
        assert link.startswith(f"{self.base}/portal/links/")
        page.goto(link)
        self.press("Open my order")
        self.sees("Your order is confirmed")

    def change(self, what: str) -> None:
        """From the order's page to the part of the form that this is about."""
        self.page.get_by_role("link", name=re.compile(what)).click()
        self.sees("Change your order")

    def looks_well(self, name: str, *, keep: bool = False) -> None:
        """`keep`: its picture is one of the documentation's."""
        looks_well(self.page, name)
        if keep:
            self.page.emulate_media(reduced_motion="reduce")
            self.page.evaluate("scrollTo(0, 0)")
            keep_picture(self.page, name)


@asynccontextmanager
async def portal(world: World) -> AsyncIterator[str]:
    """The receiver on the test's own loop: connectors belong to one loop, and the runner is on this one too."""
    port = free_port()
    world.wiring.settings.public_url = f"http://127.0.0.1:{port}"
    server = uvicorn.Server(uvicorn.Config(create_app(world.wiring), port=port, log_level="critical"))
    serving = asyncio.create_task(server.serve())
    await until(lambda: server.started, "the receiver starts")
    try:
        yield world.wiring.settings.public_url
    finally:
        server.should_exit = True
        await serving


async def visiting(world: World, act: Callable[[Visitor], None], *, scripts: bool = True) -> None:
    """Let one customer do all of it. `scripts`: whether the browser runs any."""
    loop = asyncio.get_running_loop()

    def run(base: str) -> None:
        with browser_page(*PHONE, scripts=scripts) as page:
            act(Visitor(world, page, base, loop))

    async with portal(world) as base:
        await asyncio.to_thread(run, base)
