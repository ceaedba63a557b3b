"""Tickets and notes against the fake Zendesk."""

from dataclasses import replace

import pytest

from connectors.errors import AuthFailed, OutcomeUnknown, VendorRejected
from connectors.helpdesk.base import TicketNote, TicketState
from connectors.helpdesk.zendesk import Zendesk, zendesk_http
from connectors.transport import HttpClient
from tests.connectors.helpdesk.conftest import EMAIL, no_sleep, sent
from tests.connectors.helpdesk.test_zendesk_parse import REQUEST
from tests.support.recording import Exchange
from tests.support.sandbox import SandboxProcess

OPEN, NOTE = "POST /api/v2/tickets", "PUT /api/v2/tickets/*"


def reason(outcome: object) -> str:
    assert isinstance(outcome, VendorRejected), outcome
    return outcome.reason


async def state(zendesk: Zendesk) -> TicketState:
    ticket = await zendesk.find_ticket(REQUEST.reference)
    assert ticket is not None
    return ticket.state


@pytest.mark.row("EDT-7")
async def test_a_ticket_from_its_opening_to_its_end(zendesk: Zendesk, exchanges: list[Exchange]) -> None:
    assert await zendesk.find_ticket(REQUEST.reference) is None
    opened = sent(await zendesk.open_ticket(REQUEST)).external_id
    ticket = await zendesk.find_ticket(REQUEST.reference)
    assert ticket is not None
    assert (opened, TicketState.OPEN) == (ticket.external_id, ticket.state)

    for to in (TicketState.PENDING, TicketState.OPEN, TicketState.SOLVED):
        note = TicketNote(opened, f"edit_1:{to}", "What happened.", to)
        assert not await zendesk.has_note(opened, note.reference)
        assert opened == sent(await zendesk.add_note(note)).external_id
        assert await zendesk.has_note(opened, note.reference)
        assert to is await state(zendesk)
    comments = exchanges[-2].answer["comments"]
    assert {False} == {comment["public"] for comment in comments}
    assert 4 == len(comments)


@pytest.mark.row("EDT-7")
@pytest.mark.parametrize("to", list(TicketState))
async def test_a_ticket_is_opened_in_any_state(zendesk: Zendesk, to: TicketState) -> None:
    sent(await zendesk.open_ticket(replace(REQUEST, state=to)))

    assert to is await state(zendesk)


@pytest.mark.row("EDT-7")
@pytest.mark.parametrize("kind", ["error_after", "truncate"])
async def test_a_lost_answer_is_looked_up(zendesk: Zendesk, sandbox: SandboxProcess, kind: str) -> None:
    sandbox.fault("zendesk", OPEN, kind)
    assert isinstance(await zendesk.open_ticket(REQUEST), OutcomeUnknown)
    ticket = await zendesk.find_ticket(REQUEST.reference)
    assert ticket is not None

    sandbox.fault("zendesk", NOTE, kind)
    note = TicketNote(ticket.external_id, "edit_1:1", "x", TicketState.OPEN)
    assert isinstance(await zendesk.add_note(note), OutcomeUnknown)
    assert await zendesk.has_note(ticket.external_id, note.reference)
    assert not await zendesk.has_note(ticket.external_id, "edit_1:2")


@pytest.mark.row("EDT-7")
async def test_the_same_words_open_one_ticket(zendesk: Zendesk) -> None:
    first, second = await zendesk.open_ticket(REQUEST), await zendesk.open_ticket(REQUEST)

    assert sent(first) == sent(second)


@pytest.mark.row("EDT-7", bad_input=True)
async def test_an_address_that_is_none(zendesk: Zendesk) -> None:
    assert "bad_requester" == reason(await zendesk.open_ticket(replace(REQUEST, requester_email="nobody")))
    assert await zendesk.find_ticket(REQUEST.reference) is None


@pytest.mark.row("EDT-7", bad_input=True)
async def test_a_ticket_that_is_not_there(zendesk: Zendesk) -> None:
    assert "closed" == reason(await zendesk.add_note(TicketNote("987654", "x", "x", TicketState.OPEN)))
    assert not await zendesk.has_note("987654", "x")


@pytest.mark.row("EDT-7", bad_input=True)
async def test_a_ticket_that_the_helpdesk_has_closed(zendesk: Zendesk, sandbox: SandboxProcess) -> None:
    opened = sent(await zendesk.open_ticket(REQUEST)).external_id
    sandbox.control(f"zendesk/tickets/{opened}/close", {})

    assert "closed" == reason(await zendesk.add_note(TicketNote(opened, "x", "x", TicketState.OPEN)))
    assert TicketState.SOLVED is await state(zendesk)


async def test_a_note_on_the_second_page(zendesk: Zendesk, sandbox: SandboxProcess) -> None:
    sandbox.control("zendesk/settings", {"rate_limit_per_minute": None})
    opened = sent(await zendesk.open_ticket(REQUEST)).external_id
    for number in range(100):
        sent(await zendesk.add_note(TicketNote(opened, f"edit_1:{number}", "x", TicketState.OPEN)))

    assert await zendesk.has_note(opened, "edit_1")
    assert not await zendesk.has_note(opened, "edit_1:100")


async def test_credentials(zendesk: Zendesk, sandbox: SandboxProcess) -> None:
    assert "Zendesk main" == await zendesk.check()
    async with HttpClient() as client:
        http = zendesk_http(client, f"{sandbox.url}/zendesk", "wrong", email=EMAIL, sleep=no_sleep)
        with pytest.raises(AuthFailed):
            await Zendesk(http, account="main").check()
