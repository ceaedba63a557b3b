"""Nobody comes to an order by another one's link or session, whatever the address."""

import re
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.routing import Route

from apps.portal.forms import SESSION
from apps.receiver.app import create_app
from config.links import ORDER_PAGE, Grant, order_link, seal
from config.wiring import Wiring
from tests.apps.portal.support import Page, browsing, change_contact, link_to, make_portal_order
from tests.support.databases import move_clock

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PUBLIC = {
    *("/portal", "/portal/sent", "/portal/assets/{digest}/{name}"),
    *("/portal/withdraw", "/portal/withdraw/confirm", "/portal/withdraw/sent"),
}


def guarded_routes(wiring: Wiring) -> list[tuple[str, str]]:
    """(method, path) of all that is about an order."""
    routes = [route for route in create_app(wiring).routes if isinstance(route, Route)]
    return [
        (method, route.path)
        for route in routes
        if route.path.startswith("/portal") and route.path not in PUBLIC
        for method in sorted(route.methods or ())
        if method != "HEAD"
    ]


@pytest.mark.row("TRU-3", bad_input=True)
async def test_every_page_about_an_order_is_the_same_404_for_anybody_else(wiring: Wiring) -> None:
    mine, others = make_portal_order(wiring), make_portal_order(wiring, name="#2002", email="eve@example.com")
    wiring.settings.link_secret = SecretStr("s" * 40)
    routes = guarded_routes(wiring)
    assert {("GET", "/portal/orders/{order_id}"), ("POST", "/portal/orders/{order_id}/leave")} < set(routes)
    *_, version, expires, signature = link_to(wiring, others).split("/")

    async with browsing(wiring) as eve:
        page = await eve.open(others)
        session = eve.client.cookies[SESSION]
        token = Page(await eve.get(page)).fields["token"]
        nothing = await eve.get("/portal/orders/ord_none")
        forged = session.replace(others, mine)
        tried = 0
        for method, path in routes:
            for cookie in (session, forged, forged.rpartition("~")[0], "", "~~~~", "ä~" * 9):
                values = {"order_id": mine, "version": version, "expires": expires, "signature": signature}
                url = re.sub(r"\{(\w+)(:\w+)?\}", lambda m, values=values: values.get(m[1], "x"), path)  # type: ignore[misc]
                headers = {"cookie": f"{SESSION}={cookie}".encode()}
                answer = await eve.client.request(method, url, data={"token": token}, headers=headers)
                assert (404, nothing.text) == (answer.status_code, answer.text), (method, url)
                assert nothing.headers["content-security-policy"] == answer.headers["content-security-policy"]
                assert SESSION not in answer.headers.get("set-cookie", "")
                tried += 1
    assert tried == 6 * len(routes)


@pytest.mark.row("TRU-3", bad_input=True)
async def test_a_link_is_good_for_what_it_says_and_nothing_else(wiring: Wiring) -> None:
    order = make_portal_order(wiring)
    async with browsing(wiring) as browser:
        link = link_to(wiring, order)
        head, version, expires, signature = link.rsplit("/", 3)
        last = "0" if signature[-1] != "0" else "1"
        wrong = [
            f"{head}/2/{expires}/{signature}",
            f"{head}/{version}/{int(expires) + 1}/{signature}",
            f"{head}/{version}/{expires}/{signature[:-1]}{last}",
            f"{head}/{version}/{expires}/",
            f"{head}/{version}/²/{signature}",
            f"{head}/{version}/{'9' * 400}/{signature}",
            f"{head}/{version}/-1/{signature}",
            f"/answers/keep_address/{order}/{version}/{expires}/{signature}",
            order_link(
                wiring.settings, order_id=order, version=1, expires_at=wiring.now() - timedelta(seconds=2)
            ).removeprefix(wiring.settings.public_url),
        ]  # fmt: skip
        assert 200 == (await browser.get(link)).status_code
        for url in wrong:
            for answer in (await browser.get(url), await browser.client.post(url, data={})):
                assert (404, True) == (answer.status_code, "This link does not work" in answer.text), url


@pytest.mark.row("TRU-3", bad_input=True)
async def test_a_link_is_no_session_and_a_session_no_link(wiring: Wiring) -> None:
    order = make_portal_order(wiring)
    async with browsing(wiring) as browser:
        page = await browser.open(order)
        session = browser.client.cookies[SESSION]
        _, _, version, expires, signature = session.split("~")
        assert 404 == (await browser.get(f"/portal/links/{order}/{version}/{expires}/{signature}")).status_code
        browser.client.cookies.clear()
        link = seal(wiring.settings, Grant(ORDER_PAGE, order, version, int(expires)))
        for cookie in (link, link.replace(ORDER_PAGE, "order_session")):
            answer = await browser.client.get(page, headers={"cookie": f"{SESSION}={cookie}"})
            assert 404 == answer.status_code


@pytest.mark.row("TRU-3")
async def test_a_session_ends_by_time_by_leaving_and_by_another_mailbox(wiring: Wiring) -> None:
    order = make_portal_order(wiring)
    async with browsing(wiring) as browser:
        page = await browser.open(order)
        change_contact(wiring, order)
        assert 200 == (await browser.get(page)).status_code, "a new address of the same mailbox ends nothing"
        change_contact(wiring, order, email="new@example.com")
        assert 404 == (await browser.get(page)).status_code

        await browser.open(order)
        assert 303 == (await browser.send(page, at=f"{page}/leave")).status_code
        assert 404 == (await browser.get(page)).status_code

        await browser.open(order)
        move_clock(wiring, timedelta(hours=12, minutes=1))
        assert 404 == (await browser.get(page)).status_code


@pytest.mark.row("TRU-3")
async def test_one_browser_may_have_two_orders_open(wiring: Wiring) -> None:
    orders = [make_portal_order(wiring), make_portal_order(wiring, name="#1002")]
    async with browsing(wiring) as browser:
        pages = [await browser.open(order) for order in orders]
        texts = [(await browser.get(page)).text for page in pages]

    assert [True, True] == ["Order #1001" in texts[0], "Order #1002" in texts[1]]


@pytest.mark.row("TRU-3", bad_input=True)
async def test_a_form_with_another_token_is_not_taken(wiring: Wiring) -> None:
    order, other = make_portal_order(wiring), make_portal_order(wiring, name="#1002")
    async with browsing(wiring) as browser:
        page, second = await browser.open(order), await browser.open(other)
        foreign = Page(await browser.get(second)).fields["token"]
        visit = Page(await browser.get("/portal")).fields["token"]
        for token in ("", foreign, visit, "ä", "x" * 5000):
            answer = await browser.client.post(f"{page}/leave", data={"token": token})
            assert (403, True) == (answer.status_code, "Nothing was changed" in answer.text)
        without_visit = await browser.client.post(link_to(wiring, order), data={"token": foreign})
        assert 403 == without_visit.status_code
        assert 200 == (await browser.get(page)).status_code


@pytest.mark.row("TRU-3")
@pytest.mark.parametrize(
    ("public_url", "prefix", "secure"),
    [("https://shop.example.com", "", True), ("https://x.example/orders/", "/orders", True), ("http://x", "", False)],
)
async def test_cookies_are_for_this_address_only(wiring: Wiring, public_url: str, prefix: str, secure: bool) -> None:
    wiring.settings.public_url = public_url
    order = make_portal_order(wiring)
    async with browsing(wiring) as browser:
        client: Any = browser.client
        client.base_url = "http://receiver"  # the proxy in front has taken the prefix off
        link = link_to(wiring, order)
        shown = await client.get(link.removeprefix(prefix))
        visit = shown.headers["set-cookie"]
        opened = await client.post(
            link.removeprefix(prefix), data=Page(shown).fields, headers={"cookie": visit.partition(";")[0]}
        )
        session = opened.headers["set-cookie"]

    assert f"{prefix}/portal/orders/{order}" == opened.headers["location"]
    for cookie, path in ((visit, f"{prefix}/portal"), (session, f"{prefix}/portal/orders/{order}")):
        attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert {"httponly", "samesite=lax", f"path={path}".lower()} | ({"secure"} if secure else set()) == attributes
    [style] = [attrs["href"] for attrs in Page(shown).all("link")]
    assert style.startswith(f"{prefix}/portal/assets/")


@pytest.mark.row("TRU-3")
async def test_every_page_carries_the_headers(wiring: Wiring) -> None:
    order = make_portal_order(wiring)
    async with browsing(wiring) as browser:
        page = await browser.open(order)
        for url in ("/portal", "/portal/sent", link_to(wiring, order), page, "/portal/none", "/portal/orders/x"):
            answer = await browser.get(url)
            policy = answer.headers["content-security-policy"]
            assert policy.startswith("default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'")
            assert "unsafe" not in policy
            assert ("no-referrer", "nosniff", "no-store", "noindex") == tuple(
                answer.headers[name]
                for name in ("referrer-policy", "x-content-type-options", "cache-control", "x-robots-tag")
            )
            if answer.status_code == 200:
                assert "<style" not in answer.text
                assert " style=" not in answer.text
                assert not re.search(r"<script(?! src=)| on\w+=", answer.text)


async def test_assets_are_kept_for_long_under_their_digest(wiring: Wiring) -> None:
    async with browsing(wiring) as browser:
        [style] = [attrs["href"] for attrs in Page(await browser.get("/portal")).all("link")]
        kept, old = await browser.get(style), await browser.get("/portal/assets/0000/portal.css")
        nothing = await browser.get("/portal/assets/0000/layout.html")

    assert ("text/css; charset=utf-8", True) == (
        kept.headers["content-type"],
        "immutable" in kept.headers["cache-control"],
    )
    assert (kept.text, "no-store") == (old.text, old.headers["cache-control"])
    assert wiring.brand.colours.accent in kept.text
    assert 404 == nothing.status_code
