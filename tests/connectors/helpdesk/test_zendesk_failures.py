"""What Zendesk may answer beside success: doubt, busy records, pages, nonsense."""

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from connectors.errors import AuthFailed, ConnectorError, OutcomeUnknown, Retryable, VendorRejected
from connectors.helpdesk.zendesk import Zendesk, zendesk_http
from connectors.outcomes import Sent
from connectors.transport import HttpClient
from tests.connectors.helpdesk.test_zendesk_parse import NOTE, REQUEST
from tests.support.raw_server import DROP, raw_server, reply


async def no_sleep(seconds: float) -> None:
    """Retries without waiting."""


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    async with HttpClient() as client:
        yield client


def zendesk(client: HttpClient, url: str, email: str = "") -> Zendesk:
    return Zendesk(zendesk_http(client, url, "token-1", email=email, sleep=no_sleep), account="main")


def ticket(**changes: Any) -> dict[str, Any]:
    return {"id": 7, "external_id": "edit_1", "status": "new"} | changes


async def test_credentials_of_an_agent_and_of_an_app(client: HttpClient) -> None:
    listed = reply(200, '{"tickets": []}')
    async with raw_server(listed) as server:
        await zendesk(client, server.url, "agent@shop.example").check()
        await zendesk(client, server.url).check()

    basic = base64.b64encode(b"agent@shop.example/token:token-1")
    assert b"authorization: Basic " + basic in server.seen[0]
    assert b"authorization: Bearer token-1" in server.seen[1]


async def test_a_key_belongs_to_the_very_words(client: HttpClient) -> None:
    async with raw_server(reply(201, json.dumps({"ticket": ticket()}))) as server:
        desk = zendesk(client, server.url)
        for request in (REQUEST, REQUEST, replace(REQUEST, urgent=False)):
            assert await desk.open_ticket(request) == Sent("7")

    keys = [line for seen in server.seen for line in seen.lower().splitlines() if line.startswith(b"idempotency-key")]
    assert (keys[0], True) == (keys[1], keys[1] != keys[2])


@pytest.mark.row("EDT-7", bad_input=True)
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (DROP, OutcomeUnknown),
        (reply(502), OutcomeUnknown),
        (reply(201, "{}"), OutcomeUnknown),
        (reply(201, "[]"), OutcomeUnknown),
        (reply(200, "<html>"), OutcomeUnknown),
        (reply(401), AuthFailed),
        (reply(429, retry_after="1"), Retryable),
        (reply(409, '{"error": "Conflict"}'), Retryable),
        (reply(422, '{"error": "RecordInvalid", "details": {"requester": []}}'), VendorRejected),
    ],
)
async def test_failures_are_returned(client: HttpClient, answer: bytes, error: type[ConnectorError]) -> None:
    async with raw_server(answer) as server:
        assert error is type(await zendesk(client, server.url).open_ticket(REQUEST))
    async with raw_server(answer) as server:
        assert error is type(await zendesk(client, server.url).add_note(NOTE))


async def test_a_refusal_names_nobody(client: HttpClient) -> None:
    said = "Requester: Email:  ada@customer.example of Ada Byron is not properly formatted"
    body = {"error": "RecordInvalid", "details": {"requester": [{"description": said}]}}
    async with raw_server(reply(422, json.dumps(body))) as server:
        outcome = await zendesk(client, server.url).open_ticket(REQUEST)

    assert isinstance(outcome, VendorRejected)
    assert ("bad_requester", False) == (outcome.reason, "Ada" in outcome.detail or "ada" in outcome.detail)


async def test_a_deleted_ticket_is_closed(client: HttpClient) -> None:
    async with raw_server(reply(404, '{"error": "RecordNotFound"}')) as server:
        outcome = await zendesk(client, server.url).add_note(NOTE)
        assert isinstance(outcome, VendorRejected)
        assert "closed" == outcome.reason
        assert not await zendesk(client, server.url).has_note("7", "x")


async def test_the_oldest_of_several_tickets_counts(client: HttpClient) -> None:
    rows = [ticket(id=11), ticket(id=9), ticket(id=3, external_id="edit_12")]
    async with raw_server(reply(200, json.dumps({"tickets": rows}))) as server:
        found = await zendesk(client, server.url).find_ticket("edit_1")

    assert found is not None
    assert "9" == found.external_id


async def test_a_note_is_looked_for_on_every_page(client: HttpClient) -> None:
    def page(reference: str, more: str | None) -> bytes:
        return reply(200, json.dumps({"comments": [{"body": f"x\n\nReference: {reference}"}], "next_page": more}))

    async with raw_server(page("a", "https://elsewhere.example/"), page("b", None)) as server:
        assert await zendesk(client, server.url).has_note("7", "b")
    assert b"page=2" in server.seen[1]
    async with raw_server(page("a", "https://elsewhere.example/"), page("b", None)) as server:
        assert not await zendesk(client, server.url).has_note("7", "c")


async def test_answers_that_cannot_be_read(client: HttpClient) -> None:
    async with raw_server(reply(200, '{"tickets": [{}]}')) as server:
        desk = zendesk(client, server.url)
        for question in (desk.find_ticket("x"), desk.has_note("7", "x")):
            with pytest.raises(VendorRejected, match="zendesk") as caught:
                await question
            assert "unreadable_answer" == caught.value.reason
