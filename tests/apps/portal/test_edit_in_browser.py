"""A customer's whole way in a real browser, on a telephone: from the look-up to a changed order, and to one that stays.

With AFTERCART_SAVE_SCREENSHOTS=1 the pictures of docs/images are taken anew.
"""

import re

import pytest
from playwright.sync_api import expect

from tests.apps.portal.edits import LINES
from tests.apps.portal.in_browser import Visitor, visiting
from tests.support.world import World, checkout

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]


async def bought(world: World) -> str:
    """An order of two cartridges and a mug; returns its name."""
    [order] = world.buy(checkout(lines=LINES))
    await world.settle()
    return str(order["name"])


def in_shop(world: World, sku: str) -> int:
    [order] = world.orders()
    return int(next(line["current_quantity"] for line in order["lines"] if line["sku"] == sku))


@pytest.mark.row("EDT-1")
@pytest.mark.row("EDT-6")
@pytest.mark.row("TRU-3")
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no_scripts"])
async def test_fewer_of_an_item_from_the_look_up_to_the_end(world: World, scripts: bool) -> None:
    name = await bought(world)

    def act(ada: Visitor) -> None:
        page = ada.page
        ada.look_up(name)
        expect(page.get_by_role("heading", name="What has happened")).to_be_visible()
        expect(page.get_by_text("We confirmed it")).to_be_visible()
        expect(page.get_by_text(re.compile(r"until .* (today|tomorrow) \(.* left\)")).first).to_be_visible()
        ada.change("Quantities")
        ada.looks_well("portal-change", keep=True)
        page.get_by_label("Quantity").first.fill("1")
        ada.press("See the price")
        ada.sees("Check your change")
        expect(page.get_by_text("back", exact=False).first).to_be_visible()
        ada.looks_well("portal-price", keep=True)
        ada.press("Confirm the change")
        ada.sees("We have your change")
        ada.looks_well("request")
        ada.runner()
        ada.sees("Your order is changed")  # the page has looked again by itself
        ada.looks_well("changed")
        page.get_by_role("link", name="See your order").click()
        expect(page.get_by_role("heading", name="Your order is changed")).to_be_visible()
        expect(page.locator(".items li").first).to_contain_text("1 ×")

    await visiting(world, act, scripts=scripts)

    assert 1 == in_shop(world, "GAS-230")


@pytest.mark.row("EDT-5")
async def test_more_of_an_item_is_paid_on_the_payment_page(world: World) -> None:
    name = await bought(world)

    def act(ada: Visitor) -> None:
        page = ada.page
        world.sandbox.control("stripe/endpoints", {"url": f"{ada.base}/hooks/stripe/main"})
        ada.look_up(name)
        ada.change("Quantities")
        page.get_by_label("Quantity").nth(1).fill("2")
        ada.press("See the price")
        expect(page.get_by_text(re.compile("You pay .* more"))).to_be_visible()
        ada.press("Confirm and go on to pay")
        ada.runner()
        ada.look_again()
        ada.sees("Your change waits for your payment")
        ada.looks_well("portal-pay", keep=True)
        page.get_by_role("link", name="Pay now").click()
        page.get_by_role("button", name=re.compile("^Pay ")).click()
        page.wait_for_url(f"{ada.base}/portal/orders/**")
        ada.runner()
        ada.look_again()
        expect(page.get_by_role("heading", name="Your order is changed")).to_be_visible()
        expect(page.locator(".items li").nth(1)).to_contain_text("2 ×")
        page.get_by_role("link", name="More about it").click()
        ada.sees("Your order is changed")

    await visiting(world, act)

    assert 2 == in_shop(world, "MUG-ENA-WHT")


@pytest.mark.row("EDT-2", bad_input=True)
@pytest.mark.row("EDT-5")
async def test_a_change_is_taken_back_and_the_next_one_comes_too_late(world: World) -> None:
    name = await bought(world)

    def act(ada: Visitor) -> None:
        page = ada.page
        ada.look_up(name)
        ada.change("Quantities")
        page.get_by_label("Quantity").first.fill("3")
        ada.press("See the price")
        ada.press("Confirm and go on to pay")
        ada.runner()
        ada.look_again()
        ada.sees("Your change waits for your payment")
        ada.press("Take it back")
        expect(page.get_by_text("We are taking it back for you.")).to_be_visible()
        ada.runner()
        ada.look_again()
        ada.sees("You took your change back")
        ada.looks_well("withdrawn")

        page.get_by_role("link", name="Change something else").click()
        how_many = page.get_by_label("How many of them").first
        expect(how_many).to_be_hidden()
        page.get_by_label("Variant").first.select_option("GAS-450")
        how_many.fill("1")
        ada.press("See the price")
        ada.sees("Check your change")
        expect(page.get_by_text("Isobutane Gas Canister, 450 g")).to_be_visible()
        world.move_clock(7)  # the customer thinks about it for too long
        ada.press("Confirm and go on to pay")
        ada.runner()
        ada.look_again()
        ada.sees("Your change could not be made")
        expect(page.get_by_text("The time for it is over.")).to_be_visible()
        expect(page.get_by_text("A person may still be able to do it.")).to_be_visible()
        expect(page.get_by_role("link", name="Write to us")).to_be_visible()
        ada.looks_well("too-late")
        page.get_by_role("link", name="See your order").click()
        expect(page.get_by_text("Too late for:").first).to_be_visible()
        expect(page.locator(".items li").first).to_contain_text("2 ×")

    await visiting(world, act)

    assert 2 == in_shop(world, "GAS-230")
