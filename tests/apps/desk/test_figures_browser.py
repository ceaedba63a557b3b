"""The figures in a real browser: plots are drawn, nothing scrolls sideways, a finding leads to its case.

With AFTERCART_SAVE_SCREENSHOTS=1 the pictures of docs/images are taken anew.
"""

import asyncio
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from config.wiring import Wiring
from tasks.return_report import analysed, raise_cases
from tests.apps.desk.support import SECRET, make_agent
from tests.apps.desk.test_browser import no_sideways_scrolling, serving
from tests.apps.desk.test_edits_browser import log_in
from tests.support.browser import browser_page, keep_picture
from tests.support.returned import shirts_that_run_small

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]


@pytest.mark.row("RET-7")
async def test_the_product_team_looks_at_what_comes_back(wiring: Wiring) -> None:
    wiring.settings.link_secret = type(wiring.settings.link_secret)(SECRET)
    shirts_that_run_small(wiring, at=wiring.now() - timedelta(weeks=6))
    raise_cases(wiring, analysed(wiring))
    make_agent(wiring)
    with serving(wiring) as url:
        await asyncio.to_thread(look, url, 1280)
        await asyncio.to_thread(look, url, 390)


def look(url: str, width: int) -> None:
    with browser_page(width, 1000) as page:
        log_in(page, f"{url}/desk/figures/returns")
        expect(page.get_by_role("heading", name="What comes back")).to_be_visible()
        expect(page.locator("svg.plot:visible")).to_have_count(6)
        box = page.locator("svg.plot:visible circle").first.bounding_box()
        assert box is not None
        assert box["width"] > 2
        assert box["x"] + box["width"] < width, "it is seen without scrolling"
        if width > 1000:
            keep_picture(page, "desk-figures")
        page.get_by_text("Numbers and costs").first.click()
        no_sideways_scrolling(page)
        page.get_by_role("link", name="Linen shirt M (SHIRT-M) runs small").click()
        expect(page.get_by_role("heading", name="It runs small", exact=True)).to_be_visible()
