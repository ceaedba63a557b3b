"""The tracking page: what each state says, what a link alone shows, and what hostile words come to."""

import re
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from apps.portal.tracking_page import MOST_ENTRIES
from config.links import track_link
from config.wiring import Wiring
from domain.ids import new_id
from domain.parcels import ParcelState
from ledger.order_access import mailbox_versions
from ledger.rows import update_by
from ledger.tables import OrderContact, ParcelForecast, Product, Shipment
from tests.apps.portal.parcels import add_parcel, add_product
from tests.apps.portal.support import Browser, Page, browsing, change_contact, make_portal_order
from tests.apps.portal.test_offer_page import make_offer
from tests.ledger.support import put, row_of, rows_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
HOSTILE = "<script>alert(1)</script>\"'&{{ 7*7 }}‮"
PRIVATE = re.compile(r"#1001|Lovelace|Main Street|02110|ada@|Linen|1Z999|UPS|\$")
SHIRT = {"sku": "SHIRT", "title": "Linen shirt", "ordered": 1, "shipped": 1}


def _order(wiring: Wiring, *scans: tuple[str, datetime, str], **more: Any) -> str:
    """An order with one parcel that was scanned like this."""
    line = SHIRT | {"id": new_id("lin")}
    order = make_portal_order(wiring, line, state="in_fulfilment", region="MA", external_id=new_id("x"))
    add_parcel(wiring, order, *scans, at=wiring.now() - timedelta(days=1), content={line["id"]: 1}, **more)
    return order


def _link(wiring: Wiring, order: str, **lives: Any) -> str:
    """The path of a link to where its parcels are."""
    version = mailbox_versions(rows_of(wiring, OrderContact, order_id=order))
    ends = wiring.now() + lives.get("lives", timedelta(days=1))
    url = track_link(wiring.settings, order_id=order, version=max(version.values()), expires_at=ends)
    return url.removeprefix(wiring.settings.public_url)


async def _opened(browser: Browser, order: str) -> Page:
    answer = await browser.get(await browser.open(order) + "/tracking")
    assert answer.status_code == 200, answer.text
    return Page(answer)


def _alone(answer: httpx.Response) -> Page:
    """A page that shows nothing of the person or of what was bought."""
    assert answer.status_code == 200, answer.text
    page = Page(answer)
    assert not (found := PRIVATE.search(page.html)), f"{found}: {page.text}"
    return page


@pytest.mark.row("TRK-3")
async def test_all_sixteen_states_say_something_of_their_own(wiring: Wiring) -> None:
    titles = {}
    now = wiring.now()
    orders = {state: _order(wiring, (state.value, now, ""), state=state.value) for state in ParcelState}
    async with browsing(wiring) as browser:
        for state, order in orders.items():
            page = await _opened(browser, order)
            assert len(page.all("h1")) == 1
            if state is ParcelState.CANCELLED:
                assert "Nothing is on its way yet" in page.text  # a label that was given back is no parcel
                continue
            titles[state] = re.search(r"<h1[^>]*>([^<]+)</h1>", page.html).group(1)  # type: ignore[union-attr]
            assert not re.search(rf"\b{state}\b", page.text) or "_" not in state
    assert len(set(titles.values())) == len(titles) == len(ParcelState) - 1


@pytest.mark.row("TRK-3")
async def test_a_link_alone_shows_towns_and_days_and_nothing_else(wiring: Wiring) -> None:
    now = wiring.now()
    scans = (("accepted", now - timedelta(hours=30), "Reno"), ("in_transit", now - timedelta(hours=2), "Chicago"))
    order = _order(wiring, *scans, estimated_delivery=now + timedelta(days=2))
    add_product(wiring, "SHIRT", now)
    async with browsing(wiring) as browser:
        page = _alone(await browser.get(_link(wiring, order)))
        whole = await _opened(browser, order)
    for said in ("Your parcel is on its way", "Expected on", "Reno, US", "Chicago, US", "Ask for the link"):
        assert said in page.text, said
    assert page.all("form") == []
    assert "img-src" not in page.policy
    for said in ("#1001", "Linen shirt", "UPS", "1Z999AA10123456784", "Follow it at the carrier"):
        assert said in whole.text, said
    assert "Lovelace" not in whole.text


@pytest.mark.row("TRU-3", bad_input=True)
async def test_a_link_that_is_forged_old_or_of_another_mailbox_shows_nothing(wiring: Wiring) -> None:
    order, other = _order(wiring), _order(wiring)
    async with browsing(wiring) as browser:
        good = _link(wiring, order)
        assert (await browser.get(good)).status_code == 200
        wrong = [
            good[:-1] + ("0" if good[-1] != "0" else "1"),
            good.replace(order, other),
            good.replace("/track/", "/links/"),
            re.sub(r"/\d+/(\w+)$", r"/soon/\1", good),
            _link(wiring, order, lives=timedelta(seconds=-5)),
        ]
        for path in wrong:
            assert (await browser.get(path)).status_code == 404, path
        change_contact(wiring, order, email="eve@example.com")
        assert (await browser.get(good)).status_code == 404
        assert (await browser.get(f"/portal/orders/{order}/tracking")).status_code == 404


async def test_the_window_is_the_forecasts_and_the_first_promise_stays(wiring: Wiring) -> None:
    now = wiring.now()
    order = _order(wiring, ("in_transit", now - timedelta(days=3, hours=1), "Reno"))
    put(wiring, ParcelForecast, {
        "id": row_of(wiring, Shipment)["id"], "order_id": order, "followed": True,
        "promised_at": now - timedelta(days=2),
        "promised_on": (now.date() - timedelta(days=3)).isoformat(), "promise_zone": "America/New_York",
        "late_probability": 1.0, "eta_from": now + timedelta(days=2), "eta_to": now + timedelta(days=4),
        "predicted_at": now, "fitted_model_id": "", "due_at": now,
    })  # fmt: skip
    async with browsing(wiring) as browser:
        page = await _opened(browser, order)
        alone = _alone(await browser.get(_link(wiring, order)))
    for said in ("Expected between", "We first promised it for", "told us something 3 days ago"):
        assert said in page.text, said
        assert said in alone.text, said


async def test_an_offer_is_shown_to_whoever_opened_the_order(wiring: Wiring) -> None:
    order = _order(wiring, ("in_transit", wiring.now(), "Reno"))
    make_offer(wiring, order, row_of(wiring, Shipment)["id"], "refund")
    async with browsing(wiring) as browser:
        page = await _opened(browser, order)
        alone = _alone(await browser.get(_link(wiring, order)))
        [way] = [link["href"] for link in page.all("a") if "/portal/offers/" in link["href"]]
        offered = Page(await browser.get(way.removeprefix(wiring.settings.public_url)))
    assert "See what we can do" in page.text
    assert "Give me $50.00 back" in offered.text
    assert "See what we can do" not in alone.text


async def test_a_day_that_is_over_is_not_shown(wiring: Wiring) -> None:
    now = wiring.now()
    order = _order(wiring, ("in_transit", now, "Reno"), estimated_delivery=now - timedelta(days=2))
    async with browsing(wiring) as browser:
        assert "Expected" not in (await _opened(browser, order)).text


async def test_products_that_go_with_it_are_of_the_same_shop_and_kind(wiring: Wiring) -> None:
    now = wiring.now()
    order = _order(wiring, ("in_transit", now, "Reno"))
    for sku in ("SHIRT", "BLOUSE", "LAMP", "GIFT", "OLD", "PLAIN"):
        add_product(wiring, sku, now, **({"image_url": ""} if sku == "PLAIN" else {}))
    change: dict[str, Any] = {"BLOUSE": {}, "SHIRT": {}, "LAMP": {"product_type": "Lamps"}, "PLAIN": {}}
    change |= {"GIFT": {"gift_card": True}, "OLD": {"status": "archived"}}
    for title, values in change.items():
        _change_product(wiring, title, {"product_type": "Tops"} | values)
    async with browsing(wiring) as browser:
        page = await _opened(browser, order)
    links = [a["href"] for a in page.all("a") if "/products/" in a["href"]]
    assert links == ["https://alpha.shop.example/products/BLOUSE"]
    assert page.policy.endswith("; img-src https://cdn.shopify.com")


def _change_product(wiring: Wiring, title: str, values: dict[str, Any]) -> None:
    row = row_of(wiring, Product, title=title)
    wiring.ledger(lambda session: update_by(session, Product, [{"id": row["id"]} | values]))


@pytest.mark.row("TRK-3")
async def test_the_page_stays_under_a_hundred_kilobytes(wiring: Wiring) -> None:
    now = wiring.now()
    order = _order(wiring)
    for _ in range(4):
        scans = [
            (("in_transit", "exception")[n % 2], now - timedelta(hours=200 - n), f"Sorting centre number {n}")
            for n in range(MOST_ENTRIES * 3)
        ]
        add_parcel(wiring, order, *scans, at=now - timedelta(days=9))
    async with browsing(wiring) as browser:
        page = await _opened(browser, order)
        [style] = [link["href"] for link in page.all("link")]
        css = await browser.get(style)
    assert len(page.html.encode()) + len(css.content) < 100_000
    assert f"{MOST_ENTRIES * 2} older ones are left out." in page.text


@pytest.mark.row("TRK-3", bad_input=True)
async def test_hostile_words_stay_words(wiring: Wiring) -> None:
    now = wiring.now()
    order = _order(wiring, ("in_transit", now, HOSTILE), carrier=HOSTILE, tracking_number=HOSTILE)
    async with browsing(wiring) as browser:
        for page in (await _opened(browser, order), Page(await browser.get(_link(wiring, order)))):
            assert page.all("script") == []
            assert "alert(1)" in page.text
            assert "{{ 7*7 }}" in page.text


async def test_an_order_without_parcels_says_so(wiring: Wiring) -> None:
    order = make_portal_order(wiring)
    async with browsing(wiring) as browser:
        assert "Nothing is on its way yet" in (await _opened(browser, order)).text
        assert "Nothing is on its way yet" in _alone(await browser.get(_link(wiring, order))).text
