"""An agent asks a customer about a return, by the same asking as about a change (PEO-1)."""

import re
from collections.abc import AsyncIterator
from html import unescape
from urllib.parse import urlsplit

import pytest

from ledger.editing.asking import ANSWER_WITHIN, purge_questions
from ledger.tables import EditQuestion, Effect, Interaction, Message, ReviewCase
from tests.apps.desk.support import Browser, after_delivery, at_desk, make_agent, told
from tests.apps.portal.support import Page, browsing
from tests.ledger.support import row_of, rows_of
from tests.support.edits import drive as drive_edits
from tests.support.returns import drive, graded, line_of, opened, state, take_back
from tests.support.world import World
from tests.tasks.steps import later

pytestmark = [pytest.mark.row("PEO-1"), pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]
QUESTION = "Does the <b>handle</b> break when it is warm?"
ANSWER = "Only when it is hot.\r\nShall I film it?"


@pytest.fixture
def kim(world: World) -> str:
    return f"person:{make_agent(world.wiring)}"


@pytest.fixture
async def browser(world: World, kim: str) -> AsyncIterator[Browser]:
    async with at_desk(world.wiring) as inside:
        yield inside


async def reviewed(world: World, browser: Browser) -> tuple[str, str, str]:
    """A return that waits for a person; returns (order id, request id, case id)."""
    order_id = await after_delivery(world, browser)
    claim = line_of(order_id, kind="claim", reason="defective", resolution="repair", photos=["photo:x"])
    request = await take_back(world, order_id, claim)
    return order_id, request["id"], row_of(world.wiring, ReviewCase, kind="return_review")["id"]


@pytest.mark.row("RET-2")
async def test_a_question_is_mailed_answered_on_the_returns_page_and_comes_back(
    world: World, browser: Browser, kim: str
) -> None:
    order_id, request_id, case_id = await reviewed(world, browser)
    path = f"/desk/cases/{case_id}"

    asked = await browser.post(f"{path}/question", question=QUESTION)

    assert f"{path}?done=question" == asked.headers["location"]
    case = row_of(world.wiring, ReviewCase, id=case_id)
    assert "waiting" == case["state"]
    assert ANSWER_WITHIN >= case["due_at"] - world.wiring.now() > ANSWER_WITHIN * 0.9
    for page in (path, f"/desk/orders/{order_id}", "/desk/cases"):
        assert "Waits for the customer" in (await browser.get(page)).text, page
    assert "&lt;b&gt;handle&lt;/b&gt;" in (await browser.get(path)).text
    await later(world, 0.02)
    [mail] = world.mails(subject="question about your return")
    text = world.sandbox.get(f"/mail/api/messages/{mail['id']}")["text"]
    assert QUESTION in text
    assert "when it is warm" not in str(rows_of(world.wiring, Message)) + str(rows_of(world.wiring, Effect))

    async with browsing(world.wiring) as customer:
        [link] = re.findall(r"\S+/portal/requests/\S+", text)
        where = (await customer.send(urlsplit(link).path)).headers["location"]
        assert f"/portal/orders/{order_id}/returns/{request_id}" == where
        shown = Page(await customer.get(where))
        assert "We have a question about your return" in shown.text
        assert not any("refresh" == attrs.get("http-equiv") for attrs in shown.all("meta")), "an answer would be lost"
        empty = await customer.client.post(f"{where}/answer", data=shown.fields | {"answer": " "})
        assert (422, True) == (empty.status_code, "Write an answer first." in empty.text)
        for _ in range(2):
            given = await customer.client.post(f"{where}/answer", data=shown.fields | {"answer": ANSWER})
            assert 303 == given.status_code
        assert "Thank you, we have your answer." in (await customer.get(where)).text
        await drive_edits(world)
        assert "Somebody looks at your return" in (await customer.get(where)).text

    question = row_of(world.wiring, EditQuestion)
    assert (QUESTION, ANSWER.replace("\r", ""), kim) == (question["question"], question["answer"], question["author"])
    case = row_of(world.wiring, ReviewCase, id=case_id)
    assert "open" == case["state"]
    assert "Only when it is hot." in unescape((await browser.get(path)).text)
    assert "The customer has answered" in (await browser.get("/desk/cases")).text
    trail = told(world.wiring, aggregate="return_request")
    assert [(kim, f"asked:{question['id']}"), ("person:customer", f"answered:{question['id']}")] == trail[-2:]
    story = {row["outcome"]: row["channel"] for row in rows_of(world.wiring, Interaction, subject_id=request_id)}
    assert {"received": "portal", "asked": "agent", "answered": "portal"} == story

    await browser.post(f"{path}/decision", choice="decline", sure="yes")
    assert "declined" == state(world, {"id": request_id})
    world.wiring.ledger(purge_questions, before=world.wiring.now())
    assert "Forgotten by age." in (await browser.get(path)).text


async def test_a_decision_does_not_wait_for_the_answer(world: World, browser: Browser) -> None:
    order_id = await after_delivery(world, browser)
    request = await take_back(world, order_id)
    await opened(world, request["rma"], {"sku": "MUG-ENA-WHT"})
    await graded(world, request["id"], each="not_as_described")
    case_id = row_of(world.wiring, ReviewCase, kind="return_inspection")["id"]

    await browser.post(f"/desk/cases/{case_id}/question", question=QUESTION)
    again = await browser.post(f"/desk/cases/{case_id}/question", question=QUESTION)
    assert (409, True) == (again.status_code, "asked already" in again.text)
    await browser.post(f"/desk/cases/{case_id}/decision", choice="refund_in_full", sure="yes")
    await drive(world)
    await later(world, 0.02)

    assert state(world, request) in ("resolved", "closed")
    assert [] == world.mails(subject="question about your return"), "it is asked no more"
    late = await browser.post(f"/desk/cases/{case_id}/question", question=QUESTION)
    assert (409, True) == (late.status_code, "does not wait for your word" in late.text)


@pytest.mark.row("PEO-1", bad_input=True)
async def test_a_gifts_buyer_is_asked_nothing(world: World, browser: Browser) -> None:
    order_id = await after_delivery(world, browser)
    request = await take_back(world, order_id, line_of(order_id, resolution="store_credit"), gift=True)
    await opened(world, request["rma"], {"sku": "MUG-ENA-WHT"})
    await graded(world, request["id"], each="not_as_described")
    case_id = row_of(world.wiring, ReviewCase, kind="return_inspection")["id"]

    refused = await browser.post(f"/desk/cases/{case_id}/question", question=QUESTION)

    assert (409, True) == (refused.status_code, "recipient" in refused.text)
    assert [] == rows_of(world.wiring, EditQuestion)
