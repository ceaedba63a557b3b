"""A return in a real browser: the warehouse's table without scripts and without a mouse, and the agent who decides.

With AFTERCART_SAVE_SCREENSHOTS=1 the pictures of docs/images are taken anew.
"""

import asyncio
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.apps.desk.support import make_agent
from tests.apps.desk.test_browser import no_sideways_scrolling, serving
from tests.apps.desk.test_edits_browser import log_in
from tests.apps.portal.in_browser import FAINT, WIDER
from tests.support.browser import browser_page, keep_picture
from tests.support.photos import picture
from tests.support.returns import (
    delivered,
    drive,
    label_code,
    line_of,
    refunds_at_shop,
    request_row,
    settled,
    state,
    take_back,
    units_of,
)
from tests.support.world import FLOOR_TOKEN, World
from tests.tasks.steps import at_workshop

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]
MUG = "MUG-ENA-WHT"
_SMALL = """() => Array.from(document.querySelectorAll(
    ".button, button, select, .picks-row label, input:not([type=hidden], [type=radio], [type=checkbox])"
)).filter(e => e.checkVisibility() && e.getBoundingClientRect().height < 43.9).map(e => e.outerHTML.slice(0, 80))"""


@pytest.mark.row("RET-4")
@pytest.mark.row("RET-5")
async def test_a_parcel_from_the_scanner_to_the_shelf(world: World, tmp_path: Path) -> None:
    [order_id] = await delivered(world, at_workshop(lines=[{"sku": MUG, "quantity": 2}]))
    request = await take_back(world, order_id, line_of(order_id, quantity=2))
    photo = tmp_path / "mug.jpg"
    photo.write_bytes(picture(size=(640, 480)))

    with serving(world.wiring) as url:
        await asyncio.to_thread(enter_the_parcel, url, label_code(world, request["id"]), photo)
        await drive(world)
        await settled(world)
        await asyncio.to_thread(read_the_places, url, request_row(world, request["id"])["rma"])

    found = sorted(
        (unit["grade"], unit["disposition"], str(unit["photos"]).count("photo:"))
        for unit in units_of(world, request["id"])
    )
    assert [("a", "restock", 0), ("b", "restock", 1)] == found
    assert "closed" == state(world, request)
    assert 1 == refunds_at_shop(world)[0]


def come_in(page: Page, url: str) -> None:
    page.goto(f"{url}/desk/floor/brooklyn")
    page.get_by_label("Warehouse").fill("brooklyn")
    page.get_by_label("Token").fill(FLOOR_TOKEN)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Scan a parcel")).to_be_visible()


def looks_well(page: Page, name: str, *, kept: bool = True) -> None:
    """Large enough for gloves, readable, and not wider than a window of a table's screen or of a phone."""
    page.wait_for_load_state()
    usual = page.viewport_size
    assert usual is not None
    for width in (375, usual["width"]):
        page.set_viewport_size({"width": width, "height": usual["height"]})
        assert not page.evaluate(WIDER), f"{name}: wider than {width}"
        assert [] == page.evaluate(_SMALL), f"{name} at {width}"
        assert [] == page.evaluate(FAINT), f"{name} at {width}"
    if kept:
        keep_picture(page, name)


def scan(page: Page, code: str) -> None:
    """As a scanner does: it types and ends with Enter, wherever the page has put the caret."""
    expect(page.locator("input:focus")).to_be_visible()
    page.keyboard.type(code)
    with page.expect_navigation():  # the page before shows the same words, and a caret too
        page.keyboard.press("Enter")


def enter_the_parcel(url: str, code: str, photo: Path) -> None:
    with browser_page(1024, 1100, scripts=False) as page:
        come_in(page, url)
        looks_well(page, "floor-scan")
        scan(page, "1Z-NOBODY")
        expect(page.get_by_role("alert")).to_have_text("No return has this number.")
        looks_well(page, "floor-unknown", kept=False)
        page.get_by_label(re.compile("^RMA")).fill(code)
        page.keyboard.press("Enter")
        expect(page.get_by_text("customer: it does not suit, unopened").first).to_be_visible()
        for _ in range(2):
            scan(page, MUG)
            expect(page.get_by_role("status")).to_contain_text("received.")
        expect(page.locator("input[value=received]:checked")).to_have_count(2)
        expect(page.get_by_label(re.compile("SKU of what came"))).to_have_count(2)
        expect(page.get_by_label(re.compile("SKU of what came")).first).to_be_hidden()  # nothing else came
        page.get_by_label("A: as new").first.check()
        page.get_by_label("B: as new").last.check()
        page.get_by_label(re.compile("^Photos of")).last.set_input_files(photo)
        looks_well(page, "floor-parcel")
        page.get_by_role("button", name="Done with this parcel").click()
        expect(page.get_by_role("heading", name=re.compile("One moment"))).to_be_visible()


def read_the_places(url: str, rma: str) -> None:
    with browser_page(1024, 900, scripts=False) as page:
        come_in(page, url)
        scan(page, rma.lower())
        expect(page.get_by_text("Back onto the shelf")).to_have_count(2)
        expect(page.get_by_text("Because: rule “as new”: grade A or B")).to_have_count(2)
        expect(page.get_by_role("img", name=re.compile("Photo of"))).to_have_js_property("naturalWidth", 640)
        looks_well(page, "floor-places")
        no_sideways_scrolling(page)
        page.keyboard.press("Enter")  # the next parcel is what the caret is at
        expect(page.get_by_role("heading", name="Scan a parcel")).to_be_visible()


@pytest.mark.row("PEO-1")
@pytest.mark.row("RET-4")
async def test_a_worn_unit_from_the_table_to_the_agents_word(world: World, tmp_path: Path) -> None:
    [order_id] = await delivered(world)
    make_agent(world.wiring)
    photo = tmp_path / "mug.jpg"
    photo.write_bytes(picture(size=(640, 480)))

    with serving(world.wiring) as url:
        await asyncio.to_thread(open_the_return, url, order_id)
        await drive(world)
        [row] = world.rows("SELECT * FROM return_request")
        await asyncio.to_thread(enter_the_worn, url, row["rma"], photo)
        await drive(world)
        await asyncio.to_thread(decide_at_the_desk, url)
        await drive(world)
        await settled(world)
        await asyncio.to_thread(read_the_order, url, order_id)

    assert (1, "5.70") == refunds_at_shop(world)
    assert "closed" == request_row(world, row["id"])["state"]


def open_the_return(url: str, order_id: str) -> None:
    with browser_page(1280, 1000, scripts=False) as page:
        log_in(page, url)
        page.goto(f"{url}/desk/orders/{order_id}")
        page.get_by_role("link", name="Open a return").click()
        page.get_by_label("Units").fill("1")
        page.get_by_label("Reason").select_option("style")
        page.get_by_label("State").select_option("unopened")
        page.get_by_label("The customer gets").select_option("refund")
        keep_picture(page, "desk-return-form")
        page.get_by_role("button", name="Look at what comes of it").click()
        expect(page.get_by_text("Goes back, if the goods are as announced: $5.70")).to_be_visible()
        page.get_by_role("button", name="Ask for this return").click()
        expect(page.get_by_role("status")).to_contain_text("The return is asked for")


def enter_the_worn(url: str, rma: str, photo: Path) -> None:
    with browser_page(1024, 900, scripts=False) as page:
        come_in(page, url)
        scan(page, rma)
        scan(page, MUG)
        page.get_by_label("Not what the request says").check()
        page.get_by_label(re.compile("^Photos of")).set_input_files(photo)
        page.get_by_role("button", name="Done with this parcel").click()
        expect(page.get_by_role("heading", name=re.compile("One moment"))).to_be_visible()


def decide_at_the_desk(url: str) -> None:
    with browser_page(1280, 1500, scripts=False) as page:
        log_in(page, url)
        page.get_by_role("link", name="Returns").click()
        page.get_by_role("link", name=re.compile("Wait for an agent")).click()
        expect(page.locator("tbody tr")).to_contain_text("it does not suit, wants money back")
        no_sideways_scrolling(page)
        page.set_viewport_size({"width": 1280, "height": 1500})
        page.get_by_role("link", name="Cases").click()
        page.locator("tbody").get_by_role("link", name="What came back is not what was said").click()
        expect(page.get_by_text("Not what the request says").first).to_be_visible()
        expect(page.get_by_role("img", name=re.compile("Photo of"))).to_have_js_property("naturalWidth", 640)
        expect(page.get_by_text("In full: $5.70")).to_be_visible()
        keep_picture(page, "desk-return-case")
        no_sideways_scrolling(page)
        page.set_viewport_size({"width": 1280, "height": 1500})
        page.get_by_role("button", name="Give everything").click()
        expect(page.get_by_role("heading", name="Give everything: are you sure?")).to_be_visible()
        page.get_by_role("button", name="Give everything").click()
        expect(page.get_by_role("status")).to_contain_text("Decided")


def read_the_order(url: str, order_id: str) -> None:
    with browser_page(1280, 1500, scripts=False) as page:
        log_in(page, url)
        page.goto(f"{url}/desk/orders/{order_id}")
        expect(page.get_by_text("Granted: inspection")).to_be_visible()
        page.locator(".returned details summary").click()
