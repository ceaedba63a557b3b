"""A return in a real browser, on a telephone and without scripts: from the order's page to the money.

With AFTERCART_SAVE_SCREENSHOTS=1 the pictures of docs/images are taken anew.
"""

import re

import pytest
from playwright.sync_api import expect

from tests.apps.portal.in_browser import Visitor, visiting
from tests.apps.portal.support import link_to
from tests.support.returns import delivered, drive, graded, hand_in, opened, refunds_at_shop, settled
from tests.support.world import World

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]


def open_order(ada: Visitor, order_id: str) -> None:
    """By the link of a mail."""
    ada.page.goto(f"{ada.base}{link_to(ada.world.wiring, order_id)}")
    ada.press("Open my order")
    ada.sees("Your order has arrived")


@pytest.mark.row("RET-1")
@pytest.mark.row("RET-4")
@pytest.mark.row("RET-5")
async def test_a_return_from_the_order_to_the_money(world: World) -> None:
    [order_id] = await delivered(world)

    def act(ada: Visitor) -> None:
        page = ada.page
        open_order(ada, order_id)
        ada.looks_well("portal-returnable")
        page.get_by_role("link", name="Return or exchange").click()
        ada.sees("Return or exchange")
        page.get_by_label(re.compile("How many of")).fill("1")
        page.get_by_label("Why").select_option("damaged")
        expect(page.get_by_label("Photos that show what is wrong")).to_be_visible()
        expect(page.get_by_label("Its state")).to_be_hidden()
        page.get_by_label("Why").select_option("style")
        expect(page.get_by_label("Photos that show what is wrong")).to_be_hidden()
        page.get_by_label("Its state").select_option("unopened")
        page.get_by_label("What you want for it").select_option("refund")
        ada.looks_well("portal-return")
        ada.press("See what comes of it")
        ada.sees("Check your return")
        expect(page.get_by_text("You get $5.70 back")).to_be_visible()
        ada.looks_well("portal-return-preview", keep=True)
        ada.press("Confirm the return")
        ada.sees("We have your return")
        ada.looks_well("return-received")
        ada.meanwhile(drive(world))
        ada.sees("Your return can be sent")  # the page has looked again by itself
        ada.looks_well("portal-return-label")
        with page.expect_download() as download:
            page.get_by_role("link", name="Get the label").click()
        assert re.fullmatch(r"R[0-9A-Z]{8}-1\.pdf", download.value.suggested_filename)
        request_id = page.url.rpartition("/")[2].partition("?")[0]

        ada.meanwhile(hand_in(world, request_id))
        ada.look_again()
        ada.sees("Your return is on its way to us")
        [rma] = re.findall(r"R[0-9A-Z]{8}", page.get_by_text("Code of this return").inner_text())
        ada.meanwhile(opened(world, rma, {"sku": "MUG-ENA-WHT"}))
        ada.look_again()
        ada.sees("Your return has arrived")
        ada.meanwhile(graded(world, request_id))
        ada.meanwhile(settled(world))
        ada.look_again()
        ada.sees("Your return is done")
        expect(page.get_by_text("$5.70 has gone back")).to_be_visible()
        ada.looks_well("portal-return-done")

    await visiting(world, act, scripts=False)

    assert (1, "5.70") == refunds_at_shop(world)
