"""What Stripe may answer beside success: busy keys, replayed failures, lost answers, nonsense."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from connectors.errors import AuthFailed, ConnectorError, OutcomeUnknown, Retryable, VendorRejected
from connectors.outcomes import Sent
from connectors.payments.stripe import API_VERSION, Stripe, stripe_http
from connectors.transport import HttpClient
from tests.connectors.payments.test_stripe_parse import PAGE, REFUND, REQUEST, row
from tests.support.raw_server import DROP, raw_server, reply


async def no_sleep(seconds: float) -> None:
    """Retries without waiting."""


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    async with HttpClient() as client:
        yield client


def stripe(client: HttpClient, url: str) -> Stripe:
    return Stripe(stripe_http(client, url, "sk_test_1", sleep=no_sleep), account="main")


def refused(status: int, replayed: bool = False, **error: Any) -> bytes:
    headers = {"idempotent_replayed": "true"} if replayed else {}
    return reply(status, json.dumps({"error": {"type": "invalid_request_error", **error}}), **headers)


def page(**changes: Any) -> bytes:
    return reply(200, json.dumps(PAGE | changes))


PAID = {"status": "complete", "payment_status": "paid", "payment_intent": "pi_1"}


async def test_a_write_carries_key_version_and_form(client: HttpClient) -> None:
    async with raw_server(page()) as server:
        outcome = await stripe(client, server.url).create_link(REQUEST)

    assert outcome == Sent("cs_1", {"url": PAGE["url"]})
    head, _, body = server.seen[0].partition(b"\r\n\r\n")
    sent = head.decode().lower().splitlines()
    assert {
        "authorization: bearer sk_test_1",
        f"stripe-version: {API_VERSION}",
        "idempotency-key: link:edit_1",
        "content-type: application/x-www-form-urlencoded",
    } <= set(sent)
    assert b"line_items%5B0%5D%5Bprice_data%5D%5Bcurrency%5D=eur" in body


async def test_a_busy_key_is_asked_again(client: HttpClient) -> None:
    busy = refused(409, code="idempotency_key_in_use", type="invalid_request_error")
    async with raw_server(busy, page()) as server:
        assert isinstance(await stripe(client, server.url).create_link(REQUEST), Sent)
    async with raw_server(busy) as server:
        outcome = await stripe(client, server.url).create_link(REQUEST)
    assert isinstance(outcome, Retryable)


@pytest.mark.row("EDT-5")
async def test_a_lost_answer_is_asked_for_again_under_the_same_key(client: HttpClient) -> None:
    done = reply(200, json.dumps({"id": "re_1", "status": "succeeded"}), idempotent_replayed="true")
    async with raw_server(DROP, reply(500), done) as server:
        outcome = await stripe(client, server.url).refund(REFUND)

    assert outcome == Sent("re_1", {"state": "succeeded"})
    assert 3 == sum(b"Idempotency-Key: refund:ref_1:1".lower() in seen.lower() for seen in server.seen)


@pytest.mark.row("EDT-5", bad_input=True)
async def test_a_replayed_failure_is_not_asked_for_again(client: HttpClient) -> None:
    async with raw_server(reply(500), reply(500, idempotent_replayed="true")) as server:
        lost = await stripe(client, server.url).refund(REFUND)
    assert isinstance(lost, OutcomeUnknown)
    assert 2 == len(server.seen)

    async with raw_server(refused(400, replayed=True, code="charge_already_refunded")) as server:
        outcome = await stripe(client, server.url).refund(REFUND)
    assert isinstance(outcome, VendorRejected)
    assert ("too_much", True) == (outcome.reason, outcome.detail.startswith("replayed: "))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (reply(401), AuthFailed),
        (reply(429), Retryable),
        (reply(200, "<html>"), Retryable),  # keyed: the answer may be asked for again
        (reply(200, "[]"), OutcomeUnknown),
        (reply(200, '{"id": null, "status": "succeeded"}'), OutcomeUnknown),
        (reply(200, '{"id": "re_1", "status": "failed", "failure_reason": "lost_or_stolen_card"}'), VendorRejected),
    ],
)
async def test_failures_are_returned(client: HttpClient, answer: bytes, error: type[ConnectorError]) -> None:
    async with raw_server(answer) as server:
        assert error is type(await stripe(client, server.url).refund(REFUND))


async def test_a_page_without_an_address_is_in_doubt(client: HttpClient) -> None:
    async with raw_server(page(url=None)) as server:
        assert isinstance(await stripe(client, server.url).create_link(REQUEST), OutcomeUnknown)


@pytest.mark.row("EDT-5")
@pytest.mark.parametrize(
    ("now", "reason"),
    [
        (page(status="expired", url=None), ""),
        (page(**PAID), "paid"),
        (page(status="complete"), "processing"),
        (page(), "rejected"),
        (reply(404), "rejected"),
    ],
)
async def test_a_page_that_refuses_to_be_closed_is_looked_at(client: HttpClient, now: bytes, reason: str) -> None:
    async with raw_server(refused(400, message="Only Checkout Sessions with a status in open."), now) as server:
        outcome = await stripe(client, server.url).expire_link("cs_1")

    assert reason == (outcome.reason if isinstance(outcome, VendorRejected) else "")
    assert (reason == "") == isinstance(outcome, Sent)


async def test_closing_again_is_a_new_call_and_not_a_replay(client: HttpClient) -> None:
    async with raw_server(page(status="expired")) as server:
        for _ in range(2):
            await stripe(client, server.url).expire_link("cs_1")

    keys = {line for seen in server.seen for line in seen.lower().splitlines() if line.startswith(b"idempotency-key")}
    assert 2 == len(keys)


async def test_an_unknown_page_is_none(client: HttpClient) -> None:
    async with raw_server(refused(404, code="resource_missing")) as server:
        assert await stripe(client, server.url).fetch_link("cs_0") is None


def listed(rows: list[dict[str, Any]], more: bool = False) -> bytes:
    return reply(200, json.dumps({"object": "list", "data": rows, "has_more": more}))


async def test_a_refund_is_found_on_a_later_page(client: HttpClient) -> None:
    async with raw_server(listed([row("succeeded", reference="x")], more=True), listed([row("pending")])) as server:
        outcome = await stripe(client, server.url).find_refund(REFUND)

    assert isinstance(outcome, Sent)
    assert b"starting_after=re_succeeded_refund" in server.seen[1]


@pytest.mark.row("EDT-5", bad_input=True)
@pytest.mark.parametrize("answer", [refused(400, message="no"), reply(200, "{}"), listed([{}]), reply(200, "[]")])
async def test_a_look_up_that_failed_says_nothing_of_the_refund(client: HttpClient, answer: bytes) -> None:
    async with raw_server(answer) as server:
        assert isinstance(await stripe(client, server.url).find_refund(REFUND), OutcomeUnknown)


async def test_no_refund_where_there_is_no_payment(client: HttpClient) -> None:
    async with raw_server(refused(404, code="resource_missing")) as server:
        assert await stripe(client, server.url).find_refund(REFUND) is None
