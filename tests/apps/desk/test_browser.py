"""An agent's way in a real browser: log in, see what waits, look at the order, decide.

With AFTERCART_SAVE_SCREENSHOTS=1 the pictures of docs/images are taken anew.
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
import uvicorn
from playwright.sync_api import Page, expect

from apps.desk.app import create_app
from config.wiring import Wiring
from ledger.tables import Order, ReviewCase
from tests.apps.desk.support import PASSWORD, make_agent, make_case
from tests.ledger.support import row_of, rows_of
from tests.support.browser import browser_page, keep_picture
from tests.support.fake_vendors import free_port
from tests.support.waiting import PATIENCE_S
from tests.support.world import World, checkout

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]


@contextmanager
def serving(wiring: Wiring) -> Iterator[str]:
    """The desk on a port of its own; gives its address."""
    port = free_port()
    wiring.settings.desk_url = f"http://127.0.0.1:{port}"
    server = uvicorn.Server(uvicorn.Config(create_app(wiring), port=port, log_level="critical"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield wiring.settings.desk_url
    finally:
        server.should_exit = True
        thread.join(PATIENCE_S)


@pytest.mark.row("PEO-1")
@pytest.mark.breaks_invariants  # cases that nothing has led to
async def test_an_agent_logs_in_finds_a_case_and_decides(world: World) -> None:
    world.buy(
        checkout(lines=[{"sku": "MUG-ENA-WHT", "quantity": 2}, {"sku": "TENT-2P-GRN", "quantity": 1}]),
        checkout(risk="high", customer={"email": "grace@example.com"}, payment="authorized"),
        checkout(address={"address1": "7 Mispelt Avenue", "address2": "Unit 9"}),
    )
    await world.settle()
    await world.advance(2)
    make_agent(world.wiring)
    orders = {row["name"]: row["id"] for row in rows_of(world.wiring, Order)}
    now, order_id = world.wiring.now(), orders[min(orders)]
    case_id = make_case(world.wiring, order_id=order_id, now=now - timedelta(hours=6), severity="high",
                        facts={"stage": "fulfil", "vendor": "the warehouse", "code": "retryable"})  # fmt: skip
    make_case(world.wiring, "backorder", severity="low", owner="merchandising", order_id=order_id,
              choices=["wait", "remove_in_shop"])  # fmt: skip
    make_case(world.wiring, "effect_parked", choices=["retry", "mark_done", "drop"], order_id=orders[max(orders)])
    make_case(world.wiring, "node_exception", choices=["wait", "reroute", "cancel"], owner="risk")

    with serving(world.wiring) as url:
        await asyncio.to_thread(work_at_the_desk, url, min(orders))

    case = row_of(world.wiring, ReviewCase, id=case_id)
    assert ("resolved", "cancel") == (case["state"], case["resolution"])


def work_at_the_desk(url: str, order_name: str) -> None:
    with browser_page(1280, 860) as page:
        page.goto(url)
        page.get_by_label("Login").fill("kim")
        page.get_by_label("Password").fill("not this one")
        keep_picture(page, "desk-login")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("alert")).to_contain_text("not right")
        page.get_by_label("Login").fill("kim")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()

        expect(page.get_by_role("heading", name="Open cases")).to_be_visible()
        first = page.locator("tbody tr").first
        expect(first).to_contain_text("The order is stuck")
        expect(first).to_contain_text("Overdue")
        keep_picture(page, "desk-cases")

        page.get_by_role("searchbox").fill(order_name.removeprefix("#"))
        page.get_by_role("button", name="Find").click()
        expect(page.get_by_role("heading", name=order_name)).to_be_visible()
        page.locator("details.decision summary").first.click()
        page.evaluate("scrollTo(0, 0)")
        keep_picture(page, "desk-order")

        page.get_by_role("link", name="The order is stuck").first.click()
        page.get_by_role("button", name="Assign to me").click()
        expect(page.get_by_role("status")).to_have_text("Handed over.")
        expect(page.get_by_text("Kim Example").first).to_be_visible()
        keep_picture(page, "desk-case")
        page.get_by_label("Note").fill("The customer called and does not want it any more.")
        page.get_by_role("button", name="Cancel the order").click()
        expect(page.get_by_role("heading", name="Cancel the order: are you sure?")).to_be_visible()
        keep_picture(page, "desk-sure")
        page.get_by_role("button", name="Cancel the order").click()
        expect(page.get_by_role("status")).to_contain_text("Decided")
        expect(page.get_by_text("does not want it any more")).to_be_visible()
        no_sideways_scrolling(page)

        page.get_by_role("button", name="Log out").click()
        page.goto(f"{url}/desk/cases")
        expect(page.get_by_role("heading", name="Log in")).to_be_visible()


def no_sideways_scrolling(page: Page) -> None:
    page.wait_for_load_state()
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
