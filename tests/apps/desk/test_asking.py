"""Instead of deciding, an agent asks the customer: a mail, an answer on the request's page, and the case comes back."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from html import unescape
from urllib.parse import urlsplit

import httpx
import pytest

from ledger.editing.asking import LONGEST_ANSWER, LONGEST_QUESTION, purge_questions
from ledger.tables import AuditEvent, EditQuestion, EditRequest, Effect, InboxEvent, Interaction, Message, ReviewCase
from tests.apps.desk.support import Browser, at_desk, make_agent, make_case, told
from tests.apps.desk.test_edits import COSTLY
from tests.apps.portal.support import Browser as Customer
from tests.apps.portal.support import Page, browsing, make_portal_order
from tests.ledger.support import row_of, rows_of
from tests.support.edits import MOVED, drive, edit, order_ids, request_row
from tests.support.world import World
from tests.tasks.steps import later

pytestmark = [pytest.mark.row("PEO-1"), pytest.mark.row("EDT-7")]
sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
QUESTION = "Is Kent Avenue a <b>present</b>?\r\nThen we add a card."
ANSWER = "Yes, for Bea <script>alert(1)</script>\r\n& no invoice, please.\x00"
SAID = "Yes, for Bea <script>alert(1)</script>\n& no invoice, please."


@pytest.fixture
def kim(world: World) -> str:
    """The agent who works here, as the audit trail names her."""
    return f"person:{make_agent(world.wiring)}"


@pytest.fixture
async def browser(world: World, kim: str) -> AsyncIterator[Browser]:
    async with at_desk(world.wiring) as opened:
        await opened.log_in()
        yield opened


async def reviewed(world: World, origin: str = "portal") -> tuple[str, str, str]:
    """A request that waits for a person; returns (order id, request id, case id)."""
    world.buy(COSTLY)
    await world.settle()
    order_id = order_ids(world)[-1]
    actions = [{"kind": "remove", "line_id": f"{order_id}:001"}, {"kind": "address", "contact_version": "$proposed"}]
    request = await edit(world, order_id, actions, contact=MOVED, origin=origin)
    assert "awaiting_review" == request["state"], request["reasons"]
    return order_id, request["id"], row_of(world.wiring, ReviewCase, subject_id=request["id"])["id"]


async def ask(browser: Browser, case_id: str, text: str = QUESTION) -> httpx.Response:
    path = f"/desk/cases/{case_id}"
    return await browser.post(f"{path}/question", question=text)


async def mailed_link(world: World) -> str:
    """The path of the link in the newest mail with a question."""
    await later(world, 0.02)
    mail = world.mails(subject="question")[0]
    text = world.sandbox.get(f"/mail/api/messages/{mail['id']}")["text"]
    found = re.search(r"\S+/portal/requests/\S+", text)
    assert found, text
    return urlsplit(found[0]).path


async def enter(customer: Customer, link: str) -> str:
    """Follow the link and press its button; the path of the request's page."""
    answer = await customer.send(link)
    assert 303 == answer.status_code, answer.text
    return str(answer.headers["location"])


def notes(world: World, request_id: str) -> list[str]:
    [ticket] = world.sandbox.control(f"zendesk/tickets?external_id={request_id}")
    return [comment["body"] for comment in ticket["comments"]]


@pytest.mark.parametrize("origin", ["portal", "agent", "shop"])
@sqlite_only
async def test_a_question_is_mailed_answered_once_and_comes_back(
    world: World, browser: Browser, kim: str, origin: str
) -> None:
    order_id, request_id, case_id = await reviewed(world, origin)
    ends = request_row(world, request_id)["expires_at"]

    asked = await ask(browser, case_id)

    assert f"/desk/cases/{case_id}?done=question" == asked.headers["location"]
    assert ("awaiting_review", ends) == (
        request_row(world, request_id)["state"],
        request_row(world, request_id)["expires_at"],
    )
    case = row_of(world.wiring, ReviewCase, id=case_id)
    assert ("waiting", ends) == (case["state"], case["due_at"])
    for path in ("/desk/cases", f"/desk/cases/{case_id}", f"/desk/orders/{order_id}"):
        page = (await browser.get(path)).text
        assert "Waits for the customer" in page, path
        assert "<b>present" not in page
    assert "&lt;b&gt;present&lt;/b&gt;" in (await browser.get(f"/desk/cases/{case_id}")).text
    link = await mailed_link(world)
    [mail] = world.mails(subject="question")
    html = world.sandbox.get(f"/mail/api/messages/{mail['id']}")["html"]
    assert "&lt;b&gt;present&lt;/b&gt;" in html
    assert "present" not in str(rows_of(world.wiring, Message)) + str(rows_of(world.wiring, Effect))

    async with browsing(world.wiring) as customer:
        where = await enter(customer, link)
        assert f"/portal/orders/{order_id}/changes/{request_id}" == where
        page = Page(await customer.get(where))
        assert "We have a question about your change" in page.text
        assert "&lt;b&gt;present&lt;/b&gt;" in page.html
        assert not any("refresh" == attrs.get("http-equiv") for attrs in page.all("meta")), "an answer would be lost"
        assert "Answer the question" in (await customer.get(f"/portal/orders/{order_id}")).text
        given = page.fields | {"answer": ANSWER}
        answers = [await customer.client.post(f"{where}/answer", data=given) for _ in range(2)]
        assert [303, 303] == [answer.status_code for answer in answers]
        assert "Thank you, we have your answer." in (await customer.get(where)).text
        await drive(world)
        late = await customer.client.post(f"{where}/answer", data=given | {"answer": "something else"})
        assert where == late.headers["location"]
        await drive(world)
        read = await customer.get(where)
        assert "Somebody looks at your change" in read.text
        assert "Yes, for Bea &lt;script&gt;" in read.text

    question = row_of(world.wiring, EditQuestion)
    assert (QUESTION.replace("\r", ""), SAID, kim) == (question["question"], question["answer"], question["author"])
    make_case(world.wiring, order_id=order_id, now=world.wiring.now().replace(year=2020))
    rows = (await browser.get("/desk/cases")).text.split("<tbody>")[1].split("<tr")[1:]
    assert ["The customer has answered" in row for row in rows] == [True, False], "before what is long overdue"
    shown = unescape((await browser.get(f"/desk/cases/{case_id}")).text)
    assert SAID in shown
    trail = told(world.wiring, aggregate="edit_request")
    assert [(kim, f"asked:{question['id']}"), ("person:customer", f"answered:{question['id']}")] == trail[-2:]
    assert [(kim, "asked"), ("person:customer", "answered")] == told(world.wiring, aggregate="review_case")[1:3]
    story = [(row["outcome"], row["channel"]) for row in rows_of(world.wiring, Interaction, subject_id=request_id)]
    assert [("received", origin), ("asked", "agent"), ("answered", "portal")] == sorted(
        story, key=lambda one: ("received", "asked", "answered").index(one[0])
    )
    for _ in range(2):  # a note waits for the one before it
        await later(world, 0.02)
    first, second, third = notes(world, request_id)
    assert ("Question: Is Kent Avenue", False) == (second[second.index("Question") :][:24], "Answer:" in second)
    assert "Answer: Yes, for Bea" in third
    assert "Question" not in first
    assert "present" not in str([row["cause"] for row in rows_of(world.wiring, AuditEvent)])

    approved = await browser.post(f"/desk/cases/{case_id}/decision", choice="approve")
    assert 303 == approved.status_code
    await drive(world)
    request = request_row(world, request_id)
    assert ("applied", kim, 2) == (request["state"], request["approved_by"], request["touches"])
    assert 1 == len([row for row in rows_of(world.wiring, InboxEvent) if row["topic"] == "edit.answered"])
    await world.settle()


@sqlite_only
async def test_without_an_answer_the_request_ends_when_its_review_would_and_says_so(
    world: World, browser: Browser
) -> None:
    _, request_id, case_id = await reviewed(world)
    await ask(browser, case_id)
    link = await mailed_link(world)

    await world.advance(25)
    await drive(world)
    await later(world, 0.02)

    request = request_row(world, request_id)
    assert ("expired", [{"code": "question_unanswered"}]) == (request["state"], request["reasons"])
    assert "resolved" == row_of(world.wiring, ReviewCase, id=case_id)["state"]
    [mail] = world.mails(subject="not possible")
    assert "no answer came in time" in world.sandbox.get(f"/mail/api/messages/{mail['id']}")["text"]
    async with browsing(world.wiring) as customer:
        where = await enter(customer, link)
        page = Page(await customer.get(where))
        assert "no answer came in time" in page.text
        assert "textarea" not in page.html
        question = row_of(world.wiring, EditQuestion)["id"]
        token = Page(await customer.get(f"{where.partition('/changes')[0]}")).fields["token"]
        late = await customer.client.post(f"{where}/answer", data={"token": token, "question": question, "answer": "x"})
        assert where == late.headers["location"]
    assert not [row for row in rows_of(world.wiring, InboxEvent) if row["topic"] == "edit.answered"]
    await browser.log_in()
    assert "No answer came." in (await browser.get(f"/desk/cases/{case_id}")).text


async def test_an_agent_may_decide_without_the_answer_and_ask_again_after_one(world: World, browser: Browser) -> None:
    _, request_id, case_id = await reviewed(world)
    await ask(browser, case_id)
    again = await ask(browser, case_id, "And the flat?")
    assert (409, True) == (again.status_code, "asked already" in again.text)
    async with browsing(world.wiring) as customer:
        where = await enter(customer, await mailed_link(world))
        await customer.send(where, at=f"{where}/answer", answer="The third one.")
        await drive(world)
        assert 303 == (await ask(browser, case_id, "And the floor?")).status_code
        await later(world, 0.02)
        assert 2 == len(world.mails(subject="question"))
        assert "And the floor?" in (await customer.get(where)).text

        assert 303 == (await browser.post(f"/desk/cases/{case_id}/decision", choice="approve")).status_code
        await drive(world)
        assert "textarea" not in (await customer.get(where)).text
    assert "applied" == request_row(world, request_id)["state"]
    assert 409 == (await ask(browser, case_id)).status_code
    assert 0 == world.wiring.ledger(purge_questions, before=world.wiring.now() - timedelta(days=1))
    assert 2 == world.wiring.ledger(purge_questions, before=world.wiring.now() + timedelta(seconds=1))
    assert {(None, None)} == {(row["question"], row["answer"]) for row in rows_of(world.wiring, EditQuestion)}
    forgotten = (await browser.get(f"/desk/cases/{case_id}")).text
    assert (3, False) == (forgotten.count("Forgotten by age."), "The third one." in forgotten)


@pytest.mark.row("EDT-7", bad_input=True)
@sqlite_only
async def test_what_cannot_be_asked_is_said_and_asks_nothing(world: World, browser: Browser) -> None:
    order_id, _, case_id = await reviewed(world)
    for text, words in (("", "1 to"), ("  \x00 ", "1 to"), ("x" * (LONGEST_QUESTION + 1), "1 to")):
        answer = await ask(browser, case_id, text)
        assert (409, True) == (answer.status_code, words in answer.text)
    kept = await ask(browser, case_id, "y" * (LONGEST_QUESTION + 1))
    assert "yyyy" in kept.text, "what was typed is not lost"
    other = make_case(world.wiring, order_id=order_id)
    refused = await ask(browser, other)
    assert (409, True) == (refused.status_code, "about nothing else" in refused.text)
    assert 404 == (await ask(browser, "case_none")).status_code
    assert 403 == (await browser.client.post(f"/desk/cases/{case_id}/question", data={"question": "?"})).status_code
    with_nobody = world.wiring.engine
    with with_nobody.begin() as connection:
        connection.exec_driver_sql("UPDATE order_contact SET email = ''")
    refused = await ask(browser, case_id)
    assert (409, True) == (refused.status_code, "no e-mail address" in refused.text)
    assert not rows_of(world.wiring, EditQuestion)


@pytest.mark.row("EDT-7", bad_input=True)
@pytest.mark.row("TRU-3", bad_input=True)
@pytest.mark.breaks_invariants  # an order that no shop has
@sqlite_only
async def test_answers_are_the_customers_own_and_few(world: World, browser: Browser) -> None:
    _, request_id, case_id = await reviewed(world)
    await ask(browser, case_id)
    link = await mailed_link(world)
    eves = make_portal_order(world.wiring, name="#2002", email="eve@example.com")
    async with browsing(world.wiring) as customer:
        head, last = link[:-1], "0" if link[-1] != "0" else "1"
        for forged in (head + last, link.replace(request_id, "edr_" + "0" * 32), link.replace("/requests/", "/links/")):
            assert 404 == (await customer.get(forged)).status_code
        where = await enter(customer, link)
        fields = Page(await customer.get(where)).fields | {"answer": "Yes."}
        eve = await customer.open(eves)
        foreign = Page(await customer.get(eve)).fields["token"]
        for path, data, status in (
            (where, fields | {"token": foreign}, 403),
            (where, fields | {"token": ""}, 403),
            (f"{eve}/changes/{request_id}", fields | {"token": foreign}, 404),
            (where, fields | {"answer": " \x00"}, 422),
            (where, fields | {"answer": "z" * (LONGEST_ANSWER + 1)}, 422),
            (where, fields | {"question": "que_none"}, 303),
        ):
            assert status == (await customer.client.post(f"{path}/answer", data=data)).status_code, (path, data)
        long = await customer.client.post(f"{where}/answer", data=fields | {"answer": "z" * (LONGEST_ANSWER + 1)})
        assert "zzz" in long.text, "what was typed is not lost"
        assert not [row for row in rows_of(world.wiring, InboxEvent) if row["topic"] == "edit.answered"]
        for _ in range(world.wiring.policies.portal.edit_requests):
            assert 303 == (await customer.client.post(f"{where}/answer", data=fields)).status_code
            with world.wiring.engine.begin() as connection:  # as if each were the first
                connection.exec_driver_sql("DELETE FROM inbox_event WHERE topic = 'edit.answered'")
        over = await customer.client.post(f"{where}/answer", data=fields)
        assert (429, True) == (over.status_code, int(over.headers["retry-after"]) > 0)
        assert "Yes." in over.text
    assert row_of(world.wiring, EditRequest)["state"] == "awaiting_review"
    assert row_of(world.wiring, EditQuestion)["answer"] is None
