"""The fake Stripe answers a repeated key as the real one says it does."""

import asyncio
from urllib.parse import urlencode

import httpx
import pytest

from sandbox.stripe import build
from tests.sandbox.stripe.support import FORM, KEY, Bank, session_form
from tests.support.fake_vendors import on_socket
from tests.support.waiting import until

REFUNDS = "POST /v1/refunds"


async def test_a_repeated_key_gets_the_first_answer(bank: Bank) -> None:
    first = await bank.call("POST", "/checkout/sessions", session_form(), key="k1")
    again = await bank.call("POST", "/checkout/sessions", session_form(), key="k1")
    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["original-request"] == first.headers["request-id"] != again.headers["request-id"]
    assert "idempotent-replayed" not in first.headers
    assert len(await bank.control("/sessions")) == 1
    await bank.session()
    assert len(await bank.control("/sessions")) == 2


async def test_a_key_belongs_to_one_body_and_one_endpoint(bank: Bank) -> None:
    await bank.call("POST", "/checkout/sessions", session_form(), key="k1")
    for path, form, word in (
        ("/checkout/sessions", session_form(client_reference_id="other"), "same parameters"),
        ("/refunds", {"payment_intent": "pi_1"}, "same endpoint"),
    ):
        answer = await bank.call("POST", path, form, key="k1")
        error = answer.json()["error"]
        assert (answer.status_code, error["type"]) == (400, "idempotency_error")
        assert word in error["message"]
    assert len(await bank.control("/sessions")) == 1


async def test_a_refusal_by_the_endpoint_is_kept_but_one_of_the_parameters_is_not(bank: Bank) -> None:
    session = await bank.session()
    declined = await bank.control(f"/sessions/{session['id']}/decline", {})
    form = {"payment_intent": declined["payment_intent"]}
    assert (await bank.call("POST", "/refunds", form, key="r1")).status_code == 400
    await bank.control(f"/sessions/{session['id']}/pay", {})
    kept = await bank.call("POST", "/refunds", form, key="r1")
    assert (kept.status_code, kept.headers["idempotent-replayed"]) == (400, "true")
    assert (await bank.call("POST", "/refunds", form, key="r2")).status_code == 200
    assert (await bank.call("POST", "/refunds", {"amount": "x"}, key="r3")).status_code == 400
    fresh = await bank.call("POST", "/refunds", form, key="r3")
    assert fresh.json()["error"]["code"] == "charge_already_refunded"


@pytest.mark.parametrize(("kind", "acted"), [("error", 0), ("error_after", 1)])
async def test_a_500_is_kept_whether_or_not_the_work_was_done(bank: Bank, kind: str, acted: int) -> None:
    form = {"payment_intent": (await bank.paid())["payment_intent"], "amount": 100}
    await bank.fault(REFUNDS, kind, status=500, body={"error": {"type": "api_error", "message": "sorry"}})
    first = await bank.call("POST", "/refunds", form, key="r1")
    again = await bank.call("POST", "/refunds", form, key="r1")
    assert (first.status_code, again.status_code, again.content) == (500, 500, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert len(await bank.control("/refunds")) == acted
    assert (await bank.call("POST", "/refunds", form, key="r2")).status_code == 200


async def test_a_gateways_502_is_not_kept(bank: Bank) -> None:
    form = {"payment_intent": (await bank.paid())["payment_intent"], "amount": 100}
    gateway = {"error": {"type": "api_error", "message": "bad gateway"}}
    await bank.fault(REFUNDS, "error_after", body=gateway)
    assert (await bank.call("POST", "/refunds", form, key="r1")).status_code == 502
    again = await bank.done("POST", "/refunds", form, key="r1")
    assert [refund["id"] for refund in await bank.control("/refunds")] == [again["id"]]


async def test_a_later_500_does_not_replace_what_is_kept(bank: Bank) -> None:
    await bank.call("POST", "/checkout/sessions", session_form(), key="k1")
    body = {"error": {"type": "api_error", "message": "sorry"}}
    await bank.fault("POST /v1/checkout/sessions", "error", status=500, body=body)
    assert (await bank.call("POST", "/checkout/sessions", session_form(), key="k1")).status_code == 500
    assert (await bank.call("POST", "/checkout/sessions", session_form(), key="k1")).status_code == 200


async def test_a_key_is_forgotten_after_a_day(bank: Bank) -> None:
    first = await bank.call("POST", "/checkout/sessions", session_form(), key="k1")
    await bank.move(86_401)
    again = await bank.call("POST", "/checkout/sessions", session_form(), key="k1")
    assert first.json()["id"] != again.json()["id"]


async def test_a_key_has_at_most_255_characters(bank: Bank) -> None:
    assert (await bank.call("POST", "/checkout/sessions", session_form(), key="k" * 256)).status_code == 400
    assert (await bank.call("POST", "/checkout/sessions", session_form(), key="k" * 255)).status_code == 200


async def test_a_stranger_learns_nothing_from_a_key(bank: Bank) -> None:
    await bank.call("POST", "/checkout/sessions", session_form(), key="k1")
    headers = FORM | {"authorization": "Bearer wrong", "idempotency-key": "k1"}
    answer = await bank.client.post("/stripe/v1/checkout/sessions", content=urlencode(session_form()), headers=headers)
    assert answer.status_code == 401


async def test_the_same_key_twice_at_once_is_refused_and_then_repeated() -> None:
    headers = FORM | {"authorization": f"Bearer {KEY}", "idempotency-key": "k1"}
    body = urlencode(session_form())
    async with on_socket([build]) as (sandbox, url), httpx.AsyncClient(base_url=url, headers=headers) as client:
        hold = {"vendor": "stripe", "operation": "POST /v1/checkout/sessions", "kind": "hold"}
        await client.post("/_control/faults", json=hold, headers={"content-type": "application/json"})
        first = asyncio.create_task(client.post("/stripe/v1/checkout/sessions", content=body))
        await until(lambda: sandbox.world.counters.snapshot()["accepted"].get("stripe"), "the first one at work")
        second = await client.post("/stripe/v1/checkout/sessions", content=body)
        error = second.json()["error"]
        assert (second.status_code, error["type"]) == (409, "idempotency_error")
        assert error["code"] == "idempotency_key_in_use"
        await client.post("/_control/release", content="")
        third = await client.post("/stripe/v1/checkout/sessions", content=body)
        assert third.content == (await first).content
        counted = sandbox.world.counters.snapshot()["requests"]["stripe"]["POST /v1/checkout/sessions"]
        assert counted == {"409": 1, "200": 2}


async def test_a_caller_that_hangs_up_finds_its_answer_later() -> None:
    headers = FORM | {"authorization": f"Bearer {KEY}", "idempotency-key": "k1"}
    body = urlencode(session_form())
    async with on_socket([build]) as (sandbox, url), httpx.AsyncClient(base_url=url, headers=headers) as client:
        drop = {"vendor": "stripe", "operation": "POST /v1/checkout/sessions", "kind": "truncate"}
        await client.post("/_control/faults", json=drop, headers={"content-type": "application/json"})
        with pytest.raises(httpx.HTTPError):
            await client.post("/stripe/v1/checkout/sessions", content=body)
        again = await client.post("/stripe/v1/checkout/sessions", content=body)
        assert again.headers["idempotent-replayed"] == "true"
        assert sandbox.world.counters.snapshot()["accepted"]["stripe"]["POST /v1/checkout/sessions"] == {"er_1": 1}
