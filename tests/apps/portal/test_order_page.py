"""The order's page: what a customer reads there, in every state, and what hostile words come to."""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from config.wiring import Wiring
from domain.edit_windows import Window
from domain.order import Address
from domain.states import OrderState
from ledger.orders import OrderRow
from tests.apps.portal.parcels import (
    PICTURE,
    accept,
    add_hold,
    add_parcel,
    add_product,
    pay,
    release,
    some_windows,
)
from tests.apps.portal.support import Page, browsing, make_portal_order
from tests.support.world import World, checkout

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&{{ 7*7 }}{% raw %}‮"


async def shown(wiring: Wiring, order: str, **more: Any) -> Page:
    async with browsing(wiring, **({"offers": lambda *_: ()} | more)) as browser:
        answer = await browser.get(await browser.open(order))
    assert 200 == answer.status_code, answer.text
    return Page(answer)


def offered(_session: Any, _order: OrderRow, now: Any) -> Sequence[Window]:
    return some_windows(now)


async def test_an_order_on_its_way_shows_everything_that_was_told(wiring: Wiring) -> None:
    now = wiring.now()
    order = make_portal_order(
        wiring, {"id": "a", "sku": "SHIRT", "title": "Linen shirt", "ordered": 3, "cancelled": 1, "shipped": 1},
        {"id": "b", "sku": "MUG", "title": "Enamel mug", "ordered": 1, "unit_price_minor": 1650},
        state="in_fulfilment", region="CA", total_minor=14160, shipping_minor=590, tax_minor=1120, discount_minor=1000,
        placed_at=now - timedelta(days=2),
    )  # fmt: skip
    accept(wiring, order, now - timedelta(days=2))
    release(wiring, order, now - timedelta(days=1))
    pay(wiring, order, 14160, 5000)
    add_product(wiring, "SHIRT", now, Size="M")
    tomorrow = now + timedelta(days=1)
    add_parcel(wiring, order, ("in_transit", now, "Reno"), at=now, content={"a": 1}, estimated_delivery=tomorrow)
    add_parcel(wiring, order, at=now, state="label_created", shipped_at=None)
    add_parcel(wiring, order, at=now, state="cancelled", tracking_number="VOID")

    page = await shown(wiring, order)

    for said in (
        "A part of your order is on its way", "Linen shirt", "M · 2 × $50.00", "1 cancelled", "1 sent", "Enamel mug",
        "$116.50", "-$10.00", "$5.90", "$11.20", "$141.60", "Refunded", "-$50.00", "UPS", "1Z999AA10123456784",
        "Reno, US", "We confirmed it", "The warehouse began to pack", "Ada Lovelace", "12 Main Street, Apt 4",
        "a••••@example.com", "•••• 123", "Times are in PST" if "PST" in page.text else "Times are in PDT", "Expected",
    ):  # fmt: skip
        assert said in page.text, said
    assert "VOID" not in page.text
    assert "ada@example.com" not in page.html
    assert [{"src": PICTURE}] == [{"src": img["src"]} for img in page.all("img")]
    assert page.policy.endswith("; img-src https://cdn.shopify.com")


@pytest.mark.parametrize("state", OrderState)
async def test_every_state_has_a_page_that_names_no_inner_word(wiring: Wiring, state: OrderState) -> None:
    order = make_portal_order(wiring, state=state)
    for name in ("fraud", "operator", "edit_window", "address", "payment", "stock", "restore"):
        add_hold(wiring, order, name, wiring.now())

    page = await shown(wiring, order)

    assert 1 == len(page.all("h1"))
    for word in ("fraud", "secret_reason", "edit_window", "operator", "cus_1", "None"):
        assert word not in page.html, word


async def test_what_can_be_changed_has_a_clock_and_what_is_too_late_a_reason_and_a_price(wiring: Wiring) -> None:
    order = make_portal_order(wiring, region="MA")

    page = await shown(wiring, order, offers=offered)

    assert re.search(r"Delivery address until \d{1,2}:\d\d\s[AP]M (today|tomorrow) \( 38 min left\)", page.text)
    assert "Cancel the order until the warehouse starts with it" in page.text
    assert re.search(r"Too late for: Quantities\s+· Size, colour or variant – it is packed already", page.text)
    assert "We can ask the carrier to stop the parcel. That costs $19.50." in page.text
    assert "Add an item – the time for it is over" in page.text
    assert "script-src 'self'" in page.policy
    assert [True] == ["src" in script for script in page.all("script")]


async def test_without_offers_the_section_and_the_script_are_left_out(wiring: Wiring) -> None:
    page = await shown(wiring, make_portal_order(wiring))

    assert "What you can still change" not in page.text
    assert [] == page.all("script")
    assert "script-src" not in page.policy


@pytest.mark.row("TRU-3", bad_input=True)
async def test_hostile_words_stay_words(wiring: Wiring) -> None:
    now = wiring.now()
    order = make_portal_order(
        wiring, {"id": "a", "sku": HOSTILE, "title": HOSTILE, "shipped": 1},
        address=Address(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE),
        name=f"#{HOSTILE}", locale=HOSTILE, country=HOSTILE, region=HOSTILE, state="in_fulfilment",
    )  # fmt: skip
    add_product(wiring, HOSTILE, now, image_url=f"https://x.example/{HOSTILE}", Size=HOSTILE)
    hostile = {"carrier": HOSTILE, "tracking_number": HOSTILE}
    add_parcel(wiring, order, ("in_transit", now, HOSTILE), at=now, content={"a": 1}, **hostile,
               tracking_url="javascript:alert(1)")  # fmt: skip
    add_parcel(wiring, order, at=now, content={"a": 1}, **hostile, tracking_url=f"https://x.example/{HOSTILE}")

    page = await shown(wiring, order, offers=offered)

    assert page.text.count("<script>alert(1)</script>") > 8, "it is there, as text"
    assert "{{ 7*7 }}" in page.text
    assert [attrs["src"].startswith("/portal/assets/") for attrs in page.all("script")] == [True]
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    links = [attrs["href"] for attrs in page.all("a") if ":" in attrs["href"]]
    assert {"https", "mailto"} == {link.partition(":")[0] for link in links}
    assert page.policy.endswith("img-src https://x.example; script-src 'self'")
    assert "\n" not in page.policy


@pytest.mark.row("TRU-3", bad_input=True)
@pytest.mark.parametrize(
    "url",
    [
        "http://cdn.example/a.jpg", "javascript:alert(1)", "data:image/svg+xml,<svg/>", "https://", "//a.example/a.jpg",
        "https://a.example; script-src 'unsafe-inline'/a.jpg", "https://user@a.example/a.jpg", "https://[::1/a.jpg",
        "https://a.example\n/a.jpg", "https://ä.example/a.jpg", "",
    ],
)  # fmt: skip
async def test_a_picture_that_is_no_plain_https_address_is_not_loaded(wiring: Wiring, url: str) -> None:
    order = make_portal_order(wiring, {"sku": "SHIRT"})
    add_product(wiring, "SHIRT", wiring.now(), image_url=url)

    page = await shown(wiring, order)

    sources = [img["src"] for img in page.all("img")]
    assert sources == [] or (url, "https://a.example") == (sources[0], page.policy.rpartition(" ")[2])
    assert "unsafe" not in page.policy


async def test_a_cancelled_order_says_what_went_back(wiring: Wiring) -> None:
    now = wiring.now()
    order = make_portal_order(wiring, {"ordered": 1, "cancelled": 1}, state="cancelled", cancelled_at=now)
    pay(wiring, order, 5000, 5000)

    page = await shown(wiring, order, offers=lambda *_: ())

    assert "Your order is cancelled" in page.text
    assert "Refunded -$50.00" in page.text
    assert "Subtotal" not in page.text
    assert "Goes to" not in page.text


@pytest.mark.row("TRU-3")
async def test_a_real_orders_page_follows_it(world: World) -> None:
    world.buy(checkout())
    await world.settle()
    order = world.row("SELECT id FROM orders")["id"]

    early = await shown(world.wiring, order)
    await world.advance(0.9)
    await world.advance(1)
    late = await shown(world.wiring, order)

    assert "Your order is confirmed" in early.text
    assert re.search("on its way|has arrived|Arriving", late.text)
    assert [img["src"] for img in early.all("img")], "the sandbox's products have pictures"
    assert not world.broken()
