"""Every page of the portal on a telephone and on a wide screen: readable, within reach of a thumb, nothing cut off."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from config.wiring import Wiring
from domain.parcels import ParcelState
from domain.states import EditState
from ledger.tables import EditAction, EditRequest
from tests.apps.portal.in_browser import PHONE, looks_well
from tests.apps.portal.parcels import accept, add_parcel, add_product, pay
from tests.apps.portal.support import link_to, make_portal_order, serving
from tests.ledger.support import put
from tests.support.browser import browser_page

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]
TOO_LATE = {"code": "already_shipped", "kind": "address", "limit": "node"}
INTERCEPT = {"code": "carrier_intercept", "price_minor": 1950, "currency": "USD"}
SHORT = {"code": "out_of_stock", "sku": "MUG-01", "missing": 1}
BLUE = {"sku": "MUG-02", "title": "Enamel mug, blue", "price_minor": 1600}
# What a request in this state may have besides.
MORE: Mapping[EditState, Mapping[str, Any]] = {
    EditState.AWAITING_PAYMENT: {"payment_url": "https://pay.example.com/p"},
    EditState.APPLIED: {"quote": {"kinds": ["quantity"], "to_pay_minor": 0, "to_refund_minor": 1650}},
    EditState.REFUSED: {"reasons": [{**SHORT, "alternatives": [BLUE]}, {**TOO_LATE, "next_step": INTERCEPT}]},
    EditState.UNDONE: {"paid_minor": 1650, "reasons": [{"code": "too_late", "kind": "quantity"}]},
    EditState.EXPIRED: {"reasons": [{"code": "payment_overdue"}]},
    EditState.WITHDRAWN: {"reasons": [{"code": "withdrawn"}]},
}


@pytest.fixture(params=[PHONE, (1280, 900)], ids=["telephone", "wide"])
def browser(wiring: Wiring, request: pytest.FixtureRequest) -> Iterator[Page]:
    with serving(wiring), browser_page(*request.param) as page:
        yield page


def make_order(wiring: Wiring, number: int, **changes: Any) -> str:
    now = wiring.now()
    made = make_portal_order(
        wiring, {"id": f"line{number}", "sku": "MUG-01", "title": "Enamel mug", "ordered": 2, "unit_price_minor": 1650},
        **({
            "name": f"#10{number:02}", "external_id": str(number), "state": "routing", "region": "MA",
            "total_minor": 3890, "shipping_minor": 590, "placed_at": now, "locale": "en-US",
        } | changes),
    )  # fmt: skip
    accept(wiring, made, now)
    pay(wiring, made, 3890)
    return made


def ask_for_more(wiring: Wiring, order: str, number: int, state: EditState) -> str:
    """A request for one mug more, in this state."""
    now, request = wiring.now(), f"edr_{number}"
    put(wiring, EditRequest, {
        "id": request, "order_id": order, "origin": "portal", "actor": "customer", "inbox_id": "", "state": state,
        "base_version": 1, "agreed_minor": 1650, "plan": {}, "reasons": [], "approved_by": "", "payment_target": "",
        "payment_external_id": "", "payment_ref": "", "payment_url": "", "paid_minor": 0, "ticket_external_id": "",
        "quote": {"kinds": ["quantity"], "to_pay_minor": 1650, "to_refund_minor": 0}, "paid_at": None,
        "expires_at": now + timedelta(hours=12), "run_missing": False, "touches": 0, "received_at": now,
        "created_at": now, "ended_at": None, "due_at": now, "attempts": 0, "lease_token": 0, "error": "",
    } | MORE.get(state, {}))  # fmt: skip
    put(wiring, EditAction, {
        "id": f"{request}:1", "request_id": request, "kind": "quantity", "line_id": f"line{number}", "sku": "",
        "quantity": 3, "contact_version": "", "shipping_code": "",
    })  # fmt: skip
    return request


@pytest.mark.row("TRU-3")
def test_the_pages_before_an_order(browser: Page, wiring: Wiring) -> None:
    order = make_order(wiring, 0)
    base = wiring.settings.public_url
    for name, path in {"look-up": "", "sent": "/sent", "gone": "/links/x/1/1/x"}.items():
        browser.goto(f"{base}/portal{path}")
        looks_well(browser, name)
    browser.goto(f"{base}/portal")
    browser.get_by_role("button", name="Send me the link").click()
    looks_well(browser, "faults")
    fields = {name: browser.locator(f"[name={name}]").input_value() for name in ("token", "request")}
    for number in range(wiring.policies.portal.lookups_per_network):
        asked = fields | {"order": f"#{number}", "email": "a@example.com"}
        browser.request.post(f"{base}/portal", form=asked, max_redirects=0)
    browser.get_by_label("Order number").fill("#1")
    browser.get_by_label("E-mail address").fill("a@example.com")
    browser.get_by_role("button", name="Send me the link").click()
    browser.get_by_role("heading", name="That was very often").wait_for()
    looks_well(browser, "too often")
    browser.goto(base + link_to(wiring, order))
    looks_well(browser, "link")


def enter(browser: Page, wiring: Wiring, order: str) -> str:
    """Open the order; returns the address of its page."""
    browser.goto(wiring.settings.public_url + link_to(wiring, order))
    browser.get_by_role("button", name="Open my order").click()
    browser.get_by_role("heading", name="Your items").wait_for()
    return browser.url


def test_an_order_and_its_form(browser: Page, wiring: Wiring) -> None:
    now = wiring.now()
    add_product(wiring, "MUG-01", now, image_url="", Colour="White")
    for number, changes in enumerate([{}, {"placed_at": now - timedelta(hours=7)}, {"state": "in_fulfilment"}]):
        order = make_order(wiring, number, **changes)
        if number == 2:
            add_parcel(wiring, order, ("in_transit", now, "Boston"), at=now)
        here = enter(browser, wiring, order)
        looks_well(browser, f"order {number}")
        browser.goto(f"{here}/change")
        looks_well(browser, f"form {number}")
        browser.emulate_media(media="print")
        browser.goto(here)
        expect(browser.get_by_text("What you can still change")).to_be_hidden()
        browser.emulate_media(media="screen")


@pytest.mark.row("TRK-3")
def test_where_a_parcel_is_in_every_state(browser: Page, wiring: Wiring) -> None:
    now = wiring.now()
    for number, state in enumerate(ParcelState):
        order = make_order(wiring, number, state="in_fulfilment")
        scans = [("accepted", now - timedelta(days=4), "Reno"), ("in_transit", now - timedelta(days=3), "Chicago")]
        coming = now + timedelta(days=2)
        add_parcel(wiring, order, *scans, (state.value, now, "Boston"), at=now, estimated_delivery=coming)
        browser.goto(f"{enter(browser, wiring, order)}/tracking")
        browser.get_by_role("heading", name="Something wrong?").wait_for()
        looks_well(browser, f"parcel {state}")


@pytest.mark.row("EDT-6")
def test_a_request_in_every_state(browser: Page, wiring: Wiring) -> None:
    for number, state in enumerate(EditState):
        order = make_order(wiring, number)
        request = ask_for_more(wiring, order, number, state)
        here = enter(browser, wiring, order)
        looks_well(browser, f"order, {state}")
        browser.goto(f"{here}/changes/{request}")
        looks_well(browser, state)
        expect(browser.get_by_text("Enamel mug: 3 instead of 2"), state).to_be_visible()
