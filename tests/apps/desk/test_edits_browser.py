"""An agent's way to a change in a real browser: the queue, a review, yes, and the order is another one in the shop.

With AFTERCART_SAVE_SCREENSHOTS=1 the pictures of docs/images are taken anew.
"""

import asyncio
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from ledger.tables import Order
from tests.apps.desk.support import PASSWORD, make_agent
from tests.apps.desk.test_browser import no_sideways_scrolling, serving
from tests.ledger.support import row_of
from tests.support.browser import browser_page, keep_picture
from tests.support.edits import MOVED, drive, edit, order_ids, request_row
from tests.support.world import World, checkout
from tests.tasks.editing.admin import GAS, in_admin
from tests.tasks.editing.test_meeting_the_admin import committed, elsewhere, fewer, looked_at
from tests.tasks.steps import at_shipbob, later, release

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]


@pytest.mark.row("PEO-1")
@pytest.mark.row("EDT-1")
async def test_an_agent_approves_a_change_and_the_shop_has_it(world: World) -> None:
    world.buy(checkout(lines=[{"sku": "TENT-2P-GRN", "quantity": 3}, {"sku": "MUG-ENA-WHT", "quantity": 1}]))
    await world.settle()
    [order_id] = order_ids(world)
    actions: list[dict[str, Any]] = [
        {"kind": "quantity", "line_id": f"{order_id}:001", "quantity": 1},
        {"kind": "swap", "line_id": f"{order_id}:002", "sku": "MUG-ENA-BLU"},
        {"kind": "address", "contact_version": "$proposed"},
    ]
    request = await edit(world, order_id, actions, contact=MOVED)
    assert "awaiting_review" == request["state"], request["reasons"]
    make_agent(world.wiring)

    with serving(world.wiring) as url:
        await asyncio.to_thread(approve_at_the_desk, url, row_of(world.wiring, Order)["name"])
        await drive(world)
        await asyncio.to_thread(look_at_the_order, url, order_id)

    assert "applied" == request_row(world, request["id"])["state"]
    [order] = world.orders()
    assert "77 Kent Avenue" == order["shipping_address"]["address1"]
    units = {line["sku"]: line["current_quantity"] for line in order["lines"] if line["current_quantity"]}
    assert {"TENT-2P-GRN": 1, "MUG-ENA-BLU": 1} == units
    await world.settle()


def log_in(page: Page, url: str) -> None:
    page.goto(url)
    page.get_by_label("Login").fill("kim")
    page.get_by_label("Password").fill(PASSWORD)
    with page.expect_navigation():  # who goes on before is not logged in yet
        page.get_by_role("button", name="Log in").click()


def approve_at_the_desk(url: str, order_name: str) -> None:
    with browser_page(1280, 1100) as page:
        log_in(page, url)
        row = page.locator("tbody tr").first
        expect(row).to_contain_text(order_name)
        row.get_by_role("link", name="A change needs your word").click()
        expect(page.get_by_text("77 Kent Avenue")).to_be_visible()
        no_sideways_scrolling(page)
        page.set_viewport_size({"width": 1280, "height": 1100})
        keep_picture(page, "desk-edit-review")
        page.get_by_label("Note").fill("Called: the customer moves house.")
        page.get_by_role("button", name="Approve").click()
        expect(page.get_by_role("status")).to_contain_text("Decided")


@pytest.mark.row("PEO-1")
@pytest.mark.row("EDT-7")
async def test_an_agent_asks_the_customer_answers_and_the_agent_approves(world: World) -> None:
    world.buy(checkout(lines=[{"sku": "TENT-2P-GRN", "quantity": 3}, {"sku": "MUG-ENA-WHT", "quantity": 1}]))
    await world.settle()
    [order_id] = order_ids(world)
    actions: list[dict[str, Any]] = [
        {"kind": "remove", "line_id": f"{order_id}:001"},
        {"kind": "address", "contact_version": "$proposed"},
    ]
    request = await edit(world, order_id, actions, contact=MOVED)
    assert "awaiting_review" == request["state"], request["reasons"]
    make_agent(world.wiring)

    with serving(world.wiring) as url:
        await asyncio.to_thread(ask_at_the_desk, url)
        await later(world, 0.02)
        [mail] = world.mails(subject="question")
        text = world.sandbox.get(f"/mail/api/messages/{mail['id']}")["text"]
        [link] = re.findall(r"\S+/portal/requests/\S+", text)
        await asyncio.to_thread(answer_on_the_page, link)
        await drive(world)
        await asyncio.to_thread(approve_the_answered, url)

    await drive(world)
    assert "applied" == request_row(world, request["id"])["state"]
    assert "77 Kent Avenue" == world.orders()[0]["shipping_address"]["address1"]
    await world.settle()


def ask_at_the_desk(url: str) -> None:
    with browser_page(1280, 1100) as page:
        log_in(page, url)
        page.locator("tbody tr").first.get_by_role("link", name="A change needs your word").click()
        page.get_by_label("Question (the customer").fill("Have you moved, or is it a present?")
        page.get_by_role("button", name="Ask the customer").click()
        expect(page.get_by_role("status")).to_contain_text("The customer is asked")
        expect(page.get_by_text("The customer may answer until")).to_be_visible()
        expect(page.get_by_text("No answer yet.")).to_be_visible()
        no_sideways_scrolling(page)
        page.goto(f"{url}/desk/cases")
        expect(page.locator("tbody tr").first).to_contain_text("Waits for the customer")


def answer_on_the_page(link: str) -> None:
    with browser_page(390, 844) as page:
        page.goto(link)
        page.get_by_role("button", name="Open my order").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("We have a question about your change")
        expect(page.get_by_text("Have you moved, or is it a present?")).to_be_visible()
        no_sideways_scrolling(page)
        page.set_viewport_size({"width": 390, "height": 844})
        keep_picture(page, "portal-question")
        page.get_by_label("Your answer").fill("A present for Bea.")
        page.get_by_role("button", name="Send the answer").click()
        expect(page.get_by_text("Thank you, we have your answer.")).to_be_visible()


def approve_the_answered(url: str) -> None:
    with browser_page(1280, 1100) as page:
        log_in(page, url)
        row = page.locator("tbody tr").first
        expect(row).to_contain_text("The customer has answered")
        row.get_by_role("link", name="A change needs your word").click()
        expect(page.get_by_text("A present for Bea.")).to_be_visible()
        keep_picture(page, "desk-edit-answer")
        page.get_by_role("button", name="Approve").click()
        expect(page.get_by_role("status")).to_contain_text("Decided")


@pytest.mark.row("EDT-3")
async def test_an_agent_sees_what_each_side_of_a_parked_change_has(world: World) -> None:
    await release(world, at_shipbob(lines=[{"sku": GAS, "quantity": 4}]))
    actions = [*fewer(world, 3), {"kind": "address", "contact_version": "$proposed"}]
    await committed(world, actions, contact=MOVED)
    await elsewhere(world)
    in_admin(world, lines=[{"sku": GAS, "quantity": 2}])
    await looked_at(world)
    make_agent(world.wiring)

    with serving(world.wiring) as url:
        await asyncio.to_thread(look_at_both_sides, url)


def look_at_both_sides(url: str) -> None:
    with browser_page(1280, 1100) as page:
        log_in(page, url)
        page.locator("tbody tr").first.get_by_role("link", name="A change stopped half-way").click()
        expect(page.get_by_role("columnheader", name="The warehouse has")).to_be_visible()
        expect(page.get_by_text("5 Elm Street")).to_be_visible()
        keep_picture(page, "desk-edit-parked")
        page.get_by_text("steps").first.click()
        expect(page.get_by_text("Request for a change: came in")).to_be_visible()
        no_sideways_scrolling(page)


def look_at_the_order(url: str, order_id: str) -> None:
    with browser_page(1280, 1100) as page:
        log_in(page, url)
        page.goto(f"{url}/desk/orders/{order_id}")
        expect(page.get_by_text("Approved by Kim Example")).to_be_visible()
        page.get_by_role("link", name="Change this order").click()
        expect(page.get_by_role("heading", name="Change #")).to_be_visible()
        keep_picture(page, "desk-edit-form")
        no_sideways_scrolling(page)
