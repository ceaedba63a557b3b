"""An exchange in a real browser, on a telephone and without scripts: from the form to the other variant at the door."""

import re

import pytest
from playwright.sync_api import expect

from tests.apps.portal.in_browser import Visitor, visiting
from tests.apps.portal.test_return_in_browser import open_order
from tests.support.exchanges import BLUE, WHITE, promised_in_shop, reserved, sent, shipped_in_shop
from tests.support.returns import delivered, drive, graded, opened, refunds_at_shop, settled
from tests.support.world import World

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]


@pytest.mark.row("RET-1")
@pytest.mark.row("RET-3")
async def test_another_colour_from_the_form_to_the_door(world: World) -> None:
    [order_id] = await delivered(world)

    def act(ada: Visitor) -> None:
        page = ada.page
        open_order(ada, order_id)
        page.get_by_role("link", name="Return or exchange").click()
        page.get_by_label(re.compile("How many of")).fill("1")
        page.get_by_label("Why").select_option("colour")
        page.get_by_label("Its state").select_option("unopened")
        page.get_by_label("What you want for it").select_option("Blue")
        ada.press("See what comes of it")
        expect(page.get_by_text("Exchange for: Blue. It costs you nothing.")).to_be_visible()
        ada.looks_well("portal-exchange-preview")
        ada.press("Confirm the return")
        ada.meanwhile(drive(world))
        ada.sees("Your return can be sent")  # the page has looked again by itself
        expect(page.get_by_text("We keep what you get for it aside for you.")).to_be_visible()
        ada.looks_well("portal-exchange")
        assert 1 == reserved(world)

        request_id = page.url.rpartition("/")[2].partition("?")[0]
        [rma] = re.findall(r"R[0-9A-Z]{8}", page.get_by_text("Code of this return").inner_text())
        ada.meanwhile(opened(world, rma, {"sku": WHITE}))
        ada.look_again()
        ada.sees("Your return has arrived")
        expect(page.get_by_text("What you get for it is part of your order now")).to_be_visible()
        ada.meanwhile(sent(world))
        ada.meanwhile(graded(world, request_id))
        ada.meanwhile(settled(world))
        ada.look_again()
        ada.sees("Your return is done")
        expect(page.get_by_text("whose page says where the parcel is")).to_be_visible()
        ada.looks_well("portal-exchange-done")
        page.get_by_role("link", name="See your order").click()
        expect(page.get_by_text("Blue").first).to_be_visible()
        ada.sees("Your order has arrived")

    await visiting(world, act, scripts=False)

    assert [(BLUE, 1, 1)] == promised_in_shop(world)
    assert [WHITE, BLUE] == shipped_in_shop(world)
    assert 0 == refunds_at_shop(world)[0]
