"""The look-up of an order: one answer for everything, and the link by mail only to the order's own mailbox."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import event
from sqlalchemy.engine import Engine

from config.wiring import Wiring
from ledger.tables import InboxEvent, Throttle
from tests.apps.portal.support import EMAIL, Browser, Page, browsing, make_portal_order
from tests.ledger.support import rows_of
from tests.support.world import World, checkout

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def look_up(browser: Browser, order: str = "#1001", email: str = EMAIL) -> httpx.Response:
    return await browser.send("/portal", order=order, email=email)


BESIDE = ("clock", "heartbeat", "alembic_version", "sqlite_master")  # what the receiver asks from time to time


@contextmanager
def statements() -> Iterator[list[str]]:
    """What all engines of this process are told meanwhile."""
    made: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if not statement.startswith(("BEGIN", "COMMIT", "PRAGMA")):
            made.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield made
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def kept(wiring: Wiring) -> list[Any]:
    return rows_of(wiring, InboxEvent, source="look_up")


@pytest.mark.row("TRU-3")
async def test_whoever_owns_the_mailbox_comes_to_the_order(world: World) -> None:
    mine = world.buy(checkout(), checkout(customer={"email": "eve@example.com"}))[0]["name"]
    await world.settle()

    async with browsing(world.wiring) as browser:
        for email in ("ADA@example.com", "eve@example.com", "nobody@example.com"):
            assert 303 == (await look_up(browser, mine.removeprefix("#"), email)).status_code
        await world.settle()

        [mail] = [mail for mail in world.mails() if "link to your order" in mail["subject"]]
        assert (["ada@example.com"], True) == (mail["to"], mine in mail["subject"])
        text = world.sandbox.get(f"/mail/api/messages/{mail['id']}")["text"]
        link = re.search(r"\S+(/portal/links/\S+)", text)
        assert link
        page = await browser.get(link[1])
        assert "Open my order" in page.text
        assert "aftercart_order" not in page.headers.get("set-cookie", ""), "mail scanners open links too"
        opened = await browser.send(link[1])
        assert (303, "HttpOnly", "SameSite=lax") == (
            opened.status_code, *re.findall(r"HttpOnly|SameSite=\w+", opened.headers["set-cookie"])
        )  # fmt: skip
    outcomes = [row["outcome"] for row in kept(world.wiring)]
    assert ["found", "not_found", "not_found"] == outcomes
    assert not world.broken()


@pytest.mark.row("TRU-3")
async def test_the_mails_about_an_order_have_the_link_too(world: World) -> None:
    world.buy(checkout())
    await world.settle()

    [mail] = world.mails()
    whole = world.sandbox.get(f"/mail/api/messages/{mail['id']}")
    [link] = {found for part in ("text", "html") for found in re.findall(r"/portal/links/[^\s\"<]+", whole[part])}
    async with browsing(world.wiring) as browser:
        assert 200 == (await browser.get(link)).status_code
        await asyncio.to_thread(world.move_clock, 46 * 24)
        assert 404 == (await browser.get(link)).status_code


@pytest.mark.row("TRU-3", bad_input=True)
async def test_every_answer_is_the_same_and_costs_the_same(wiring: Wiring) -> None:
    make_portal_order(wiring)
    make_portal_order(wiring, name="#2000", account="nord")
    make_portal_order(wiring, name="#2000")
    answers, costs = [], []
    async with browsing(wiring) as browser:
        for order, email in [("1001", EMAIL), ("1001", "eve@x.example"), ("9999", EMAIL), ("2000", EMAIL)]:
            fields = Page(await browser.get("/portal")).fields | {"order": order, "email": email}
            with statements() as made:
                answer = await browser.client.post("/portal", data=fields)
            shown = await browser.get(answer.headers["location"])
            answers.append((answer.status_code, answer.content, sorted(answer.headers.items()), shown.text))
            costs.append([text for text in made if not any(name in text for name in BESIDE)])

    assert [answers[0]] * 4 == answers
    assert [costs[0]] * 4 == costs
    assert 3 == len(costs[0]), "two throttles and the inbox: nothing is looked up before the answer"


@pytest.mark.row("TRU-3", bad_input=True)
@pytest.mark.parametrize(
    ("order", "email", "said"),
    [
        ("", EMAIL, "Enter your order number."),
        (" # ", EMAIL, "Enter your order number."),
        ("10\x0001", EMAIL, "This order number cannot be read"),
        ("#1001", "", "Enter your e-mail address."),
        ("#1001", "ada", "This is no whole e-mail address"),
        ("#1001", "a@b c@d", "This is no whole e-mail address"),
        ("#1001", "a@" + "b" * 300, "This is no whole e-mail address"),
    ],
)
async def test_what_cannot_be_looked_up_is_told_at_the_field(wiring: Wiring, order: str, email: str, said: str) -> None:
    async with browsing(wiring) as browser:
        answer = await look_up(browser, order, email)

    page = Page(answer)
    assert (422, True) == (answer.status_code, said in page.text)
    [wrong] = [attrs for attrs in page.all("input") if attrs.get("aria-invalid") == "true"]
    assert f"#{wrong['id']}" in [attrs.get("href") for attrs in page.all("a")]
    assert [] == kept(wiring)
    assert [] == rows_of(wiring, Throttle)


@pytest.mark.row("TRU-3", bad_input=True)
async def test_a_form_that_is_not_ours_does_nothing(wiring: Wiring) -> None:
    fields = {"order": "#1001", "email": EMAIL}
    async with browsing(wiring) as browser, browsing(wiring) as other:
        without_cookie = await browser.client.post("/portal", data=fields | {"token": "x"})
        token = Page(await other.get("/portal")).fields["token"]
        await browser.get("/portal")
        foreign = await browser.client.post("/portal", data=fields | {"token": token})
        huge = await browser.client.post("/portal", content=b"x" * 100_000)
        many = await browser.client.post("/portal", content=b"a=1&" * 1000)

    assert [403, 403, 413, 413] == [answer.status_code for answer in (without_cookie, foreign, huge, many)]
    assert "could not read" in huge.text
    assert [] == kept(wiring)


@pytest.mark.row("TRU-3", bad_input=True)
async def test_one_order_is_mailed_about_three_times_an_hour_and_nobody_is_told(wiring: Wiring) -> None:
    async with browsing(wiring) as browser:
        answers = [await look_up(browser) for _ in range(5)]
        other = await look_up(browser, "#1002")

    assert {303} == {answer.status_code for answer in [*answers, other]}
    assert 4 == len(kept(wiring))
    assert not [row for row in rows_of(wiring, Throttle) if "1001" in row["key"] or "ada" in row["key"]]


@pytest.mark.row("TRU-3", bad_input=True)
async def test_a_network_that_tries_numbers_is_asked_to_wait(wiring: Wiring) -> None:
    async with browsing(wiring, host="2001:db8::1") as browser:
        answers = [await look_up(browser, f"#{number}") for number in range(1001, 1032)]
        counted = {row["key"]: row["count"] for row in rows_of(wiring, Throttle)}
        again = await look_up(browser)
    async with browsing(wiring, host="2001:db8::2") as neighbour, browsing(wiring, host="2001:db8:0:1::1") as other:
        same, elsewhere = await look_up(neighbour), await look_up(other)

    assert [303] * 30 == [answer.status_code for answer in answers[:30]]
    assert [429, 429, 429] == [answer.status_code for answer in (answers[30], again, same)]
    assert 0 < int(again.headers["retry-after"]) <= 3600
    assert 303 == elsewhere.status_code
    assert 31 == max(counted.values())
    assert 31 + 1 == len(kept(wiring)) + 1, "30 of this network, one from elsewhere"


@pytest.mark.row("TRU-3", bad_input=True)
async def test_a_form_sent_twice_is_one_request(wiring: Wiring) -> None:
    async with browsing(wiring) as browser:
        fields = Page(await browser.get("/portal")).fields | {"order": "#1001", "email": EMAIL}
        answers = [await browser.client.post("/portal", data=fields) for _ in range(2)]

    assert [303, 303] == [answer.status_code for answer in answers]
    assert 1 == len(kept(wiring))


async def test_without_a_secret_the_portal_says_that_it_is_closed(wiring: Wiring) -> None:
    async with browsing(wiring) as browser:
        wiring.settings.link_secret = SecretStr("")
        answer = await browser.get("/portal")

    assert (503, True) == (answer.status_code, "cannot be shown right now" in answer.text)
    assert "content-security-policy" in answer.headers
