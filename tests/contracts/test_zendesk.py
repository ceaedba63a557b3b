"""Each call that Zendesk's connector can make, and each answer of the sandbox, against an OpenAPI file of Zendesk."""

from dataclasses import replace
from pathlib import Path

import pytest

from connectors.helpdesk.base import TicketNote, TicketState
from connectors.helpdesk.zendesk import Zendesk, zendesk_http
from tests.connectors.helpdesk.conftest import EMAIL, PREFIX, TOKEN, sent
from tests.connectors.helpdesk.test_zendesk_parse import REQUEST
from tests.support.openapi import load_spec
from tests.support.recording import Exchange, RecordingClient, check_exchanges
from tests.support.sandbox import SandboxProcess

CALLS = {
    "POST /tickets",
    "GET /tickets",
    "PUT /tickets/{ticket_id}",
    "GET /tickets/{ticket_id}/comments",
}


@pytest.mark.row("EDT-7")
async def test_every_call_is_as_the_contract_says(sandbox: SandboxProcess, shared: Path) -> None:
    exchanges: list[Exchange] = []
    async with RecordingClient(exchanges) as client:
        http = zendesk_http(client, f"{sandbox.url}/zendesk", TOKEN, email=EMAIL)
        await call_everything(Zendesk(http, account="main", assignee_id=1))

    spec = load_spec(shared / "contracts/zendesk/zendesk-support-openapi.yml")

    assert CALLS == check_exchanges(spec, exchanges, prefix=PREFIX)


async def call_everything(zendesk: Zendesk) -> None:
    ticket = sent(await zendesk.open_ticket(REQUEST)).external_id
    await zendesk.open_ticket(replace(REQUEST, reference="edit_2", requester_email="nobody"))  # refused
    assert await zendesk.find_ticket(REQUEST.reference)
    assert await zendesk.find_ticket("edit_0") is None
    sent(await zendesk.add_note(TicketNote(ticket, "edit_1:1", "x", TicketState.PENDING)))
    await zendesk.add_note(TicketNote("987654", "edit_1:1", "x", TicketState.PENDING))  # not there
    assert await zendesk.has_note(ticket, "edit_1:1")
    assert not await zendesk.has_note("987654", "edit_1:1")
    await zendesk.check()
