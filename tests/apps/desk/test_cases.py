"""The queue of cases, one case, and what agents do about it."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from config.wiring import Wiring
from domain.states import CaseState
from ledger.case_queue import purge_notes
from ledger.tables import AuditEvent, CaseNote, ReviewCase, Work
from tests.apps.desk.support import Browser, at_desk, make_agent, make_case, told
from tests.ledger.support import make_order, row_of, rows_of

pytestmark = pytest.mark.row("PEO-1")


@pytest.fixture
def kim(wiring: Wiring) -> str:
    """The agent who works here, as the audit trail names her."""
    return f"person:{make_agent(wiring)}"


@pytest.fixture
async def browser(wiring: Wiring, kim: str) -> AsyncIterator[Browser]:
    async with at_desk(wiring) as opened:
        await opened.log_in()
        yield opened


async def test_an_empty_queue_says_so(browser: Browser) -> None:
    assert "Nothing waits for a person" in (await browser.get("/desk/cases")).text


async def test_overdue_cases_come_first_and_are_marked(wiring: Wiring, browser: Browser) -> None:
    now = wiring.now()
    order_id = make_order(wiring)
    make_case(wiring, "short_pick", severity="low", owner="risk")
    make_case(wiring, "stage_failing", order_id=order_id, now=now - timedelta(days=2))
    make_case(wiring, "backorder", owner="merchandising", choices=["wait"])

    page = (await browser.get("/desk/cases")).text

    rows = page.split("<tbody>")[1].split("<tr")[1:]
    assert [True, False, False] == ["Overdue" in row for row in rows]
    assert f"/desk/orders/{order_id}" in rows[0]
    for query, shown, hidden in (
        ("overdue", "The order is stuck", "A part has no stock</strong>"),
        ("owner=risk", "Units were missing", "The order is stuck</strong>"),
        ("kind=backorder", "A part has no stock", "Units were missing at picking</strong>"),
    ):
        listed = (await browser.get(f"/desk/cases?{query}")).text
        assert shown in listed, query
        assert hidden not in listed, query
    assert "Nothing waits here" in (await browser.get("/desk/cases?mine")).text
    assert "No case has been decided yet" in (await browser.get("/desk/cases?resolved")).text


@pytest.mark.row("PEO-1", bad_input=True)
async def test_pages_of_the_queue(wiring: Wiring, browser: Browser) -> None:
    for number in range(52):
        make_case(wiring, "short_pick", key=f"short:{number}")

    first, second = (await browser.get("/desk/cases")).text, (await browser.get("/desk/cases?page=2")).text

    assert (50, 2) == (first.count('class="row"'), second.count('class="row"'))
    assert "?page=2" in first
    for odd in ("0", "-1", "x", "²", "9" * 30):
        assert 200 == (await browser.get(f"/desk/cases?page={odd}")).status_code
    assert "No more cases" in (await browser.get("/desk/cases?page=9")).text


async def test_a_case_is_taken_noted_and_decided_under_the_agents_name(
    wiring: Wiring, browser: Browser, kim: str
) -> None:
    order_id = make_order(wiring, {}, state="held")
    case_id = make_case(wiring, order_id=order_id)
    path = f"/desk/cases/{case_id}"

    assert 303 == (await browser.post(f"{path}/owner", owner=kim)).status_code
    assert kim == row_of(wiring, ReviewCase)["owner"]
    assert "The order is stuck" in (await browser.get("/desk/cases?mine")).text
    assert 303 == (await browser.post(f"{path}/notes", note="Asked Ada by phone")).status_code
    decided = await browser.post(f"{path}/decision", choice="retry", note="She said yes")
    assert f"{path}?done=resolved" == decided.headers["location"]

    assert (CaseState.RESOLVED, "retry") == tuple(row_of(wiring, ReviewCase)[name] for name in ("state", "resolution"))
    assert [f"validate:{order_id}"] == [row["id"] for row in rows_of(wiring, Work)]
    notes = rows_of(wiring, CaseNote)
    assert ["Asked Ada by phone", "She said yes"] == [note["text"] for note in notes]
    assert [
        ("system", "stage_failing"), (kim, f"handed_over:{kim}"), (kim, f"note:{notes[0]['id']}"),
        (kim, f"note:{notes[1]['id']}"), (kim, "retry"),
    ] == told(wiring, aggregate="review_case")  # fmt: skip
    assert "Ada" not in str(rows_of(wiring, AuditEvent)), "what may name people is not in the audit trail"
    page = (await browser.get(path)).text
    for words in ("Decided: Try again", "Handed over to Kim Example", "She said yes", "Opened"):
        assert words in page
    assert "The order is stuck" in (await browser.get("/desk/cases?resolved")).text

    wiring.ledger(purge_notes, before=wiring.now() + timedelta(seconds=1))
    assert "Forgotten by age." in (await browser.get(path)).text


async def test_what_cannot_be_taken_back_is_asked_about_first(wiring: Wiring, browser: Browser) -> None:
    case_id = make_case(wiring, order_id=make_order(wiring, {}, state="held"))
    path = f"/desk/cases/{case_id}"

    asked = await browser.post(f"{path}/decision", choice="cancel", note="wants it gone")

    assert (200, True) == (asked.status_code, "are you sure?" in asked.text)
    assert "wants it gone" in asked.text, "what was typed is not lost"
    assert CaseState.OPEN == row_of(wiring, ReviewCase)["state"]
    assert 303 == (await browser.post(f"{path}/decision", choice="cancel", sure="yes")).status_code
    assert "cancel" == row_of(wiring, ReviewCase)["resolution"]


@pytest.mark.row("PEO-1", bad_input=True)
async def test_what_is_not_possible_is_said_and_changes_nothing(wiring: Wiring, browser: Browser) -> None:
    case_id = make_case(wiring, choices=["retry"])
    path = f"/desk/cases/{case_id}"

    unknown = await browser.post(f"{path}/decision", choice="burn_it")
    assert (409, True) == (unknown.status_code, "does not offer" in unknown.text)
    nobody = await browser.post(f"{path}/owner", owner="person:agt_nobody")
    assert (409, True) == (nobody.status_code, "Choose one of the owners" in nobody.text)
    for note in ("", "x" * 2_001):
        answer = await browser.post(f"{path}/notes", note=note)
        assert (422, True) == (answer.status_code, "1 to 2000 characters" in answer.text)
    await browser.post(f"{path}/decision", choice="retry")
    again = await browser.post(f"{path}/decision", choice="retry")
    assert (409, True) == (again.status_code, "was resolved before" in again.text)
    late = await browser.post(f"{path}/owner", owner="ops")
    assert 409 == late.status_code
    for missing in ("/desk/cases/case_none", "/desk/nothing"):
        assert 404 == (await browser.get(missing)).status_code
    assert 404 == (await browser.post("/desk/cases/case_none/decision", choice="retry")).status_code
    assert 1 == len([cause for _, cause in told(wiring, aggregate="review_case") if cause == "retry"])


@pytest.mark.row("PEO-1", bad_input=True)
async def test_hostile_facts_are_shown_as_text(wiring: Wiring, browser: Browser) -> None:
    hostile = "<script>alert(1)</script>"
    make_agent(wiring, "eve", f"Eve {hostile}")
    case_id = make_case(wiring, facts={"detail": hostile, "amount_minor": 1999, "currency": "EUR", hostile: "x"},
                        owner=hostile, choices=["retry", "'\"><b>"])  # fmt: skip
    await browser.post(f"/desk/cases/{case_id}/notes", note=hostile)

    for path in (f"/desk/cases/{case_id}", "/desk/cases", f"/desk/cases?owner={hostile}&kind={hostile}"):
        page = (await browser.get(path)).text
        assert "<script" not in page.lower(), path
        assert '"><b>' not in page, path
    assert "€19.99" in (await browser.get(f"/desk/cases/{case_id}")).text
