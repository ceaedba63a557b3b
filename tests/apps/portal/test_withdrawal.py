"""The withdrawal function: two steps without a log-in, one answer for everything, a receipt at once (RET-1)."""

import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page as Screen

from config.wiring import Wiring
from ledger.case_queue import notes_of
from ledger.tables import InboxEvent
from ledger.withdrawals import SOURCE
from tests.apps.portal.in_browser import PHONE, looks_well
from tests.apps.portal.support import EMAIL, Browser, Page, browsing, make_portal_order, serving
from tests.apps.portal.test_look_up import BESIDE, statements
from tests.ledger.support import rows_of
from tests.support.browser import browser_page
from tests.support.edits import drive as drive_edits
from tests.support.returns import delivered, drive
from tests.support.world import World, checkout

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
NAME = "Ada Lovelace"


async def declare(browser: Browser, order: str = "#1001", email: str = EMAIL, name: str = NAME) -> httpx.Response:
    """Both steps."""
    shown = await browser.send("/portal/withdraw", name=name, order=order, email=email)
    return await browser.client.post("/portal/withdraw/confirm", data=fields_of(shown, "/portal/withdraw/confirm"))


def fields_of(shown: httpx.Response, action: str) -> dict[str, str]:
    """Of the form that goes there."""
    html = shown.text.partition(f'action="{action}"')[2].partition("</form>")[0]
    return Page(httpx.Response(200, text=html, headers={"content-security-policy": ""})).fields


def kept(wiring: Wiring) -> list[Any]:
    return rows_of(wiring, InboxEvent, source=SOURCE)


def receipts(world: World) -> list[dict[str, Any]]:
    return world.mails(subject="you have withdrawn")


@pytest.mark.row("RET-1")
async def test_two_steps_with_the_words_of_the_law_and_nothing_else_asked(wiring: Wiring) -> None:
    async with browsing(wiring) as browser:
        assert "Withdraw from contract here" in Page(await browser.get("/portal")).text
        first = Page(await browser.get("/portal/withdraw"))
        assert {"token", "name", "order", "email"} == set(first.fields)
        assert "Withdraw from contract here" in first.text
        second = await browser.send("/portal/withdraw", name=NAME, order="#1001", email=EMAIL)
        assert re.search(r"<button[^>]*>Confirm withdrawal</button>", second.text)
        assert "I withdraw from the contract of order #1001." in Page(second).text
        assert not kept(wiring), "nothing is declared before it is confirmed"
        back = await browser.client.post(
            "/portal/withdraw", data=fields_of(second, "/portal/withdraw") | {"do": "edit"}
        )
        assert NAME == Page(back).fields["name"]


@pytest.mark.row("RET-1")
async def test_what_was_sent_comes_back_and_the_receipt_is_there_at_once(world: World) -> None:
    [order_id] = await delivered(world)
    world.wiring.ledger(lambda s: s.connection().exec_driver_sql("UPDATE orders SET country = 'DE', region = ''"))
    async with browsing(world.wiring) as browser:
        assert 303 == (await declare(browser, "1001", "ADA@example.com")).status_code
        await world.settle()

    [mail] = receipts(world)
    text = world.sandbox.get(f"/mail/api/messages/{mail['id']}")["text"]
    assert "I withdraw from the contract of order #1001" in text
    assert re.search(r"Received on .*20\d\d.*:\d\d", text), text
    assert "1 × Enamel Mug" in text
    await drive(world)
    line = world.row("SELECT kind, asked, resolution, state FROM return_line")
    assert ("withdrawal", 1, "refund", "approved") == tuple(line.values())
    decision = world.row("SELECT choice FROM decision WHERE workflow = 'return'")["choice"]
    assert "law:withdrawal:eu" in str(decision)
    assert order_id == world.row("SELECT order_id FROM return_request")["order_id"]


@pytest.mark.row("RET-1")
async def test_what_was_not_sent_is_cancelled_and_a_person_sees_to_it(world: World) -> None:
    world.buy(checkout())
    await world.settle()
    async with browsing(world.wiring) as browser:
        await declare(browser)
        await world.settle()
    await drive_edits(world)
    await world.settle()

    assert 1 == len(receipts(world))
    assert world.orders()[0]["cancelled_at"]
    case = world.row("SELECT id, kind, order_id FROM review_case")
    assert "withdrawal_by_hand" == case["kind"]
    [note] = world.wiring.read(lambda session: notes_of(session, [case["id"]]))
    assert (True, True) == (NAME in note["text"], EMAIL in note["text"])


@pytest.mark.row("RET-1")
async def test_where_the_law_gives_no_right_it_is_received_and_answered_with_its_reason(world: World) -> None:
    await delivered(world)
    async with browsing(world.wiring) as browser:
        await declare(browser)
        await world.settle()
    await drive(world)

    assert 1 == len(receipts(world))
    request = world.row("SELECT state, reasons FROM return_request")
    assert ("declined", True) == (request["state"], "withdrawal_not_here" in str(request["reasons"]))


@pytest.mark.row("RET-1", bad_input=True)
@pytest.mark.row("TRU-3")
async def test_a_mailbox_that_is_not_the_orders_gets_nothing_and_a_person_reads_it(world: World) -> None:
    world.buy(checkout())
    await world.settle()
    async with browsing(world.wiring) as browser:
        assert 303 == (await declare(browser, email="eve@example.com")).status_code
        await world.settle()

    assert [] == receipts(world)
    assert ["by_hand"] == [row["outcome"] for row in kept(world.wiring)]
    case = world.row("SELECT kind, order_id, facts FROM review_case WHERE kind = 'withdrawal_by_hand'")
    assert ("", False) == (case["order_id"], "eve@" in str(case["facts"]))
    assert 0 == world.row("SELECT count(*) AS n FROM return_request")["n"]


@pytest.mark.row("TRU-3", bad_input=True)
async def test_every_answer_is_the_same_and_costs_the_same(wiring: Wiring) -> None:
    make_portal_order(wiring)
    answers, costs = [], []
    async with browsing(wiring) as browser:
        for order, email in [("1001", EMAIL), ("1001", "eve@x.example"), ("9999", EMAIL)]:
            step = await browser.send("/portal/withdraw", name=NAME, order=order, email=email)
            fields = fields_of(step, "/portal/withdraw/confirm")
            with statements() as made:
                answer = await browser.client.post("/portal/withdraw/confirm", data=fields)
            shown = await browser.get(answer.headers["location"])
            answers.append((answer.status_code, answer.content, sorted(answer.headers.items()), shown.text))
            costs.append([text for text in made if not any(name in text for name in BESIDE)])

    assert [answers[0]] * 3 == answers
    assert [costs[0]] * 3 == costs


@pytest.mark.row("RET-1", bad_input=True)
async def test_it_is_throttled_by_network_and_the_same_one_is_kept_a_few_times(wiring: Wiring) -> None:
    policy = wiring.policies.portal
    most, same = policy.withdrawals_per_network, policy.withdrawals_per_order
    async with browsing(wiring) as browser:
        codes = [(await declare(browser, str(number))).status_code for number in range(most + 1)]
        assert [303] * most + [429] == codes
        assert most == len(kept(wiring))
    async with browsing(wiring, host="198.51.100.7") as browser:
        again = [(await declare(browser, "2000")).status_code for _ in range(same + 1)]

    assert [303] * (same + 1) == again, "the answer is the same"
    assert most + same == len(kept(wiring))


@pytest.mark.row("RET-1", bad_input=True)
@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": " "}, "Enter your name."),
        ({"name": "x" * 300}, "This cannot be read."),
        ({"order": ""}, "Enter your order number."),
        ({"email": "nobody"}, "This is no whole e-mail address."),
    ],
)
async def test_what_is_missing_is_said(wiring: Wiring, fields: dict[str, str], said: str) -> None:
    whole = {"name": NAME, "order": "#1001", "email": EMAIL} | fields
    async with browsing(wiring) as browser:
        shown = await browser.send("/portal/withdraw", **whole)
        confirmed = await browser.send("/portal/withdraw", at="/portal/withdraw/confirm", **whole)
        old = await browser.client.post("/portal/withdraw/confirm", data=whole)

    assert [(422, True)] * 2 == [(each.status_code, said in Page(each).text) for each in (shown, confirmed)]
    assert 403 == old.status_code
    assert not kept(wiring)


@pytest.mark.browser
@pytest.mark.parametrize("size", [PHONE, (1280, 900)], ids=["telephone", "wide"])
def test_it_looks_well(wiring: Wiring, size: tuple[int, int]) -> None:
    with serving(wiring), browser_page(*size, scripts=False) as page:
        _walk(page, wiring.settings.public_url)


def _walk(page: Screen, base: str) -> None:
    page.goto(f"{base}/portal")
    page.get_by_role("link", name="Withdraw from contract here").click()
    looks_well(page, "withdraw")
    page.get_by_role("button", name="Withdraw from contract here").click()
    looks_well(page, "withdraw-wrong")
    page.get_by_label("Your name").fill(NAME)
    page.get_by_label("Order number").fill("#1001")
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_role("button", name="Withdraw from contract here").click()
    looks_well(page, "withdraw-confirm")
    page.get_by_role("button", name="Confirm withdrawal").click()
    looks_well(page, "withdraw-sent")
