"""Returns at the desk: opened for a customer, and decided with everything in view (PEO-1, RET-2)."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from html import unescape
from typing import Any

import httpx
import pytest

from domain.states_returns import RETURN
from ledger.returning.listing import GROUPS
from ledger.tables import InboxEvent, Interaction, ReviewCase
from tests.apps.desk.support import Browser, after_delivery, at_desk, make_agent, told
from tests.ledger.support import row_of, rows_of
from tests.support.photos import picture
from tests.support.returns import (
    drive,
    graded,
    label_code,
    line_of,
    opened,
    refunds_at_shop,
    request_row,
    settled,
    state,
    take_back,
    units_of,
)
from tests.support.world import World
from tests.tasks.steps import at_workshop, cases

pytestmark = [pytest.mark.row("PEO-1"), pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]
MUG = {"sku": "MUG-ENA-WHT"}
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


@pytest.fixture
def kim(world: World) -> str:
    """The agent who works here, as the audit trail names her."""
    return f"person:{make_agent(world.wiring)}"


@pytest.fixture
async def browser(world: World, kim: str) -> AsyncIterator[Browser]:
    async with at_desk(world.wiring) as inside:
        yield inside


async def case_of(world: World, browser: Browser, kind: str) -> tuple[str, str]:
    """The open case of a kind: its path and its page."""
    path = f"/desk/cases/{row_of(world.wiring, ReviewCase, kind=kind)['id']}"
    answer = await browser.get(path)
    assert 200 == answer.status_code, answer.text
    return path, _text(answer)


def _text(answer: httpx.Response) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


async def worn(world: World, order_id: str, *, photo: str = "") -> Any:
    """A return whose unit came back used."""
    request = await take_back(world, order_id)
    await opened(world, request["rma"], {**MUG, "photos": [photo] if photo else []})
    await graded(world, request["id"], each="not_as_described")
    return request


@pytest.mark.row("RET-2")
async def test_a_review_shows_the_ruling_the_money_and_the_customer(world: World, browser: Browser, kim: str) -> None:
    order_id = await after_delivery(world, browser)
    lines = [line_of(order_id, kind="claim", reason="defective", resolution="repair", photos=["photo:x"])]
    request = await take_back(world, order_id, *lines)
    assert {"return_review": 1} == cases(world), request["reasons"]

    path, page = await case_of(world, browser, "return_review")

    assert "1 × " in page
    assert "Claim: has a fault" in page
    assert "wants a repair" in page
    assert "By our terms for claims (has a fault)" in page
    assert f"{request['rma']} Waits for an agent" in page
    assert "Nothing comes back, and the customer is told." in page
    sure = await browser.post(f"{path}/decision", choice="decline")
    assert "are you sure" in sure.text
    await browser.post(f"{path}/decision", choice="decline", sure="yes")
    assert "declined" == state(world, request)
    assert (kim, "declined") in told(world.wiring, aggregate="return_request")
    assert "Return: declined" in _text(await browser.get(f"/desk/orders/{order_id}"))


@pytest.mark.row("RET-4")
@pytest.mark.row("RET-5")
async def test_a_worn_unit_is_decided_with_both_sums_in_view(world: World, browser: Browser, kim: str) -> None:
    order_id = await after_delivery(world, browser)
    request = await worn(world, order_id)
    path, page = await case_of(world, browser, "return_inspection")

    assert "Not what the request says" in page
    assert "Put it aside (quarantine)" in page
    assert "100 % of its price would stay with us" in page
    assert "As proposed: nothing goes back" in page
    assert "In full: $5.70" in page
    assert re.search("By our (rule “standard”: 30 days after delivery|season “christmas”)", page)
    assert "fees -$6.90" in page
    await browser.post(f"{path}/decision", choice="refund_in_full", sure="yes")
    await drive(world)
    await settled(world)

    assert (1, "5.70") == refunds_at_shop(world)
    order = _text(await browser.get(f"/desk/orders/{order_id}"))
    assert "Granted: inspection" in order
    assert "What has become of it" in order
    assert "Kim Example" in order
    assert "Unit graded: Not what the request says" in order
    assert kim == request_row(world, request["id"])["approved_by"]


async def test_an_agent_opens_a_return_and_is_asked_once(world: World, browser: Browser, kim: str) -> None:
    order_id = await after_delivery(world, browser)
    path, line = f"/desk/orders/{order_id}/return", f"{order_id}:001"
    shown = await browser.get(path)
    assert re.search("(30 days after delivery|our season, which gives longer), until", shown.text)
    assert "Open a return" in (await browser.get(f"/desk/orders/{order_id}")).text

    wanted = {
        f"units:{line}": "1",
        f"reason:{line}": "style",
        f"condition:{line}": "unopened",
        f"want:{line}": "refund",
    }
    looked = await browser.post(path, shown_on=path, **wanted)
    assert "Ask for this return" in looked.text
    assert "$5.70" in looked.text
    assert [] == rows_of(world.wiring, InboxEvent, source="return")
    form = dict(_HIDDEN.findall(unescape(looked.text))) | {"sure": "yes"}
    for _ in range(2):
        done = await browser.client.post(path, data=form)
        assert f"/desk/orders/{order_id}?done=returning" == done.headers["location"]
    await drive(world)

    [row] = world.rows("SELECT * FROM return_request")
    assert ("agent", "label_issued", f"agent:{kim.partition(':')[2]}") == (row["origin"], row["state"], row["actor"])
    assert "asked for by Kim Example" in _text(await browser.get(f"/desk/orders/{order_id}"))
    for known in (row["rma"].lower(), label_code(world, row["id"])):
        found = await browser.post("/desk/orders/search", q=known)
        assert f"/desk/orders/{order_id}" == found.headers["location"], "found by what is on the parcel"
    assert ["agent"] == [each["channel"] for each in rows_of(world.wiring, Interaction, outcome="received")]
    late = await browser.client.post(path, data=form)
    assert 303 == late.status_code, "a second click after the first was taken up"
    stale = await browser.client.post(path, data=form | {"request_id": "ret_" + "0" * 32})
    assert 422 == stale.status_code, "the unit is in a return by now"


async def test_an_agents_claim_has_the_customers_photos(world: World, browser: Browser) -> None:
    order_id = await after_delivery(world, browser)
    path, line = f"/desk/orders/{order_id}/return", f"{order_id}:001"
    token = await browser.token(path)
    wanted = {"form_token": token, f"units:{line}": "1", f"reason:{line}": "damaged", f"want:{line}": "refund"}

    without = await browser.client.post(path, data=wanted)
    assert (409, True) == (without.status_code, "a photo is needed" in without.text)
    files = [(f"photos:{line}", ("a.jpg", picture(), "image/jpeg"))]
    looked = await browser.client.post(path, data=wanted, files=files)
    assert "Ask for this return" in looked.text, looked.text
    form = dict(_HIDDEN.findall(unescape(looked.text))) | {"sure": "yes"}
    assert 303 == (await browser.client.post(path, data=form)).status_code
    await drive(world)

    [photos] = [row["photos"] for row in world.rows("SELECT photos FROM return_line")]
    order = (await browser.get(f"/desk/orders/{order_id}")).text
    [url] = set(re.findall(r'src="(/desk/orders/[^"]+/photos/[0-9a-f]{64})"', order))
    assert url.rpartition("/")[2] in str(photos)
    assert "image/jpeg" == (await browser.get(url)).headers["content-type"]


@pytest.mark.row("RET-3")
async def test_an_agents_exchange_says_what_it_costs_and_what_became_of_it(world: World, browser: Browser) -> None:
    policies = world.wiring.policies
    money = replace(policies.returns.money, even_exchange=False)
    world.wiring.policies = replace(policies, returns=replace(policies.returns, money=money))
    order_id = await after_delivery(world, browser, at_workshop(lines=[{"sku": "TOWEL-M", "quantity": 1}]))
    path, line = f"/desk/orders/{order_id}/return", f"{order_id}:001"
    wanted = {f"units:{line}": "1", f"reason:{line}": "too_small", f"condition:{line}": "unopened"}

    looked = await browser.post(path, shown_on=path, **wanted, **{f"want:{line}": "exchange|TOWEL-L"})
    form = dict(_HIDDEN.findall(unescape(looked.text))) | {"sure": "yes"}
    assert 303 == (await browser.client.post(path, data=form)).status_code
    await drive(world)

    [row] = world.rows("SELECT * FROM exchange")
    cents = f"${row['to_pay_minor'] / 100:.2f}"
    assert f"The other one costs {cents} more, which the customer pays first" in looked.text
    order = _text(await browser.get(f"/desk/orders/{order_id}"))
    assert f"In exchange: 1 × TOWEL-L Waits for the customer's payment {cents} to be paid, kept until" in order
    assert "Goods in exchange: waits for the customer's payment" in order


async def test_returns_are_listed_by_what_they_wait_for(world: World, browser: Browser) -> None:
    assert sorted(RETURN) == sorted(state for states in GROUPS.values() for state in states)
    order_id = await after_delivery(world, browser)
    assert "No returns yet" in (await browser.get("/desk/returns")).text
    request = await take_back(world, order_id)

    for group, there in (("", True), ("?in=to_send", True), ("?in=person", False), ("?in=nonsense", True)):
        page = _text(await browser.get(f"/desk/returns{group}"))
        assert there is (request["rma"] in page), group
        assert "Wait to be sent 1" in page
    assert "1 × Enamel Mug - White it does not suit, wants money back" in _text(await browser.get("/desk/returns"))
    await opened(world, request["rma"], {**MUG})
    await graded(world, request["id"], each="not_as_described")
    assert f"{request['rma']} #1001" in _text(await browser.get("/desk/returns?in=person"))


@pytest.mark.row("RET-1")
async def test_an_agent_ends_a_return_whose_customer_keeps_the_goods(world: World, browser: Browser, kim: str) -> None:
    order_id = await after_delivery(world, browser)
    request = await take_back(world, order_id)
    page, path = f"/desk/orders/{order_id}", f"/desk/orders/{order_id}/returns/{request['id']}/end"
    assert "The customer keeps it" in (await browser.get(page)).text

    assert 303 == (await browser.post(path, shown_on=page)).status_code
    await drive(world)

    assert "cancelled" == state(world, request)
    by = world.rows("SELECT actor FROM audit_event WHERE aggregate = 'return_request' AND to_state = 'cancelled'")
    assert ["agent:" + kim.partition(":")[2]] == [row["actor"] for row in by]
    assert "The customer keeps it" not in (await browser.get(page)).text
    late = await browser.post(path, shown_on=page)
    assert (409, True) == (late.status_code, "goes on to its end" in late.text)
    assert 404 == (await browser.post(f"{page}/returns/ret_none/end", shown_on=page)).status_code


@pytest.mark.row("RET-3")
async def test_an_agent_searches_for_another_product(world: World, browser: Browser) -> None:
    order_id = await after_delivery(world, browser)
    path, line = f"/desk/orders/{order_id}/return", f"{order_id}:001"
    wanted = {f"units:{line}": "1", f"reason:{line}": "style", f"condition:{line}": "unopened"}

    found = await browser.post(path, shown_on=path, **wanted, do="search", search="towel l")
    assert '<option value="exchange|TOWEL-L">exchange: Quick-dry Towel, L, $22.00</option>' in unescape(found.text)
    looked = await browser.post(path, shown_on=path, **wanted, **{f"want:{line}": "exchange|TOWEL-L"})
    assert "which the customer pays first" in looked.text


@pytest.mark.row("PEO-1", bad_input=True)
async def test_what_cannot_be_is_said_in_the_form(world: World, browser: Browser) -> None:
    order_id = await after_delivery(world, browser)
    path, line = f"/desk/orders/{order_id}/return", f"{order_id}:001"

    nothing = await browser.post(path, shown_on=path)
    assert (422, True) == (nothing.status_code, "Say of at least one product how many." in nothing.text)
    bad = {f"units:{line}": "9", f"reason:{line}": "style", f"want:{line}": "repair"}
    refused = unescape((await browser.post(path, shown_on=path, **bad)).text)
    assert "there are not so many left to return" in refused
    assert "say in what state it is" in refused
    assert "only of claims" in refused
    assert 404 == (await browser.get("/desk/orders/ord_none/return")).status_code
    forged = {f"units:{line}": "1", f"reason:{line}": "style", f"condition:{line}": "unopened",
              f"want:{line}": "refund", "sure": "yes", "seen": "x", "request_id": "ret_x"}  # fmt: skip
    again = await browser.post(path, shown_on=path, **forged)
    assert "Something is different from what you were shown" in again.text
    assert [] == rows_of(world.wiring, InboxEvent, source="return")


async def test_an_order_that_has_not_left_has_nothing_to_return(world: World, browser: Browser) -> None:
    world.buy(at_workshop())
    await world.settle()
    await browser.log_in()
    order_id = world.row("SELECT id FROM orders")["id"]

    assert "Nothing of this order has left yet" in (await browser.get(f"/desk/orders/{order_id}/return")).text
    assert "Open a return" not in (await browser.get(f"/desk/orders/{order_id}")).text


async def test_photos_of_the_table_are_seen_in_the_case(world: World, browser: Browser) -> None:
    order_id = await after_delivery(world, browser)
    request = await worn(world, order_id, photo="photo:" + "0" * 64)

    _, page = await case_of(world, browser, "return_inspection")

    assert "photo" in str(units_of(world, request["id"])[0]["photos"])
    assert "0" * 64 not in page, "one that is not there any more is not shown"
