"""The customer's way in a real browser, with and without scripts, wide and narrow.

With AFTERCART_SAVE_SCREENSHOTS=1 the pictures of docs/images are taken anew.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import Session

from apps.portal import routes
from config.wiring import Wiring
from domain.edit_windows import Window
from domain.edits import EditKind
from ledger.orders import OrderRow
from tests.apps.portal.parcels import accept, add_product, pay, some_windows
from tests.apps.portal.support import EMAIL, link_to, make_portal_order, serving
from tests.support.browser import browser_page, keep_picture

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]
SHIRT = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><path fill="#7a927f" d="M0 0h64v64H0z"/></svg>'
WIDER = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


def offers(_session: Session, _order: OrderRow, now: datetime) -> list[Window]:
    return some_windows(now)


@pytest.fixture
def order(wiring: Wiring) -> str:
    now = wiring.now()
    made = make_portal_order(
        wiring, {"id": "a", "sku": "LIN-SND-M", "title": "Linen shirt, sand", "ordered": 2, "unit_price_minor": 5900},
        {"id": "b", "sku": "MUG-01", "title": "Enamel mug", "unit_price_minor": 1650},
        name="#1042", state="routing", region="MA", total_minor=14160, tax_minor=1120, shipping_minor=590,
        discount_minor=1000, placed_at=now - timedelta(minutes=20), locale="en-US",
    )  # fmt: skip
    accept(wiring, made, now - timedelta(minutes=18))
    add_product(wiring, "LIN-SND-M", now, Size="M")
    pay(wiring, made, 14160)
    return made


@pytest.fixture
def browser(wiring: Wiring, order: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    """At the portal; complaints of the browser (a policy that is broken, a script that fails) end the test."""
    monkeypatch.setattr(routes, "FORMS", {EditKind.ADDRESS: "/edit/address"})
    complaints: list[str] = []
    with serving(wiring, offers=offers), browser_page(1280, 900) as page:
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.route("https://cdn.shopify.com/**", lambda r: r.fulfill(body=SHIRT, content_type="image/svg+xml"))
        yield page
    assert [] == [text for text in complaints if "the server responded with a status of 4" not in text]


@pytest.mark.row("TRU-3")
def test_from_the_look_up_to_the_order(browser: Page, wiring: Wiring, order: str) -> None:
    base = wiring.settings.public_url
    browser.goto(f"{base}/portal")
    browser.keyboard.press("Tab")
    expect(browser.get_by_role("link", name="Skip to the content")).to_be_focused()
    browser.get_by_role("button", name="Send me the link").click()
    expect(browser.get_by_role("alert")).to_contain_text("Enter your order number.")
    browser.get_by_role("link", name="Enter your e-mail address.").click()
    expect(browser.get_by_label("E-mail address")).to_be_focused()
    keep_picture(browser, "portal-look-up")

    browser.get_by_label("Order number").fill("#1042")
    browser.get_by_label("E-mail address").fill(EMAIL)
    browser.keyboard.press("Enter")
    expect(browser.get_by_role("heading", level=1)).to_have_text("Please look into your mailbox")

    browser.goto(base + link_to(wiring, order))
    browser.get_by_role("button", name="Open my order").click()
    expect(browser.get_by_role("heading", level=1)).to_have_text("Your order is confirmed")
    expect(browser.locator("img")).to_have_js_property("complete", True)
    expect(browser.locator("li[aria-current=step]")).to_have_text("Ordered")
    keep_picture(browser, "portal-order")

    browser.get_by_role("button", name="Sign out").click()
    expect(browser.get_by_role("heading", level=1)).to_have_text("Find your order")
    browser.go_back()
    expect(browser.get_by_role("heading", level=1)).to_have_text("This link does not work")


def test_the_clock_counts_and_the_page_is_whole_without_it(browser: Page, wiring: Wiring, order: str) -> None:
    browser.clock.install()
    browser.goto(wiring.settings.public_url + link_to(wiring, order))
    browser.get_by_role("button").click()
    left = browser.locator("[data-until]").first
    expect(left).to_have_text("38 min")
    browser.wait_for_load_state()  # what the page has written stands before its script has begun to count

    browser.clock.run_for(5 * 60_000)

    expect(left).to_have_text("33 min")


@pytest.mark.row("EDT-2")
def test_a_form_says_that_its_time_is_over_and_keeps_what_was_typed(browser: Page, wiring: Wiring, order: str) -> None:
    browser.clock.install()
    browser.goto(wiring.settings.public_url + link_to(wiring, order))
    browser.get_by_role("button").click()
    browser.goto(f"{browser.url}/change")
    address = browser.locator("#address .clock")
    expect(address).to_contain_text("(38 min left)")
    browser.get_by_label("Street and number").fill("77 Kent Avenue")

    browser.clock.run_for(5 * 60_000)
    expect(address).to_contain_text("(33 min left)")
    browser.clock.run_for(34 * 60_000)

    expect(browser.get_by_role("alert")).to_have_text("The time for this is over: it cannot be changed here any more.")
    expect(browser.get_by_label("Street and number")).to_have_value("77 Kent Avenue")
    expect(browser.locator("#contact .clock")).to_contain_text("until")


def test_nothing_sticks_out_of_a_telephone_or_a_print(browser: Page, wiring: Wiring, order: str) -> None:
    browser.set_viewport_size({"width": 320, "height": 640})
    browser.goto(wiring.settings.public_url + "/portal")
    assert not browser.evaluate(WIDER)
    browser.goto(wiring.settings.public_url + link_to(wiring, order))
    browser.get_by_role("button").click()
    expect(browser.get_by_role("heading", level=1)).to_have_text("Your order is confirmed")
    browser.wait_for_load_state()
    assert not browser.evaluate(WIDER)
    for control in browser.locator("a.button, button:not(.plain)").all():
        box = control.bounding_box()
        assert box is not None
        assert box["height"] >= 44

    browser.emulate_media(media="print")
    expect(browser.get_by_text("Your items")).to_be_visible()
    expect(browser.get_by_role("button", name="Sign out")).to_be_hidden()
